"""A comparison's charts: percentile curves laid over each other, changes with their intervals."""

import math
from collections.abc import Sequence

import numpy as np

from qosflood.analysis.findings_series import Block
from qosflood.base.percentiles import PERCENTILES, SHOWN, label
from qosflood.base.units import MS, format_duration
from qosflood.journal.histograms import decode, value_at
from qosflood.report.charts.plotting import (
    Chart,
    Json,
    figure,
    laid_over,
    line,
    log_axis,
    plotly_text,
)
from qosflood.report.charts.wording import Words
from qosflood.report.compare.changes_chart import changes_chart
from qosflood.report.compare.search_charts import search_charts
from qosflood.report.compare.values import Comparison, Given
from qosflood.report.document import cells
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_parts import Curve

_FROM = 0.4
_PERCENTS = ("50", "90", "99", "99.9", "99.99", "99.999")
_BASES = ("@offered", "@teal", "@planned")
_NEWS = ("@bad", "@violet", "@warn")
_LEAST_ABOVE = 10
_MOST = 400
_FAR = 20
"""Values that lie further apart than this are drawn on a logarithmic axis."""
_ALONG = (99.0, 90.0, 50.0)


def charts_of(comparison: Comparison, base: Sequence[Given], new: Sequence[Given]) -> list[Chart]:
    """The charts of comparable runs; one without any data is left out."""
    if not comparison.changes:
        return []
    if comparison.searches:
        return search_charts(_colored(base, new))
    made = (
        changes_chart(comparison),
        _curves("response", "Response time by percentile", base, new),
        _along(base, new),
        _curves("service", "Service time by percentile", base, new),
    )
    return [chart for chart in made if chart is not None]


def _curves(series: str, title: str, base: Sequence[Given], new: Sequence[Given]) -> Chart | None:
    drawn = []
    rows = []
    for run, color, is_new in _colored(base, new):
        curve = _curve_of(run.document, series)
        trace = None if curve is None else _curve_line(run.name, curve, color)
        if trace is not None and trace["x"]:
            drawn.append((is_new, trace))
            rows.append((run.name, _percentiles(run.document, series)))
    if not drawn:
        return None
    most = max(max(one["x"]) for _, one in drawn)
    ticks = [text for text in _PERCENTS if _rarity(float(text) / 100) <= most + 0.5]
    layout = {
        "xaxis": {
            "title": {"text": "percentile"},
            "range": [_rarity(_FROM), most],
            "tickvals": [_rarity(float(text) / 100) for text in ticks],
            "ticktext": [f"{text}%" for text in ticks],
        },
        "yaxis": {"title": {"text": ""}} | log_axis([y for _, one in drawn for y in one["y"]]),
        "height": 380,
        "showlegend": True,
    }
    said = (
        "; ".join(f"{name}: p50 {shown['p50']}, p99 {shown['p99']}" for name, shown in rows) + "."
    )
    heads = ("run", *map(label, SHOWN))
    cells_of = tuple((name, *(shown[one] for one in SHOWN)) for name, shown in rows)
    axis = "Every run's whole flood on the HDR scale, 1/(1-q): each step to the right is ten times "
    return Chart(
        f"{series}-percentiles",
        title,
        f"{axis}rarer. A curve ends where ten values are left above it.",
        figure(_laid_over(drawn), layout),
        Words(said, heads, cells_of),
    )


def _colored(base: Sequence[Given], new: Sequence[Given]) -> list[tuple[Given, str, bool]]:
    """The runs in the order of the legend, each with its colour and whether it is a new one."""
    return [
        *((run, _BASES[at % len(_BASES)], False) for at, run in enumerate(base)),
        *((run, _NEWS[at % len(_NEWS)], True) for at, run in enumerate(new)),
    ]


