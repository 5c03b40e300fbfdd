"""`qosflood export`: the journal's series as CSV, read back by Python's csv and by numpy."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import qosflood
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st
from journal_maker import write_run
from part_maker import PLAN, whole_records, write_part
from plan_maker import make_plan
from ranks import value_at_rank
from record_maker import at, healthy_run, latency, stopped_run, window

from qosflood.analysis.latency import given as is_given
from qosflood.base.errors import JournalError, RunDirectoryError
from qosflood.journal.merge import merge, open_parts
from qosflood.journal.prometheus_records import OtelSample, PrometheusSamples
from qosflood.journal.records import (
    OUTCOMES,
    Event,
    JournalRecord,
    MemorySample,
    ScrapeSample,
    Window,
)
from qosflood.report.build import build
from qosflood.report.csv import TABLES, export
from qosflood.report.csv.load import SERIES, Seconds
from qosflood.report.csv.values import shown

Rows = list[dict[str, str]]


def read(folder: Path, name: str) -> Rows:
    """A file's rows by column."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def exported(run_dir: Path) -> Path:
    """The folder with the CSV files of a run."""
    export(run_dir, None, TABLES, empty=False)
    return run_dir / "csv"


def assert_totals_are_the_reports(run_dir: Path) -> None:
    """The load's rows against report.json: totals, and each phase's counts."""
    build(run_dir)
    report = json.loads((run_dir / "report.json").read_bytes())
    rows = read(exported(run_dir), "load")
    for name in ("scheduled", "resent", "retries", "acked_after_retry"):
        assert sum(int(row[name]) for row in rows) == report["totals"][name]
    for name in OUTCOMES:
        assert sum(int(row[name]) for row in rows) == report["totals"]["outcomes"][name]
    for phase in report["phases"]:
        of_phase = [row for row in rows if row["phase"] == phase["name"]]
        assert sum(int(row["offered"]) for row in of_phase) == phase["sent"]
        for series in ("response", "service", "failed"):
            count = sum(int(row[f"{series}_count"]) for row in of_phase)
            assert count == phase["latency_ms"][series]["count"]


def test_the_totals_are_those_of_the_report(tmp_path: Path) -> None:
    assert_totals_are_the_reports(write_run(tmp_path / "run", PLAN, whole_records()))


def test_a_merged_run_is_exported_as_any_other(tmp_path: Path) -> None:
    parts = [write_part(tmp_path / str(index), index) for index in range(3)]
    merge(open_parts(parts), tmp_path / "run", [])
    assert_totals_are_the_reports(tmp_path / "run")


