"""Sessions join and leave at a steady rate, stand still in hold, and keep clocks of their own."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.load.schedule.due_times import Due, Schedule
from qosflood.load.schedule.sessions import churn_end_s
from qosflood.plan.plan import Plan, Sessions


def churning(clients: int = 40, **sessions: Any) -> Plan:
    load = make_load(
        base_clients=clients, clients=clients, base_cadence_ns=SECOND, cadence_ns=SECOND, jitter=0.2
    )
    phases = make_phases(load, edge_ns=5 * SECOND, flood_ns=30 * SECOND)
    given = {"lifetime": "exponential", "lifetime_ns": 4 * SECOND} | sessions
    return make_plan(load=load, phases=phases, sessions=Sessions(**given))


sessions = st.fixed_dictionaries(
    {
        "lifetime": st.sampled_from(["exponential", "fixed"]),
        "lifetime_ns": st.sampled_from([SECOND, 3 * SECOND, 20 * SECOND]),
        "hold": st.booleans(),
        "final_report": st.booleans(),
        "startup_ns": st.sampled_from([0, 2 * SECOND]),
        "startup_cadence_ns": st.just(250 * MS),
    }
)


def pairs(schedule: Schedule, due: Due) -> list[tuple[int, int]]:
    return sorted(zip(due.due_ns.tolist(), schedule.numbers[due.client].tolist(), strict=True))


def whole(plan: Plan, part: int = 0, parts: int = 1) -> tuple[Schedule, Due]:
    schedule = Schedule(plan, part, parts)
    return schedule, schedule.between(0, plan.load_ns)


@settings(max_examples=40)
@given(sessions, st.integers(1, 5))
def test_the_union_of_the_parts_is_the_whole_with_churn_too(given_sessions, parts):
    plan = churning(**given_sessions)
    together = [pair for i in range(parts) for pair in pairs(*whole(plan, i, parts))]
    assert sorted(together) == pairs(*whole(plan))


@settings(max_examples=40)
@given(sessions, st.lists(st.floats(0, 1), max_size=12))
def test_any_partition_of_time_holds_the_same_reports_and_renewals(given_sessions, cuts):
    plan = churning(**given_sessions)
    schedule, all_at_once = whole(plan)
    walked = Schedule(plan)
    edges = sorted({0, plan.load_ns, *(round(cut * plan.load_ns) for cut in cuts)})
    pieces = [walked.between(a, b) for a, b in pairwise(edges)]
    assert sorted(p for piece in pieces for p in pairs(schedule, piece)) == pairs(
        schedule, all_at_once
    )
    assert [r for piece in pieces for r in piece.renewals] == all_at_once.renewals
    assert sum(walked.count(a, b) for a, b in pairwise(edges)) == all_at_once.due_ns.size


def test_asked_for_an_earlier_time_it_walks_again():
    plan = churning()
    schedule, _ = whole(plan)
    fresh = Schedule(plan)
    schedule.between(20 * SECOND, 21 * SECOND)
    assert pairs(schedule, schedule.between(SECOND, 2 * SECOND)) == pairs(
        fresh, fresh.between(SECOND, 2 * SECOND)
    )


@pytest.mark.parametrize("lifetime", ["exponential", "fixed"])
def test_sessions_give_way_at_a_steady_rate_from_the_first_second(lifetime):
    plan = churning(clients=2000, lifetime=lifetime)
    _, due = whole(plan)
    seconds = Counter(renewal.at_ns // SECOND for renewal in due.renewals)
    churn_ends = int(churn_end_s(plan))
    counts = [seconds[s] for s in range(churn_ends)]
    # 2,000 sessions of 4 s on average: 500 a second, give or take chance.
    assert min(counts) > 400
    assert max(counts) < 600


def test_in_hold_no_session_joins_or_leaves():
    plan = churning()
    flood = plan.phase("flood")
    assert churn_end_s(plan) == pytest.approx((flood.start_ns + flood.duration_ns / 3) / SECOND)
    _, due = whole(plan)
    assert max(renewal.at_ns for renewal in due.renewals) < churn_end_s(plan) * SECOND
    _, restless = whole(churning(hold=False))
    assert max(renewal.at_ns for renewal in restless.renewals) > flood.end_ns


def test_without_a_lifetime_no_session_gives_way():
    _, due = whole(churning(lifetime="none"))
    assert due.renewals == []


def test_the_rate_stays_what_it_was_without_churn():
    _, still = whole(churning(clients=2000, lifetime="none"))
    _, due = whole(churning(clients=2000))
    assert due.due_ns.size == pytest.approx(still.due_ns.size, rel=0.005)


def test_a_place_takes_its_sessions_one_by_one():
    _, due = whole(churning())
    by_place = defaultdict(list)
    for renewal in due.renewals:
        by_place[renewal.client].append(renewal.session)
    assert all(taken == list(range(1, len(taken) + 1)) for taken in by_place.values())


def test_a_final_report_is_due_when_its_session_ends():
    _, plain = whole(churning())
    _, due = whole(churning(final_report=True))
    ends = {(renewal.at_ns, renewal.client) for renewal in due.renewals}
    reports = set(zip(due.due_ns.tolist(), due.client.tolist(), strict=True))
    assert ends <= reports
    assert due.due_ns.size == plain.due_ns.size + len(ends)


def test_a_session_starts_at_its_quicker_cadence_and_then_goes_on_at_its_own():
    plan = churning(clients=1, lifetime="none", startup_ns=3 * SECOND, startup_cadence_ns=250 * MS)
    _, due = whole(plan)
    seconds = due.due_ns / SECOND
    assert np.diff(seconds[seconds < 3]) == pytest.approx(0.25)
    assert np.count_nonzero(seconds < 3) == 12
    later = np.diff(seconds[seconds >= 3])
    assert later.mean() == pytest.approx(1.0, rel=0.05)
