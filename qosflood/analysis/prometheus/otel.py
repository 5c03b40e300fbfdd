"""What an OpenTelemetry Collector's own metrics report about the run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from qosflood.analysis.findings_prometheus import OtelFinding, OtelUp
from qosflood.base.foreign_numbers import whole_number
from qosflood.base.text import printable
from qosflood.base.units import format_count
from qosflood.journal.prometheus_records import OtelSample
from qosflood.plan.plan import Plan

UNCHECKED = "OpenTelemetry was not checked; name a Collector's metrics page with --otel URL"
NOT_CHECKED = OtelFinding(verdict="unmeasured", reason=UNCHECKED, looks=0, failed=0)
_LOST = ("refused", "failed", "send_failed", "not_queued")
_WORDS = {
    "accepted": "accepted",
    "refused": "refused",
    "failed": "failed to accept",
    "sent": "sent",
    "send_failed": "failed to send",
    "not_queued": "failed to enqueue",
}


def otel_finding(plan: Plan, samples: Sequence[OtelSample]) -> OtelFinding:
    """Points over all pages, by the growth of their counters during the run."""
    if not plan.otel or not plan.watches:
        return NOT_CHECKED
    failed = [sample for sample in samples if not sample.ok]
    points = _points(samples)
    up = tuple(_up(samples))
    lost = sum(sum(points.get(kind, {}).values()) for kind in _LOST)
    if not points and not up:
        reasons = Counter(sample.reason for sample in failed)
        why = f": {printable(reasons.most_common(1)[0][0], 160)}" if reasons else ""
        return OtelFinding(
            verdict="unmeasured",
            reason=f"no counter of points and no up could be read from its pages{why}",
            looks=len(samples),
            failed=len(failed),
        )
    return OtelFinding(
        verdict="lost" if lost else "ok",
        reason="; ".join((*_points_lines(points), *_up_lines(up), *_page_lines(samples, failed))),
        looks=len(samples),
        failed=len(failed),
        points=points,
        up=up,
    )


def _points(samples: Sequence[OtelSample]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for url in dict.fromkeys(sample.url for sample in samples):
        good = [sample for sample in samples if sample.url == url and sample.ok]
        for key in dict.fromkeys(key for sample in good for key in sample.points):
            kind, _, component = key.partition(" ")
            kinds = found.setdefault(kind, {})
            name = printable(component, 60)
            kinds[name] = kinds.get(name, 0) + _growth([s.points.get(key) for s in good])
    return found


def _growth(values: Iterable[float | None]) -> int:
    """By how much a counter grew; one that fell or that appears started at 0."""
    known = [0.0 if value is None else value for value in values]
    return whole_number(sum(b - a if b >= a else b for a, b in pairwise(known))) or 0


def _up(samples: Sequence[OtelSample]) -> Iterator[OtelUp]:
    for name in dict.fromkeys(name for sample in samples for name in sample.up):
        values = [sample.up[name] for sample in samples if name in sample.up]
        yield OtelUp(
            instance=printable(name, 100), count=len(values), failed=sum(v <= 0 for v in values)
        )


def _points_lines(points: dict[str, dict[str, int]]) -> Iterator[str]:
    for kind, words in _WORDS.items():
        if kind in points:
            by = points[kind]
            names = f" ({', '.join(f'{name} {format_count(n)}' for name, n in by.items())})"
            yield f"{words} {format_count(sum(by.values()))} points{names if len(by) > 1 else ''}"


def _up_lines(up: Sequence[OtelUp]) -> Iterator[str]:
    for each in up:
        if each.failed:
            yield f"up of {each.instance} was 0 in {each.failed} of {each.count} readings"
    if up and not any(each.failed for each in up):
        yield f"up was 1 throughout ({', '.join(each.instance for each in up[:3])})"


def _page_lines(samples: Sequence[OtelSample], failed: Sequence[OtelSample]) -> Iterator[str]:
    if failed:
        yield f"{len(failed)} of {len(samples)} readings of its pages failed"
    odd = next((sample.reason for sample in samples if sample.ok and sample.reason), None)
    if odd is not None:
        yield printable(odd, 160)
