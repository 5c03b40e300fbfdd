"""Adds up the journal's records, one by one, for the parts of the analysis."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from qosflood.analysis.blocks import BlockSeries
from qosflood.analysis.by_clock import ByClock
from qosflood.analysis.crossed_load import LoadCrossings
from qosflood.analysis.failures import FirstFailures
from qosflood.analysis.gaps import JOURNAL, Gaps, error_words
from qosflood.analysis.generator.generator import GeneratorTally
from qosflood.analysis.generator.late import OnTimeBreaks, latency_limits, waits
from qosflood.analysis.limited_by.weighing import Weigher
from qosflood.analysis.phases import PhaseTally
from qosflood.analysis.population import Population
from qosflood.analysis.series import SecondSeries
from qosflood.analysis.tails import RecoveryTails
from qosflood.journal.clock_jumps import ClockJumps
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSessions
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


class Accumulator:
    """Everything that the records report, after one pass over them."""

    def __init__(self, plan: Plan) -> None:
        self.phases = {phase.name: PhaseTally() for phase in plan.phases}
        self.generator = GeneratorTally(plan)
        self.on_time = OnTimeBreaks(plan)
        limits = (float(limit.threshold) for limit in latency_limits(plan))
        self._tightest_ns = min(limits, default=inf)
        self.weigher = Weigher(plan)
        self.tails = RecoveryTails(plan)
        self.seconds = SecondSeries(plan)
        self.blocks = BlockSeries(plan)
        self.by_clock = ByClock()
        self.crossings = LoadCrossings(plan)
        self.failures = FirstFailures()
        self.population = Population()
        self.jumps = ClockJumps()
        self.scrapes: list[ScrapeSample] = []
        self.memory: list[MemorySample] = []
        self.control: list[ControlSample] = []
        self.tcp: list[TcpSample] = []
        self.prometheus: list[PrometheusReading] = []
        self.prometheus_samples: list[PrometheusSamples] = []
        self.otel: list[OtelSample] = []
        self.sent: list[SentSessions] = []
        self.audit_samples: list[AuditSample] = []
        self.read_back: list[ReadBack] = []
        self.events: list[Event] = []
        self.end: End | None = None
        self.last_t = 0
        self._add: dict[type[Any], Callable[[Any], None]] = {
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
            AuditSample: self.audit_samples.append,
            ReadBack: self.read_back.append,
            Event: self.events.append,
            Segment: self.jumps.add,
            ClockMark: self.jumps.add,
            FailureSample: self.failures.add_sample,
            End: self._end,
        }

    def add_all(self, records: Iterable[JournalRecord], gaps: Gaps) -> None:
        """Add every record, then sort samples and events by time. One that cannot be added is a
        gap: what else it would have counted for is not known."""
        for record in records:
            self.last_t = max(self.last_t, record.t)
            add = self._add.get(type(record))
            if add is None:
                continue
            try:
                add(record)
            except Exception as error:
                gaps.note(JOURNAL, f"a record of type {record.TAG}: {error_words(error)}")
        self.scrapes.sort(key=lambda sample: sample.t)
        self.memory.sort(key=lambda sample: sample.t)
        self.control.sort(key=lambda sample: sample.t)
        self.audit_samples.sort(key=lambda one: one.t)
        self.events.sort(key=lambda event: event.t)

    @property
    def measured(self) -> list[MemorySample]:
        """Memory samples that were taken; one the monitor missed repeats the value before it."""
        return [sample for sample in self.memory if not sample.own_fault]

    def _window(self, window: Window) -> None:
        judged = self.generator.add(window)
        late = bool(judged)
        waiting = waits(window, self._tightest_ns)
        self._phase(window.phase).add(window, judged, waiting)
        self.on_time.add(window, late)
        explained = self.weigher.add(window, late)
        self.tails.add(window)
        self.seconds.add(window, late)
        self.blocks.add(window)
        self.by_clock.add(window)
        self.crossings.add(window, late)
        self.failures.add(window, explained)
        self.population.add(window)

    def _rollup(self, rollup: Rollup) -> None:
        self._phase(rollup.phase).roll(rollup)
        self.blocks.roll(rollup)
        self.seconds.p99.roll(rollup)

    def _phase(self, name: str) -> PhaseTally:
        tally = self.phases.get(name)
        if tally is None:
            tally = self.phases[name] = PhaseTally()
        return tally

    def _end(self, end: End) -> None:
        self.end = end
