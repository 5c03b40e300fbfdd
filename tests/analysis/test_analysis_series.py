"""Seconds over time, for charts."""

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import T0_NS, memory, scrape, stray, window

from qosflood.analysis.clock import RunClock
from qosflood.analysis.series import SecondSeries, memory_points, scrape_points
from qosflood.base.units import MS, SECOND
from qosflood.journal.histograms import merge

CLOCK = RunClock(wall_ns=0, t0=T0_NS, stop_ns=100 * SECOND, completed=True)
SHORT = make_plan()
LONG = make_plan(phases=make_phases(make_load(), flood_ns=5000 * SECOND))


def seconds(windows, plan=SHORT, late=False):
    series = SecondSeries(plan)
    for each in windows:
        series.add(each, late)
    return series.seconds()


def test_a_second_is_the_sum_of_its_windows():
    found = seconds(
        [
            window(7, "flood", response_ms=[5.0] * 30, failed={"unsent": 2}),
            stray(7, "ramp", failed={"timeout": 3}, scheduled=0, offered=0),
        ]
    )
    assert len(found) == 1
    assert (found[0].t_s, found[0].phase) == (7.0, "flood")
    assert (found[0].scheduled, found[0].acked, found[0].connected) == (32, 30, 10)
    assert found[0].errors == {"unsent": 2, "timeout": 3}
    assert found[0].response_max_ns == pytest.approx(10 * SECOND, rel=1e-3)


def test_the_phase_is_the_one_in_force_whichever_window_comes_first():
    late_answers = stray(7, "ramp", failed={"timeout": 1})
    assert seconds([late_answers, window(7, "flood", response_ms=[1.0])])[0].phase == "flood"


def test_seconds_come_in_order_and_a_missing_one_stays_out():
    found = seconds([window(s, "flood", response_ms=[1.0]) for s in (2, 0, 90, 5)])
    assert [second.t_s for second in found] == [0.0, 2.0, 5.0, 90.0]


def test_percentiles_with_too_few_values_are_none():
    few = seconds([window(0, "flood", response_ms=[5.0] * 15)])[0]
    assert (few.response_p50_ns, few.response_p99_ns, few.send_lag_p99_ns) == (None, None, None)
    assert few.response_max_ns is not None


def test_shards_are_merged_not_averaged():
    parts = [
        window(0, "flood", response_ms=[5.0] * 1000, shard=0),
        window(0, "flood", response_ms=[50.0] * 3000, shard=1),
    ]
    found = seconds(parts)[0]
    whole = merge([part.response for part in parts])
    assert (found.response_p50_ns, found.response_p99_ns) == (
        whole.percentiles["p50"],
        whole.percentiles["p99"],
    )
    assert found.connected == 20


def test_in_long_runs_the_highest_shard_bounds_the_others():
    parts = [
        window(0, "flood", response_ms=[5.0] * 1000, shard=0),
        window(0, "flood", response_ms=[50.0] * 1000, shard=1),
    ]
    found = seconds(parts, LONG)[0]
    assert found.response_p50_ns is None
    assert found.response_p99_ns == parts[1].response.percentiles["p99"]
    assert found.response_max_ns == parts[1].response.max_ns


def test_one_shard_keeps_its_percentiles_in_long_runs():
    part = window(0, "flood", response_ms=[5.0] * 1000)
    assert seconds([part], LONG)[0].response_p50_ns == part.response.percentiles["p50"]


def test_a_late_window_marks_its_second():
    assert seconds([window(0, "flood")], late=True)[0].late


def test_cpu_is_in_cores_since_the_sample_before():
    points = memory_points([memory(1), memory(2), memory(4)], CLOCK)
    assert [point.cpu_cores for point in points] == [None, 0.5, 0.5]
    assert [point.t_s for point in points] == [1.0, 2.0, 4.0]


def test_cpu_is_unknown_across_a_restart():
    points = memory_points([memory(1), memory(2, pid=78, cpu_ns=0)], CLOCK)
    assert points[1].cpu_cores is None


def test_scrapes_keep_their_reason_and_duration():
    point = scrape_points([scrape(3, ok=False)], CLOCK)[0]
    assert (point.t_s, point.ok, point.reason, point.duration_ns) == (3.0, False, "timeout", SECOND)
    assert scrape_points([scrape(3)], CLOCK)[0].duration_ns == 20 * MS
