"""What a run looks like right now, from the records as they come in. Pure.

Load figures are those of the last complete second, the newest one that every shard has reported, or
of all complete seconds after one that is named; their percentiles are exact, the shards' histograms
merged. Where that second has too few reports for a percentile, it is one of as many seconds as it
takes, ten at most. With synchronised clocks figures are those of a whole cadence, because most
seconds between two herds have no reports.
"""

from collections import Counter
from dataclasses import dataclass, field

from qosflood.analysis.generator.late import is_late, late_gate_ns
from qosflood.analysis.latency import figures_of
from qosflood.base.percentiles import LIVE, values_needed
from qosflood.base.units import SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.records import (
    OWN_ABSENCE,
    Event,
    JournalRecord,
    Latency,
    MemorySample,
    Outcome,
    ScrapeSample,
    Window,
    nobodys_failures,
)
from qosflood.plan.load_words import rate_at
from qosflood.plan.plan import Phase, Plan

_LEAST_KEPT_S = 30
_WIDEST_S = 10
_TROUBLE = ("target", "generator", "network")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One look at the run. Rates per second; None is not known (yet). `offered` are first
    attempts, `retries` those after them.

    With several `instances`, memory is that of the one that has most (`rss_instance`), and `scrape`
    is of the one with the worst scrape; the last scrape of `failing` of them failed.

    `response_ns` are the percentiles of `LIVE` by their names. `share` of the run is done,
    `left_ns` to go. `errors` are all failures so far by outcome, `trouble` the last event that the
    operator did not cause.
    """

    elapsed_ns: int
    left_ns: int
    share: float
    phase: str
    planned: float
    offered: int | None
    acked: int | None
    response_ns: dict[str, int | None]
    errors: dict[str, int]
    rss_bytes: int | None
    rss_limit_bytes: int | None
    scrape: ScrapeSample | None
    scrapes_failed: int
    late: bool
    trouble: str | None
    retries: int = 0
    instances: int = 1
    rss_instance: str | None = None
    failing: int = 0


@dataclass(slots=True)
class Moment:
    """One second of the load, over all shards; `nobodys` failed through the generator's own
    absence, `nobodys_unsent` of them without having been sent."""

    scheduled: int = 0
    offered: int = 0
    retries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    nobodys: int = 0
    nobodys_unsent: int = 0
    shards: set[int] = field(default_factory=set)
    late: bool = False
    parts: list[Latency] = field(default_factory=list)
    merged: Latency | None = None

    def add(self, window: Window, late: bool) -> None:
        """Add a shard's window of this second; one with `health` completes the shard."""
        self.scheduled += window.scheduled
        self.offered += window.offered
        self.retries += window.retries
        self.outcomes.update(window.outcomes)
        self.nobodys += nobodys_failures(window.errors)
        self.nobodys_unsent += window.errors.get(OWN_ABSENCE[Outcome.UNSENT], 0)
        self.late = self.late or late
        if window.health is not None:
            self.shards.add(window.shard)
        if window.response is not None:
            self.parts.append(window.response)

    @property
    def response(self) -> Latency | None:
        """All shards' response times of this second; None if nothing ended in it."""
        if self.parts:
            kept = [self.merged] if self.merged is not None else []
            self.merged = merge([*kept, *self.parts])
            self.parts.clear()
        return self.merged


def _mean(moments: list[Moment]) -> Moment:
    """Several seconds as one: counts a second, all response times."""
    every = len(moments)
    outcomes = sum((moment.outcomes for moment in moments), Counter[str]())
    return Moment(
        offered=round(sum(moment.offered for moment in moments) / every),
        retries=round(sum(moment.retries for moment in moments) / every),
        outcomes=Counter({name: round(count / every) for name, count in outcomes.items()}),
        late=any(moment.late for moment in moments),
    )


