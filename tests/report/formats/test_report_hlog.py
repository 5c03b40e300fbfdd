"""latency.hlog, with HdrHistogram for Java as the foreign reader."""

import random
import subprocess
from pathlib import Path

import pytest
from hdrh.log import HistogramLogReader
from journal_maker import with_rollups
from parts import require_java_histogram
from plan_maker import make_plan
from record_maker import WALL_NS, load_windows, rollup, window

from qosflood.journal.histograms import decode, make_histogram
from qosflood.journal.records import JournalRecord, Latency, Rollup, Window
from qosflood.report.formats.hlog import SERIES, LogMaker

READER = Path(__file__).with_name("java") / "ReadLog.java"
START = "2026-01-01T00:00:00.000Z"


def random_windows(seconds: int) -> list[Window]:
    draw = random.Random(5)
    return [
        window(
            second,
            "baseline" if second < 70 else "flood",
            response_ms=[draw.lognormvariate(1, 1) for _ in range(40)],
            failed={"timeout": 2} if second % 9 == 0 else None,
        )
        for second in range(seconds)
    ]


def lines_of(records: list[JournalRecord]) -> list[str]:
    log = LogMaker()
    assert list(log.passing(records)) == records
    return list(log.lines(WALL_NS, START))


def intervals(records: list[JournalRecord]) -> list[list[str]]:
    return [line.split(",") for line in lines_of(records) if line.startswith("Tag=")]


def read_by_java(records: list[JournalRecord], log: Path) -> list[list[str]]:
    """`tag count p99 max sum startMs endMs` of each interval."""
    jar = require_java_histogram()
    log.write_text("\n".join(lines_of(records)) + "\n")
    read = subprocess.run(
        ["java", "-cp", str(jar), str(READER), str(log)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return [line.split() for line in read.stdout.splitlines()]


def value_sum(latency: Latency) -> int:
    """Every recorded value, as the highest its counter stands for, added up."""
    recorded = decode(latency.encoded).get_recorded_iterator()
    return sum(
        int(item.value_iterated_to) * item.count_added_in_this_iter_step for item in recorded
    )


def test_java_reads_the_very_values_that_were_recorded(tmp_path: Path) -> None:
    records = list(with_rollups(random_windows(150)))
    rows = read_by_java(records, tmp_path / "latency.hlog")
    expected = [
        [f"{record.phase}.{name}", str(part.count), str(part.max_ns), str(value_sum(part))]
        for record in records
        if isinstance(record, Rollup)
        for name in SERIES
        if (part := getattr(record, name)) is not None
    ]
    assert len(rows) > len(expected) > 0
    assert [[row[0], row[1], row[3], row[4]] for row in rows[: len(expected)]] == expected


@pytest.mark.parametrize("count", [1, 40, 101, 149, 1000, 1001])
def test_java_finds_the_same_p99_and_the_time_of_day(tmp_path: Path, count: int) -> None:
    draw = random.Random(6)
    one = window(9, "flood", response_ms=[draw.lognormvariate(1, 1) for _ in range(count)])
    (row, *_) = read_by_java([one], tmp_path / "latency.hlog")
    assert one.response is not None
    assert row[:3] == ["flood.response", str(count), str(one.response.percentiles["p99"])]
    assert int(row[5]) == WALL_NS // 1_000_000 + (one.t - 1_000_000_000) // 1_000_000
    assert int(row[6]) == WALL_NS // 1_000_000 + one.t // 1_000_000


def test_pythons_reader_reads_the_log_too(tmp_path: Path) -> None:
    log = tmp_path / "latency.hlog"
    log.write_text("\n".join(lines_of(list(random_windows(30)))) + "\n")
    reader = HistogramLogReader(str(log), make_histogram())
    first = reader.get_next_interval_histogram()
    assert first is not None
    assert first.get_total_count() > 0


def test_every_report_is_in_the_log_once_with_and_without_rollups() -> None:
    windows = random_windows(150)
    scheduled = sum(each.response.count for each in windows if each.response)
    for records in (list(windows), list(with_rollups(windows))):
        counted = sum(
            histogram_count(parts[4])
            for parts in intervals(records)
            if parts[0].endswith(".response")
        )
        assert counted == scheduled


def histogram_count(encoded: str) -> int:
    count: int = decode(encoded).total_count
    return count


def test_windows_after_the_last_rollup_are_merged_by_the_minute() -> None:
    rows = [row for row in intervals(list(random_windows(150))) if row[0].endswith(".service")]
    assert [row[0] for row in rows] == [
        "Tag=baseline.service",
        "Tag=baseline.service",
        "Tag=flood.service",
        "Tag=flood.service",
    ]
    assert all(0 < float(row[2]) <= 60 for row in rows)


def test_a_rollup_stands_for_the_windows_before_it() -> None:
    windows = load_windows(make_plan(), until_s=3)
    records: list[JournalRecord] = [*windows, rollup("baseline", windows, 3)]
    assert [row[0] for row in intervals(records)] == [
        "Tag=baseline.response",
        "Tag=baseline.service",
        "Tag=baseline.send_lag",
    ]


def test_an_interval_says_when_it_was_and_its_maximum_in_milliseconds() -> None:
    (row, *_) = intervals([window(4, "flood", response_ms=[5.0, 7.0])])
    assert row[0] == "Tag=flood.response"
    assert [float(value) for value in row[1:3]] == [6.0, 1.0]
    assert abs(float(row[3]) - 7.0) < 0.01


def test_a_run_in_which_nothing_ended_has_a_log_without_intervals() -> None:
    assert intervals([]) == []
    assert lines_of([])[2].startswith("#[StartTime: 1767225600.000 (seconds since epoch)")
