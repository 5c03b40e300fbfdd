"""compare.html: drawn by a browser without a complaint, and by nobody else's leave."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import browser, watched_page
from comparing import make_document

from qosflood.report.compare import compare, markdown, page
from qosflood.report.compare.charts import charts_of
from qosflood.report.compare.document import to_json
from qosflood.report.compare.values import Comparison, Given, MinEffect

OVERFLOWING = """() => [...document.querySelectorAll(".tile, .tile dt, .tile dd, .tile span")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
  .map((one) => one.innerText)"""
HOSTILE = "</script><img src=x onerror=alert(1)><b>|x|"


@pytest.fixture(scope="module")
def sides() -> tuple[list[Given], list[Given]]:
    base = [Given(name=f"old-{n}", document=_document(n, 1.0)) for n in range(3)]
    return base, [Given(name="new", document=_document(9, 1.3))]


def _document(seed: int, scale: float) -> Any:
    return make_document(f"run-{seed}", seed, scale=scale, blocks=12, each=600)


def made(sides: tuple[list[Given], list[Given]]) -> Comparison:
    return compare(*sides, effect=MinEffect(), seed=1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


def test_a_browser_draws_every_chart_and_asks_nobody(
    sides: tuple[list[Given], list[Given]], chromium: Any, tmp_path: Path
) -> None:
    file = tmp_path / "compare.html"
    file.write_text(page.render(made(sides), *sides))
    with watched_page(chromium, viewport={"width": 1200, "height": 900}) as (tab, seen):
        tab.goto(file.as_uri())
        tab.wait_for_selector("#chart-changes .main-svg")
        assert tab.locator(".chart .main-svg").count() >= 4
        curves = tab.evaluate("document.getElementById('chart-response-percentiles').data.length")
        assert curves == 4
        assert tab.locator("h1").inner_text().startswith("REGRESSED")
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 1200
    assert seen.problems == [] and seen.outside == []


@pytest.mark.parametrize(("scale", "axis"), [(1.3, None), (189.0, "log")])
def test_runs_that_lie_far_apart_are_both_seen_along_the_flood(
    sides: tuple[list[Given], list[Given]], scale: float, axis: str | None
) -> None:
    base, _ = sides
    new = [Given(name="new", document=_document(9, scale))]
    charts = charts_of(compare(base, new, effect=MinEffect(), seed=1), base, new)
    along = next(chart for chart in charts if chart.name == "along")
    assert along.figure["layout"]["yaxis"].get("type") == axis


@pytest.mark.parametrize("width", [400, 700, 1280])
def test_texts_stay_within_their_tiles_and_the_page_within_its_screen(
    sides: tuple[list[Given], list[Given]], chromium: Any, tmp_path: Path, width: int
) -> None:
    comparison = made(sides)
    long = {
        "label": "a figure with a name that is rather long",
        "scale": "absolute",
        "unit": "ratio",
        "difference": -0.9999,
    }
    changes = tuple(replace(change, **long) for change in comparison.changes)
    file = tmp_path / "compare.html"
    file.write_text(page.render(replace(comparison, changes=changes), *sides))
    with watched_page(chromium, viewport={"width": width, "height": 900}) as (tab, seen):
        tab.goto(file.as_uri())
        assert "-99.99 points" in tab.locator(".tile").first.inner_text()
        assert tab.evaluate(OVERFLOWING) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.problems == []


def test_a_base_and_a_new_run_that_agree_are_both_seen(
    sides: tuple[list[Given], list[Given]],
) -> None:
    base, _ = sides
    same = [Given(name="new", document=base[0].document)]
    for chart in charts_of(compare(base, same, effect=MinEffect(), seed=1), base, same)[1:]:
        below, *above = chart.figure["data"]
        assert below["name"] == "new"
        assert all(trace["line"]["width"] < below["line"]["width"] for trace in above)
        dashes = [trace["line"].get("dash", "solid") for trace in (below, *above)]
        assert len(set(dashes)) == len(dashes) == 4
        ranks = {trace["name"]: trace["legendrank"] for trace in (below, *above)}
        assert max(ranks, key=lambda name: ranks[name]) == "new"


def test_the_policy_allows_the_scripts_of_the_page_and_no_other(
    sides: tuple[list[Given], list[Given]],
) -> None:
    text = page.render(made(sides), *sides)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    policy = re.search(r'content="(default-src [^"]*)"', text)
    assert policy is not None and len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert digest in policy[1]


def test_what_stands_in_a_report_never_becomes_markup(
    sides: tuple[list[Given], list[Given]],
) -> None:
    base, new = sides
    hostile = new[0].document.model_copy(
        update={"run": new[0].document.run.model_copy(update={"id": HOSTILE, "version": HOSTILE})}
    )
    given = [Given(name=HOSTILE, document=hostile)]
    comparison = compare(base, given, effect=MinEffect(), seed=1)
    text = page.render(comparison, base, given)
    assert "<img src=x" not in text and "<b>|x" not in text
    assert "<img" not in markdown.render(comparison)


def test_runs_that_cannot_be_compared_get_a_page_that_says_why(
    sides: tuple[list[Given], list[Given]],
) -> None:
    base, new = sides
    plan = new[0].document.plan | {"profile": "smoke"}
    other = [Given(name="new", document=new[0].document.model_copy(update={"plan": plan}))]
    comparison = compare(base, other, effect=MinEffect(), seed=1)
    text = page.render(comparison, base, other)
    assert "NOT COMPARABLE" in text
    assert "profile intercom → smoke" in text
    assert to_json(comparison)["changes"] == ()
    assert "not comparable" in markdown.render(comparison)


def test_every_chart_is_told_in_words(sides: tuple[list[Given], list[Given]]) -> None:
    text = page.render(made(sides), *sides)
    labels = re.findall(r'role="img" aria-label="([^"]*)"', text)
    assert len(labels) == 4
    assert any("p99" in label for label in labels)
