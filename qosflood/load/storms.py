"""Reconnect storms: at a moment of the plan a share of the connections is dropped.

Who is dropped and when each comes back are functions of the plan. A storm goes beside the pacer, in
slices, so that due reports of the others are not delayed; it then looks on until everyone is back,
and says what it saw in Events, a `storm` and a `storm_over` of each shard.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from qosflood.base.units import format_count
from qosflood.journal.records import Event
from qosflood.load.client.client import BUSY, IDLE
from qosflood.load.schedule.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.plan.plan import Plan

DROPS_PER_TURN = 16
"""Connections dropped in one turn of the loop; with all that follows, one costs some 50 us."""
LOOK_S = 0.025


class Droppable(Protocol):
    """What a storm asks of a client."""

    state: int

    def drop(self, back_after_s: float) -> None:
        """Give up the connection once nothing is out on it, and come back."""


class Loop(Protocol):
    """What a storm asks of the event loop."""

    def call_soon(self, callback: Callable[[], None]) -> Any:
        """Call on the next turn."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        """Call after `delay` seconds, at most a millisecond early."""


def hit(plan: Plan, index: int, numbers: IntArray) -> IntArray:
    """The positions in `numbers` of the clients that the plan's `index`-th storm hits: of all the
    plan's clients exactly its share, rounded."""
    everyone = np.arange(plan.load.clients)
    draws = uniform(plan.seed, Purpose.STORM, everyone, index)
    count = round(plan.storms[index].drop * everyone.size)
    chosen = np.zeros(everyone.size, dtype=bool)
    chosen[np.argsort(draws, kind="stable")[:count]] = True
    mine = np.flatnonzero(numbers < everyone.size)
    positions: IntArray = mine[chosen[numbers[mine]]]
    return positions


def back_after_s(plan: Plan, index: int, numbers: IntArray) -> FloatArray:
    """How long after the `index`-th storm each of the clients comes back, in seconds."""
    within_s = plan.storms[index].back_within_ns * 1e-9
    after: FloatArray = within_s * uniform(plan.seed, Purpose.RETURN, numbers, index)
    return after


class StormWatch:
    """All storms of one shard. `tell` takes the Events; their `t` counts from `mono_ns`.

    `connected` tells how many connections there are.
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
        tell: Callable[[Event], None],
    ) -> None:
        self.plan = plan
        self.shard = shard
        self.numbers = numbers
        self.clients = clients
        self.connected = connected
        self.clock = clock
        self.mono_ns = mono_ns
        self.loop = loop
        self.tell = tell
        self._hits = [self._hit(index) for index in range(len(plan.storms))]
        self._going: list[_Going] = []
        self._over = False

    def start(self, zero_ns: int) -> None:
        """The load begins at `zero_ns` on the clock."""
        for index, storm in enumerate(self.plan.storms):
            self._wait(index, zero_ns + storm.at_ns)

    def _hit(self, index: int) -> list[tuple[int, float]]:
        positions = hit(self.plan, index, self.numbers)
        after = back_after_s(self.plan, index, self.numbers[positions])
        return list(zip(positions.tolist(), after.tolist(), strict=True))

    def finish(self) -> None:
        """The load is over, or is being stopped: who is not back by now does not come back."""
        self._over = True
        for storm in self._going:
            storm.finish()

    def _wait(self, index: int, at_ns: int) -> None:
        def begin() -> None:
            if self._over:
                return
            if self.clock() < at_ns:
                self._wait(index, at_ns)
                return
            self._going.append(_Going(self, index, self._hits[index]))

        self.loop.call_later(max(at_ns - self.clock(), 0) * 1e-9, begin)


class _Going:
    """One storm from its beginning until everyone is back."""

    def __init__(self, watch: StormWatch, index: int, left: list[tuple[int, float]]) -> None:
        self._watch = watch
        self._index = index
        self._began_ns = watch.clock()
        self._connected = watch.connected()
        self._left = left
        self._dropped = 0
        self._still: list[Droppable] = []
        """Dropped while a report was out: the connection is closed after its answer."""
        self._away: list[Droppable] = []
        self._over = False
        self._drop_some()

    def finish(self) -> None:
        """Nobody is dropped and nobody comes back any more."""
        if self._over:
            return
        if self._left:
            self._left = []
            self._say_dropped()
        self._look()
        if not self._over:
            self._end()

    def _drop_some(self) -> None:
        if self._over:
            return
        for _ in range(min(DROPS_PER_TURN, len(self._left))):
            self._drop(*self._left.pop())
        if self._left:
            self._watch.loop.call_soon(self._drop_some)
            return
        self._say_dropped()
        self._look_later()

    def _drop(self, position: int, after_s: float) -> None:
        client = self._watch.clients[position]
        state = client.state
        if state not in (IDLE, BUSY):
            return  # has no connection that could be dropped
        client.drop(after_s)
        self._dropped += 1
        (self._still if state == BUSY else self._away).append(client)

    def _say_dropped(self) -> None:
        of = f"{format_count(self._dropped)} of {format_count(self._connected)}"
        self._say("storm", f"reconnect storm: {of} connections dropped", self._began_ns)

    def _look_later(self) -> None:
        self._watch.loop.call_later(LOOK_S, self._look_on)

    def _look_on(self) -> None:
        if self._over:
            return
        self._look()
        if not self._over:
            self._look_later()

    def _look(self) -> None:
        """Take those who are back out of the lists; over, if nobody is left in them."""
        # One that was busy keeps its connection until the answer; after that it is never idle on
        # the old one, so an idle one is back.
        gone = [one for one in self._still if one.state not in (IDLE, BUSY)]
        self._still = [one for one in self._still if one.state == BUSY]
        self._away = [one for one in self._away if one.state not in (IDLE, BUSY)] + gone
        if not (self._still or self._away):
            self._end()

    def _end(self) -> None:
        self._over = True
        now_ns = self._watch.clock()
        back = self._dropped - len(self._still) - len(self._away)
        what = f"{format_count(back)} of {format_count(self._dropped)} clients are back"
        self._say("storm_over", what, now_ns, back=back)

    def _say(self, kind: str, what: str, at_ns: int, **more: int) -> None:
        watch = self._watch
        evidence: dict[str, Any] = {
            "storm": self._index,
            "shard": watch.shard,
            "dropped": self._dropped,
            "connected": self._connected,
            "seconds": (watch.clock() - self._began_ns) * 1e-9,
            **more,
        }
        watch.tell(
            Event(t=at_ns - watch.mono_ns, who="operator", kind=kind, what=what, evidence=evidence)
        )