def _laid_over(drawn: Sequence[tuple[bool, Json]]) -> list[Json]:
    """The new runs, wide, and the bases over them."""
    ranked = [(is_new, trace | {"legendrank": at}) for at, (is_new, trace) in enumerate(drawn)]
    return laid_over(
        [trace for side in (True, False) for is_new, trace in ranked if is_new is side]
    )


def _curve_of(document: Document, series: str) -> Curve | None:
    phase = document.phase("flood")
    curve: Curve | None = None if phase is None else getattr(phase.curves, series)
    return curve


def _rarity(quantile: float) -> float:
    return -math.log10(max(1e-9, 1 - quantile))


def _curve_line(name: str, curve: Curve, color: str) -> Json:
    # The last quantile is one value of all, so it shows how many there are.
    count = 1 / max(1e-9, 1 - curve.quantiles[-1])
    drawn = [
        (quantile, ms)
        for quantile, ms in zip(curve.quantiles, curve.ms, strict=True)
        if quantile >= _FROM and (1 - quantile) * count >= _LEAST_ABOVE
    ]
    x = [_rarity(quantile) for quantile, _ in drawn]
    return line(plotly_text(name), x, [ms for _, ms in drawn], color, _MOST) | {
        "customdata": [100 * quantile for quantile, _ in drawn],
        "text": [format_duration(ms * MS) for _, ms in drawn],
        "hovertemplate": "%{customdata:.5~g}%: %{text}",
    }


def _percentiles(document: Document, series: str) -> dict[str, str]:
    """The percentiles with enough values, by name."""
    phase = document.phase("flood")
    figures = getattr(phase.latency_ms, series) if phase is not None else None
    return {name: cells.ms(getattr(figures, name, None)) for name in PERCENTILES}


def _along(base: Sequence[Given], new: Sequence[Given]) -> Chart | None:
    percentile = _percentile_of_blocks([run.document for run in (*base, *new)])
    if percentile is None:
        return None
    drawn = []
    rows = []
    for run, color, is_new in _colored(base, new):
        blocks = run.document.blocks
        values = [_at(block, percentile) for block in blocks.blocks] if blocks else []
        known = [value for value in values if value is not None]
        if blocks and known:
            start = blocks.blocks[0].t_s
            minutes = [(block.t_s - start) / 60 for block in blocks.blocks]
            trace = line(plotly_text(run.name), minutes, values, color, _MOST)
            drawn.append((is_new, trace))
            rows.append((run.name, *(cells.ms(pick(known)) for pick in (min, max))))
    layout = {
        "xaxis": {"title": {"text": "minutes into the flood"}},
        "yaxis": {"title": {"text": "ms"}} | _scale([y for _, one in drawn for y in one["y"]]),
        "hovermode": "x unified",
        "showlegend": True,
    }
    said = "; ".join(f"{name}: from {least} to {most}" for name, least, most in rows) + "."
    return Chart(
        "along",
        f"Response p{percentile:.4g} along the flood",
        "One value per block. A change in every block points to the build, a change in a few may "
        "come from the machine.",
        figure(_laid_over(drawn), layout),
        Words(said, ("run", "least", "most"), tuple(rows)),
    )


def _scale(values: Sequence[float | None]) -> Json:
    """A logarithmic axis where the least values would lie on the ground of one from 0."""
    known = [value for value in values if value]
    apart = bool(known) and max(known) > _FAR * min(known)
    return log_axis(known) if apart else {"rangemode": "tozero"}


def _percentile_of_blocks(documents: Sequence[Document]) -> float | None:
    """The highest percentile that has ten values above it in every block; None: there is none."""
    blocks = [block for one in documents if one.blocks for block in one.blocks.blocks]
    least = min((block.acked + block.errors for block in blocks), default=0)
    return next((p for p in _ALONG if least * (100 - p) >= 100 * _LEAST_ABOVE), None)


def _at(block: Block, percentile: float) -> float | None:
    if block.response is None:
        return None
    return int(value_at(decode(block.response), np.array([percentile]))[0]) / MS
