"""When each broken limit broke, as events of the timeline: from which moment, and at which load."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from qosflood.analysis.clock import RunClock
from qosflood.analysis.crossed_load import Crossed, LoadCrossings
from qosflood.analysis.findings import Findings, TimelineEntry
from qosflood.analysis.gaps import Gaps
from qosflood.analysis.limited_by.attribution import LimitedBy
from qosflood.analysis.scrapes.scrapes import counts, of_instance
from qosflood.analysis.timeline import LIMIT_BROKEN, bounded, first_failure, in_order
from qosflood.analysis.verdict.verdict import judge_limit
from qosflood.base.units import SECOND, format_moment
from qosflood.journal.records import MemorySample, ScrapeSample, Who
from qosflood.plan.limit_language import RUN, metric_of, threshold_text
from qosflood.plan.load_words import multiple_at
from qosflood.plan.plan import Limit, Plan


@dataclass(frozen=True, slots=True)
class Measured:
    """What limits are located in."""

    plan: Plan
    clock: RunClock
    load: LoadCrossings
    scrapes: Sequence[ScrapeSample]
    memory: Sequence[MemorySample]


def with_crossings(measured: Measured, findings: Findings) -> Findings:
    """The findings of a run with an event for each limit that they say was broken, where it can be
    located in time; and with their timeline bounded."""
    gaps = Gaps(findings.gaps)
    nothing: Callable[[], list[TimelineEntry]] = list
    crossed = gaps.instead("timeline", lambda: [*_entries(measured, findings)], nothing)
    entries = in_order([*findings.timeline, *crossed])
    return replace(
        findings,
        first_failure=first_failure(entries, findings.crash),
        timeline=bounded(entries),
        gaps=tuple(gaps.found),
    )


def _entries(measured: Measured, findings: Findings) -> Iterator[TimelineEntry]:
    for limit in measured.plan.limits:
        if judge_limit(measured.plan, findings, limit).ok is False:
            crossed = _LOCATED.get(limit.metric, _in_load)(measured, limit)
            if crossed is not None:
                yield _entry(measured, findings.limited_by, limit, crossed)


def _entry(
    measured: Measured, limited_by: LimitedBy, limit: Limit, crossed: Crossed
) -> TimelineEntry:
    plan, clock = measured.plan, measured.clock
    load_ns = round(crossed.from_s * SECOND)
    side = "under" if limit.op in (">", ">=") else "over"
    # What is known to the second happened at the load of its middle.
    at_ns = load_ns + (SECOND // 2 if metric_of(limit).source == "load" else 0)
    load = f", at {multiple_at(plan, at_ns)}" if 0 <= at_ns < plan.load_ns else ""
    who, doubt = _who(plan, limited_by, limit)
    threshold = threshold_text(limit.unit, limit.threshold)
    evidence: dict[str, Any] = {"limit": limit.expr}
    if crossed.until_s > crossed.from_s:
        evidence["until_s"] = crossed.until_s
    return TimelineEntry(
        t_s=crossed.from_s,
        wall_ns=clock.wall(clock.t0 + load_ns),
        who=who,
        kind=LIMIT_BROKEN,
        what=f"{limit.metric} {side} {threshold} from {format_moment(crossed.from_s)}{load}{doubt}",
        evidence=evidence,
    )


def _who(plan: Plan, limited_by: LimitedBy, limit: Limit) -> tuple[Who, str]:
    """Of what reports show that which limited the run, of all else the target."""
    if metric_of(limit).source != "load":
        return "target", ""
    if limited_by == "generator" or limited_by == "network":
        return limited_by, ""
    unknown = limited_by == "inconclusive" and not plan.target.loopback
    return "target", "; target or network" if unknown else ""


def _in_load(measured: Measured, limit: Limit) -> Crossed | None:
    return measured.load.of(limit)


def _span(measured: Measured, limit: Limit) -> tuple[int, int]:
    """Journal times of what the limit judges."""
    clock, phases = measured.clock, measured.plan.phases
    if limit.scope == RUN:
        return clock.t0, clock.t0 + clock.stop_ns
    return clock.span(next(phase for phase in phases if phase.name == limit.scope))


def _at(measured: Measured, t: int | None, until: int | None = None) -> Crossed | None:
    """From a journal time on."""
    if t is None:
        return None
    from_s = measured.clock.t_s(t)
    return Crossed(from_s, from_s if until is None else measured.clock.t_s(until))


def _gap(measured: Measured, limit: Limit) -> Crossed | None:
    """When the last good scrape was too long ago, of the instance that was first."""
    start, end = _span(measured, limit)
    inside = [sample for sample in measured.scrapes if start <= sample.t < end]
    wait = round(float(limit.threshold))
    found = [
        (before + wait, after)
        for name in {sample.instance for sample in inside}
        for before, after in pairwise(_known(of_instance(inside, name), start, end))
        if after - before > wait or (limit.op == "<" and after - before == wait)
    ]
    return _at(measured, *min(found)) if found else None


def _known(samples: Iterable[ScrapeSample], start: int, end: int) -> list[int]:
    """When a scrape was good, or the monitor missed it; the edges count as good."""
    return sorted({start, end, *(s.t for s in samples if s.ok or not counts(s))})


def _failing(measured: Measured, limit: Limit) -> Crossed | None:
    """The first scrape that failed."""
    start, end = _span(measured, limit)
    failed = (s.t for s in measured.scrapes if start <= s.t < end and counts(s) and not s.ok)
    return _at(measured, min(failed, default=None))


def _slow_scrape(measured: Measured, limit: Limit) -> Crossed | None:
    """The first good scrape that took too long, when it had taken too long."""
    start, end = _span(measured, limit)
    most = float(limit.threshold)
    slow = (
        s.t + round(most)
        for s in measured.scrapes
        if start <= s.t < end and s.duration_ns is not None and counts(s) and s.duration_ns > most
    )
    return _at(measured, min(slow, default=None))


def _memory(measured: Measured, limit: Limit) -> Crossed | None:
    """The first sample of an instance that uses too much; as a share, of what it may use."""
    most = float(limit.threshold)
    for sample in sorted(measured.memory, key=lambda one: one.t):
        used = float(sample.rss_bytes if sample.used_bytes is None else sample.used_bytes)
        if limit.unit == "ratio":
            may = measured.plan.watch.memory_limit_bytes or sample.limit_bytes
            used = used / may if may else 0.0
        if used > most or (limit.op == "<" and used == most):
            return _at(measured, sample.t)
    return None


def _recovery(measured: Measured, limit: Limit) -> Crossed | None:
    """When recovery had taken too long."""
    flood = measured.plan.maybe_phase("flood")
    if flood is None:
        return None
    return _at(measured, measured.clock.t0 + flood.end_ns + round(float(limit.threshold)))


def _nowhere(_measured: Measured, _limit: Limit) -> Crossed | None:
    """Of the whole run, or an event of its own."""
    return None


_LOCATED: dict[str, Callable[[Measured, Limit], Crossed | None]] = {
    "scrape.gap": _gap,
    "scrape.success": _failing,
    "scrape.p99": _slow_scrape,
    "memory.max": _memory,
    "memory.leak": _nowhere,
    "memory.time_to_limit": _nowhere,
    "loss": _nowhere,
    "restarts": _nowhere,
    "recovery.time": _recovery,
}
"""By metric; all others are found in the windows of the load."""
