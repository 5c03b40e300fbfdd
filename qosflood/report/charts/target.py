"""Charts of the monitoring: memory, scrapes, the page, the reference endpoint, Prometheus. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from typing import TypeVar

from qosflood.analysis.findings import Findings
from qosflood.analysis.findings_series import MemoryPoint, ScrapePoint
from qosflood.plan.plan import Plan
from qosflood.report.charts import wording
from qosflood.report.charts.limits import Level, limit_lines, of_memory, of_times
from qosflood.report.charts.plotting import (
    PALETTE,
    Chart,
    Json,
    Timeline,
    dashed,
    figure,
    in_ms,
    log_axis,
    plotly_text,
    right_axis,
    said,
    thin,
)
from qosflood.report.charts.wording import Words

Point = TypeVar("Point", MemoryPoint, ScrapePoint)
_MIB = 1024 * 1024
_SCRAPES = (
    "How long each scrape of the metrics page took; in the tables a failed one counts as "
    "at least its timeout"
)
_LEVEL = 0.02
"""A line that stays within this share of its greatest value is level to the eye."""
_UNTIMED_MS = 1.0
"""Where a failure without a duration is drawn; a logarithmic axis has no 0."""


def _memory(time: Timeline, plan: Plan, findings: Findings) -> Chart | None:
    points = findings.memory_points
    if not points:
        return None
    traces = _lines(time, "memory", points, lambda p: p.rss_bytes / _MIB, "@violet")
    times = [point.t_s for point in points]
    layout = time.layout("MiB", rangemode="tozero")
    if len(traces) == 1 and any(point.cpu_cores is not None for point in points):
        cpu = time.line("CPU", times, [point.cpu_cores for point in points], "@muted", 900)
        traces.insert(0, cpu | {"yaxis": "y2", "opacity": 0.5})
        layout["yaxis2"] = right_axis("cores")
    limit = findings.memory.limit_bytes
    if limit:
        level = [limit / _MIB] * 2
        traces.append(dashed(time.line("memory limit", [times[0], times[-1]], level, "@bad", 5)))
    judged = of_memory(plan.limits, findings)
    traces += limit_lines(time, [replace(one, value=one.value / _MIB) for one in judged])
    return Chart(
        "memory",
        "Target memory",
        "Resident memory and CPU of the target.",
        figure(said(traces, "MiB"), layout),
        wording.memory(findings),
        time.unit_s,
    )


def _scrapes(time: Timeline, plan: Plan, findings: Findings) -> Chart | None:
    if not findings.scrape_points:
        return None
    return _timed(
        time,
        ("scrapes", "Scrapes", _SCRAPES),
        findings.scrape_points,
        "@teal",
        wording.scrapes(findings),
        of_times(plan.limits, findings, "scrape.p99"),
    )


def _up(time: Timeline, _plan: Plan, findings: Findings) -> Chart | None:
    """Scrapes by the user's Prometheus: its `up`, and their durations as it reports them."""
    points = [_as_scrape(p.t_s, p.ok, p.duration_ns, p.instance) for p in findings.up_points]
    if not points:
        return None
    return _timed(
        time,
        ("up", "Prometheus's scrapes", "How long each scrape by Prometheus took, as it reports"),
        points,
        "@offered",
        wording.up(findings, points),
    )


def _control(time: Timeline, _plan: Plan, findings: Findings) -> Chart | None:
    points = [
        _as_scrape(p.t_s, p.ok, p.duration_ns, reason=p.reason) for p in findings.control_points
    ]
    if not points:
        return None
    return _timed(
        time,
        (
            "control",
            "Reference endpoint",
            "How long each request to the reference endpoint took, on the target's network path",
        ),
        points,
        "@planned",
        wording.control(findings, points),
    )


def _as_scrape(
    t_s: float, ok: bool, duration_ns: int | None, instance: str = "", reason: str | None = None
) -> ScrapePoint:
    return ScrapePoint(
        t_s=t_s,
        ok=ok,
        reason=reason,
        duration_ns=duration_ns,
        bytes=None,
        series=None,
        instance=instance,
    )


