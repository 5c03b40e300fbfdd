"""Synchronised clocks: all clients report at the same moments, whatever part plays them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.load.schedule.due_times import Due, Schedule
from qosflood.plan.plan import Plan, Sessions


@st.composite
def herds(draw) -> Plan:
    """Any plan of synchronised clients, with and without churn and jitter."""
    base, clients = sorted((draw(st.integers(1, 40)), draw(st.integers(1, 40))))
    cadence = draw(st.sampled_from([137 * MS, 250 * MS, SECOND]))
    load = make_load(
        base_clients=base,
        base_cadence_ns=cadence * draw(st.sampled_from([1, 1, 3])),
        clients=clients,
        cadence_ns=cadence,
        jitter=draw(st.sampled_from([0.0, 0.0, 0.02, 0.5, 1.0])),
        clocks="synchronised",
    )
    lengths = st.integers(SECOND, 4 * SECOND)
    sessions = Sessions(
        lifetime=draw(st.sampled_from(["none", "exponential"])),
        lifetime_ns=2 * SECOND,
        startup_ns=draw(st.sampled_from([0, SECOND])),
        startup_cadence_ns=100 * MS,
    )
    phases = make_phases(load, edge_ns=draw(lengths), flood_ns=draw(lengths))
    return make_plan(
        load=load, phases=phases, sessions=sessions, seed=draw(st.integers(0, 2**64 - 1))
    )


def synchronised(clients: int = 300, jitter: float = 0.0, **changes: object) -> Plan:
    load = make_load(
        base_clients=clients, clients=clients, jitter=jitter, clocks="synchronised", **changes
    )
    return make_plan(load=load, phases=make_phases(load))


def pairs(schedule: Schedule, due: Due) -> list[tuple[int, int]]:
    return sorted(zip(due.due_ns.tolist(), schedule.numbers[due.client].tolist(), strict=True))


def whole(plan: Plan, part: int = 0, parts: int = 1) -> list[tuple[int, int]]:
    schedule = Schedule(plan, part, parts)
    return pairs(schedule, schedule.between(0, plan.load_ns))


@settings(max_examples=60)
@given(herds(), st.integers(1, 5))
def test_the_union_of_the_parts_is_the_whole_herd(plan, parts):
    together = [pair for part in range(parts) for pair in whole(plan, part, parts)]
    assert sorted(together) == whole(plan)


@settings(max_examples=60)
@given(herds(), st.lists(st.floats(0, 1), max_size=12))
def test_any_partition_of_time_holds_the_same_herds_and_counts_them(plan, cuts):
    schedule = Schedule(plan)
    edges = sorted({0, plan.load_ns, *(round(cut * plan.load_ns) for cut in cuts)})
    pieces = [schedule.between(a, b) for a, b in pairwise(edges)]
    together = sorted(pair for piece in pieces for pair in pairs(schedule, piece))
    assert together == whole(plan)
    assert [schedule.count(a, b) for a, b in pairwise(edges)] == [p.due_ns.size for p in pieces]


def test_all_clients_report_at_the_same_nanosecond_half_a_cadence_from_the_phases_edges():
    plan = synchronised(300)
    due = Schedule(plan).between(0, plan.load_ns).due_ns
    moments, sizes = np.unique(due, return_counts=True)
    assert moments.tolist() == [SECOND // 2 + k * SECOND for k in range(plan.load_ns // SECOND)]
    assert set(sizes.tolist()) == {300}


@pytest.mark.parametrize("jitter", [0.02, 0.3])
def test_jitter_spreads_a_herd_over_its_share_of_the_cadence_and_only_later(jitter):
    plan = synchronised(2000, jitter)
    due = Schedule(plan).between(0, plan.load_ns).due_ns
    past = (due - SECOND // 2) % SECOND
    assert past.max() <= jitter * SECOND
    assert past.mean() == pytest.approx(jitter * SECOND / 2, rel=0.05)
    assert due.size == pytest.approx(2000 * plan.load_ns // SECOND, abs=10)


def test_clients_that_join_in_a_ramp_fall_in_with_the_others():
    load = make_load(base_clients=10, clients=200, jitter=0.0, clocks="synchronised")
    plan = make_plan(load=load, phases=make_phases(load))
    ramp = plan.phase("ramp")
    due = Schedule(plan).between(ramp.start_ns, ramp.end_ns).due_ns
    moments, sizes = np.unique(due, return_counts=True)
    assert moments.tolist() == [ramp.start_ns + SECOND // 2 + k * SECOND for k in range(3)]
    assert sorted(sizes.tolist()) == sizes.tolist()
    assert 10 < sizes[0] < sizes[-1] < 200


def test_a_start_up_cadence_stays_the_sessions_own():
    plan = replace(
        synchronised(50), sessions=Sessions(startup_ns=2 * SECOND, startup_cadence_ns=250 * MS)
    )
    due = Schedule(plan).between(0, plan.load_ns).due_ns
    assert np.unique(due[due < 2 * SECOND]).size == 50 * 8
    assert np.unique(due[due >= 2 * SECOND]).tolist() == [
        SECOND // 2 + k * SECOND for k in range(2, plan.load_ns // SECOND)
    ]
