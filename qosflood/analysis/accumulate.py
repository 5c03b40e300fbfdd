"""The journal's records, one by one, into what the parts of the analysis need of them."""

from collections.abc import Callable, Iterable
from typing import Any

from qosflood.analysis.blocks import BlockSeries
from qosflood.analysis.failures import FirstFailures
from qosflood.analysis.generator.generator import GeneratorTally
from qosflood.analysis.generator.late import OnTimeBreaks
from qosflood.analysis.phases import PhaseTally
from qosflood.analysis.series import SecondSeries
from qosflood.journal.clock_jumps import ClockJumps
from qosflood.journal.loss_records import Counted, ReadBack, SentSessions
from qosflood.journal.prometheus_records import OtelSample, PrometheusReading, PrometheusSamples
from qosflood.journal.records import (
    ClockMark,
    ControlSample,
    End,
    Event,
    FailureSample,
    JournalRecord,
    MemorySample,
    Rollup,
    ScrapeSample,
    Segment,
    TcpSample,
    Window,
)
from qosflood.plan.plan import Plan


class SessionCount:
    """Distinct sessions begun, by second; shards count their own since the load's start."""

    def __init__(self) -> None:
        self._shards: dict[int, dict[int, int]] = {}

    def add(self, window: Window) -> None:
        """Take in a window; only one with health tells sessions."""
        if window.sessions is not None:
            self._shards.setdefault(window.shard, {})[window.second] = window.sessions

    def at(self, second: int) -> int | None:
        """Sessions begun by the end of the second before `second`; None if no shard told."""
        if not self._shards:
            return None
        return sum(_latest(told, second) for told in self._shards.values())


def _latest(told: dict[int, int], second: int) -> int:
    return max(((when, count) for when, count in told.items() if when < second), default=(0, 0))[1]


class Intake:
    """Everything the records said, after one pass over them."""

    def __init__(self, plan: Plan) -> None:
        self.phases = {phase.name: PhaseTally() for phase in plan.phases}
        self.generator = GeneratorTally(plan)
        self.on_time = OnTimeBreaks(plan)
        self.seconds = SecondSeries(plan)
        self.blocks = BlockSeries(plan)
        self.failures = FirstFailures()
        self.sessions = SessionCount()
        self.jumps = ClockJumps()
        self.scrapes: list[ScrapeSample] = []
        self.memory: list[MemorySample] = []
        self.control: list[ControlSample] = []
        self.tcp: list[TcpSample] = []
        self.prometheus: list[PrometheusReading] = []
        self.prometheus_samples: list[PrometheusSamples] = []
        self.otel: list[OtelSample] = []
        self.sent: list[SentSessions] = []
        self.counted: list[Counted] = []
        self.read: list[ReadBack] = []
        self.events: list[Event] = []
        self.end: End | None = None
        self.last_t = 0
        self._takers: dict[type[Any], Callable[[Any], None]] = {
            Window: self._window,
            Rollup: self._rollup,
            ScrapeSample: self.scrapes.append,
            MemorySample: self.memory.append,
            ControlSample: self.control.append,
            TcpSample: self.tcp.append,
            PrometheusReading: self.prometheus.append,
            PrometheusSamples: self.prometheus_samples.append,
            OtelSample: self.otel.append,
            SentSessions: self.sent.append,
            Counted: self.counted.append,
            ReadBack: self.read.append,
            Event: self.events.append,
            Segment: self.jumps.add,
            ClockMark: self.jumps.add,
            FailureSample: self.failures.add_sample,
            End: self._end,
        }

    def take_all(self, records: Iterable[JournalRecord]) -> None:
        """Take in every record, then put samples and events in the order of time."""
        for record in records:
            self.last_t = max(self.last_t, record.t)
            taker = self._takers.get(type(record))
            if taker is not None:
                taker(record)
        self.scrapes.sort(key=lambda sample: sample.t)
        self.memory.sort(key=lambda sample: sample.t)
        self.control.sort(key=lambda sample: sample.t)
        self.counted.sort(key=lambda one: one.t)
        self.events.sort(key=lambda event: event.t)

    @property
    def measured(self) -> list[MemorySample]:
        """Memory samples that were taken; one the monitor missed repeats the value before it."""
        return [sample for sample in self.memory if not sample.own_fault]

    def _window(self, window: Window) -> None:
        judged = self.generator.add(window)
        late = bool(judged)
        self._phase(window.phase).add(window, judged)
        self.on_time.add(window, late)
        self.seconds.add(window, late)
        self.blocks.add(window)
        self.failures.add(window, late)
        self.sessions.add(window)

    def _rollup(self, rollup: Rollup) -> None:
        self._phase(rollup.phase).roll(rollup)
        self.blocks.roll(rollup)

    def _phase(self, name: str) -> PhaseTally:
        tally = self.phases.get(name)
        if tally is None:
            tally = self.phases[name] = PhaseTally()
        return tally

    def _end(self, end: End) -> None:
        self.end = end
