"""Whether Prometheus and we saw the same failures; where not, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings_prometheus import UpSpan
from qosflood.analysis.prometheus.up import Story, near
from qosflood.analysis.scrapes.scrapes import FailingSpan, counts, failing_spans
from qosflood.base.text import printable
from qosflood.base.units import format_count, format_duration, format_moment
from qosflood.journal.records import ScrapeSample

MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """How many stretches of failures both saw, and each that one alone did."""

    agreed: int
    disagreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """One instance's scrapes, Prometheus's and ours; `slack_ns` apart they are of the same time."""

    clock: RunClock
    story: Story
    ours: Sequence[ScrapeSample]
    our_interval_ns: int
    slack_ns: int


def compare(sides: Sides) -> Compared:
    """What of the failures of one instance was seen by one side alone."""
    theirs = list(sides.story.spans())
    ours = failing_spans(sides.ours)
    seen = [t for t, good in sides.story.up if not good]
    alone = [span for span in theirs if not _we_failed(sides, span)]
    not_theirs = [span for span in ours if not _near(seen, span, sides)]
    told = [*(_they_alone(sides, span) for span in alone)]
    told += _we_alone(sides, not_theirs)
    return Compared(len(theirs) - len(alone), tuple(told))


def _we_failed(sides: Sides, span: UpSpan) -> bool:
    around = near(sides.ours, span.since - sides.slack_ns, span.last + sides.slack_ns)
    return any(not sample.ok and counts(sample) for sample in around)


def _near(seen: Sequence[int], span: FailingSpan, sides: Sides) -> bool:
    until = span.since if span.until is None else span.until
    return any(span.since - sides.slack_ns <= t <= until + sides.slack_ns for t in seen)


def _they_alone(sides: Sides, span: UpSpan) -> str:
    meanwhile = [s for s in near(sides.ours, span.since, span.until or span.last) if s.ok]
    if meanwhile:
        why = f"{_number(len(meanwhile), 'scrape')} of ours meanwhile went well"
    else:
        every = format_duration(sides.our_interval_ns)
        why = f"none of ours fell into that time (one each {every})"
    return (
        f"{span.instance}: Prometheus saw {_number(span.failed, 'failed scrape')} "
        f"{_when(sides.clock, span.since, span.last)} ({span.why}), we saw none: {why}"
    )


def _we_alone(sides: Sides, spans: Sequence[FailingSpan]) -> Iterator[str]:
    for span in spans:
        until = span.since if span.until is None else span.until
        meanwhile = [t for t, _ in sides.story.up if span.since <= t <= until]
        reasons = ", ".join(printable(reason, 100) for reason in span.reasons)
        if meanwhile:
            why = f"{_number(len(meanwhile), 'scrape')} of its own meanwhile went well"
        else:
            why = "it has no sample of that time"
        yield (
            f"{span.instance}: we saw {_number(span.failed, 'failed scrape')} "
            f"{_when(sides.clock, span.since, until)} ({reasons}), Prometheus saw none: {why}"
        )


def _when(clock: RunClock, since: int, until: int) -> str:
    first, last = clock.t_s(since), clock.t_s(until)
    if round(first, 1) == round(last, 1):
        return f"at {format_moment(first)}"
    return f"from {format_moment(first)} to {format_moment(last)}"


def _number(count: int, what: str) -> str:
    return f"{format_count(count)} {what}{'' if count == 1 else 's'}"
