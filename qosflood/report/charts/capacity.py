"""The charts of a search for capacity: what was measured over clients, every trial a point. Pure.

A trial's outcome is a shape and a colour; one over a target that was filled is hollow.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

from qosflood.analysis.gaps import Gaps
from qosflood.analysis.scaling_law import Scaling, fit
from qosflood.base.units import counted, format_count
from qosflood.report.charts.limits import COLOUR
from qosflood.report.charts.over_load import LoadAxis, load_axis, round_ticks, searches
from qosflood.report.charts.plotting import (
    Chart,
    Json,
    dashed,
    figure,
    line,
    log_axis,
    plotly_text,
)
from qosflood.report.charts.trial_figures import (
    ACCEPTED,
    CORES,
    ERRORS,
    MEMORY,
    P50,
    P99,
    SCRAPE,
    Measure,
    by_load,
    judged,
    levels,
)
from qosflood.report.charts.wording import Words
from qosflood.report.document import cells
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity, TrialPart

_FIT_POINTS = 60
_NEAR_PEAK = 4
"""A peak of the fit that lies farther above what was tried says nothing."""
SHAPES = {"good": ("circle", "@good"), "bad": ("x", "@bad"), "void": ("triangle-down", "@muted")}
"""A trial's shape and colour."""


def capacity_charts(document: Document, gaps: Gaps | None = None) -> list[Chart]:
    """The charts of a search; one without any data is left out, and one that cannot be made is one
    of the `gaps`."""
    capacity, gaps = document.capacity, gaps or Gaps()
    if capacity is None or not capacity.trials:
        return []
    axis = load_axis(capacity)
    makers: tuple[Callable[[], Chart | None], ...] = (
        partial(_response, axis, document),
        partial(_throughput, axis),
        partial(_single, axis, document, ERRORS, "Errors", "Share of the reports that failed."),
        partial(
            _single,
            axis,
            document,
            SCRAPE,
            "Scrape time",
            "p99 of a trial's scrapes, the longest one where they are few. Logarithmic.",
        ),
        partial(_single, axis, document, MEMORY, "Memory of the target", "The most in a trial."),
        partial(_single, axis, document, CORES, "CPU of the target", "Cores in use, the mean."),
    )
    charts = (gaps.instead("a chart", make, lambda: None) for make in makers)
    return [chart for chart in charts if chart is not None]


def _response(axis: LoadAxis, document: Document) -> Chart | None:
    capacity = axis.capacity
    points = [*_points(capacity, P99)]
    if not points:
        return None
    curves = [*_curves(capacity, P99, "@bad"), *_curves(capacity, P50, "@offered")]
    drawn, layout = _laid_out(axis, document, P99, [*curves, *points])
    return Chart(
        "response",
        "Response time over load",
        "p99 of each trial as a point, lines through the medians of each load. Logarithmic. "
        f"{_about(capacity)}",
        figure(drawn, layout | {"height": 380}),
        _words(capacity, P99, P50),
    )


def _throughput(axis: LoadAxis) -> Chart | None:
    capacity = axis.capacity
    points = [*_points(capacity, ACCEPTED)]
    if not points:
        return None
    law = fit([(one.clients, one.accepted_per_s or 0.0) for one in judged(capacity)])
    unnamed = [point | {"showlegend": False} for point in points]
    offered = _offered(axis)
    caption = "Accepted reports per second; dashed: as many as were offered. Both logarithmic."
    fitted = [] if law is None else [_fit_line(axis, law)]
    if law is not None:
        caption += f" {_fit_words(law, capacity)}"
    return Chart(
        "throughput",
        "Accepted reports",
        caption,
        figure([offered, *fitted, *unnamed], axis.layout("reports/s", **_log_counts(axis))),
        _words(capacity, ACCEPTED),
    )


def _single(
    axis: LoadAxis, document: Document, measure: Measure, title: str, caption: str
) -> Chart | None:
    """A chart of one figure."""
    capacity = axis.capacity
    points = [*_points(capacity, measure)]
    if not points:
        return None
    traces = [*_curves(capacity, measure, "@offered"), *points]
    drawn, layout = _laid_out(axis, document, measure, traces)
    return Chart(
        measure.name.replace(" ", "-"),
        title,
        caption,
        figure(drawn, layout | {"showlegend": False}),
        _words(capacity, measure),
    )


def _laid_out(
    axis: LoadAxis, document: Document, measure: Measure, traces: list[Json]
) -> tuple[list[Json], Json]:
    """Traces with the limits on their figure, and a layout that they fit in. Durations are
    logarithmic."""
    limits = levels(document.limits, measure, axis.capacity)
    drawn = [*(_limit_line(axis, level) for level in limits), *traces]
    log = not measure.unit
    heights = [y for trace in drawn for y in trace["y"]]
    layout = axis.layout(measure.unit, **(log_axis(heights) if log else {"rangemode": "tozero"}))
    names = [_limit_name(level, log=log) for level in limits]
    return drawn, layout | {"annotations": [*layout["annotations"], *names]}


# What is drawn.


def _points(capacity: Capacity, measure: Measure) -> Iterator[Json]:
    """The trials, a trace for each outcome and state that there is."""
    for state, _ in searches(capacity):
        hollow = "-open" if state == "filled" else ""
        for outcome, (shape, color) in SHAPES.items():
            own = [
                (number, one)
                for number, one in enumerate(capacity.trials, start=1)
                if (one.outcome, one.state) == (outcome, state) and measure.read(one) is not None
            ]
            if own:
                yield {
                    "type": "scatter",
                    "mode": "markers",
                    "cliponaxis": False,
                    "name": f"{outcome}, filled" if hollow else outcome,
                    "x": [one.clients for _, one in own],
                    "y": [_short(measure.read(one)) for _, one in own],
                    "text": [plotly_text(hover(number, one, measure)) for number, one in own],
                    "hovertemplate": "%{text}<extra></extra>",
                    "marker": {"symbol": f"{shape}{hollow}", "color": color, "size": 10},
                }


