"""When scrapes failed, no more exactly than the times of the scrapes themselves."""

from collections.abc import Sequence

from qosflood.analysis.clock import RunClock
from qosflood.analysis.scrapes.scrapes import FailingSpan, failing_spans
from qosflood.base.units import SECOND, format_count, format_duration
from qosflood.journal.records import ScrapeSample
from qosflood.plan.load_words import multiple_at
from qosflood.plan.plan import Phase, Plan

MOST_SPANS = 3


def scrape_words(plan: Plan, clock: RunClock, samples: Sequence[ScrapeSample]) -> tuple[str, ...]:
    """One line for each stretch of failed scrapes of one instance, for the first ones."""
    spans = failing_spans(samples)
    lines = [
        f"scrapes failed {place(plan, clock, span)}: {reasons(span)}" for span in spans[:MOST_SPANS]
    ]
    rest = spans[MOST_SPANS:]
    if rest:
        failed = format_count(sum(span.failed for span in rest))
        lines.append(
            f"scrapes failed {format_count(len(rest))} more times, {failed} scrapes in all"
        )
    return tuple(lines)


def reasons(span: FailingSpan) -> str:
    """`3 x no answer within 5s`."""
    return ", ".join(f"{count} x {reason}" for reason, count in span.reasons.items())


def load_place(plan: Plan, clock: RunClock, span: FailingSpan) -> str:
    """The same where the load grew, with a space before it; else empty."""
    ramp = plan.maybe_phase("ramp")
    grew = ramp is not None and _contains(ramp, _into(clock, span.since))
    return f" {place(plan, clock, span)}" if grew else ""


def place(plan: Plan, clock: RunClock, span: FailingSpan) -> str:
    """Between which good scrapes the failures lie: by load where that grew, else by time."""
    begin = span.since if span.after is None else span.after
    first, last = _into(clock, begin), None if span.until is None else _into(clock, span.until)
    interval_ns = plan.scrape_interval_ns
    every = "" if interval_ns is None else f" (one scrape every {format_duration(interval_ns)})"
    ramp = plan.maybe_phase("ramp")
    if ramp is not None and _contains(ramp, _into(clock, span.since)):
        return _by_load(plan, ramp, first, _into(clock, span.since), last) + every
    return _by_time(plan, first, last) + every


def _by_load(plan: Plan, ramp: Phase, first: int, since: int, last: int | None) -> str:
    low, high = multiple_at(plan, max(first, 0)), multiple_at(plan, last or ramp.end_ns)
    if last is not None and _contains(ramp, last):
        return f"between {low} and {high}"
    onset = multiple_at(plan, since)
    begun = f"from between {low} and {onset}" if low != onset else f"from {low}"
    return f"{begun} {'to the end' if last is None else f'until {_moment(plan, last)}'}"


def _by_time(plan: Plan, first: int, last: int | None) -> str:
    if last is None:
        return f"from {_moment(plan, first)} to the end"
    return f"between {_moment(plan, first)} and {_moment(plan, last)}"


def _moment(plan: Plan, into_ns: int) -> str:
    if into_ns < plan.phases[0].start_ns:
        return "before the load"
    phase = next((phase for phase in plan.phases if _contains(phase, into_ns)), plan.phases[-1])
    tenths = round((into_ns - phase.start_ns) / SECOND, 1)
    return f"{format_duration(tenths * SECOND)} into {phase.name}"


def _contains(phase: Phase, into_ns: int) -> bool:
    return phase.start_ns <= into_ns < phase.end_ns


def _into(clock: RunClock, t: int) -> int:
    return t - clock.t0
