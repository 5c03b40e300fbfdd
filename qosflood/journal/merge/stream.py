"""One part's records on the clock of the whole run, and how the run ended. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from qosflood.base.units import SECOND, format_duration
from qosflood.journal.clock_jumps import ClockJumps
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSessions
from qosflood.journal.merge.parts import PartRun
from qosflood.journal.prometheus_records import OtelSample, PrometheusReading, PrometheusSamples
from qosflood.journal.records import (
    INCOMPLETE,
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

_OF_A_RUN = ("load_started", "load_finished", "settled", "stopping")
"""Events from which the analysis reads how a run went; a part's own are renamed."""
_ONLY_RETIMED = ControlSample | PrometheusReading | PrometheusSamples | OtelSample
"""Records of which only the time has to be converted."""
_OF_THE_TARGET = ("restarted", "process_gone", "several_processes")


class PartStream:
    """Retimes the records of one part: UTC by its own clock, less `wall_ns`, UTC at the merged
    journal's start. Its shards are numbered from `first_shard` on; `own_instance`: another part
    monitors too, so instances are named by part; `own_machine`: no part before it ran there."""

    def __init__(
        self,
        source: PartRun,
        wall_ns: int,
        first_shard: int,
        *,
        own_instance: bool,
        own_machine: bool = True,
    ) -> None:
        self.part = source.part
        self.end: End | None = None
        self.last_t = 0
        self.times: dict[str, int] = {}
        self._plan = source.plan
        self._shift = source.offset_ns - wall_ns
        self._first_shard = first_shard
        self._own_instance = own_instance
        self._own_machine = own_machine
        self._jumps = ClockJumps()

    def take_all(self, records: Iterable[JournalRecord]) -> Iterator[JournalRecord]:
        """The records that belong into the merged journal; roll-ups are made anew there."""
        for record in records:
            t = record.t + self._shift
            self.last_t = max(self.last_t, t)
            if isinstance(record, Window):
                yield replace(record, t=t, shard=record.shard + self._first_shard)
            elif isinstance(record, ScrapeSample | MemorySample):
                yield replace(record, t=t, instance=self._instance(record.instance))
            elif isinstance(record, _ONLY_RETIMED):
                yield replace(record, t=t)
            elif isinstance(record, TcpSample):
                # Parts on one machine read the same counters, which are kept once.
                if self._own_machine:
                    yield replace(record, t=t, machine=self.part.name)
            elif isinstance(record, SentSessions):
                yield replace(record, t=t, shard=record.shard + self._first_shard)
            elif isinstance(record, AuditSample | ReadBack):
                done_t = record.done_t + self._shift
                instance = self._instance(record.instance)
                yield replace(record, t=t, done_t=done_t, instance=instance)
            elif isinstance(record, Event):
                yield self._event(record, t)
            elif isinstance(record, Segment | ClockMark):
                self._jumps.add(record)
            elif isinstance(record, End):
                self.end = record

    def failure(self, sample: FailureSample) -> FailureSample:
        """A failure kept in full, on the clock and with the shard numbers of the whole run."""
        return replace(
            sample,
            t=sample.t + self._shift,
            shard=sample.shard + self._first_shard,
            due_t=sample.due_t + self._shift,
            sent_t=None if sample.sent_t is None else sample.sent_t + self._shift,
            done_t=sample.done_t + self._shift,
        )

    def events_after(self) -> Iterator[Event]:
        """What is known of the part once all its records were taken."""
        for jump in self._jumps.found:
            what = (
                f"{self.part.name}: UTC jumped by {format_duration(abs(jump.by_ns))} during the run"
            )
            yield _event(jump.t + self._shift, "clock_jump", what)
        if self.fault is not None:
            yield _event(self.last_t, "part_died", f"{self.part.name} {self.fault}")

    @property
    def fault(self) -> str | None:
        """Why it did not do its part, if neither user nor an abort limit ended it."""
        if self.end is None:
            return f"died {self.how_far}: its journal has no end record"
        if self.end.reason in ("completed", "interrupted", "aborted"):
            return None
        why = f": {self.end.detail}" if self.end.detail else ""
        return f"ended too soon, {self.how_far} ({self.end.reason}){why}"

    @property
    def how_far(self) -> str:
        """`12s into flood`."""
        if "load_started" not in self.times:
            return "before its load began"
        into_ns = max(self.times.get("stopping", self.last_t) - self.times["load_started"], 0)
        phase = next((p for p in self._plan.phases if into_ns < p.end_ns), self._plan.phases[-1])
        since = round((into_ns - phase.start_ns) / SECOND) * SECOND
        return f"{format_duration(since)} into {phase.name}"

    def _instance(self, name: str) -> str:
        return f"{name} ({self.part.name})" if self._own_instance else name

    def _event(self, event: Event, t: int) -> Event:
        evidence = event.evidence | {"part": self.part.index}
        if "shard" in evidence:
            evidence["shard"] += self._first_shard
        if "t0" in evidence:
            evidence["t0"] += self._shift
        if self._own_instance and event.kind in _OF_THE_TARGET:
            evidence["instance"] = self._instance(evidence.get("instance", "target"))
        kind = event.kind
        if kind in _OF_A_RUN:
            self.times[kind] = evidence.get("t0", t)
            kind = f"part_{kind}"
        what = f"{self.part.name}: {event.what}"
        return replace(event, t=t, kind=kind, what=what, evidence=evidence)


def closing_events(streams: Sequence[PartStream], events_t: int) -> Iterator[Event]:
    """Events from which the analysis reads how the whole run went; `events_t` is its end."""
    begun = [stream for stream in streams if "load_started" in stream.times]
    for kind, what in _CLOSING.items():
        times = [stream.times[kind] for stream in begun if kind in stream.times]
        if begun and len(times) == len(begun):
            yield Event(t=max(times), who="operator", kind=kind, what=what)
    stopped = [stream for stream in begun if stream.end is None or "stopping" in stream.times]
    if begun and len(stopped) == len(begun):
        t = min(max(s.times.get("stopping", s.last_t) for s in begun), events_t)
        yield Event(
            t=t, who="operator", kind="stopping", what="the load is being stopped in every part"
        )


_CLOSING = {
    "load_finished": "the load is over in every part",
    "settled": "the target had time to settle",
}


def merged_end(streams: Sequence[PartStream], missing: Sequence[str], t: int) -> End:
    """How the whole run ended: interrupted or aborted if a part was, incomplete if one is missing
    or died."""
    for reason, words in (("interrupted", "was interrupted"), ("aborted", "was aborted")):
        reasons = [
            f"{stream.part.name} {words} {stream.how_far} ({stream.end.detail})"
            for stream in streams
            if stream.end is not None and stream.end.reason == reason
        ]
        if reasons:
            return End(t=t, reason=reason, detail="; ".join(reasons))
    short = bool(missing) or any(stream.fault for stream in streams)
    return End(t=t, reason=INCOMPLETE if short else "completed")


def _event(t: int, kind: str, what: str) -> Event:
    return Event(t=t, who="generator", kind=kind, what=what)
