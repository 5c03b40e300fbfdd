"""How scrapes fared in a stretch of time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from qosflood.analysis.findings import ScrapeFigures
from qosflood.analysis.latency import exact_percentile
from qosflood.records import ScrapeSample


def counts(sample: ScrapeSample) -> bool:
    """Whether a scrape says anything of the target: not one the monitor itself missed."""
    return sample.ok or not sample.own_fault


def reason_of(sample: ScrapeSample) -> str:
    """Why a scrape failed."""
    return sample.reason or ("gap" if sample.gap else "unknown")


def scrape_figures(
    samples: Sequence[ScrapeSample], start: int, end: int, timeout_ns: int
) -> ScrapeFigures:
    """The scrapes due from `start` until before `end` (journal times), sorted by `t`.

    A failed scrape's duration counts at least the timeout, so that failing fast never flatters.
    """
    inside = [sample for sample in samples if start <= sample.t < end]
    counted = [sample for sample in inside if counts(sample)]
    failed = [sample for sample in counted if not sample.ok]
    durations = sorted(
        sample.duration_ns if sample.ok else max(sample.duration_ns, timeout_ns)
        for sample in counted
        if sample.duration_ns is not None
    )
    return ScrapeFigures(
        count=len(counted),
        failed=len(failed),
        gaps=sum(sample.gap for sample in counted),
        success_ratio=(len(counted) - len(failed)) / len(counted) if counted else None,
        duration_p50_ns=exact_percentile(durations, 50.0),
        duration_p99_ns=exact_percentile(durations, 99.0),
        duration_max_ns=durations[-1] if durations else None,
        bytes_max=max((s.bytes for s in inside if s.bytes is not None), default=None),
        series_max=max((s.series for s in inside if s.series is not None), default=None),
        gap_max_ns=_longest_gap(inside, start, end) if counted else None,
        reasons=dict(Counter(reason_of(sample) for sample in failed)),
    )


def _longest_gap(samples: list[ScrapeSample], start: int, end: int) -> int:
    """The longest time without a good scrape of some instance, the edges of the stretch counted
    as good.

    A tick that the monitor missed tells nothing, so it ends a gap as a good one does.
    """
    known = {sample.instance: {start, end} for sample in samples}
    for sample in samples:
        if sample.ok or not counts(sample):
            known[sample.instance].add(sample.t)
    return max(
        after - before for times in known.values() for before, after in pairwise(sorted(times))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingSpan:
    """Failed scrapes of one instance in a row; `until` is the next good one, None if none came."""

    instance: str
    since: int
    until: int | None
    failed: int
    reasons: dict[str, int]


def failing_spans(samples: Sequence[ScrapeSample]) -> list[FailingSpan]:
    """Every stretch of failed scrapes, for each instance, in the order of time."""
    spans: list[FailingSpan] = []
    for instance in dict.fromkeys(sample.instance for sample in samples):
        spans += _spans_of([s for s in samples if s.instance == instance and counts(s)])
    return sorted(spans, key=lambda span: span.since)


def _spans_of(samples: list[ScrapeSample]) -> list[FailingSpan]:
    spans: list[FailingSpan] = []
    failing: list[ScrapeSample] = []
    for sample in samples:
        if not sample.ok:
            failing.append(sample)
        elif failing:
            spans.append(_span(failing, sample.t))
            failing = []
    return [*spans, _span(failing, None)] if failing else spans


def _span(failing: list[ScrapeSample], until: int | None) -> FailingSpan:
    return FailingSpan(
        instance=failing[0].instance,
        since=failing[0].t,
        until=until,
        failed=len(failing),
        reasons=dict(Counter(reason_of(sample) for sample in failing)),
    )
