"""The pacer on a clock that is moved by hand: what it picks, when, and when it sleeps."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.lab.collector.state import ManualClock
from qosflood.load.pacer import FIRST_SESSION_EVENTS, MOST_SESSION_EVENTS, SENDS_PER_WAKE_UP, Pacer
from qosflood.load.recorder import Recorder
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan

ZERO = 500 * SECOND + 123


class Told:
    """A client that notes what the pacer tells it, each with the moment."""

    def __init__(self, rig: "Rig") -> None:
        self._rig = rig
        self.joined: list[int] = []
        self.left: list[int] = []

    def join(self) -> None:
        self.joined.append(self._rig.since_ns)

    def leave(self) -> None:
        self.left.append(self._rig.since_ns)

    def report_due(self, due_ns: int, bucket: Any, now_ns: int) -> None:
        self._rig.picked.append((due_ns - ZERO, bucket.name, now_ns - ZERO))
        self._rig.clock.advance(self._rig.cost_ns)


class Rig:
    """A pacer with its clock, its timer and its clients, all moved by hand."""

    def __init__(self, plan: Plan, cost_ns: int = 0) -> None:
        self.clock = ManualClock(ZERO - SECOND)
        self.schedule = Schedule(plan)
        self.plan = plan
        self.cost_ns = cost_ns
        self.picked: list[tuple[int, str, int]] = []
        self.wake_ns: int | None = ZERO
        self.again: list[Callable[[], None]] = []
        self.clients = [Told(self) for _ in self.schedule.numbers]
        phases = [(p.name, p.end_ns) for p in plan.phases if p.name != "settle"]
        self.buckets = Recorder(0, phases).buckets
        self.pacer = Pacer(
            schedule=self.schedule,
            clients=self.clients,  # type: ignore[arg-type]
            buckets=self.buckets,
            zero_ns=ZERO,
            quantum_ns=plan.load.quantum_ns,
            clock=self.clock.now_ns,
            timer=self,
            soon=self.again.append,
        )

    @property
    def since_ns(self) -> int:
        return self.clock.now_ns() - ZERO

    def set(self, at_ns: int) -> None:
        assert self.wake_ns is None, "the timer was set twice"
        self.wake_ns = at_ns

    def turn(self) -> bool:
        """One turn of the loop, waiting for the timer if nothing else is to do."""
        if self.again:
            callback = self.again.pop()
            assert self.wake_ns is None, "both busy and asleep"
            callback()
            return True
        if self.wake_ns is None:
            return False
        self.clock.advance(max(self.wake_ns - self.clock.now_ns(), 0))
        self.wake_ns = None
        self.pacer.tick()
        return True

    def run(self) -> None:
        """To the end."""
        while self.turn():
            pass

    def run_until(self, since_ns: int) -> None:
        """Until `since_ns`, with everything done that was to be done by then."""
        while self.again or (self.wake_ns is not None and self.wake_ns - ZERO <= since_ns):
            self.turn()
        self.clock.advance(max(since_ns - self.since_ns, 0))

    @property
    def due(self) -> list[int]:
        return [due for due, _, _ in self.picked]

    @property
    def planned(self) -> list[int]:
        return self.schedule.between(0, self.plan.load_ns).due_ns.tolist()


def small(**load: Any) -> Plan:
    made = make_load(**({"clients": 40, "base_clients": 4, "cadence_ns": SECOND // 4} | load))
    return make_plan(load=made, phases=make_phases(made, edge_ns=SECOND, flood_ns=2 * SECOND))


plans = st.builds(
    small,
    clients=st.integers(4, 60),
    cadence_ns=st.sampled_from([50 * MS, 250 * MS, SECOND]),
    base_cadence_ns=st.sampled_from([250 * MS, SECOND]),
    quantum_ns=st.sampled_from([0, 250_000, 500_000, 10 * MS]),
    jitter=st.sampled_from([0.0, 0.1, 1.0]),
)


@settings(max_examples=40)
@given(plans, st.sampled_from([0, 3_000, 200_000]))
def test_every_report_is_picked_once_in_order_and_never_early(plan, cost_ns):
    rig = Rig(plan, cost_ns)
    rig.run()
    assert sorted(rig.due) == sorted(rig.planned)
    assert all(now >= due for due, _, now in rig.picked)
    lags = [lag for bucket in rig.buckets for lag in bucket.lag]
    assert sorted(lags) == sorted(now - due for due, _, now in rig.picked)
    assert rig.pacer.finished
    assert rig.pacer.sessions == len(rig.clients)


@settings(max_examples=40)
@given(plans)
def test_an_unhurried_pacer_is_late_by_less_than_its_quantum(plan):
    rig = Rig(plan)
    rig.run()
    assert all(now - due < max(plan.load.quantum_ns, 1) for due, _, now in rig.picked)


@settings(max_examples=40)
@given(plans)
def test_each_report_is_booked_to_the_phase_of_its_due_time(plan):
    rig = Rig(plan, cost_ns=100_000)
    rig.run()
    for due, phase, _ in rig.picked:
        if due not in (p.start_ns for p in plan.phases):
            assert plan.phase(phase).start_ns <= due <= plan.phase(phase).end_ns


def test_a_quantum_gathers_reports_into_fewer_wake_ups():
    def wake_ups(quantum_ns: int) -> int:
        rig = Rig(small(clients=400, quantum_ns=quantum_ns))
        count = 0
        while rig.turn():
            count += 1
        return count

    assert wake_ups(0) > 2 * wake_ups(2 * MS)


def test_after_256_sends_answers_are_read_before_the_next():
    rig = Rig(small(clients=3000, base_clients=3000, cadence_ns=SECOND, jitter=0.0))
    rig.run_until(10 * MS)
    rig.picked.clear()
    rig.clock.advance(300 * MS)  # the loop was held up: some 900 reports are due at once
    sizes = []
    rig.turn()
    while rig.again:
        sizes.append(len(rig.picked))
        rig.picked.clear()
        rig.turn()
    assert max(sizes) == SENDS_PER_WAKE_UP
    assert sum(sizes) + len(rig.picked) == pytest.approx(900, abs=40)


def test_a_held_up_pacer_sends_everything_it_missed_with_its_true_lag():
    rig = Rig(small(clients=400, base_clients=400))
    rig.run_until(500 * MS)
    rig.clock.advance(800 * MS)
    rig.run()
    assert sorted(rig.due) == sorted(rig.planned)
    missed = [now for due, _, now in rig.picked if 501 * MS < due < 1300 * MS]
    assert len(missed) == rig.schedule.count(501 * MS, 1300 * MS) > 300
    assert min(missed) >= 1300 * MS


def test_reports_picked_after_their_phase_are_counted():
    rig = Rig(small(clients=400, base_clients=400))
    rig.run_until(900 * MS)
    before = len(rig.picked)
    rig.clock.advance(300 * MS)
    rig.run_until(1300 * MS)
    missed = [due for due, phase, _ in rig.picked[before:] if phase == "baseline"]
    assert rig.buckets[0].picked_late == len(missed) > 0
    rig.run()
    assert [bucket.picked_late for bucket in rig.buckets[1:]] == [0, 0, 0]


def test_clients_join_and_leave_when_the_schedule_says():
    rig = Rig(small(quantum_ns=0))
    rig.run()
    for index, client in enumerate(rig.clients):
        joins, leaves = rig.schedule.join_s[index], rig.schedule.leave_s[index]
        assert client.joined == [pytest.approx(joins * SECOND, abs=2)]
        assert client.left == [pytest.approx(leaves * SECOND, abs=2)]


def test_a_crowd_that_joins_or_leaves_at_once_does_not_hold_up_reports():
    rig = Rig(small(clients=1000, base_clients=1000))
    rig.turn()
    assert sum(bool(client.joined) for client in rig.clients) == FIRST_SESSION_EVENTS
    assert rig.again
    rig.run_until(10 * MS)
    assert all(client.joined for client in rig.clients)


@pytest.mark.parametrize("in_the_callback", [False, True])
def test_leavers_whose_goodbye_takes_long_are_paced_by_time(in_the_callback):
    """A TLS shutdown takes half a millisecond, most of it in callbacks after the turn."""
    rig = Rig(small(clients=400, base_clients=400))
    goodbyes = 0

    def leave() -> None:
        nonlocal goodbyes
        goodbyes += 1
        if not in_the_callback:
            rig.clock.advance(MS // 2)

    for client in rig.clients:
        client.leave = leave  # type: ignore[method-assign]
    slices = []
    while rig.turn():
        if goodbyes and in_the_callback:
            rig.clock.advance(goodbyes * MS // 2)
        slices.append(goodbyes)
        goodbyes = 0
    assert sum(slices) == 400
    assert max(slices) <= FIRST_SESSION_EVENTS


def test_leavers_that_cost_nothing_leave_in_large_slices():
    rig = Rig(small(clients=1000, base_clients=1000))
    sizes = []
    while rig.turn():
        sizes.append(sum(bool(client.left) for client in rig.clients))
    assert max(b - a for a, b in pairwise(sizes)) == MOST_SESSION_EVENTS


def test_no_client_leaves_before_its_last_report_was_picked():
    rig = Rig(small(clients=400, quantum_ns=11 * MS), cost_ns=20_000)
    last: dict[int, int] = {}
    for index, client in enumerate(rig.clients):

        def report_due(due_ns, bucket, now_ns, index=index, of=client):
            assert not of.left, "told to leave before"
            last[index] = due_ns
            rig.picked.append((due_ns - ZERO, bucket.name, now_ns - ZERO))

        client.report_due = report_due  # type: ignore[method-assign]
    rig.run()
    assert len(last) == 400


def test_a_long_silence_is_slept_through_without_losing_the_next_report():
    load = make_load(clients=1, base_clients=1, cadence_ns=2 * SECOND, base_cadence_ns=2 * SECOND)
    rig = Rig(make_plan(load=load, phases=make_phases(load)))
    rig.run()
    assert rig.due == rig.planned
    assert len(rig.due) == pytest.approx(9, abs=1)


def test_the_phase_in_force_is_known_for_any_moment():
    plan = small()
    rig = Rig(plan)

    def name_at(since_ns: int) -> str:
        return rig.buckets[rig.pacer.phase_at(since_ns)].name

    for phase in plan.phases[:-1]:
        assert name_at(phase.start_ns) == name_at(phase.end_ns - 1) == phase.name
    assert name_at(-1) == "baseline"
    assert name_at(plan.load_ns + 10 * SECOND) == "recovery"


@pytest.mark.parametrize("behind_ns", [0, 500 * MS])
def test_a_stop_picks_what_is_due_by_then_and_nothing_more(behind_ns):
    rig = Rig(small(clients=2000, base_clients=2000, cadence_ns=SECOND))
    rig.run_until(700 * MS)
    rig.clock.advance(behind_ns)
    stopped = rig.since_ns
    rig.pacer.stop()
    assert rig.pacer.finished
    assert sorted(rig.due) == [due for due in rig.planned if due <= stopped]
    count = len(rig.picked)
    rig.clock.advance(SECOND)
    rig.pacer.tick()
    rig.pacer.stop()
    assert len(rig.picked) == count


def test_a_stop_before_the_beginning_picks_nothing():
    rig = Rig(small())
    rig.pacer.stop()
    assert (rig.picked, rig.pacer.finished) == ([], True)


def test_a_stop_after_the_end_picks_nothing():
    rig = Rig(small())
    rig.run()
    count = len(rig.picked)
    rig.pacer.stop()
    assert len(rig.picked) == count


def test_a_herd_is_computed_before_its_moment_though_nothing_was_due_before_it():
    rig = Rig(
        small(clients=50, base_clients=50, cadence_ns=SECOND, jitter=0.0, clocks="synchronised")
    )
    asked: list[tuple[int, int]] = []
    between = rig.schedule.between

    def noted(from_ns: int, to_ns: int) -> Any:
        asked.append((from_ns, rig.since_ns))
        return between(from_ns, to_ns)

    rig.schedule.between = noted  # type: ignore[method-assign]
    rig.run()
    assert len(rig.due) == 50 * 5
    assert all(now_ns < from_ns for from_ns, now_ns in asked)
