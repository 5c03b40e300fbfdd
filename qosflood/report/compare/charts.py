"""A comparison's charts: percentile curves laid over each other, changes with their intervals."""

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np

from qosflood.analysis.findings_series import Block
from qosflood.base.percentiles import PERCENTILES, SHOWN, label
from qosflood.base.units import MS, format_duration
from qosflood.journal.histograms import decode, value_at
from qosflood.report.charts.plotting import Chart, Json, dashed, figure, line, log_axis, plotly_text
from qosflood.report.charts.wording import Words
from qosflood.report.compare.values import Change, Comparison, Given
from qosflood.report.compare.words import effect_words, interval, moved
from qosflood.report.document import cells
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_parts import Curve

_FROM = 0.4
_PERCENTS = ("50", "90", "99", "99.9", "99.99", "99.999")
_BASES = ("@offered", "@teal", "@planned")
_NEWS = ("@bad", "@violet", "@warn")
_LEAST_ABOVE = 10
_COLORS = {"regressed": "@bad", "improved": "@acked", "same": "@planned", "unknown": "@warn"}
_MOST = 400
_ALONG = (99.0, 90.0, 50.0)
_WIDEST = 1.0
"""A change of over 100% is drawn at the edge."""


def charts_of(comparison: Comparison, base: Sequence[Given], new: Sequence[Given]) -> list[Chart]:
    """The charts of comparable runs; one without any data is left out."""
    if not comparison.changes:
        return []
    made = (
        _forest(comparison),
        _curves("response", "Response time by percentile", base, new),
        _along(base, new),
        _curves("service", "Service time by percentile", base, new),
    )
    return [chart for chart in made if chart is not None]


def _forest(comparison: Comparison) -> Chart | None:
    shown = [
        one for one in comparison.changes if one.scale == "relative" and one.relative is not None
    ]
    if not shown:
        return None
    shown = shown[::-1]
    share = comparison.min_effect.share
    edge = min(_WIDEST, max([3 * share, *(_reach(change) for change in shown)])) * 105
    layout = {
        "height": 90 + 30 * len(shown),
        "margin": {"l": 150, "r": 24, "t": 16, "b": 56},
        "xaxis": {
            "title": {"text": "change; further right is worse"},
            "nticks": 6,
            "ticksuffix": "%",
            "range": [-edge, edge],
            "zeroline": True,
            "showgrid": True,
        },
        "yaxis": {"tickvals": list(range(len(shown))), "ticktext": [one.label for one in shown]},
        "shapes": [_band(share)],
        "showlegend": False,
    }
    rows = tuple((one.label, moved(one), interval(one), one.verdict) for one in shown[::-1])
    effect = effect_words(comparison.min_effect)
    return Chart(
        "changes",
        "Changes and their intervals",
        "Each dot is a change, its line the interval where one is known. A change within the "
        f"shaded band does not matter (times: {effect}).",
        figure([_dots(shown, word) for word in _COLORS], layout),
        Words(_counts(comparison.changes), ("figure", "change", "interval", "verdict"), rows),
    )


def _reach(change: Change) -> float:
    return max(abs(value or 0.0) for value in (change.low, change.high, change.relative))


def _dots(shown: Sequence[Change], word: str) -> Json:
    own = [(place, one) for place, one in enumerate(shown) if one.verdict == word]
    at = [100 * (one.relative or 0.0) for _, one in own]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": word,
        "x": at,
        "y": [place for place, _ in own],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_arm(one.relative, one.high) for _, one in own],
            "arrayminus": [_arm(one.low, one.relative) for _, one in own],
            "color": _COLORS[word],
            "thickness": 2,
            "width": 5,
        },
        "marker": {"color": _COLORS[word], "size": 9},
        "text": [f"{one.label}: {moved(one)} ({interval(one)}), {one.verdict}" for _, one in own],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _arm(start: float | None, end: float | None) -> float:
    """How far an interval reaches, in percent; 0 where it is not known."""
    return 0.0 if start is None or end is None else 100 * (end - start)


def _band(share: float) -> Json:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": -100 * share,
        "x1": 100 * share,
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": "@shade1",
    }


