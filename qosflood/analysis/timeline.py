"""What happened, in order, at most `MOST_ENTRIES` of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from qosflood.analysis.clock import RunClock
from qosflood.analysis.failures import SILENT, FirstFailures
from qosflood.analysis.findings import RecoveryFinding, TimelineEntry
from qosflood.analysis.findings_of_target import Crash
from qosflood.analysis.findings_series import Second
from qosflood.analysis.limited_by.attribution import LimitedBy
from qosflood.analysis.limited_by.stalls import stalls
from qosflood.analysis.limited_by.surroundings import control_entries
from qosflood.analysis.scrapes.scrapes import FailingSpan, failing_spans
from qosflood.analysis.scrapes.wording import load_place, reasons
from qosflood.analysis.storms import KINDS as STORM_KINDS
from qosflood.analysis.storms import storm_entries
from qosflood.base.units import SECOND, counted, format_count, format_duration
from qosflood.journal.records import ControlSample, Event, ScrapeSample
from qosflood.plan.plan import Phase, Plan
from qosflood.plan.watching import WATCH

MOST_ENTRIES = 200
LIMIT_BROKEN = "limit_broken"
"""The kind of event that says when a limit broke."""
_KEPT_OF_A_KIND = (50, 20, 10, 5, 2, 1)
_FAILED = "first_"
_WENT_WRONG = (
    *("scrapes_failing", "up_failing", "restarted"),
    *("process_gone", "stalled", "oom_kill"),
)
_ENDED = ("process_gone", "restarted", "oom_kill")
_TO_THE_SECOND_S = 1.0
"""When a limit broke is known to the second, so a failure in it may be why."""
_LOOKED_AT_WITHIN_S = 2.0
"""A process is sampled once a second, and its page less often."""
_SILENCE = ("stalled", *(f"{_FAILED}{outcome}" for outcome in SILENT))
_BY_AN_END = (*_SILENCE, "scrapes_failing", "up_failing")


def timeline_entries(
    plan: Plan,
    clock: RunClock,
    events: Sequence[Event],
    failures: FirstFailures,
    scrapes: Sequence[ScrapeSample],
    seconds: Sequence[Second],
    control: Sequence[ControlSample] = (),
    limited_by: LimitedBy = "target",
) -> list[TimelineEntry]:
    """All entries, in the order of time. Silence is attributed to what limited the run; off
    loopback that may be unknown."""
    blame = partial(_blamed, limited_by, plan.target.loopback)
    entries = [
        *_phase_starts(plan, clock),
        *(_of_event(event, clock) for event in events if event.kind not in STORM_KINDS),
        *storm_entries(events, seconds, clock),
        *(blame(entry) for entry in failures.entries(clock)),
        *(blame(entry) for entry in _stall_entries(seconds, clock)),
        *control_entries(control, clock, loopback=plan.target.loopback),
        *(entry for span in failing_spans(scrapes) for entry in _of_span(plan, span, clock)),
        *_late_spans(seconds, clock),
    ]
    return in_order(entries)


def in_order(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """The entries in the order of time."""
    return sorted(entries, key=lambda entry: entry.t_s)


def first_failure(
    entries: Iterable[TimelineEntry], crash: Crash | None = None
) -> TimelineEntry | None:
    """The earliest thing that went wrong at the target, or on the way to it: a failure, or a limit
    that broke clearly before the first one. A process is looked at less often than its reports
    fail, so silence just before its end is that end."""
    of_target = [entry for entry in entries if entry.who in ("target", "network")]
    crossed = next((entry for entry in of_target if entry.kind == LIMIT_BROKEN), None)
    wrong = [
        entry for entry in of_target if entry.kind in _WENT_WRONG or entry.kind.startswith(_FAILED)
    ]
    if crossed is not None and (not wrong or crossed.t_s + _TO_THE_SECOND_S < wrong[0].t_s):
        return crossed
    end = next((entry for entry in wrong if _is_crash(entry, crash)), None)
    if end is None or end.t_s - wrong[0].t_s > _LOOKED_AT_WITHIN_S:
        return wrong[0] if wrong else None
    return end if wrong[0].kind in _BY_AN_END else wrong[0]


def _is_crash(entry: TimelineEntry, crash: Crash | None) -> bool:
    return crash is not None and entry.t_s == crash.t_s and entry.kind in _ENDED


def with_crash(entries: Iterable[TimelineEntry], crash: Crash | None) -> Iterator[TimelineEntry]:
    """The entries; that of the target's end says whether it came back."""
    for entry in entries:
        if crash is not None and _is_crash(entry, crash):
            yield replace(entry, what=crash.what)
        else:
            yield entry