def hover(number: int, trial: TrialPart, measure: Measure) -> str:
    """What is said of a point."""
    purpose = "" if trial.purpose in ("climb", "search") else f" ({trial.purpose})"
    why = ", ".join(trial.broken) or trial.why
    figures = f"{measure.name} {measure.said(measure.read(trial))}"
    words = f"trial {number}{purpose}: {counted(trial.clients, 'client')}, {trial.outcome}"
    return f"{words}, {figures}{f'; {why}' if why else ''}"


def _curves(capacity: Capacity, measure: Measure, color: str) -> Iterator[Json]:
    """A line through the medians of each load, one for each search."""
    for state, _ in searches(capacity):
        medians = by_load(capacity, measure.read, state)
        if medians:
            name = f"{measure.name}, {state}" if capacity.filled is not None else measure.name
            loads, values = [load for load, _ in medians], [value for _, value in medians]
            drawn = line(name, loads, values, color, 400)
            drawn |= {
                "text": [measure.said(value) for value in drawn["y"]],
                "hovertemplate": "%{text}",
            }
            yield dashed(drawn) if state == "filled" else drawn


def _limit_line(axis: LoadAxis, level: tuple[str, float]) -> Json:
    expr, value = level
    ends = [axis.first, axis.last]
    drawn = dashed(line(f"limit {plotly_text(expr)}", ends, [value] * 2, COLOUR, 5), "dashdot")
    return drawn | {"showlegend": False}


def _limit_name(level: tuple[str, float], *, log: bool) -> Json:
    """A limit's words on its line."""
    expr, value = level
    return {
        "text": plotly_text(f"limit {expr}"),
        "x": 0.006,
        "y": math.log10(value) if log else value,
        "xref": "paper",
        "yref": "y",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": COLOUR},
    }


def _offered(axis: LoadAxis) -> Json:
    per_client = _per_client(axis.capacity)
    ends = [axis.first, axis.last]
    return dashed(line("offered", ends, [per_client * end for end in ends], "@planned", 5), "dot")


def _log_counts(axis: LoadAxis) -> Json:
    """A logarithmic axis of reports/s for the loads of the x axis."""
    rates = [_per_client(axis.capacity) * end for end in (axis.first, axis.last)]
    rates += [rate for one in axis.capacity.trials if (rate := one.accepted_per_s)]
    low, high = min(rates), 1.05 * max(rates)
    return {"type": "log", "range": [math.log10(low), math.log10(high)], **round_ticks(low, high)}


def _per_client(capacity: Capacity) -> float:
    """Reports/s that a client sends: the answer has its clients in both units."""
    clients, rate = capacity.clients, capacity.reports_per_s
    known = ((clients.low, rate.low), (clients.high, rate.high))
    return next((there / here for here, there in known if here and there), 1.0)


def _fit_line(axis: LoadAxis, law: Scaling) -> Json:
    least = min(one.clients for one in axis.capacity.trials)
    most = max(one.clients for one in axis.capacity.trials)
    loads = [least * (most / least) ** (at / _FIT_POINTS) for at in range(_FIT_POINTS + 1)]
    name = "fit (Universal Scalability Law)"
    return dashed(line(name, loads, [law.at(load) for load in loads], "@violet", 400))


def _fit_words(law: Scaling, capacity: Capacity) -> str:
    peak, most = law.peak, max(one.clients for one in capacity.trials)
    words = "The fit is the Universal Scalability Law through all trials: a picture, not the answer"
    if peak is None or peak > _NEAR_PEAK * most:
        return f"{words}."
    return f"{words}; it peaks at {format_count(round(peak))} clients."


def _about(capacity: Capacity) -> str:
    level = capacity.level
    band = (
        "Steps without a search have no interval."
        if level is None
        else (f"The band is where the capacity lies ({cells.ratio(level)}), darker where likelier.")
    )
    hollow = " Hollow points: the target held sessions." if capacity.filled is not None else ""
    return f"{band}{hollow}"


# The same in words.


def _words(capacity: Capacity, *measures: Measure) -> Words:
    rows = tuple(
        (
            format_count(one.clients),
            f"{one.outcome}, filled" if one.state == "filled" else one.outcome,
            *(measure.said(measure.read(one)) for measure in measures),
        )
        for one in sorted(capacity.trials, key=lambda one: (one.clients, one.state))
    )
    headers = ("clients", "trial", *(measure.name for measure in measures))
    return Words(_sentence(capacity, measures[0]), headers, rows)


def _sentence(capacity: Capacity, measure: Measure) -> str:
    """The figure at the least and the greatest load, and at the greatest that was good."""
    known = [one for one in judged(capacity) if measure.read(one) is not None]
    if not known:
        return f"No trial that counts measured {measure.name}."
    good = [one for one in known if one.outcome == "good"]
    ends = [min(known, key=_clients), *([max(good, key=_clients)] if good else [])]
    ends.append(max(known, key=_clients))
    parts = {
        one.clients: f"{measure.said(measure.read(one))} at {counted(one.clients, 'client')}"
        for one in ends
    }
    name = f"{measure.name[0].upper()}{measure.name[1:]}"
    if len({measure.said(measure.read(one)) for one in known}) == 1:
        return f"{name}: {measure.said(measure.read(known[0]))} at every load."
    most = f"; {format_count(max(good, key=_clients).clients)} is the most that held"
    return f"{name}: {', '.join(parts.values())}{most if good else ''}."


def _clients(trial: TrialPart) -> int:
    return trial.clients


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")
