"""How scrapes went in a stretch of time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qosflood.analysis.findings import ScrapeFigures
from qosflood.analysis.latency import exact_percentile
from qosflood.journal.records import ScrapeSample


def counts(sample: ScrapeSample) -> bool:
    """Whether a scrape says anything about the target: not one that the monitor itself missed."""
    return sample.ok or not sample.own_fault


def reason_of(sample: ScrapeSample) -> str:
    """Why a scrape failed."""
    return sample.reason or ("gap" if sample.gap else "unknown")


def scrape_figures(
    samples: Sequence[ScrapeSample], start: int, end: int, timeout_ns: int
) -> ScrapeFigures:
    """The scrapes due from `start` until before `end` (journal times), sorted by `t`.

    A failed scrape's duration counts at least the timeout, so that failing fast never looks fast.
    """
    inside = [sample for sample in samples if start <= sample.t < end]
    counted = [sample for sample in inside if counts(sample)]
    failed = [sample for sample in counted if not sample.ok]
    durations = sorted(
        sample.duration_ns if sample.ok else max(sample.duration_ns, timeout_ns)
        for sample in counted
        if sample.duration_ns is not None
    )
    parses = sorted(sample.parse_ns for sample in inside if sample.parse_ns is not None)
    return ScrapeFigures(
        count=len(counted),
        failed=len(failed),
        gaps=sum(sample.gap for sample in counted),
        success_ratio=(len(counted) - len(failed)) / len(counted) if counted else None,
        duration_p50_ns=exact_percentile(durations, 50.0),
        duration_p99_ns=exact_percentile(durations, 99.0),
        duration_max_ns=durations[-1] if durations else None,
        parse_p50_ns=exact_percentile(parses, 50.0),
        parse_max_ns=parses[-1] if parses else None,
        bytes_max=max((s.bytes for s in inside if s.bytes is not None), default=None),
        series_max=max((s.series for s in inside if s.series is not None), default=None),
        samples_max=max((s.samples for s in inside if s.samples is not None), default=None),
        added=_sum(sample.added for sample in inside),
        removed=_sum(sample.removed for sample in inside),
        resets=sum(sample.resets for sample in inside),
        gap_max_ns=_longest_gap(inside, start, end) if counted else None,
        reasons=dict(Counter(reason_of(sample) for sample in failed)),
    )


def figures_by_instance(
    samples: Sequence[ScrapeSample], start: int, end: int, timeout_ns: int
) -> dict[str, ScrapeFigures]:
    """The same for each instance; empty if there is but one."""
    names = dict.fromkeys(sample.instance for sample in samples)
    if len(names) < 2:
        return {}
    return {
        name: scrape_figures(of_instance(samples, name), start, end, timeout_ns) for name in names
    }


def of_instance(samples: Iterable[ScrapeSample], name: str) -> list[ScrapeSample]:
    """One instance's own."""
    return [sample for sample in samples if sample.instance == name]


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _longest_gap(samples: list[ScrapeSample], start: int, end: int) -> int:
    """The longest time without a good scrape of some instance, the edges of the stretch counted as
    good.

    A tick that the monitor missed says nothing about the target, so it ends a gap as a good one
    does.
    """
    return max(
        _gap(of_instance(samples, name), start, end)
        for name in {sample.instance for sample in samples}
    )


def _gap(samples: list[ScrapeSample], start: int, end: int) -> int:
    known = {sample.t for sample in samples if sample.ok or not counts(sample)}
    return max(after - before for before, after in pairwise(sorted({start, end} | known)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingSpan:
    """Failed scrapes of one instance in a row; `after` is the last good one before and `until` the
    next, None if there was none."""

    instance: str
    after: int | None
    since: int
    until: int | None
    failed: int
    reasons: dict[str, int]


def failing_spans(samples: Sequence[ScrapeSample]) -> list[FailingSpan]:
    """Every stretch of failed scrapes, for each instance, in the order of time."""
    spans: list[FailingSpan] = []
    for instance in dict.fromkeys(sample.instance for sample in samples):
        spans += _spans_of([s for s in of_instance(samples, instance) if counts(s)])
    return sorted(spans, key=lambda span: span.since)


def _spans_of(samples: list[ScrapeSample]) -> list[FailingSpan]:
    spans: list[FailingSpan] = []
    failing: list[ScrapeSample] = []
    good: int | None = None
    for sample in samples:
        if not sample.ok:
            failing.append(sample)
            continue
        if failing:
            spans.append(_span(failing, good, sample.t))
            failing = []
        good = sample.t
    return [*spans, _span(failing, good, None)] if failing else spans


def _span(failing: list[ScrapeSample], after: int | None, until: int | None) -> FailingSpan:
    return FailingSpan(
        instance=failing[0].instance,
        after=after,
        since=failing[0].t,
        until=until,
        failed=len(failing),
        reasons=dict(Counter(reason_of(sample) for sample in failing)),
    )