def bounded(entries: Sequence[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """The first entries of each kind, as many as fit; the last one kept counts the others."""
    for most in _KEPT_OF_A_KIND:
        kept = _first_of_each_kind(entries, most)
        if len(kept) <= MOST_ENTRIES:
            break
    return tuple(kept[:MOST_ENTRIES])


def _first_of_each_kind(entries: Sequence[TimelineEntry], most: int) -> list[TimelineEntry]:
    total = Counter(entry.kind for entry in entries)
    seen: Counter[str] = Counter()
    kept = []
    for entry in entries:
        seen[entry.kind] += 1
        if seen[entry.kind] == most < total[entry.kind]:
            further = {"further": total[entry.kind] - most}
            kept.append(replace(entry, evidence=entry.evidence | further))
        elif seen[entry.kind] <= most:
            kept.append(entry)
    return kept


def _blamed(limited_by: LimitedBy, loopback: bool, entry: TimelineEntry) -> TimelineEntry:
    """Attributes silence to the network if that limited the run, and to neither if the cause is
    unknown."""
    if loopback or entry.who != "target" or entry.kind not in _SILENCE:
        return entry
    if limited_by == "network":
        return replace(entry, who="network")
    if limited_by == "inconclusive":
        return replace(entry, what=f"{entry.what}; target or network")
    return entry


def recovered_entries(
    plan: Plan, recovery: RecoveryFinding, clock: RunClock
) -> Iterator[TimelineEntry]:
    """When all was near the baseline again, if that was not at once."""
    phase = plan.maybe_phase("recovery")
    if phase is None or not recovery.seconds:
        return
    t = clock.t0 + phase.start_ns + round(recovery.seconds * SECOND)
    yield TimelineEntry(
        t_s=clock.t_s(t),
        wall_ns=clock.wall(t),
        who="target",
        kind="recovered",
        what="the target was as good as in the baseline again",
        evidence={
            "errors_s": recovery.errors_s,
            "response_s": recovery.response_s,
            "scrapes_s": recovery.scrapes_s,
        },
    )


def _stall_entries(seconds: Sequence[Second], clock: RunClock) -> Iterator[TimelineEntry]:
    for stall in stalls(seconds):
        yield TimelineEntry(
            t_s=stall.start_s,
            wall_ns=clock.wall(clock.t0 + round(stall.start_s * SECOND)),
            who="target",
            kind="stalled",
            what=f"no report was answered for {stall.seconds} whole seconds; then the target "
            f"answered reports that had waited up to {format_duration(stall.waited_ns)}",
            evidence={"until_s": stall.start_s + stall.seconds},
        )


def _of_event(event: Event, clock: RunClock) -> TimelineEntry:
    return TimelineEntry(
        t_s=clock.t_s(event.t),
        wall_ns=clock.wall(event.t),
        who=event.who,
        kind=event.kind,
        what=event.what,
        evidence=event.evidence,
    )


def _phase_starts(plan: Plan, clock: RunClock) -> Iterator[TimelineEntry]:
    for phase in plan.phases:
        if phase.start_ns < clock.stop_ns:
            t = clock.t0 + phase.start_ns
            yield TimelineEntry(
                t_s=clock.t_s(t),
                wall_ns=clock.wall(t),
                who="operator",
                kind="phase_started",
                what=f"{phase.name}: {_in_words(plan, phase)}",
                evidence={"phase": phase.name},
            )


def _in_words(plan: Plan, phase: Phase) -> str:
    length = format_duration(phase.duration_ns)
    if phase.name == WATCH:
        return f"watching for {length}, no load"
    if not phase.clients_to:
        return f"no load for {length}"
    toward = "" if phase.clients_from == phase.clients_to else "up to "
    here = plan.here(phase.clients_to)
    clients, rate = counted(here, "client"), format_count(here * SECOND / phase.cadence_to_ns)
    return f"{toward}{clients}, {rate} reports/s for {length}"


def _of_span(plan: Plan, span: FailingSpan, clock: RunClock) -> Iterator[TimelineEntry]:
    until = None if span.until is None else clock.t_s(span.until)
    lasted = "" if span.until is None else f" for {format_duration(span.until - span.since)}"
    whose = f"{span.instance}: " if len(plan.instances) > 1 else ""
    yield TimelineEntry(
        t_s=clock.t_s(span.since),
        wall_ns=clock.wall(span.since),
        who="target",
        kind="scrapes_failing",
        what=f"{whose}scrapes failed{lasted}{load_place(plan, clock, span)}: {reasons(span)}",
        evidence={"instance": span.instance, "failed": span.failed, "until_s": until},
    )
    if span.until is not None:
        yield TimelineEntry(
            t_s=clock.t_s(span.until),
            wall_ns=clock.wall(span.until),
            who="target",
            kind="scrapes_recovered",
            what=f"{whose}scrapes succeeded again after {span.failed} failed",
            evidence={"instance": span.instance},
        )


def _late_spans(seconds: Iterable[Second], clock: RunClock) -> Iterator[TimelineEntry]:
    """Late seconds in a row. A standstill is known from its end, so what it covers comes before."""
    spans: list[list[Second]] = []
    for second in seconds:
        if not second.late:
            continue
        if spans and second.t_s == spans[-1][-1].t_s + 1:
            spans[-1].append(second)
        else:
            spans.append([second])
    for span in spans:
        yield _late_entry(span, clock)


def _late_entry(span: Sequence[Second], clock: RunClock) -> TimelineEntry:
    until_s, still_ns = span[-1].t_s + 1, max(second.stood_still_ns for second in span)
    since_s = min(second.t_s + 1 - second.stood_still_ns / SECOND for second in span)
    since_s = max(min(since_s, span[0].t_s), 0.0)
    still = f"; it stood still for up to {format_duration(still_ns)}" if still_ns > SECOND else ""
    t = clock.t0 + round(since_s * SECOND)
    lasted = format_duration(round((until_s - since_s) * SECOND, -8))
    return TimelineEntry(
        t_s=since_s,
        wall_ns=clock.wall(t),
        who="generator",
        kind="generator_late",
        what=f"the generator was late for {lasted}{still}",
        evidence={"until_s": until_s},
    )
