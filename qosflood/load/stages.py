"""What a shard plays where its loads are asked for one by one: stages over clients that stay."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from qosflood.load.client.factory import PacedClient
from qosflood.load.pacer import Pacer
from qosflood.load.recorder import Bucket, Recorder
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan
from qosflood.plan.staged import as_flood
from qosflood.plan.stages import Stage

IDLE = "idle"
"""The phase in force while no stage is."""
_SECOND = 1_000_000_000

MakePacer = Callable[[Schedule, Sequence[PacedClient], list[Bucket], int], Pacer]
"""A pacer of a schedule, its clients and buckets, and its start since the load's."""


class _Succession:
    """A client whose every report is of a new session."""

    __slots__ = ("_client", "_number", "_own", "_template", "begun")

    def __init__(
        self, client: PacedClient, number: int, template: Callable[[int, int], Any]
    ) -> None:
        self._client = client
        self._number = number
        self._template = template
        self._own: Any = None
        self.begun = 0

    def report_due(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        """Send it as the next session, or as the last one while a report of that is open."""
        session = self.begun + 1
        before = self._client.take_over(session, self._template(self._number, session))
        if before is not None:
            self.begun = session
            self._own = before if self._own is None else self._own
        self._client.report_due(due_ns, bucket, now_ns)

    def give_back(self) -> bool:
        """Let the client's own session go on; False while a report of another is open."""
        if self._own is not None and self._client.take_over(0, self._own) is None:
            return False
        self._own = None
        return True


@dataclass(slots=True)
class _Placed:
    """A stage with its bucket, and when it begins and ends since the load's start."""

    bucket: Bucket
    start_ns: int
    end_ns: int

    def in_force(self, since_ns: int) -> bool:
        return self.start_ns <= since_ns < self.end_ns


class Stages:
    """The stages of one shard: the one that is played, and those that follow it."""

    def __init__(
        self,
        plan: Plan,
        part: int,
        parts: int,
        clients: Sequence[PacedClient],
        template: Callable[[int, int], Any],
        recorder: Recorder,
        make_pacer: MakePacer,
    ) -> None:
        self._plan = plan
        self._slice = part, parts
        self._clients = clients
        self._template = template
        self._recorder = recorder
        self._make_pacer = make_pacer
        self._next: deque[Stage] = deque()
        self._placed: deque[_Placed] = deque(maxlen=4)
        self._successions: dict[int, _Succession] = {}
        # Clients that play other sessions than their own.
        self._away: list[_Succession] = []
        self._renewing = False
        self._own = 0
        self.pacer: Pacer | None = None

    def play(self, order: object) -> None:
        """Play the stage after those that were asked for before; its start lies ahead."""
        self._next.append(msgspec.convert(order, Stage))
        self.go_on()

    def cut(self, since_ns: int) -> None:
        """End the stage that is played, `since_ns` after the load's start, and forget those that
        follow."""
        self._next.clear()
        for placed in self._placed:
            placed.end_ns = min(placed.end_ns, since_ns)
        if self.pacer is not None:
            self.pacer.stop()

    def go_on(self) -> None:
        """Begin the next stage, once all reports of the last were picked. To be called often."""
        if self._away and not self._renewing:
            self._away = [one for one in self._away if not one.give_back()]
        if self._next and (self.pacer is None or self.pacer.finished):
            self._begin(self._next.popleft())

    def in_force(self, since_ns: int) -> int:
        """The phase in force `since_ns` after the load's start, by index into the buckets."""
        for placed in self._placed:
            if placed.in_force(since_ns):
                return self._recorder.buckets.index(placed.bucket)
        return 0

    def _begin(self, stage: Stage) -> None:
        schedule = Schedule(as_flood(self._plan, stage), *self._slice)
        bucket = self._recorder.add(stage.name, stage.duration_ns)
        start_ns = stage.second * _SECOND
        self._placed.append(_Placed(bucket, start_ns, start_ns + stage.duration_ns))
        self._own = max(self._own, schedule.numbers.size)
        clients = self._clients
        self._renewing = stage.renews
        if stage.renews:
            self._away = [*self._succeeding(schedule.numbers.tolist())]
            # A pacer of residents asks its clients for nothing but reports.
            clients = cast("Sequence[PacedClient]", self._away)
        self.pacer = self._make_pacer(schedule, clients, [bucket], start_ns)

    def _succeeding(self, numbers: Sequence[int]) -> Iterator[_Succession]:
        for client, number in zip(self._clients, numbers, strict=False):
            if number not in self._successions:
                self._successions[number] = _Succession(client, number, self._template)
            yield self._successions[number]

    @property
    def sessions(self) -> int:
        """Distinct sessions that have begun so far."""
        return self._own + sum(one.begun for one in self._successions.values())


def own_clients(numbers: Sequence[int], clients: int) -> int:
    """How many of the sorted `numbers` are among the first `clients` of the plan."""
    return bisect_left(numbers, clients)