def _counts(changes: Sequence[Change]) -> str:
    words = [change.verdict for change in changes]
    counts = [f"{words.count(word)} {word}" for word in _COLORS if word in words]
    return f"Of {len(words)} figures: {', '.join(counts)}."


def _curves(series: str, title: str, base: Sequence[Given], new: Sequence[Given]) -> Chart | None:
    drawn = []
    rows = []
    for run, color, is_new in _colored(base, new):
        curve = _curve_of(run.document, series)
        trace = None if curve is None else _curve_line(run.name, curve, color, is_new)
        if trace is not None and trace["x"]:
            drawn.append(trace)
            rows.append((run.name, _percentiles(run.document, series)))
    if not drawn:
        return None
    most = max(max(one["x"]) for one in drawn)
    ticks = [text for text in _PERCENTS if _rarity(float(text) / 100) <= most + 0.5]
    layout = {
        "xaxis": {
            "title": {"text": "percentile"},
            "range": [_rarity(_FROM), most],
            "tickvals": [_rarity(float(text) / 100) for text in ticks],
            "ticktext": [f"{text}%" for text in ticks],
        },
        "yaxis": {"title": {"text": ""}} | log_axis([y for one in drawn for y in one["y"]]),
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
        figure(drawn, layout),
        Words(said, heads, cells_of),
    )


def _colored(base: Sequence[Given], new: Sequence[Given]) -> list[tuple[Given, str, bool]]:
    return [
        *((run, color, False) for run, color in zip(base, cycle(_BASES), strict=False)),
        *((run, color, True) for run, color in zip(new, cycle(_NEWS), strict=False)),
    ]


def _curve_of(document: Document, series: str) -> Curve | None:
    phase = document.phase("flood")
    curve: Curve | None = None if phase is None else getattr(phase.curves, series)
    return curve


def _rarity(quantile: float) -> float:
    return -math.log10(max(1e-9, 1 - quantile))


def _curve_line(name: str, curve: Curve, color: str, is_new: bool) -> Json:
    # The last quantile is one value of all, so it shows how many there are.
    count = 1 / max(1e-9, 1 - curve.quantiles[-1])
    drawn = [
        (quantile, ms)
        for quantile, ms in zip(curve.quantiles, curve.ms, strict=True)
        if quantile >= _FROM and (1 - quantile) * count >= _LEAST_ABOVE
    ]
    x = [_rarity(quantile) for quantile, _ in drawn]
    trace = line(plotly_text(name), x, [ms for _, ms in drawn], color, _MOST) | {
        "customdata": [100 * quantile for quantile, _ in drawn],
        "text": [format_duration(ms * MS) for _, ms in drawn],
        "hovertemplate": "%{customdata:.5~g}%: %{text}",
    }
    thick = trace | {"line": trace["line"] | {"width": 2.4}}
    return thick if is_new else dashed(trace, "solid") | {"opacity": 0.9}


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
            drawn.append(trace | {"line": trace["line"] | {"width": 2.4 if is_new else 1.3}})
            rows.append((run.name, *(cells.ms(pick(known)) for pick in (min, max))))
    layout = {
        "xaxis": {"title": {"text": "minutes into the flood"}},
        "yaxis": {"title": {"text": "ms"}, "rangemode": "tozero"},
        "hovermode": "x unified",
        "showlegend": True,
    }
    said = "; ".join(f"{name}: from {least} to {most}" for name, least, most in rows) + "."
    return Chart(
        "along",
        f"Response p{percentile:.4g} along the flood",
        "One value per block. A change in every block points to the build, a change in a few may "
        "come from the machine.",
        figure(drawn, layout),
        Words(said, ("run", "least", "most"), tuple(rows)),
    )


def _percentile_of_blocks(documents: Sequence[Document]) -> float | None:
    """The highest percentile that has ten values above it in every block; None: there is none."""
    blocks = [block for one in documents if one.blocks for block in one.blocks.blocks]
    least = min((block.acked + block.errors for block in blocks), default=0)
    return next((p for p in _ALONG if least * (100 - p) >= 100 * _LEAST_ABOVE), None)


def _at(block: Block, percentile: float) -> float | None:
    if block.response is None:
        return None
    return int(value_at(decode(block.response), np.array([percentile]))[0]) / MS
