"""Reconnect storms: at a moment of the plan a share of the connections is dropped.

Which clients are dropped and when each reconnects are functions of the plan. A storm drops in
slices between the pacer's sends, so that due reports of other clients are not delayed. It then
polls until every client is connected again. Each shard emits two Events, `storm` and `storm_over`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from qosflood.base.units import format_count
from qosflood.journal.records import Event
from qosflood.load.client.client import BUSY, IDLE
from qosflood.load.schedule.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.load.turns import Turns
from qosflood.plan.plan import Plan

DROPS_PER_TURN = 16
"""Connections dropped in one turn of the loop at most; fewer where that takes too long."""
POLL_S = 0.025


class Droppable(Protocol):
    """What a storm asks of a client."""

    state: int

    def drop(self, reconnect_after_s: float) -> None:
        """Close the connection once no report is out on it, and reconnect after the delay."""


class Loop(Protocol):
    """What a storm asks of the event loop."""

    def call_soon(self, callback: Callable[[], None]) -> Any:
        """Call on the next turn."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        """Call after `delay` seconds, at most a millisecond early."""


def hit_positions(plan: Plan, index: int, numbers: IntArray) -> IntArray:
    """The positions in `numbers` of the clients that the plan's `index`-th storm hits: of all the
    plan's clients exactly its share, rounded."""
    all_numbers = np.arange(plan.load.clients)
    draws = uniform(plan.seed, Purpose.STORM, all_numbers, index)
    count = round(plan.storms[index].drop * all_numbers.size)
    chosen = np.zeros(all_numbers.size, dtype=bool)
    chosen[np.argsort(draws, kind="stable")[:count]] = True
    present = np.flatnonzero(numbers < all_numbers.size)
    positions: IntArray = present[chosen[numbers[present]]]
    return positions


def reconnect_after_s(plan: Plan, index: int, numbers: IntArray) -> FloatArray:
    """Seconds from the `index`-th storm until each of the clients reconnects."""
    within_s = plan.storms[index].back_within_ns * 1e-9
    after: FloatArray = within_s * uniform(plan.seed, Purpose.RETURN, numbers, index)
    return after


class Storms:
    """All storms of one shard. `emit` takes the Events; their `t` counts from `mono_ns`.

    `connected` returns the number of open connections.
    """

    def __init__(
        self,
        plan: Plan,
        shard: int,
        numbers: IntArray,
        clients: Sequence[Droppable],
        *,
        connected: Callable[[], int],
        clock: Callable[[], int],
        mono_ns: int,
        loop: Loop,
        emit: Callable[[Event], None],
    ) -> None:
        self.plan = plan
        self.shard = shard
        self.numbers = numbers
        self.clients = clients
        self.connected = connected
        self.clock = clock
        self.mono_ns = mono_ns
        self.loop = loop
        self.emit = emit
        self._hits = [self._hit(index) for index in range(len(plan.storms))]
        self._running: list[_Storm] = []
        self._over = False

    def start(self, zero_ns: int) -> None:
        """The load begins at `zero_ns` on the clock."""
        for index, storm in enumerate(self.plan.storms):
            self._wait(index, zero_ns + storm.at_ns)

    def _hit(self, index: int) -> list[tuple[int, float]]:
        positions = hit_positions(self.plan, index, self.numbers)
        after = reconnect_after_s(self.plan, index, self.numbers[positions])
        return list(zip(positions.tolist(), after.tolist(), strict=True))

    def finish(self) -> None:
        """The load is over, or is being stopped: clients that are not back yet stay unconnected."""
        self._over = True
        for storm in self._running:
            storm.finish()

    def _wait(self, index: int, at_ns: int) -> None:
        def begin() -> None:
            if self._over:
                return
            if self.clock() < at_ns:
                self._wait(index, at_ns)
                return
            self._running.append(_Storm(self, index, self._hits[index]))

        self.loop.call_later(max(at_ns - self.clock(), 0) * 1e-9, begin)


class _Storm:
    """One storm, from its beginning until every dropped client is connected again."""

    def __init__(self, storms: Storms, index: int, left: list[tuple[int, float]]) -> None:
        self._storms = storms
        self._index = index
        self._began_ns = storms.clock()
        self._connected = storms.connected()
        self._left = left
        self._dropped = 0
        self._closing: list[Droppable] = []
        """Dropped while a report was out: the connection is closed after its answer."""
        self._reconnecting: list[Droppable] = []
        self._over = False
        self._turns = Turns(storms.clock, DROPS_PER_TURN, DROPS_PER_TURN)
        self._drop_some()

    def finish(self) -> None:
        """No client is dropped and none reconnects any more."""
        if self._over:
            return
        if self._left:
            self._left = []
            self._emit_dropped()
        self._check()
        if not self._over:
            self._end()

    def _drop_some(self) -> None:
        if self._over:
            return
        for _ in range(min(self._turns.begin(), len(self._left))):
            self._drop(*self._left.pop())
            if self._turns.spent:
                break
        if self._left:
            self._storms.loop.call_soon(self._drop_some)
            return
        self._emit_dropped()
        self._poll_later()

    def _drop(self, position: int, after_s: float) -> None:
        client = self._storms.clients[position]
        state = client.state
        if state not in (IDLE, BUSY):
            return  # has no connection that could be dropped
        client.drop(after_s)
        self._dropped += 1
        (self._closing if state == BUSY else self._reconnecting).append(client)

    def _emit_dropped(self) -> None:
        of = f"{format_count(self._dropped)} of {format_count(self._connected)}"
        self._emit("storm", f"reconnect storm: {of} connections dropped", self._began_ns)

    def _poll_later(self) -> None:
        self._storms.loop.call_later(POLL_S, self._poll)

    def _poll(self) -> None:
        if self._over:
            return
        self._check()
        if not self._over:
            self._poll_later()

    def _check(self) -> None:
        """Take the clients that are back out of the lists; end the storm once both are empty."""
        # A client that was busy keeps its connection until the answer and is never idle on it
        # after that, so an idle client has reconnected.
        gone = [one for one in self._closing if one.state not in (IDLE, BUSY)]
        self._closing = [one for one in self._closing if one.state == BUSY]
        self._reconnecting = [
            one for one in self._reconnecting if one.state not in (IDLE, BUSY)
        ] + gone
        if not (self._closing or self._reconnecting):
            self._end()

    def _end(self) -> None:
        self._over = True
        now_ns = self._storms.clock()
        back = self._dropped - len(self._closing) - len(self._reconnecting)
        what = f"{format_count(back)} of {format_count(self._dropped)} clients are back"
        self._emit("storm_over", what, now_ns, back=back)

    def _emit(self, kind: str, what: str, at_ns: int, **more: int) -> None:
        storms = self._storms
        evidence: dict[str, Any] = {
            "storm": self._index,
            "shard": storms.shard,
            "dropped": self._dropped,
            "connected": self._connected,
            "seconds": (storms.clock() - self._began_ns) * 1e-9,
            **more,
        }
        storms.emit(
            Event(t=at_ns - storms.mono_ns, who="operator", kind=kind, what=what, evidence=evidence)
        )
