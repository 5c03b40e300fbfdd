"""Due times: parts make up the whole, and every client keeps its own clock."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import HOUR, MS, SECOND
from qosflood.load.schedule.due_times import Due, Schedule
from qosflood.load.schedule.sessions import places as lifetimes
from qosflood.plan.plan import Phase, Plan

seeds = st.integers(0, 2**64 - 1)
jitters = st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0])
cadences = st.sampled_from([137 * MS, 250 * MS, SECOND, 5 * SECOND])


@st.composite
def plans(draw) -> Plan:
    """Any plan of up to 60 clients and some seconds, by clients or by cadence."""
    base, clients = sorted((draw(st.integers(1, 60)), draw(st.integers(1, 60))))
    cadence = draw(cadences)
    load = make_load(
        base_clients=base,
        base_cadence_ns=cadence * draw(st.sampled_from([1, 1, 3])),
        clients=clients,
        cadence_ns=cadence,
        jitter=draw(jitters),
    )
    lengths = st.integers(SECOND, 6 * SECOND)
    phases = make_phases(load, edge_ns=draw(lengths), flood_ns=draw(lengths))
    return make_plan(load=load, phases=phases, seed=draw(seeds))


def whole(schedule: Schedule, plan: Plan) -> Due:
    return schedule.between(0, plan.load_ns)


def pairs(schedule: Schedule, due: Due) -> list[tuple[int, int]]:
    """(due time, plan-wide client number) of each report, in a canonical order."""
    return sorted(zip(due.due_ns.tolist(), schedule.numbers[due.client].tolist(), strict=True))


def dues_by_client(plan: Plan) -> tuple[Schedule, list[np.ndarray]]:
    schedule = Schedule(plan)
    due = whole(schedule, plan)
    return schedule, [due.due_ns[due.client == i] for i in range(schedule.numbers.size)]


@given(plans(), st.integers(1, 9))
def test_the_union_of_the_parts_is_the_whole_for_any_number_of_parts(plan, parts):
    schedules = [Schedule(plan, part, parts) for part in range(parts)]
    together = [pair for s in schedules for pair in pairs(s, whole(s, plan))]
    assert sorted(together) == pairs(Schedule(plan), whole(Schedule(plan), plan))
    numbers = sorted(n for s in schedules for n in s.numbers.tolist())
    assert numbers == Schedule(plan).numbers.tolist()


@given(plans(), st.lists(st.floats(0, 1), max_size=12))
def test_any_partition_of_time_holds_the_same_reports_as_the_whole(plan, cuts):
    schedule = Schedule(plan)
    edges = sorted({0, plan.load_ns, *(round(cut * plan.load_ns) for cut in cuts)})
    pieces = [schedule.between(a, b) for a, b in pairwise(edges)]
    together = sorted(pair for piece in pieces for pair in pairs(schedule, piece))
    assert together == pairs(schedule, whole(schedule, plan))


@given(plans(), st.floats(0, 1), st.floats(0, 1))
def test_reports_come_in_order_and_within_the_stretch_asked_for(plan, one, other):
    from_ns, to_ns = sorted((round(one * plan.load_ns), round(other * plan.load_ns)))
    schedule = Schedule(plan)
    due = schedule.between(from_ns, to_ns)
    assert (np.diff(due.due_ns) >= 0).all()
    assert schedule.count(from_ns, to_ns) == due.due_ns.size == due.client.size
    if due.due_ns.size:
        # Floating point may put a report on the other side of an edge by a few nanoseconds.
        assert due.due_ns[0] >= from_ns - 5
        assert due.due_ns[-1] < to_ns + 5


@given(plans())
def test_jitter_never_changes_the_order_of_one_clients_reports(plan):
    _, clients = dues_by_client(plan)
    for due_ns in clients:
        assert (np.diff(due_ns) > 0).all()


@given(plans())
def test_a_client_reports_within_its_life_and_first_within_a_cadence_of_joining(plan):
    schedule, clients = dues_by_client(plan)
    longest = max(max(p.cadence_from_ns, p.cadence_to_ns) for p in plan.phases)
    for due_ns, join_s, leave_s in zip(clients, schedule.join_s, schedule.leave_s, strict=True):
        if due_ns.size:
            assert due_ns[0] >= join_s * SECOND - 5
            assert due_ns[0] < join_s * SECOND + longest * (1 + plan.load.jitter) + 5
            assert due_ns[-1] < leave_s * SECOND + 5
        elif not plan.load.jitter:
            assert leave_s - join_s <= longest / SECOND


@given(plans())
def test_without_jitter_a_clients_reports_are_exactly_a_cadence_apart(plan):
    load = replace(plan.load, jitter=0.0, base_cadence_ns=plan.load.cadence_ns)
    plan = make_plan(load=load, phases=make_phases(load), seed=plan.seed)
    _, clients = dues_by_client(plan)
    for due_ns in clients:
        assert np.abs(np.diff(due_ns) - load.cadence_ns).max(initial=0) <= 5


@given(plans(), st.integers(2, 10))
def test_the_rate_is_exactly_as_planned_over_a_multiple_of_the_cadence(plan, multiple):
    load = replace(plan.load, jitter=0.0)
    flood_ns = multiple * load.cadence_ns
    plan = make_plan(load=load, phases=make_phases(load, flood_ns=flood_ns), seed=plan.seed)
    flood = plan.phase("flood")
    count = Schedule(plan).count(flood.start_ns, flood.end_ns)
    # A report within a nanosecond of an edge may fall on its other side.
    assert abs(count - load.clients * multiple) <= 1


@given(plans())
def test_the_same_seed_gives_the_same_schedule(plan):
    one, other = Schedule(plan), Schedule(plan)
    assert pairs(one, whole(one, plan)) == pairs(other, whole(other, plan))


@given(seeds, seeds)
def test_another_seed_gives_another_schedule(one, other):
    plans = [make_plan(seed=seed) for seed in (one, other)]
    first, second = (pairs(Schedule(p), whole(Schedule(p), p)) for p in plans)
    assert (first == second) == (one == other)


def planned(plan: Plan, phase: Phase) -> float:
    """Clients x rate, integrated over the phase: both go linearly (Simpson's rule is exact)."""
    n = (phase.clients_from, (phase.clients_from + phase.clients_to) / 2, phase.clients_to)
    r = (1 / phase.cadence_from_ns, 0.0, 1 / phase.cadence_to_ns)
    middle = (r[0] + r[2]) / 2
    return phase.duration_ns * (n[0] * r[0] + 4 * n[1] * middle + n[2] * r[2]) / 6


@pytest.mark.parametrize("jitter", [0.0, 0.1, 1.0])
def test_a_ramp_of_clients_holds_the_integral_of_its_rate(jitter):
    load = make_load(
        base_clients=200, clients=5000, base_cadence_ns=SECOND, cadence_ns=SECOND, jitter=jitter
    )
    plan = make_plan(load=load, phases=make_phases(load, edge_ns=7 * SECOND))
    schedule = Schedule(plan)
    for phase in plan.phases[:-1]:
        count = schedule.count(phase.start_ns, phase.end_ns)
        assert count == pytest.approx(planned(plan, phase), abs=4 * 5000**0.5)


def test_a_ramp_of_the_cadence_holds_the_integral_of_its_rate():
    load = make_load(
        base_clients=500, clients=500, base_cadence_ns=10 * SECOND, cadence_ns=SECOND, jitter=0.0
    )
    plan = make_plan(load=load, phases=make_phases(load, edge_ns=7 * SECOND))
    schedule = Schedule(plan)
    ramp = plan.phase("ramp")
    halves = [ramp.start_ns, ramp.start_ns + ramp.duration_ns // 2, ramp.end_ns]
    first, second = (schedule.count(a, b) for a, b in pairwise(halves))
    # 50/s to 500/s over 7 s: 1925 reports, of which (50 + 275) / 2 * 3.5 in the first half.
    assert first == pytest.approx(568.75, abs=25)
    assert second == pytest.approx(1356.25, abs=25)


@given(plans())
def test_clients_join_in_order_and_the_last_to_join_leave_first(plan):
    join, leave = lifetimes(plan.phases[:-1])
    assert (np.diff(join) >= 0).all()
    assert (np.diff(leave) <= 0).all()
    assert (join < leave).all()
    assert leave.max() == plan.load_ns * 1e-9


@given(plans(), st.floats(0, 1))
def test_as_many_clients_are_there_at_any_time_as_the_plan_says(plan, share):
    phase = plan.phases[round(share * 3)]
    join, leave = lifetimes(plan.phases[:-1])
    at = (phase.start_ns + share * phase.duration_ns * 0.999) * 1e-9
    there = int(((join <= at) & (at < leave)).sum())
    exact = phase.clients_from + share * 0.999 * (phase.clients_to - phase.clients_from)
    assert abs(there - exact) <= 1


@pytest.mark.timeout(20)  # walked one by one the reports would take minutes
def test_a_day_at_a_thousand_reports_a_second_is_counted_and_walked_at_once():
    load = make_load(
        base_clients=500, clients=5000, base_cadence_ns=5 * SECOND, cadence_ns=5 * SECOND
    )
    plan = make_plan(load=load, phases=make_phases(load, edge_ns=60 * SECOND, flood_ns=24 * HOUR))
    schedule = Schedule(plan)
    flood = plan.phase("flood")
    count = schedule.count(flood.start_ns, flood.end_ns)
    last = schedule.between(flood.end_ns - 100 * MS, flood.end_ns)
    assert count == pytest.approx(86_400_000, abs=5000)
    assert last.due_ns.size == pytest.approx(100, abs=50)


@settings(max_examples=20)
@given(seeds)
def test_clients_are_spread_evenly_over_the_cadence(seed):
    load = make_load(base_clients=2000, clients=2000, jitter=0.0)
    plan = make_plan(load=load, phases=make_phases(load), seed=seed)
    due = Schedule(plan).between(0, SECOND).due_ns
    tenths = np.bincount(due // (100 * MS), minlength=10)
    assert due.size == 2000
    assert tenths.min() > 120
    assert tenths.max() < 300
