"""Whether Prometheus and qosflood saw the same failed scrapes; sentences where they disagree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings_prometheus import UpSpan
from qosflood.analysis.prometheus.up import UpHistory, near
from qosflood.analysis.scrapes.scrapes import FailingSpan, counts, failing_spans
from qosflood.base.text import printable
from qosflood.base.units import counted, format_count, format_duration, format_moment
from qosflood.journal.records import ScrapeSample


@dataclass(frozen=True, slots=True)
class Compared:
    """How many stretches of failures both saw, and a sentence for each that only one saw."""

    agreed: int
    disagreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """One instance's scrapes, Prometheus's (`history`) and qosflood's (`ours`); those at most
    `slack_ns` apart count as simultaneous."""

    clock: RunClock
    history: UpHistory
    ours: Sequence[ScrapeSample]
    our_interval_ns: int
    slack_ns: int


def compare(sides: Sides) -> Compared:
    """Which failures of one instance only one side saw."""
    theirs = list(sides.history.spans())
    ours = failing_spans(sides.ours)
    seen = [t for t, good in sides.history.up if not good]
    alone = [span for span in theirs if not _we_failed(sides, span)]
    not_theirs = [span for span in ours if not _near(seen, span, sides)]
    lines = [*(_they_alone(sides, span) for span in alone)]
    lines += _we_alone(sides, not_theirs)
    return Compared(len(theirs) - len(alone), tuple(lines))


def _we_failed(sides: Sides, span: UpSpan) -> bool:
    around = near(sides.ours, span.since - sides.slack_ns, span.last + sides.slack_ns)
    return any(not sample.ok and counts(sample) for sample in around)


def _near(seen: Sequence[int], span: FailingSpan, sides: Sides) -> bool:
    until = span.since if span.until is None else span.until
    return any(span.since - sides.slack_ns <= t <= until + sides.slack_ns for t in seen)


def _they_alone(sides: Sides, span: UpSpan) -> str:
    meanwhile = [s for s in near(sides.ours, span.since, span.until or span.last) if s.ok]
    if meanwhile:
        why = f"{format_count(len(meanwhile))} of its own scrapes succeeded in that time"
    else:
        every = format_duration(sides.our_interval_ns)
        why = f"qosflood made no scrape in that time (one every {every})"
    return (
        f"{span.instance}: Prometheus saw {counted(span.failed, 'failed scrape')} "
        f"{_when(sides.clock, span.since, span.last)} ({span.why}), qosflood saw none: {why}"
    )


def _we_alone(sides: Sides, spans: Sequence[FailingSpan]) -> Iterator[str]:
    for span in spans:
        until = span.since if span.until is None else span.until
        meanwhile = [t for t, _ in sides.history.up if span.since <= t <= until]
        reasons = ", ".join(printable(reason, 100) for reason in span.reasons)
        if meanwhile:
            why = f"{format_count(len(meanwhile))} of its own scrapes succeeded in that time"
        else:
            why = "it has no sample of that time"
        yield (
            f"{span.instance}: qosflood saw {counted(span.failed, 'failed scrape')} "
            f"{_when(sides.clock, span.since, until)} ({reasons}), Prometheus saw none: {why}"
        )


def _when(clock: RunClock, since: int, until: int) -> str:
    first, last = clock.t_s(since), clock.t_s(until)
    if round(first, 1) == round(last, 1):
        return f"at {format_moment(first)}"
    return f"from {format_moment(first)} to {format_moment(last)}"