class LiveView:
    """The state that records change; `snapshot` and the abort limits read it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.t0: int | None = None
        self.judged: dict[str, MemorySample] = {}
        self._memory: dict[str, MemorySample] = {}
        self._scrapes: dict[str, ScrapeSample] = {}
        self._good_scrapes: dict[str, int] = {}
        self._gate_ns = late_gate_ns(plan)
        graces = [limit.grace_ns // SECOND for limit in plan.aborts]
        self._span_s = _span_s(plan)
        self.watching_since = 0
        """Journal time since which the run was looked at without standing still itself."""
        self._kept_s = 2 * max([_LEAST_KEPT_S, self._span_s, *graces])
        self._moments: dict[int, Moment] = {}
        self._complete = -1
        self._pooled: dict[tuple[int, int], Latency | None] = {}
        self._errors: Counter[str] = Counter()
        self._scrapes_failed = 0
        self._trouble: str | None = None

    def feed(self, record: JournalRecord) -> None:
        """Add a record; kinds that are not shown are ignored."""
        if isinstance(record, Window):
            self._feed_window(record)
        elif isinstance(record, ScrapeSample):
            self._feed_scrape(record)
        elif isinstance(record, MemorySample):
            self._feed_memory(record)
        elif isinstance(record, Event):
            self._feed_event(record)

    def snapshot(self, t_ns: int, after_s: int | None = None) -> Snapshot:
        """The run at journal time `t_ns`; its rates and percentiles are those of all seconds after
        `after_s`, where that is given and any of them is complete."""
        span_s = self._span_s if after_s is None else max(self._span_s, self._complete - after_s)
        span_s = min(span_s, self._kept_s)
        elapsed = self.load_ns(t_ns)
        end_ns = max(phase.end_ns for phase in self.plan.phases)
        phase = self.phase_at(elapsed)
        moment = self._recent(span_s)
        most = max(self._memory.values(), key=lambda sample: sample.rss_bytes, default=None)
        return Snapshot(
            elapsed_ns=elapsed,
            left_ns=max(0, end_ns - elapsed),
            share=min(1.0, elapsed / end_ns),
            phase=phase.name,
            planned=self.planned_at(elapsed),
            offered=None if moment is None else moment.offered,
            acked=None if moment is None else moment.outcomes["acked"],
            response_ns={
                name: figures_of(self.response(values_needed(name), span_s)).percentiles[name]
                for name in LIVE
            },
            errors={kind: count for kind, count in self._errors.items() if count},
            rss_bytes=None if most is None else most.rss_bytes,
            rss_limit_bytes=None if most is None else self.memory_limit(most),
            scrape=max(self._scrapes.values(), key=_badness, default=None),
            scrapes_failed=self._scrapes_failed,
            late=moment is not None and moment.late,
            trouble=self._trouble,
            retries=0 if moment is None else moment.retries,
            instances=len(self.plan.instances),
            rss_instance=None if most is None else most.instance,
            failing=sum(not scrape.ok for scrape in self._scrapes.values()),
        )

    def response(self, enough: int, span_s: int = 1) -> Latency | None:
        """Response times of the last complete `span_s` seconds (herds: a cadence at least), and of
        those before them until there are `enough` or it is ten of them."""
        key = enough, max(span_s, self._span_s)
        if key not in self._pooled:
            self._pooled[key] = self._pool(*key)
        return self._pooled[key]

    def _pool(self, enough: int, span_s: int) -> Latency | None:
        parts: list[Latency] = []
        for back in range(max(_WIDEST_S, span_s)):
            moment = self._moments.get(self._complete - back)
            if moment is not None and moment.response is not None:
                parts.append(moment.response)
            if back + 1 >= span_s and sum(part.count for part in parts) >= enough:
                break
        return merge(parts) if len(parts) > 1 else next(iter(parts), None)

    def load_ns(self, t_ns: int) -> int:
        """Time since the load's start at journal time `t_ns`; 0 before it."""
        return 0 if self.t0 is None else max(0, t_ns - self.t0)

    def phase_at(self, load_ns: int) -> Phase:
        """The phase in force; the last one after its end."""
        running = (phase for phase in self.plan.phases if load_ns < phase.end_ns)
        return next(running, self.plan.phases[-1])

    def planned_at(self, load_ns: int) -> float:
        """Reports per second that the plan asks for here, `load_ns` after the load's start."""
        return rate_at(self.phase_at(load_ns), load_ns) * self.plan.share

    def moments(self, first_s: int, length_s: int) -> list[Moment] | None:
        """The complete seconds from `first_s` on, or None if not all of them are known."""
        seconds = range(first_s, first_s + length_s)
        if first_s < 0 or seconds[-1] > self._complete:
            return None
        return [self._moments.get(second, Moment()) for second in seconds]

    @property
    def span_s(self) -> int:
        """Seconds that the figures of now are taken from: one, of herds a cadence."""
        return self._span_s

    @property
    def complete_s(self) -> int:
        """The last second that every shard has reported; -1 before the first."""
        return self._complete

    def _recent(self, span_s: int) -> Moment | None:
        """What the figures of now are taken from."""
        if span_s == 1 or self._complete < 0:
            return self._moments.get(self._complete)
        first = max(0, self._complete - span_s + 1)
        seconds = range(first, self._complete + 1)
        return _mean([self._moments.get(second, Moment()) for second in seconds])

    def last_good_scrape(self) -> int | None:
        """The last good scrape of the instance that has waited longest for one; None if an instance
        never had one."""
        names = [instance.name for instance in self.plan.instances]
        times = [self._good_scrapes[name] for name in names if name in self._good_scrapes]
        return min(times) if len(times) == len(names) else None

    def memory_limit(self, sample: MemorySample) -> int | None:
        """What the sampled instance may use, by the profile, else by its source."""
        return self.plan.watch.memory_limit_bytes or sample.limit_bytes

    def _feed_memory(self, sample: MemorySample) -> None:
        """Of an instance whose samples have a figure of their own, those without are only shown."""
        self._memory[sample.instance] = sample
        before = self.judged.get(sample.instance)
        if before is None or before.used_bytes is None or sample.used_bytes is not None:
            self.judged[sample.instance] = sample

    def _feed_window(self, window: Window) -> None:
        moment = self._moments.setdefault(window.second, Moment())
        moment.add(window, is_late(window, self._gate_ns))
        for kind, count in window.outcomes.items():
            if kind != "acked":
                self._errors[kind] += count
        if len(moment.shards) == self.plan.load.shards and window.second > self._complete:
            self._complete = window.second
            self._pooled.clear()
            for second in [s for s in self._moments if s <= self._complete - self._kept_s]:
                del self._moments[second]

    def _feed_scrape(self, scrape: ScrapeSample) -> None:
        if scrape.own_fault:
            # What the monitor missed says nothing about the target, as in the scrapes' figures.
            self._good_scrapes[scrape.instance] = scrape.t
            return
        self._scrapes[scrape.instance] = scrape
        if scrape.ok:
            self._good_scrapes[scrape.instance] = scrape.t
        else:
            self._scrapes_failed += 1

    def _feed_event(self, event: Event) -> None:
        if event.kind == "load_started":
            self.t0 = event.evidence["t0"]
        elif event.who in _TROUBLE:
            self._trouble = event.what


def _badness(scrape: ScrapeSample) -> tuple[bool, int]:
    return not scrape.ok, scrape.duration_ns or 0


def _span_s(plan: Plan) -> int:
    """Seconds that the figures of now are taken from."""
    if plan.load.clocks != "synchronised":
        return 1
    return -(-max(plan.load.cadence_ns, plan.load.base_cadence_ns) // SECOND)
