"""The pieces of a chart in plotly's plain JSON: lines, axes, shaded phases. Pure.

Colours are names of the page's CSS variables (`@offered`); page.js puts the theme's own in. Text
is pseudo-HTML to plotly, so what comes from a target goes through `plotly_text`.
"""

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import Any

from qosflood.analysis.findings import PhaseFigures
from qosflood.base.text import clip, printable
from qosflood.base.units import MS, format_bytes, format_count, format_duration
from qosflood.report.charts.wording import Words

Numbers = Sequence[float | None]
Json = dict[str, Any]
PALETTE = ("@bad", "@warn", "@violet", "@teal", "@offered", "@muted", "@acked", "@planned")
_PLAIN = "%{y:.4~g}"
_FINE_DECADES = 3
_DOT = 5
_TIME_UNITS = ((3 * 3600.0, 3600.0, "h"), (180.0, 60.0, "m"), (0.0, 1.0, "s"))
_STROKES = ((2.4, "dash"), (1.8, "dot"), (1.8, "dashdot"), (1.6, "longdash"))
_LANES = 3
_FEW = 9
"""Moments up to which their labels may cover more of a chart than its upper edge."""
_LETTER = 0.0068
"""Width of a letter, of a chart's."""
_LABEL = 32
"""Characters of a moment's label; the timeline has all of it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that every chart over time marks."""

    t_s: float
    label: str
    color: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The time axis that all charts of a run share: its unit, the phases to shade, and the
    moments to mark."""

    unit_s: float
    unit: str
    phases: tuple[PhaseFigures, ...]
    moments: tuple[Moment, ...] = ()

    def line(self, name: str, t_s: Sequence[float], y: Numbers, color: str, most: int) -> Json:
        """A line over time in at most `most` points."""
        return line(name, [t / self.unit_s for t in t_s], y, color, most)

    def layout(self, unit: str, **yaxis: Any) -> Json:
        """Layout of a chart over time whose values are in `unit`."""
        return {
            "xaxis": {"ticksuffix": self.unit, "range": self.range()},
            "yaxis": {"title": {"text": unit}, **yaxis},
            "shapes": [
                *(self._shade(phase, index) for index, phase in enumerate(self.phases)),
                *(self._upright(moment) for moment in self.moments),
            ],
            "annotations": [*self._phase_names(), *self._labels()],
            "hovermode": "x unified",
        }

    def range(self) -> list[float]:
        """From the first phase's start to the last one's end, alike in every chart."""
        lasting = [phase for phase in self.phases if phase.seconds > 0]
        start_s = min((phase.start_s for phase in lasting), default=0.0)
        end_s = max((phase.start_s + phase.seconds for phase in lasting), default=1.0)
        return [start_s / self.unit_s, end_s / self.unit_s]

    def _upright(self, moment: Moment) -> Json:
        at = round(moment.t_s / self.unit_s, 6)
        return {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": at,
            "x1": at,
            "y0": 0,
            "y1": 1,
            "line": {"width": 1.2, "dash": "dot", "color": moment.color},
        }

    def _labels(self) -> list[Json]:
        """The labels of the moments, as many as fit; the timeline has them all."""
        start, end = self.range()
        free = [start] * (_LANES if len(self.moments) <= _FEW else 1)
        shown = []
        for moment in self.moments:
            at = moment.t_s / self.unit_s
            label = clip(moment.label, _LABEL)
            width = len(label) * _LETTER * (end - start)
            left = at + width <= end
            first = at if left else at - width
            lane = next((lane for lane, edge in enumerate(free) if edge <= first), None)
            if lane is not None:
                free[lane] = first + width
                shown.append(_label(moment, label, at, lane, "left" if left else "right"))
        return shown

    def _shade(self, phase: PhaseFigures, index: int) -> Json:
        return {
            "type": "rect",
            "layer": "below",
            "xref": "x",
            "yref": "paper",
            "x0": phase.start_s / self.unit_s,
            "x1": (phase.start_s + phase.seconds) / self.unit_s,
            "y0": 0,
            "y1": 1,
            "line": {"width": 0},
            "fillcolor": "@flood" if phase.name == "flood" else f"@shade{index % 2}",
        }

    def _phase_names(self) -> list[Json]:
        """Each with its share of the width; page.js shows those that there is room for."""
        total = sum(phase.seconds for phase in self.phases) or 1.0
        return [
            {
                "text": phase.name,
                "x": (phase.start_s + phase.seconds / 2) / self.unit_s,
                "y": 1,
                "xref": "x",
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11, "color": "@muted"},
                "share": round(phase.seconds / total, 4),
            }
            for phase in self.phases
            if phase.seconds
        ]


def _label(moment: Moment, label: str, at: float, lane: int, anchor: str) -> Json:
    return {
        "text": plotly_text(label),
        "x": round(at, 6),
        "y": 1 - 0.13 * lane,
        "xref": "x",
        "yref": "paper",
        "xanchor": anchor,
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11, "color": moment.color},
        "bgcolor": "@page/0.85",
    }


def timeline_of(phases: tuple[PhaseFigures, ...], moments: tuple[Moment, ...] = ()) -> Timeline:
    """The time axis for these phases, in seconds, minutes or hours by their length."""
    end_s = max((phase.start_s + phase.seconds for phase in phases), default=0.0)
    unit_s, unit = next((u, name) for least, u, name in _TIME_UNITS if end_s >= least)
    return Timeline(unit_s, unit, phases, moments)


def plotly_text(text: object) -> str:
    """Text that plotly shows as it is."""
    return html.escape(printable(text, 120))


def line(name: str, x: Sequence[float], y: Numbers, color: str, most: int) -> Json:
    """A line in at most `most` points, its extremes kept; `name` is already `plotly_text`. A value
    between gaps, of which no line can be drawn, is a dot."""
    kept = thin(y, most)
    values = [_short(y[index]) for index in kept]
    trace: Json = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [round(x[index], 6) for index in kept],
        "y": values,
        "line": {"color": color, "width": 1.6},
        "hovertemplate": _PLAIN,
    }
    alone = _alone(values)
    if any(alone):
        dots = {"color": color, "opacity": 1, "size": [_DOT if one else 0 for one in alone]}
        trace |= {"mode": "lines+markers", "marker": dots}
    return trace


def _alone(values: Numbers) -> list[bool]:
    """Which values have a gap, or nothing, on either side."""
    padded = (None, *values, None)
    return [
        padded[at] is not None and padded[at - 1] is None and padded[at + 1] is None
        for at in range(1, len(padded) - 1)
    ]


def dashed(trace: Json, dash: str = "dash") -> Json:
    """The same line, thin and dashed."""
    return trace | {"line": trace["line"] | {"dash": dash, "width": 1.3}}


def beneath(trace: Json) -> Json:
    """The same line, wide and pale: one that the next lines may cover."""
    return trace | {"line": trace["line"] | {"width": 4.5}, "opacity": 0.5}


def laid_over(traces: Sequence[Json]) -> list[Json]:
    """Lines that may run along each other: each is thinner than those below it, and has gaps in
    which they show. The first lies at the bottom, wide and pale."""
    strokes = chain(_STROKES, repeat(_STROKES[-1]))
    above = [
        trace | {"line": trace["line"] | {"width": width, "dash": dash}}
        for trace, (width, dash) in zip(traces[1:], strokes, strict=False)
    ]
    return [*map(beneath, traces[:1]), *above]


def figure(traces: list[Json], layout: Json) -> Json:
    """Traces and layout as one figure; a legend only if there is more than one line."""
    return {"data": traces, "layout": {"showlegend": len(traces) > 1} | layout}


def right_axis(unit: str) -> Json:
    """A second axis for another unit."""
    return {
        "title": {"text": unit},
        "overlaying": "y",
        "side": "right",
        "showgrid": False,
        "rangemode": "tozero",
        "tickmode": "auto",
        "nticks": 6,
    }


_SAID: dict[str, Callable[[float], str]] = {
    "ms": lambda value: format_duration(value * MS),
    "KiB": lambda value: format_bytes(value * 1024),
    "MiB": lambda value: format_bytes(value * 1024 * 1024),
}


def said(traces: list[Json], unit: str) -> list[Json]:
    """The traces with each value in the words that texts and tables have for it; those that say
    something of their own, as they are."""
    form = _SAID.get(unit, format_count)
    return [_said(trace, form) if trace["hovertemplate"] == _PLAIN else trace for trace in traces]


def _said(trace: Json, form: Callable[[float], str]) -> Json:
    form = format_count if trace.get("yaxis") == "y2" else form
    texts = ["" if value is None else form(value) for value in trace["y"]]
    return trace | {"text": texts, "hovertemplate": "%{text}"}


def log_axis(values: Iterable[float | None]) -> Json:
    """A logarithmic axis of milliseconds, from the round figure below the least value to the one
    above the greatest; plotly by itself labels nothing on one that spans less than a decade."""
    positive = [value for value in values if value] or [1.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    decades = range(math.floor(low) - 1, math.ceil(high) + 2)
    steps = (1, 2, 5) if high - low <= _FINE_DECADES else (1,)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    start = max(tick for tick in ticks if tick < 0.98 * min(positive))
    end = min(tick for tick in ticks if tick > 1.02 * max(positive))
    return {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [format_duration(tick * MS) for tick in ticks],
        "range": [math.log10(start), math.log10(end)],
    }


def in_ms(ns: int | None) -> float | None:
    """Milliseconds of nanoseconds."""
    return None if ns is None else ns / MS


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


MOST_POINTS = 2000
"""Of all lines of a chart together."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its element's id, its title, a caption, plotly's figure, and the same as text.
    Those over time are zoomed together; `unit_s` are the seconds of a unit of their x axis. Without
    a figure the words say it all."""

    name: str
    title: str
    caption: str
    figure: Json
    words: Words
    unit_s: float | None = None


def thin(values: Sequence[float | None], most: int) -> list[int]:
    """Ascending indices of at most `most` (>= 5) values that keep the shape of the line.

    The first, the last, every bucket's minimum and maximum stay, and one None of a bucket that
    holds any, so that a gap remains a gap.
    """
    if len(values) <= most:
        return list(range(len(values)))
    buckets = max(1, (most - 2) // 3)
    edges = [len(values) * index // buckets for index in range(buckets + 1)]
    kept = {0, len(values) - 1}
    for start, end in pairwise(edges):
        kept.update(_extremes_and_gap(values, range(start, end)))
    return sorted(kept)


def _extremes_and_gap(values: Sequence[float | None], bucket: range) -> list[int]:
    present = [(value, index) for index in bucket if (value := values[index]) is not None]
    missing = next((index for index in bucket if values[index] is None), None)
    extremes = [min(present)[1], max(present)[1]] if present else []
    return extremes if missing is None else [*extremes, missing]
