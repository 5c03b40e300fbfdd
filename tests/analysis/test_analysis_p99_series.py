"""The p99 over time, of as many seconds together as it takes."""

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import WALL_NS, at, healthy_run, latency, rollup, window

from qosflood.analysis import analyse
from qosflood.analysis.clock import RunClock
from qosflood.analysis.p99_series import P99Series
from qosflood.base.units import MS, SECOND

CLOCK = RunClock(wall_ns=WALL_NS, t0=at(0), stop_ns=900 * SECOND, completed=True)


def points_of(seconds, **how):
    """(start, length, p99 in ms) of seconds given as (phase, reports, how many are slow)."""
    series = P99Series(exact=True, **how)
    for number, (phase, count, slow) in enumerate(seconds):
        values = [5.0] * (count - slow) + [300.0] * slow
        series.add(number, phase, [part] if (part := latency(values)) else [])
    return [(p.t_s, p.length_s, round(p.p99_ns / MS)) for p in series.points((), CLOCK)]


def test_a_second_with_a_thousand_reports_has_its_own():
    assert points_of([("flood", 1000, 0), ("flood", 1500, 100)]) == [(0, 1, 5), (1, 1, 300)]


def test_below_that_seconds_are_taken_together():
    seconds = [("flood", 400, 0)] * 3 + [("flood", 400, 10)] * 3
    assert points_of(seconds) == [(0, 3, 5), (3, 3, 300)]


def test_what_is_left_at_a_phases_end_belongs_to_its_last_stretch():
    seconds = [("flood", 400, 0)] * 3 + [("flood", 400, 20), ("recovery", 1000, 0)]
    assert points_of(seconds) == [(0, 4, 300), (4, 1, 5)]


def test_no_stretch_reaches_into_another_phase_and_one_of_too_few_reports_has_none():
    assert points_of([("baseline", 900, 0), ("ramp", 900, 0), ("flood", 1000, 0)]) == [(2, 1, 5)]


def test_a_second_without_reports_makes_a_stretch_longer():
    assert points_of([("flood", 600, 0), ("flood", 0, 0), ("flood", 600, 0)]) == [(0, 3, 5)]


def test_a_run_too_long_to_be_put_together_has_a_point_for_each_minute():
    series = P99Series(exact=False)
    windows = [window(s, "flood", response_ms=[5.0] * 95 + [300.0] * 5) for s in range(60)]
    for one in windows:
        series.add(one.second, one.phase, [one.response] if one.response else [])
    series.roll(rollup("flood", windows, 60.0))
    (point,) = series.points((), CLOCK)
    assert (point.t_s, point.length_s) == (1.0, 59)
    assert point.p99_ns == pytest.approx(300 * MS, rel=0.01)


def test_a_run_of_a_hundred_reports_a_second_has_a_line():
    load = make_load(clients=100)
    plan = make_plan(load=load, phases=make_phases(load, flood_ns=30 * SECOND))
    findings = analyse(plan, WALL_NS, healthy_run(plan))
    assert all(second.response_p99_ns is None for second in findings.seconds)
    assert [(p.t_s, p.length_s) for p in findings.p99_points] == [(6, 10), (16, 10), (26, 10)]
