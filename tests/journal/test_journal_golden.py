"""Run directories that earlier versions wrote, read by today's commands."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any, get_args

import pytest
from command_line import qosflood
from ranks import naive_rank, value_at_rank

from qosflood.base.percentiles import LEAST_ABOVE
from qosflood.journal.histograms import decode, make_histogram
from qosflood.journal.record_lines import decode_record
from qosflood.journal.records import OUTCOMES, FailureSample, Record
from qosflood.journal.run_directory import RUN_SCHEMA
from qosflood.report.document.schema import SCHEMA

Json = dict[str, Any]
RUNS = Path(__file__).parents[1] / "data" / "runs"
FOLDERS = sorted(path.parent for path in RUNS.glob("*/*/run.json"))
NAMES = [str(folder.relative_to(RUNS)) for folder in FOLDERS]
EVERY_RUN = pytest.mark.parametrize("golden", NAMES, indirect=True)
CSV_OF = {"scrapes": "scrape", "memory": "memory", "control": "control", "tcp": "tcp"}
"""Series that have a row for each record of one kind."""


@dataclass(frozen=True)
class Golden:
    """A copy of a run directory, and what stood in it when it was written."""

    folder: Path
    report: Json
    records: list[Json]

    def of(self, kind: str) -> list[Json]:
        """The journal's records of that kind."""
        return [record for record in self.records if record["type"] == kind]

    @property
    def shown(self) -> dict[str, str]:
        """Which stage of a search its report shows as flood: of that many clients there is one."""
        clients = self.report["phases"][0]["clients"]
        names = {record["stage"]["clients"]: record["stage"]["name"] for record in self.of("trial")}
        return {"flood": names[clients]} if names else {}

    def percentile_ms(self, phase: str, series: str, percentile: float) -> float | None:
        """Read from the journal's histograms at its naive rank; earlier versions rounded the rank
        to the nearest, so their reports may say one value less."""
        whole = make_histogram()
        phase = self.shown.get(phase, phase)
        for window in self.of("window"):
            if window["phase"] == phase and window[series] is not None:
                whole.add(decode(window[series]["encoded"]))
        count = whole.total_count
        if count - naive_rank(percentile, count) < LEAST_ABOVE:
            return None
        return value_at_rank(whole, percentile) / 1e6

    def rows(self, series: str) -> list[dict[str, str]]:
        """The rows of an exported series, none if it has no file."""
        path = self.folder / "csv" / f"{series}.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))


def load(folder: Path) -> Golden:
    lines = (folder / "journal.jsonl").read_bytes().splitlines()
    report = json.loads((folder / "report.json").read_bytes())
    return Golden(folder, report, [json.loads(line) for line in lines])


@pytest.fixture
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Golden:
    """The run named by the test's parameter, in a folder that may be written."""
    return load(Path(shutil.copytree(RUNS / request.param, tmp_path / "run")))


@EVERY_RUN
def test_a_report_that_is_built_again_has_the_verdict_it_had(golden: Golden) -> None:
    said = qosflood("report", str(golden.folder))
    assert said.code == golden.report["exit_code"], said.err
    again = json.loads((golden.folder / "report.json").read_bytes())
    assert again["schema"] == SCHEMA
    for key in ("verdict", "exit_code", "restarts", "limited_by"):
        assert again[key] == golden.report[key], key
    for limit, before in zip(again["limits"], golden.report["limits"], strict=True):
        value = before["value"]
        if limit["expr"] == "loss == none" and golden.report["loss"]["method"] == "readback":
            assert limit["ok"] is None  # it saw last reports alone
            continue
        assert (limit["expr"], limit["ok"]) == (before["expr"], before["ok"])
        assert limit["value"] == (pytest.approx(value) if isinstance(value, float) else value)
        assert before["ok"] is None or limit["n"] == before["n"]


