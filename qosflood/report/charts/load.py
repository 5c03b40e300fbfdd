"""Findings to charts as plotly's plain JSON: data and layout, at most 2,000 points each. Pure."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from qosflood.analysis.findings import Findings
from qosflood.analysis.findings_series import PercentileCurve
from qosflood.analysis.gaps import Gaps
from qosflood.base.percentiles import PERCENTILES as RANKS
from qosflood.base.units import MS, SECOND, format_duration
from qosflood.plan.plan import Plan
from qosflood.report.charts import wording
from qosflood.report.charts.limits import COLOUR, limit_lines, of_shares, of_times
from qosflood.report.charts.plotting import (
    MOST_POINTS,
    PALETTE,
    Chart,
    Json,
    Moment,
    Timeline,
    beneath,
    dashed,
    figure,
    in_ms,
    laid_over,
    line,
    log_axis,
    plotly_text,
    said,
    thin,
    timeline_of,
)
from qosflood.report.charts.target import TARGET_CHARTS
from qosflood.report.document.evidence import MARK

PERCENTILES = "Latency by percentile"
"""The title of the one chart that is not over time."""
_KINDS = 8
_MARKS = 50


def make_charts(plan: Plan, findings: Findings, gaps: Gaps | None = None) -> list[Chart]:
    """The charts of a run; one without any data is left out, and one that cannot be made is one of
    the `gaps`."""
    gaps = gaps or Gaps()
    time = timeline_of(findings.phases, tuple(_moments(findings)))
    makers: tuple[Callable[[], Chart | None], ...] = (
        lambda: _throughput(time, plan, findings),
        lambda: _latency(time, plan, findings),
        lambda: _errors(time, plan, findings),
        *(partial(make, time, plan, findings) for make in TARGET_CHARTS),
        lambda: _percentiles(plan, findings),
    )
    charts = (gaps.instead("a chart", make, lambda: None) for make in makers)
    return [chart for chart in charts if chart is not None]


def _moments(findings: Findings) -> Iterator[Moment]:
    """The first failure, and the operator's marks."""
    first = findings.first_failure
    if first is not None:
        yield Moment(first.t_s, "first failure", "@bad")
    marks = [entry for entry in findings.timeline if entry.kind == MARK]
    yield from (Moment(entry.t_s, entry.what, "@violet") for entry in marks[:_MARKS])


def _throughput(time: Timeline, plan: Plan, findings: Findings) -> Chart | None:
    seconds = findings.seconds
    if not seconds:
        return None
    times = [second.t_s for second in seconds]
    traces = [
        beneath(time.line("offered", times, [s.offered for s in seconds], "@offered", 900)),
        time.line("answered", times, [s.acked for s in seconds], "@acked", 900),
        _planned(time, plan, findings),
        *limit_lines(time, of_shares(plan.limits, findings, "offered")),
    ]
    return Chart(
        "throughput",
        "Throughput",
        "Reports per second: planned by the schedule, offered (sent) and answered in time.",
        figure(said(traces, "reports/s"), time.layout("reports/s", rangemode="tozero")),
        wording.throughput(findings),
        time.unit_s,
    )


def _planned(time: Timeline, plan: Plan, findings: Findings) -> Json:
    reached = findings.seconds[-1].t_s + 1
    points: list[tuple[float, float]] = []
    for phase in plan.phases:
        if phase.start_ns / SECOND < reached:
            first, last = plan.here(phase.clients_from), plan.here(phase.clients_to)
            points += [
                (phase.start_ns / SECOND, first * SECOND / phase.cadence_from_ns),
                (phase.end_ns / SECOND, last * SECOND / phase.cadence_to_ns),
            ]
    trace = time.line(
        "planned", [t for t, _ in points], [rate for _, rate in points], "@planned", 90
    )
    return dashed(trace)


def _latency(time: Timeline, plan: Plan, findings: Findings) -> Chart | None:
    seconds = findings.seconds
    if not any(second.response_max_ns for second in seconds):
        return None
    times = [second.t_s for second in seconds]
    each = (MOST_POINTS - 10) // 3
    longest = [in_ms(second.response_max_ns) for second in seconds]
    rare_s, rare = p99_line(findings)
    typical = [in_ms(second.response_p50_ns) for second in seconds]
    lines = (
        ("max", times, longest, "@muted"),
        ("p99", rare_s, rare, "@bad"),
        ("p50", times, typical, "@offered"),
    )
    limits = of_times(plan.limits, findings, "response")
    traces = [
        time.line(name, at_s, values, color, each)
        for name, at_s, values, color in lines
        if any(value is not None for value in values)
    ]
    traces += limit_lines(time, limits)
    levels = [level.value for level in limits]
    return Chart(
        "latency",
        "Response time",
        "From the moment a report was due, per second; a report that failed counts at least its "
        f"timeout. Logarithmic. {p99_words(findings)}",
        figure(
            said(traces, "ms"), time.layout("", **log_axis([*longest, *rare, *typical, *levels]))
        ),
        wording.latency(findings),
        time.unit_s,
    )


