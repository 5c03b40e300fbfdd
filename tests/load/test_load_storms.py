"""Reconnect storms: who is hit, in slices, and what is told of it, on a clock moved by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_doubles import ACCEPTED, ZERO, Rig
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Event
from qosflood.lab.collector.state import ManualClock
from qosflood.load.client.client import BUSY, DOWN, IDLE
from qosflood.load.storms import DROPS_PER_TURN, Storms, hit_positions, reconnect_after_s
from qosflood.plan.plan import Plan, Storm


def stormy(*storms: Storm, clients: int = 200, seed: int = 1) -> Plan:
    load = make_load(base_clients=clients, clients=clients)
    return make_plan(load=load, phases=make_phases(load), storms=storms, seed=seed)


def storm(at_s: float = 8.0, drop: float = 0.5, back_s: float = 0.0) -> Storm:
    return Storm(at_ns=round(at_s * SECOND), drop=drop, back_within_ns=round(back_s * SECOND))


class Crowd:
    """Clients that do as they are told, and a loop whose time is moved by hand."""

    def __init__(self, plan: Plan, part: int = 0, parts: int = 1) -> None:
        self.clock = ManualClock(ZERO)
        self.numbers = np.arange(part, plan.load.clients, parts)
        self.clients = [Member() for _ in self.numbers]
        self.told: list[Event] = []
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[int, Callable[[], None]]] = []
        self.storms = Storms(
            plan,
            part,
            self.numbers,
            self.clients,
            connected=lambda: sum(c.state in (IDLE, BUSY) for c in self.clients),
            clock=self.clock.now_ns,
            mono_ns=ZERO - SECOND,
            loop=self,
            emit=self.told.append,
        )
        self.storms.start(ZERO)

    def call_soon(self, callback: Callable[[], None]) -> Any:
        self.soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        # As uvloop does: rounded to milliseconds, possibly early.
        self.later.append((self.clock.now_ns() + int(delay * 1000) * MS, callback))

    def turn(self) -> None:
        """What is to be done on the next turn."""
        callbacks, self.soon = self.soon, []
        for callback in callbacks:
            callback()

    def run_until(self, since_ns: int) -> None:
        while True:
            while self.soon:
                self.turn()
            due = [entry for entry in self.later if entry[0] - ZERO <= since_ns]
            if not due:
                break
            first = min(due, key=lambda entry: entry[0])
            self.later.remove(first)
            self.clock.advance(max(first[0] - self.clock.now_ns(), 0) + 100_000)
            first[1]()
        self.clock.advance(max(since_ns + ZERO - self.clock.now_ns(), 0))

    @property
    def dropped(self) -> set[int]:
        told = zip(self.numbers.tolist(), self.clients, strict=True)
        return {number for number, client in told if client.drops}

    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


class Member:
    """A client that is idle until it is dropped."""

    def __init__(self) -> None:
        self.state = IDLE
        self.drops: list[float] = []

    def drop(self, reconnect_after_s: float) -> None:
        self.drops.append(reconnect_after_s)
        if self.state == IDLE:
            self.state = DOWN


@given(st.integers(0, 2**64 - 1), st.integers(1, 5), st.floats(0.01, 1), st.integers(1, 300))
def test_the_parts_together_drop_exactly_the_plans_share(seed, parts, share, clients):
    plan = stormy(storm(drop=share), clients=clients, seed=seed)
    numbers = [np.arange(part, clients, parts) for part in range(parts)]
    together = [n for mine in numbers for n in mine[hit_positions(plan, 0, mine)].tolist()]
    everyone = np.arange(clients)
    assert sorted(together) == sorted(everyone[hit_positions(plan, 0, everyone)].tolist())
    assert len(set(together)) == len(together) == round(share * clients)


def test_each_storm_hits_others_and_each_client_comes_back_in_its_own_time():
    plan = stormy(storm(8, back_s=4), storm(9, back_s=4), clients=2000)
    everyone = np.arange(2000)
    first, second = (set(hit_positions(plan, index, everyone).tolist()) for index in (0, 1))
    assert len(first & second) == pytest.approx(500, abs=80)
    after = reconnect_after_s(plan, 0, everyone)
    assert (after.min() >= 0, after.max() < 4) == (True, True)
    assert after.mean() == pytest.approx(2.0, abs=0.2)


def test_a_storm_waits_for_its_moment_and_goes_in_slices():
    crowd = Crowd(stormy(storm(8, drop=1.0)))
    crowd.run_until(8 * SECOND - MS)
    assert not crowd.dropped
    _, begin = crowd.later[0]
    crowd.clock.advance(8 * SECOND + ZERO - crowd.clock.now_ns())
    begin()
    assert len(crowd.dropped) == DROPS_PER_TURN
    crowd.turn()
    assert len(crowd.dropped) == 2 * DROPS_PER_TURN


def test_it_tells_how_many_were_dropped_and_when_all_were_back():
    crowd = Crowd(stormy(storm(8, drop=0.5, back_s=2)))
    crowd.run_until(9 * SECOND)
    began = crowd.told[0]
    assert (began.kind, began.who) == ("storm", "operator")
    assert began.what == "reconnect storm: 100 of 200 connections dropped"
    assert began.t == pytest.approx(9 * SECOND, abs=2 * MS)  # the segment began a second before
    for client in crowd.clients:
        client.state = IDLE
    crowd.run_until(10 * SECOND)
    assert crowd.kinds() == ["storm", "storm_over"]
    told = crowd.told[1].evidence
    assert (told["dropped"], told["back"], told["storm"]) == (100, 100, 0)
    assert told["seconds"] == pytest.approx(1.0, abs=0.05)


def test_a_busy_client_counts_as_back_only_on_its_new_connection():
    crowd = Crowd(stormy(storm(8, drop=1.0), clients=1))
    crowd.clients[0].state = BUSY
    crowd.run_until(9 * SECOND)
    assert crowd.kinds() == ["storm"]
    crowd.clients[0].state = DOWN
    crowd.run_until(10 * SECOND)
    assert crowd.kinds() == ["storm"]
    crowd.clients[0].state = BUSY
    crowd.run_until(11 * SECOND)
    assert crowd.kinds() == ["storm", "storm_over"]


def test_who_has_no_connection_is_not_dropped():
    crowd = Crowd(stormy(storm(8, drop=1.0)))
    for client in crowd.clients[:150]:
        client.state = DOWN
    crowd.run_until(9 * SECOND)
    assert len(crowd.dropped) == 50
    assert crowd.told[0].what == "reconnect storm: 50 of 50 connections dropped"


def test_at_the_end_it_tells_who_is_not_back():
    crowd = Crowd(stormy(storm(8, drop=1.0)))
    crowd.run_until(9 * SECOND)
    for client in crowd.clients[:180]:
        client.state = IDLE
    crowd.storms.finish()
    crowd.storms.finish()
    assert crowd.kinds() == ["storm", "storm_over"]
    assert crowd.told[1].what == "180 of 200 clients are back"
    crowd.run_until(20 * SECOND)
    assert len(crowd.told) == 2


def test_a_stop_in_the_middle_of_a_storm_drops_nobody_else():
    crowd = Crowd(stormy(storm(8, drop=1.0)))
    crowd.clock.advance(8 * SECOND)
    crowd.later.pop()[1]()
    crowd.storms.finish()
    assert len(crowd.dropped) == DROPS_PER_TURN
    assert crowd.kinds() == ["storm", "storm_over"]
    crowd.run_until(20 * SECOND)
    assert len(crowd.dropped) == DROPS_PER_TURN


def test_a_storm_after_the_end_does_not_begin():
    crowd = Crowd(stormy(storm(8)))
    crowd.storms.finish()
    crowd.run_until(20 * SECOND)
    assert (crowd.dropped, crowd.told) == (set(), [])


def test_real_clients_are_seen_to_leave_and_to_come_back():
    rig, told = Rig(clients=2), []
    loop = Crowd(stormy())
    idle, busy = (rig.client, rig.clients[1])
    for client in (idle, busy):
        client.join()
    old, out = rig.connect(idle), rig.connect(busy)
    rig.due(busy)
    plan = stormy(storm(0.001, drop=1.0), clients=2)
    storms = Storms(
        plan,
        0,
        np.arange(2),
        rig.clients,
        connected=lambda: rig.shared.connected,
        clock=loop.clock.now_ns,
        mono_ns=ZERO,
        loop=loop,
        emit=told.append,
    )
    storms.start(ZERO)
    loop.run_until(100 * MS)
    assert (old.aborted, out.aborted) == (True, False)
    busy.data_received(ACCEPTED)
    assert out.aborted
    for client, wire in ((idle, old), (busy, out)):
        rig.lose(wire, client)
        rig.reconnect(client)
    rig.connect(idle)
    loop.run_until(200 * MS)
    assert [event.kind for event in told] == ["storm"]
    rig.connect(busy)
    rig.due(busy)
    loop.run_until(300 * MS)
    assert [event.kind for event in told] == ["storm", "storm_over"]
    assert (told[1].evidence["dropped"], told[1].evidence["back"]) == (2, 2)