def _timed(
    time: Timeline,
    named: tuple[str, str, str],
    points: Sequence[ScrapePoint],
    color: str,
    words: Words,
    limits: Sequence[Level] = (),
) -> Chart:
    """Requests by how long they took; `named` are the chart's name, title and caption."""
    name, title, caption = named
    good = [point for point in points if point.ok]
    failed = [point for point in points if not point.ok]
    traces = _lines(time, "took", good, lambda p: in_ms(p.duration_ns), color)
    if failed:
        traces.append(_failed(time, failed))
    traces += limit_lines(time, limits)
    layout = time.layout("", **log_axis([y for one in traces for y in one["y"]]))
    drawn = figure(said(traces, "ms"), layout)
    return Chart(
        name, title, f"{caption}; crosses are failures. Logarithmic.", drawn, words, time.unit_s
    )


def _lines(
    time: Timeline,
    what: str,
    points: Sequence[Point],
    value: Callable[[Point], float | None],
    color: str,
) -> list[Json]:
    """One line for each instance, named by it where there are several."""
    of_each: dict[str, list[Point]] = {}
    for point in points:
        of_each.setdefault(point.instance, []).append(point)
    several = len(of_each) > 1
    each = max(10, 1000 // max(1, len(of_each)))
    colors = cycle((color, *(other for other in PALETTE if other != color)))
    return [
        time.line(
            plotly_text(name) if several else what,
            [point.t_s for point in own],
            [value(point) for point in own],
            own_color,
            each,
        )
        for (name, own), own_color in zip(of_each.items(), colors, strict=False)
    ]


def _failed(time: Timeline, failed: Sequence[ScrapePoint]) -> Json:
    durations = [in_ms(point.duration_ns) or _UNTIMED_MS for point in failed]
    kept = thin(durations, 900)
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "name": "failed",
        "x": [round(failed[index].t_s / time.unit_s, 6) for index in kept],
        "y": [durations[index] for index in kept],
        "text": [plotly_text(failed[index].reason or "failed") for index in kept],
        "hovertemplate": "%{text}",
        "marker": {"color": "@bad", "symbol": "x", "size": 8},
    }


def _pages(time: Timeline, _plan: Plan, findings: Findings) -> Chart | None:
    points = [point for point in findings.scrape_points if point.bytes is not None]
    if not points:
        return None
    level = _is_level(points, lambda p: p.bytes) and _is_level(points, lambda p: p.series)
    words = wording.pages(findings, level=level)
    if level:
        return Chart("pages", "Metrics page", "", {}, words, time.unit_s)
    traces = _lines(time, "page size", points, lambda p: (p.bytes or 0) / 1024, "@teal")
    layout = time.layout("KiB", rangemode="tozero")
    if len(traces) == 1 and any(point.series for point in points):
        times = [point.t_s for point in points]
        series = time.line("series", times, [point.series for point in points], "@muted", 900)
        traces.append(series | {"yaxis": "y2"})
        layout["yaxis2"] = right_axis("series")
    return Chart(
        "pages",
        "Metrics page",
        "Size of the metrics page, and how many series it holds.",
        figure(said(traces, "KiB"), layout),
        words,
        time.unit_s,
    )


def _is_level(points: Sequence[ScrapePoint], value: Callable[[ScrapePoint], int | None]) -> bool:
    """Whether a chart would show a level line of each instance."""
    ends: dict[str, tuple[int, int]] = {}
    for point in points:
        now = value(point) or 0
        least, most = ends.get(point.instance, (now, now))
        ends[point.instance] = min(least, now), max(most, now)
    return all(most - least <= _LEVEL * most for least, most in ends.values())


TARGET_CHARTS: tuple[Callable[[Timeline, Plan, Findings], Chart | None], ...] = (
    _memory,
    _scrapes,
    _up,
    _pages,
    _control,
)
"""The charts in the order of the page; each returns None without data."""