@EVERY_RUN
def test_a_report_that_is_built_again_has_the_figures_it_had(golden: Golden) -> None:
    qosflood("report", str(golden.folder))
    again = json.loads((golden.folder / "report.json").read_bytes())
    assert golden.report["totals"].items() <= again["totals"].items()
    assert len(again["phases"]) == len(golden.report["phases"])
    for phase, before in zip(again["phases"], golden.report["phases"], strict=True):
        for key in ("name", "clients", "sessions", "scheduled", "sent", "outcomes"):
            assert phase[key] == before[key], key
        earlier = before["rate"]
        assert {key: phase["rate"][key] for key in earlier} == pytest.approx(earlier)
        first, last = ceil(phase["start_s"]), floor(phase["start_s"] + phase["seconds"])
        if first < last and not again["capacity"]:  # whose journal has every trial
            answers = sum(
                window["outcomes"]["acked"]
                for window in golden.of("window")
                if first <= window["second"] < last
            )
            assert phase["rate"]["answered"] == pytest.approx(answers / (last - first))
        for series in ("response", "service", "failed"):
            figures, earlier = phase["latency_ms"][series], before["latency_ms"][series]
            for figure in ("max", "count"):
                assert figures[figure] == earlier[figure]
            for figure, percentile in (("p50", 50.0), ("p99", 99.0)):
                assert figures[figure] == golden.percentile_ms(phase["name"], series, percentile)
        for key in ("count", "failed", "gaps"):
            assert phase["scrapes"][key] == before["scrapes"][key]
        assert phase["memory"] == before["memory"]


@EVERY_RUN
def test_an_export_adds_up_to_the_journal(golden: Golden) -> None:
    said = qosflood("export", str(golden.folder))
    assert said.code == 0, said.err
    windows = golden.of("window")
    written: Counter[str] = Counter()
    for window in windows:
        written.update(window["outcomes"])
        written.update({key: window[key] for key in ("scheduled", "offered", "resent")})
    rows = golden.rows("load")
    assert bool(rows) == bool(windows)
    for name in (*OUTCOMES, "scheduled", "offered", "resent"):
        assert sum(int(row[name]) for row in rows) == written[name], name
    for series, kind in CSV_OF.items():
        assert len(golden.rows(series)) == len(golden.of(kind)), series


@EVERY_RUN
def test_a_report_as_it_was_written_compares_as_the_same_with_itself(golden: Golden) -> None:
    said = qosflood(
        *("compare", "--base", str(golden.folder), "--new", str(golden.folder), "--json")
    )
    assert said.code == 0, said.err
    comparison = json.loads(said.out)
    assert comparison["verdict"] == "same"
    assert {change["verdict"] for change in comparison["changes"]} <= {"same", "unknown"}


@EVERY_RUN
def test_a_report_as_it_was_written_is_compared_with_the_one_that_is_built_again(
    golden: Golden, tmp_path: Path
) -> None:
    before = shutil.copytree(golden.folder, tmp_path / "before")
    qosflood("report", str(golden.folder))
    said = qosflood("compare", "--base", str(before), "--new", str(golden.folder), "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["differences"] == []


@EVERY_RUN
def test_every_failure_that_was_kept_in_full_is_read(golden: Golden) -> None:
    lines = (golden.folder / "failures.jsonl").read_bytes().splitlines(keepends=True)
    samples = [decode_record(line) for line in lines]
    assert all(isinstance(sample, FailureSample) for sample in samples)
    assert bool(samples) == (golden.report["verdict"] == "FAIL")


def of_today() -> list[Golden]:
    """The golden runs in the schemas that are written today."""
    found = []
    for folder in FOLDERS:
        run = json.loads((folder / "run.json").read_bytes())
        golden = load(folder)
        if (run["schema"], golden.report["schema"]) == (RUN_SCHEMA, SCHEMA):
            found.append(golden)
    return found


def test_the_schemas_that_are_written_today_have_golden_runs() -> None:
    """Whoever changes a schema adds runs of the new one; tests/data/runs/README.md says how."""
    assert {"PASS", "FAIL"} <= {golden.report["verdict"] for golden in of_today()}


def test_every_kind_of_record_occurs_in_a_golden_run_of_today() -> None:
    seen = {record["type"] for golden in of_today() for record in golden.records}
    assert {kind.TAG for kind in get_args(Record)} <= seen
