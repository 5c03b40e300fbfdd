"""What Prometheus and OpenTelemetry saw: its part of report.json, and its sentences."""

from collections import Counter
from collections.abc import Callable

from qosflood.analysis import findings_prometheus as found
from qosflood.analysis.prometheus.otel import UNCHECKED
from qosflood.base.text import printable
from qosflood.base.units import SECOND
from qosflood.report.document import cells
from qosflood.report.document import schema_parts as schema
from qosflood.report.document.parts import ms, part_of
from qosflood.report.document.schema import Document

_MOST_NAMED = 5


NOT_ASKED = "none was queried; name one with --prometheus URL"


Seconds = Callable[[int], float]
"""Seconds since the load's start, of a journal time."""


def prometheus_part(
    finding: found.PrometheusFinding | None,
) -> schema.Prometheus | None:
    """The finding in report.json's units."""
    if finding is None:
        return None
    t0 = finding.t0

    def t_s(t: int) -> float:
        return (t - t0) / SECOND

    return part_of(
        schema.Prometheus,
        finding,
        clock_ahead_ms=ms(finding.ahead_ns),
        phases=[_up(figures) for figures in finding.phases],
        instances=[_instance(instance, t_s) for instance in finding.instances],
        gaps=[
            part_of(schema.DataGap, gap, since_s=t_s(gap.since), until_s=t_s(gap.until))
            for gap in finding.gaps
        ],
    )


def _instance(instance: found.UpInstance, t_s: Seconds) -> schema.UpInstance:
    return part_of(
        schema.UpInstance,
        instance,
        interval_s=None if instance.interval_ns is None else instance.interval_ns / SECOND,
        run=_up(instance.figures),
        phases=[_up(figures) for figures in instance.phases],
        spans=[_span(span, t_s) for span in instance.spans],
    )


def _span(span: found.UpSpan, t_s: Seconds) -> schema.UpSpan:
    until = None if span.until is None else t_s(span.until)
    return part_of(
        schema.UpSpan, span, since_s=t_s(span.since), last_s=t_s(span.last), until_s=until
    )


def _up(figures: found.UpFigures) -> schema.UpFigures:
    return part_of(
        schema.UpFigures,
        figures,
        duration_ms_p50=ms(figures.duration_p50_ns),
        duration_ms_p99=ms(figures.duration_p99_ns),
        duration_ms_max=ms(figures.duration_max_ns),
    )


def prometheus_line(document: Document) -> str:
    """What Prometheus saw over the whole run."""
    seen = document.prometheus
    if seen is None:
        return NOT_ASKED
    if not seen.decides:
        return "none of its targets is an instance of this run"
    runs = [instance.run for instance in seen.instances]
    count = sum(run.count for run in runs)
    if not count:
        why = f" ({seen.failure})" if seen.failure else ""
        return printable(f"it has no samples of the run{why}")
    good, missing = count - sum(run.failed for run in runs), sum(run.missing for run in runs)
    parts = [f"{good:,} of its {count:,} scrapes good"]
    if missing:
        parts.append(f"{missing:,} more without a sample")
    slowest = max((r.duration_ms_max for r in runs if r.duration_ms_max is not None), default=None)
    parts.append(f"slowest {cells.ms(slowest)}")
    parts.append(_agreement(document))
    parts.append(f"alerts that began: {_began(seen)}")
    return printable("; ".join(part for part in parts if part))


def _began(seen: schema.Prometheus) -> str:
    """`ManySessions (2), Slow`: each alert's name, with how often where it fired for several."""
    names = Counter(alert.name for alert in seen.alerts if not alert.before)
    each = [f"{name} ({number})" if number > 1 else name for name, number in names.items()]
    more = f" and {len(each) - _MOST_NAMED} more" if len(each) > _MOST_NAMED else ""
    return f"{', '.join(each[:_MOST_NAMED]) or 'none'}{more}"


def _agreement(document: Document) -> str:
    assert document.prometheus is not None
    seen, alone = document.prometheus, len(document.prometheus.disagreements)
    if not any(phase.scrapes.count for phase in document.phases):
        return ""
    if alone:
        return f"{alone} stretch{'es' * (alone > 1)} of failures that only one of the two saw"
    return "qosflood's own scrapes agree" if seen.agreed else "qosflood saw no failure either"


def otel_line(document: Document) -> str:
    """What a Collector's own metrics say."""
    return printable(document.otel.reason)


def prometheus_lines(document: Document) -> list[str]:
    """What Prometheus saw, if one was to be queried."""
    return [] if document.prometheus is None else [prometheus_line(document)]


def otel_lines(document: Document) -> list[str]:
    """What a Collector's own metrics say, if one was to be queried."""
    return [] if document.otel.reason == UNCHECKED else [otel_line(document)]


def about_line(part: schema.Prometheus) -> str:
    """Which Prometheus it was, and whether its `up` decides."""
    version = part.version or "an unknown version"
    ahead = part.clock_ahead_ms
    side = "ahead of" if ahead is None or ahead >= 0 else "behind"
    clock = "" if ahead is None else f", its clock {cells.ms(abs(ahead))} {side} this machine's"
    restarts = f", restarted {part.restarts} times" if part.restarts else ""
    decides = "its up decides scrape.success" if part.decides else "its up is not used"
    return printable(f"{part.url}, {version}{clock}{restarts}; {decides}.")


def gap_lines(part: schema.Prometheus) -> list[str]:
    """Each stretch of which Prometheus has no samples, in one line."""
    return [
        printable(
            f"{cells.moment(gap.since_s)} to {cells.moment(gap.until_s)}: {gap.missing:,} scrapes "
            f"of {', '.join(gap.instances)}" + (f" ({gap.why})" if gap.why else "")
        )
        for gap in part.gaps
    ]
