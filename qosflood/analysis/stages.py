"""Stages of a search laid out as a run of their own, so that all of the analysis speaks of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qosflood.base.units import SECOND
from qosflood.journal.records import (
    ClockMark,
    ControlSample,
    End,
    Event,
    FailureSample,
    JournalRecord,
    MemorySample,
    ScrapeSample,
    Segment,
    TcpSample,
    Window,
)
from qosflood.plan.plan import Plan
from qosflood.plan.staged import as_phases
from qosflood.plan.stages import Stage

_SAMPLES = (ScrapeSample, MemorySample, ControlSample, TcpSample)
_OF_ALL = ("several_processes", "shard_died", "shard_stuck", "monitor_died")
"""Events that speak of every stage after them."""

Part = tuple[str, Stage]
"""A phase of the run, and the stage that is played in it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a stage was in the journal, and where it lies in the run made of it."""

    phase: str
    stage: Stage
    from_t: int
    to_t: int
    moved_s: int

    def holds(self, t: int) -> bool:
        return self.from_t <= t < self.to_t

    def shows(self, window: Window) -> bool:
        """Whether a window is of this stage. What ended after a stage that is moved belongs to the
        time that followed it then."""
        ended = window.second >= self.stage.second + self.stage.duration_ns // SECOND
        return window.phase == self.stage.name and not (ended and self.moved_s)


def staged_run(
    plan: Plan, records: Iterable[JournalRecord], parts: tuple[Part, ...]
) -> tuple[Plan, Iterator[JournalRecord]]:
    """The plan of a run that consists of the stages `parts`, one of them its flood, and its
    records, to be read once; `plan` is that of the search. A stage that was not played to its end
    is as long as its `duration_ns` says."""
    return as_phases(plan, parts), _records(records, parts)


def _records(records: Iterable[JournalRecord], parts: tuple[Part, ...]) -> Iterator[JournalRecord]:
    places: list[_Place] = []
    last_t = 0
    for record in records:
        last_t = max(last_t, record.t)
        if isinstance(record, Event) and record.kind == "load_started":
            places = list(_places(record.evidence["t0"], parts))
            t0 = places[0].from_t + places[0].moved_s * SECOND
            yield replace(record, evidence={"t0": t0})
        elif isinstance(record, Window):
            yield from _window(record, places)
        elif isinstance(record, _SAMPLES):
            yield from (_moved(record, at) for at in places if at.holds(record.t))
        elif isinstance(record, Event):
            yield from _event(record, places)
        elif isinstance(record, FailureSample):
            yield from (replace(record, phase=at.phase) for at in places if _fails(record, at))
        elif isinstance(record, Segment | ClockMark):
            yield record
    yield End(t=last_t, reason="completed")


def _places(t0: int, parts: tuple[Part, ...]) -> Iterator[_Place]:
    """The last stage keeps its time, and those before it are moved up to it."""
    last = parts[-1][1].second
    lengths = [stage.duration_ns // SECOND for _, stage in parts]
    start = last - sum(lengths[:-1])
    for (phase, stage), length in zip(parts, lengths, strict=True):
        from_t = t0 + stage.second * SECOND
        yield _Place(phase, stage, from_t, from_t + stage.duration_ns, start - stage.second)
        start += length


def _window(window: Window, places: list[_Place]) -> Iterator[Window]:
    first = places[0].stage.second + places[0].moved_s if places else 0
    for at in places:
        if at.shows(window):
            second = window.second + at.moved_s - first
            yield replace(window, phase=at.phase, second=second)


def _fails(sample: FailureSample, at: _Place) -> bool:
    return sample.phase == at.stage.name and not at.moved_s


def _moved(record: Any, at: _Place) -> Any:
    return replace(record, t=record.t + at.moved_s * SECOND) if at.moved_s else record


def _event(event: Event, places: list[_Place]) -> Iterator[Event]:
    if event.kind in _OF_ALL:
        yield event
        return
    yield from (_moved(event, at) for at in places if at.holds(event.t))
