"""The Grafana dashboard: its metrics exist, its expressions parse, its panels fit."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from parts import require

from qosflood.live.metrics.catalogue import METRICS
from qosflood.live.metrics.meters import BOUNDS_S

PATH = Path(__file__).parents[2] / "docs" / "grafana" / "qosflood.json"
DASHBOARD: dict[str, Any] = json.loads(PATH.read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
_NAME = re.compile(r"\bqosflood_\w+")
_SELECTOR = re.compile(r"\b(qosflood_\w+)\{([^}]*)\}")
_SUFFIXES = ("_bucket", "_sum", "_count")


def expressions() -> Iterator[str]:
    """Every expression, of panels and annotations."""
    for panel in PANELS:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (each["expr"] for each in DASHBOARD["annotations"]["list"])


def metric_of(name: str) -> str:
    """The metric that a sample's name belongs to."""
    for suffix in _SUFFIXES:
        base = name.removesuffix(suffix)
        if base in METRICS and METRICS[base].kind == "histogram":
            return base
    return name


def test_every_metric_in_it_exists_and_bears_the_labels_it_is_asked_for() -> None:
    asked = 0
    for expression in expressions():
        names = set(_NAME.findall(expression))
        assert {metric_of(name) for name in names} <= set(METRICS)
        selected = _SELECTOR.findall(expression)
        assert {name for name, _ in selected} == names, "every metric is of one run"
        for name, matchers in selected:
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert "run" in labels
            assert labels <= {"run", *METRICS[metric_of(name)].labels}
            asked += 1
    assert asked > 30


def test_every_expression_parses(tmp_path: Path) -> None:
    program = shutil.which("promtool")
    require(program, "apt-get install prometheus")
    rules = [
        {"record": f"panel:{number}", "expr": _as_prometheus_gets_it(expression)}
        for number, expression in enumerate(expressions())
    ]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        [str(program), "check", "rules", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def _as_prometheus_gets_it(expression: str) -> str:
    filled = expression.replace("$__rate_interval", "1m").replace("$run", "a1b2")
    assert "$" not in filled
    return filled


def test_a_legend_names_labels_that_its_series_have() -> None:
    for panel in PANELS:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            (metric, *_) = (metric_of(name) for name in _NAME.findall(expression))
            by = re.search(r"\bby \(([^)]*)\)", expression)
            known = set(re.split(r",\s*", by[1])) if by else {"run", *METRICS[metric].labels}
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= known


def test_quantiles_are_asked_of_histograms_within_their_bounds() -> None:
    asked = [found for each in expressions() if (found := re.search(r"quantile\(([\d.]+)", each))]
    assert {float(found[1]) for found in asked} == {0.5, 0.9, 0.99, 0.999}
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))


def test_it_asks_for_a_data_source_and_a_run() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["run"]["query"]["query"] == "label_values(qosflood_run_info, run)"
    used = {json.dumps(target["datasource"]) for p in PANELS for target in p.get("targets", ())}
    assert used == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}


def test_it_has_what_grafana_needs_to_take_it() -> None:
    assert DASHBOARD["title"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", DASHBOARD["uid"])
    assert DASHBOARD["schemaVersion"] >= 36
    assert "id" not in DASHBOARD
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        assert panel["title"]
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(letters)) == len(letters)
        if panel["type"] != "row":
            assert panel["description"]
            assert panel["type"] in ("timeseries", "stat", "table")
            assert letters


def test_panels_stand_side_by_side_on_24_columns() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    for place in places:
        assert place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


@pytest.mark.parametrize(
    "metric",
    [
        "qosflood_reports_planned_per_second",
        "qosflood_reports_sent_total",
        "qosflood_reports_total",
        "qosflood_response_time_seconds",
        "qosflood_send_lag_seconds",
        "qosflood_target_memory_bytes",
        "qosflood_scrapes_total",
        "qosflood_limit_ok",
    ],
)
def test_what_people_look_for_is_on_it(metric: str) -> None:
    shown = {metric_of(name) for each in expressions() for name in _NAME.findall(each)}
    assert metric in shown