def p99_line(findings: Findings) -> tuple[list[float], list[float | None]]:
    """Moments and milliseconds of the p99: level over each stretch, broken where none is known."""
    moments: list[float] = []
    values: list[float | None] = []
    end_s = 0.0
    for point in findings.p99_points:
        if values and point.t_s > end_s:
            moments.append(end_s)
            values.append(None)
        end_s = point.t_s + point.length_s
        both = [point.t_s] if point.length_s == 1 else [point.t_s, end_s]
        moments += both
        values += [in_ms(point.p99_ns)] * len(both)
    return moments, values


def p99_words(findings: Findings) -> str:
    """Of how many seconds together a p99 is."""
    lengths = {point.length_s for point in findings.p99_points}
    if not lengths:
        return "No phase had the 1,000 reports that a p99 needs."
    if lengths == {1}:
        return "p99 of each second."
    shortest, longest = min(lengths), max(lengths)
    span = f"{shortest}s" if shortest == longest else f"{shortest}s to {longest}s"
    return f"p99 of {span} together, as many as have the 1,000 reports that it needs."


def _percentiles(plan: Plan, findings: Findings) -> Chart | None:
    curves = sorted(
        (curve for curve in findings.curves if _is_shown(curve)),
        key=lambda curve: tuple(_CURVES).index((curve.phase, curve.series)),
    )
    if not curves:
        return None
    shown = laid_over([_curve(curve) for curve in curves])
    shown += _levels_of_curves(plan, findings, curves)
    layout = {
        "xaxis": {
            "title": {"text": "percentile"},
            "tickvals": [_nines(float(text) / 100) for text in _PERCENTS],
            "ticktext": [f"{text}%" for text in _PERCENTS],
        },
        "yaxis": {"title": {"text": ""}} | log_axis([y for one in shown for y in one["y"]]),
    }
    return Chart(
        "percentiles",
        PERCENTILES,
        "HDR percentile scale, 1/(1-q): from 90% on each step to the right is ten times rarer. "
        "Response time counts from due, service time from sent; the gap between them is waiting.",
        figure(said(shown, "ms"), layout),
        wording.percentiles(findings, curves),
    )


def _levels_of_curves(
    plan: Plan, findings: Findings, curves: Sequence[PercentileCurve]
) -> list[Json]:
    """Limits on the flood's percentiles, from the median on to the one that is limited."""
    rarest = max(curve.quantiles[-1] for curve in curves)
    lines = []
    for level in of_times(plan.limits, findings, "response.p", "service.p"):
        name = level.expr.partition(" ")[0].partition(".")[2]
        if name in RANKS:
            ends = [_nines(0.0), _nines(min(RANKS[name] / 100, rarest))]
            trace = line(f"limit {plotly_text(level.expr)}", ends, [level.value] * 2, COLOUR, 5)
            lines.append(dashed(trace, "dashdot"))
    return lines


_PERCENTS = ("50", "90", "99", "99.9", "99.99", "99.999", "99.9999")


def _nines(quantile: float) -> float:
    """How many nines it has: where it lies on an axis of 1/(1-q), logarithmic."""
    return -math.log10(max(1e-9, 1 - quantile))


def _is_shown(curve: PercentileCurve) -> bool:
    named = (curve.phase, curve.series)
    return named in _CURVES and bool(curve.values_ns)


_CURVES = {
    ("flood", "response"): "@bad",
    ("flood", "service"): "@offered",
    ("baseline", "response"): "@muted",
    ("recovery", "response"): "@teal",
}
"""In the order of the legend: response time lies below service time, which often equals it."""


def _curve(curve: PercentileCurve) -> Json:
    color = _CURVES[(curve.phase, curve.series)]
    values = [value / MS for value in curve.values_ns]
    rarity = [_nines(quantile) for quantile in curve.quantiles]
    trace = line(f"{curve.phase} {curve.series}", rarity, values, color, MOST_POINTS // 4)
    kept = thin(values, MOST_POINTS // 4)
    trace["customdata"] = [100 * curve.quantiles[index] for index in kept]
    trace["text"] = [format_duration(values[index] * MS) for index in kept]
    trace["hovertemplate"] = "%{customdata:.5~g}%: %{text}"
    return trace


def _errors(time: Timeline, plan: Plan, findings: Findings) -> Chart | None:
    seconds = findings.seconds
    counts: dict[str, int] = {}
    for second in seconds:
        for kind, number in second.errors.items():
            counts[kind] = counts.get(kind, 0) + number
    kinds = sorted((k for k in counts if counts[k]), key=lambda k: -counts[k])[:_KINDS]
    if not kinds:
        return None
    times = [second.t_s for second in seconds]
    each = max(4, (MOST_POINTS - 10) // len(kinds))
    traces = [
        time.line(plotly_text(kind), times, [s.errors.get(kind, 0) for s in seconds], color, each)
        | {"fill": "tozeroy", "fillcolor": f"{color}/0.18"}
        for kind, color in zip(kinds, PALETTE, strict=False)
    ]
    traces += limit_lines(time, of_shares(plan.limits, findings, "errors"))
    return Chart(
        "errors",
        "Errors by kind",
        "Failed reports per second, by outcome.",
        figure(said(traces, "reports/s"), time.layout("reports/s", rangemode="tozero")),
        wording.errors(findings, kinds),
        time.unit_s,
    )
