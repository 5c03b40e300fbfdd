"""The shard's own figures: what changed since the last reading, whatever the system offers."""

import os

import pytest

from qosflood.load import health
from qosflood.load.health import HealthMeter

NONE = {"connected": 0, "connecting": 0, "pending": 0}


def test_figures_are_since_the_last_reading_and_counts_are_passed_through():
    meter = HealthMeter()
    meter.stalled(5)
    meter.stalled(3)
    sum(i * i for i in range(200_000))
    first = meter.read(connected=1, connecting=2, pending=3)
    assert (first.connected, first.connecting, first.pending) == (1, 2, 3)
    assert first.loop_stall_ns == 5
    assert first.cpu_ns > 0
    assert first.rss_bytes > 5_000_000
    second = meter.read(**NONE)
    assert second.loop_stall_ns == 0
    assert second.cpu_ns < first.cpu_ns


@pytest.mark.parametrize(
    ("before", "after", "throttled_ns"),
    [
        ("usage_usec 5\nthrottled_usec 100\n", "usage_usec 9\nthrottled_usec 350\n", 250_000),
        ("nr_throttled 1\nthrottled_time 100\n", "nr_throttled 2\nthrottled_time 350\n", 250),
        ("usage_usec 5\n", "usage_usec 9\n", 0),
        ("throttled_usec 100\n", "throttled_usec 0\n", 0),
        ("throttled_usec 100\n", "", 0),
    ],
)
def test_throttling_is_read_from_either_cgroup_version(
    tmp_path, monkeypatch, before, after, throttled_ns
):
    stat = tmp_path / "cpu.stat"
    stat.write_text(before)
    monkeypatch.setattr(health, "cpu_stat", lambda: stat)
    meter = HealthMeter()
    with stat.open("r+") as file:  # the same file: the meter holds it open
        file.truncate(0)
        file.write(after)
    assert meter.read(**NONE).throttled_ns == throttled_ns
    assert meter.read(**NONE).throttled_ns == 0


def test_where_a_system_offers_nothing_figures_are_zero_and_memory_is_the_peak(monkeypatch):
    monkeypatch.setattr(health, "_opened", lambda path: None)
    read = HealthMeter().read(**NONE)
    assert (read.throttled_ns, read.run_queue_ns) == (0, 0)
    assert read.rss_bytes > 0


def test_a_file_that_cannot_be_read_any_more_counts_nothing(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        assert health._text(fd) == ""
    finally:
        os.close(fd)
    assert health._opened(tmp_path / "none") is None


def test_a_machine_that_slept_is_noticed_once(monkeypatch):
    slept = iter([5, 5, 3_600_000_000_005, 3_600_000_000_005])
    monkeypatch.setattr(health, "_asleep_ns", lambda: next(slept))
    meter = HealthMeter()
    assert [meter.slept_ns() for _ in range(3)] == [0, 3_600_000_000_000, 0]


def test_the_boots_clock_runs_beside_the_monotonic_one():
    assert abs(HealthMeter().slept_ns()) < 100_000_000