def test_a_killed_run_is_exported_up_to_its_torn_last_line(tmp_path: Path) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, "killed"))
    with (run_dir / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"type":"window","t":')
    assert_totals_are_the_reports(run_dir)


def test_percentiles_of_a_second_are_those_of_all_shards_values_together(tmp_path: Path) -> None:
    records = whole_records()
    rows = read(exported(write_run(tmp_path / "run", PLAN, records)), "load")
    histograms: dict[tuple[int, str, str], HdrHistogram] = {}
    for record in records:
        if isinstance(record, Window):
            for series in SERIES:
                if (told := getattr(record, series)) is not None:
                    key = (record.second, record.phase, series)
                    whole = histograms.setdefault(key, HdrHistogram(1_000, 3_600_000_000_000, 3))
                    whole.decode_and_add(told.encoded)
    assert len(rows) == len({key[:2] for key in histograms})
    compared = 0
    for (second, phase, series), whole in histograms.items():
        (row,) = (r for r in rows if float(r["t_s"]) == second and r["phase"] == phase)
        assert int(row[f"{series}_count"]) == whole.total_count
        for name, percentile in (("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99_9", 99.9)):
            value = value_at_rank(whole, percentile)
            expected = is_given(value, percentile, whole.total_count)
            cell = row[f"{series}_{name}_ms"]
            assert cell == ("" if expected is None else str(expected / 1e6))
            compared += bool(cell)
    assert compared > 50


def test_numpy_reads_the_numbers_and_units_stand_in_the_headers(tmp_path: Path) -> None:
    folder = exported(write_run(tmp_path / "run", make_plan()))
    table = np.genfromtxt(folder / "load.csv", delimiter=",", names=True, dtype=None, encoding=None)
    assert table["acked"].sum() == sum(int(row["acked"]) for row in read(folder, "load"))
    assert np.all(np.diff(table["t_s"]) >= 0)
    memory = np.genfromtxt(folder / "memory.csv", delimiter=",", names=True, dtype=None)
    assert memory["rss_bytes"].min() > 1_000_000
    for path in folder.iterdir():
        header = path.read_text().splitlines()[0].split(",")
        assert header[:2] == ["utc", "t_s"]
        assert len(set(header)) == len(header)
        assert not [name for name in header if name.endswith("_ns")]


def test_moments_are_utc_and_seconds_since_the_loads_start(tmp_path: Path) -> None:
    folder = exported(write_run(tmp_path / "run", make_plan()))
    first = read(folder, "load")[0]
    assert (first["utc"], first["t_s"]) == ("2026-01-01T00:00:02.000Z", "0.0")
    started = next(row for row in read(folder, "events") if row["kind"] == "load_started")
    assert started["utc"].startswith("2026-01-01T00:00:0")


def test_every_kind_of_record_has_a_row(tmp_path: Path) -> None:
    plan = make_plan()
    folder = exported(write_run(tmp_path / "run", plan, told_by_others(plan)))
    up = read(folder, "prometheus")
    assert [(row["metric"], row["value"], row["t_s"]) for row in up] == [
        ("up", "1.0", "1.0"),
        ("up", "", "2.0"),
    ]
    assert json.loads(up[0]["labels"]) == {"job": "x"}
    points = read(folder, "otel")
    assert [(row["kind"], row["name"], row["value"]) for row in points] == [
        ("points", "accepted prometheus", "12.0"),
        ("up", "a:1", "0.0"),
    ]
    assert [row["what"] for row in read(folder, "events") if row["kind"] == "mark"] == ["deploy"]
    reasons = read(folder, "reasons")
    assert [(row["kind"], row["reason"], row["count"]) for row in reasons] == [
        ("status", "503", "4"),
        ("error", "because rejected", "4"),
    ]


def told_by_others(plan: Any) -> Iterator[JournalRecord]:
    """A healthy run with what else a journal may hold."""
    *records, end = healthy_run(plan)
    yield from records
    wall_ms = 1_767_225_600_000 + 2_000
    yield PrometheusSamples(
        t=at(3),
        metric="up",
        instance="target",
        labels={"job": "x"},
        at_ms=(wall_ms + 1_000, wall_ms + 2_000),
        values=(1.0, None),
    )
    points, up = {"accepted prometheus": 12.0}, {"a:1": 0.0}
    yield OtelSample(t=at(3), url="http://c/metrics", ok=True, points=points, up=up)
    yield Event(t=at(4), who="operator", kind="mark", what="deploy")
    yield window(5, "flood", failed={"rejected": 4}, statuses={"503": 4}, health=None)
    yield end


def test_scrapes_and_memory_stand_by_instance(tmp_path: Path) -> None:
    plan = make_plan()
    records = list(healthy_run(plan))
    folder = exported(write_run(tmp_path / "run", plan, records))
    for name, kind in (("scrapes", ScrapeSample), ("memory", MemorySample)):
        instances = Counter(row["instance"] for row in read(folder, name))
        assert instances == Counter(
            record.instance for record in records if isinstance(record, kind)
        )


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", '=cmd|" /C calc"!A0')


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_of_the_targets_is_no_formula(tmp_path: Path, text: str) -> None:
    assert str(shown(text)).startswith("'")
    plan = make_plan()
    event = Event(t=at(1), who="target", kind="k", what=text)
    folder = exported(write_run(tmp_path / "run", plan, [event]))
    assert read(folder, "events")[0]["what"].startswith("'")


@given(st.text())
def test_no_text_begins_as_a_formula_or_ends_its_line(text: str) -> None:
    cell = str(shown(text))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert "\n" not in cell
    assert "\r" not in cell


def test_numbers_stay_numbers() -> None:
    assert [shown(value) for value in (-1, -0.5, None, True)] == [-1, -0.5, None, 1]


def test_a_day_of_seconds_is_never_held_at_once() -> None:
    gathered, most, rows = Seconds(), 0, 0
    told = latency([1.0] * 20)
    for second in range(1_000):
        for shard in range(2):
            made = window(second, "flood", shard=shard, response=told, service=None, send_lag=None)
            rows += sum(1 for _ in gathered.add(made))
        most = max(most, len(gathered._open))
    rows += sum(1 for _ in gathered.rest())
    assert rows == 1_000
    assert most < 100


def test_a_straggling_shard_joins_its_second() -> None:
    gathered = Seconds()
    made = [window(n, "flood", response_ms=[1.0]) for n in range(40)]
    late = window(5, "flood", response_ms=[2.0], shard=1)
    seconds = [*(s for w in [*made, late] for s in gathered.add(w)), *gathered.rest()]
    found = defaultdict(int, {second.second: second.counts["scheduled"] for second in seconds})
    assert len(seconds) == 40
    assert (found[4], found[5]) == (1, 2)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    exported(run_dir)
    before = (run_dir / "csv" / "load.csv").read_bytes()
    with pytest.raises(RunDirectoryError, match="not empty"):
        export(run_dir, None, TABLES, empty=False)
    file = tmp_path / "load.csv"
    file.write_text("mine")
    with pytest.raises(RunDirectoryError, match="exists already"):
        export(run_dir, file, TABLES[:1], empty=True)
    assert (run_dir / "csv" / "load.csv").read_bytes() == before
    assert file.read_text() == "mine"


def test_links_that_somebody_planted_are_not_followed(tmp_path: Path) -> None:
    run_dir, elsewhere = write_run(tmp_path / "run", make_plan()), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (run_dir / "csv").symlink_to(elsewhere)
    with pytest.raises(RunDirectoryError, match="is a link to another folder"):
        export(run_dir, None, TABLES, empty=False)
    assert list(elsewhere.iterdir()) == []


def test_a_broken_journal_leaves_no_file_behind(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    with (run_dir / "journal.jsonl").open("ab") as journal:
        journal.write(b"nonsense\n")
    with pytest.raises(JournalError, match=r"journal\.jsonl: line"):
        export(run_dir, tmp_path / "out", TABLES, empty=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_at_the_end_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", PLAN, whole_records())
    closed: list[object] = []

    def close(file: object) -> None:
        closed.append(file)
        if len(closed) == 3:
            raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("qosflood.report.csv.write._File.close", close)
    with pytest.raises(RunDirectoryError, match=r"No space left on device.*; make room"):
        export(run_dir, None, TABLES, empty=False)
    assert list((run_dir / "csv").iterdir()) == []


def test_the_command_prints_what_it_wrote(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    said = qosflood("export", str(run_dir), "--out", str(tmp_path / "out"))
    assert (said.code, said.err) == (0, "")
    assert f"{tmp_path / 'out' / 'load.csv'}  " in said.out
    one = qosflood("export", str(run_dir), "--series", "control", "--out", f"{tmp_path}/c.csv")
    assert one.out == f"{tmp_path}/c.csv  0 rows\n"
    assert read(tmp_path, "c") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "{tmp}/x.csv"), "got a file for 13 series, expected a folder"),
        (("--out", "{tmp}/run/run.json/x"), "cannot be written"),
        (("--format", "xlsx"), "'xlsx' is not 'csv'"),
        (("--series", "loads"), 'got "loads", expected one of load, '),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    said = qosflood("export", str(run_dir), *(word.format(tmp=tmp_path) for word in words))
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert len(said.err.splitlines()) == 1


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    said = qosflood("export", str(tmp_path))
    assert said.code == 2
    assert "expected a run directory" in said.err
