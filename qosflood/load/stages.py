"""What a shard plays where its loads are asked for one by one: stages over clients that stay."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from qosflood.load.pacer import Pacer
from qosflood.load.recorder import Bucket, Recorder
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan
from qosflood.plan.staged import as_flood
from qosflood.plan.stages import Stage

IDLE = "idle"
"""The phase in force while no stage is."""
_SECOND = 1_000_000_000

MakePacer = Callable[[Schedule, list[Bucket], int], Pacer]
"""A pacer of a schedule, its buckets, and its start since the load's."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A stage with the bucket of its reports."""

    stage: Stage
    bucket: Bucket

    def in_force(self, since_ns: int) -> bool:
        start_ns = self.stage.second * _SECOND
        return start_ns <= since_ns < start_ns + self.stage.duration_ns


class Stages:
    """The stages of one shard: the one that is played, and those that follow it."""

    def __init__(
        self, plan: Plan, part: int, parts: int, recorder: Recorder, make_pacer: MakePacer
    ) -> None:
        self._plan = plan
        self._slice = part, parts
        self._recorder = recorder
        self._make_pacer = make_pacer
        self._next: deque[Stage] = deque()
        self._placed: deque[_Placed] = deque(maxlen=4)
        self.pacer: Pacer | None = None
        self.sessions = 0

    def play(self, order: object) -> None:
        """Play the stage after those that were asked for before; its start lies ahead."""
        self._next.append(msgspec.convert(order, Stage))
        self.go_on()

    def cut(self) -> None:
        """End the stage that is played, and forget those that follow."""
        self._next.clear()
        if self.pacer is not None:
            self.pacer.stop()

    def go_on(self) -> None:
        """Begin the next stage, once all reports of the last were picked."""
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
        self._placed.append(_Placed(stage, bucket))
        self.sessions = max(self.sessions, schedule.numbers.size)
        self.pacer = self._make_pacer(schedule, [bucket], stage.second * _SECOND)


def own_clients(numbers: Sequence[int], clients: int) -> int:
    """How many of the sorted `numbers` are among the first `clients` of the plan."""
    return bisect_left(numbers, clients)
