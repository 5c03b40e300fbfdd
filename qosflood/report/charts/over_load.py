"""The axis that the charts of a search share: clients, with the posterior as a band and the need.

Logarithmic, since a search doubles its loads. To plotly a shape's place on such an axis is the
value itself, a label's the logarithm of it. Pure.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.verdict.capacity import span
from qosflood.base.units import format_count
from qosflood.journal.trial_records import NeedAnswer, SearchAnswer
from qosflood.report.charts.plotting import Json, plotly_text
from qosflood.report.document.schema_capacity import Capacity

_BESIDE = 1.12
"""Room beside the least and the greatest load."""
_FAR = 6
"""A need so many times above what was tried is named at the edge, or it would be all one sees."""
_NEAR_AN_END = 0.2
_STEPS = ((12, (1, 1.5, 2, 3, 4, 5, 7)), (1000, (1, 2, 5)), (math.inf, (1,)))
_EDGE = 0.99
"""A label at the very edge of a chart would not be drawn."""
_NESTED = 7
"""Intervals of a posterior that are drawn upon one another: where it is likely the band is dark."""
SHADE = 0.055
COLOURS = {"fresh": "@violet", "filled": "@teal"}


@dataclass(frozen=True, slots=True)
class Band:
    """A search's answer as it is drawn."""

    name: str
    found: SearchAnswer
    color: str


@dataclass(frozen=True, slots=True)
class LoadAxis:
    """The clients of a search: from which to which they are shown, and what is marked there."""

    capacity: Capacity
    first: float
    last: float
    bands: tuple[Band, ...]

    def layout(self, unit: str, **yaxis: object) -> Json:
        """Layout of a chart over clients whose values are in `unit`."""
        return {
            "xaxis": {
                "type": "log",
                "title": {"text": "clients"},
                "range": [math.log10(self.first), math.log10(self.last)],
                **round_ticks(self.first, self.last),
            },
            "yaxis": {"title": {"text": unit}, **yaxis},
            "shapes": [*self._bands(), *self._need_line()],
            "annotations": [*self._names()],
            "height": 300,
        }

    def _bands(self) -> Iterator[Json]:
        for band in self.bands:
            for low, high in nested(band.found):
                right = self.last if high is None else high
                yield _box(max(low, self.first), right, f"{band.color}/{SHADE}")
            if band.found.clients.mid:
                yield _upright(band.found.clients.mid, band.color, "dot")

    def _need_line(self) -> Iterator[Json]:
        need = self.capacity.need
        if need is not None and need.clients <= self.last:
            yield _upright(need.clients, need_colour(need), "dash")

    def _names(self) -> Iterator[Json]:
        """Above the chart, what the bands and the line are."""
        for lane, band in enumerate(self.bands):
            clients = band.found.clients
            at = clients.mid or clients.low or clients.high or self.first
            words = plotly_text(f"{band.name} {span(clients)}")
            yield _label(words, at, 1.0 - 0.08 * lane, band.color, self._anchor(at))
        need = self.capacity.need
        if need is not None:
            inside = need.clients <= self.last
            text = f"need {format_count(need.clients)}{'' if inside else ' →'}"
            at = min(need.clients, _EDGE * self.last)
            yield _label(text, at, 0.1, need_colour(need), "right")

    def _anchor(self, at: float) -> str:
        """Which side of a label lies at a load, so that the label lies within the chart."""
        share = math.log(max(at, 1.0) / self.first) / math.log(self.last / self.first)
        return "left" if share < _NEAR_AN_END else "right" if share > 1 - _NEAR_AN_END else "center"


def load_axis(
    capacity: Capacity, others: Sequence[Capacity] = (), bands: tuple[Band, ...] | None = None
) -> LoadAxis:
    """The axis for the trials, the answer and, if it is near them, the need; for the trials of
    `others` too, and with other `bands`."""
    shown = (capacity, *others)
    loads: list[float] = [trial.clients for one in shown for trial in one.trials] or [1.0]
    need = capacity.need
    if need is not None and need.clients <= _FAR * max(loads):
        loads.append(need.clients)
    own = bands_of(capacity) if bands is None else bands
    return LoadAxis(capacity, min(loads) / _BESIDE, max(loads) * _BESIDE, own)


def bands_of(capacity: Capacity) -> tuple[Band, ...]:
    """One for each search."""
    only = "not confirmed" if capacity.confirmed is False else "carries"
    return tuple(
        Band(only if capacity.filled is None else state, found, COLOURS[state])
        for state, found in searches(capacity)
    )


def searches(capacity: Capacity) -> list[tuple[str, SearchAnswer]]:
    """The search over a fresh target, and the one over a filled target if there was one."""
    filled = capacity.filled
    return [("fresh", capacity.fresh), *([] if filled is None else [("filled", filled)])]


def nested(found: SearchAnswer) -> list[tuple[float, float | None]]:
    """Intervals of the posterior, the widest first; the one of the answer where there is none."""
    quantiles = found.quantiles
    if not quantiles:
        clients = found.clients
        known = clients.low or clients.high is not None
        return [(clients.low, clients.high)] if known else []
    step = max(1, len(quantiles) // 2 // _NESTED)
    ends = range(0, len(quantiles) // 2, step)
    return [(quantiles[at], quantiles[-1 - at]) for at in ends]


def need_colour(need: NeedAnswer) -> str:
    """Of the line that is the need: whether it is carried."""
    return "@warn" if need.met is None else "@good" if need.met else "@bad"


def _box(left: float, right: float, color: str) -> Json:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": round(left, 2),
        "x1": round(right, 2),
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": color,
    }


def _upright(at: float, color: str, dash: str) -> Json:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"width": 1.4, "dash": dash, "color": color},
    }


def _label(text: str, at: float, height: float, color: str, anchor: str) -> Json:
    return {
        "text": text,
        "x": round(math.log10(max(at, 1.0)), 5),
        "y": height,
        "xref": "x",
        "yref": "paper",
        "xanchor": anchor,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": color},
        "bgcolor": "@page/0.7",
    }


def round_ticks(first: float, last: float) -> Json:
    """The ticks of a logarithmic axis of counts: the closer the ends, the more of each decade."""
    decades = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    steps = next(steps for most, steps in _STEPS if last / first < most)
    every = [float(f"{step}e{decade}") for decade in decades for step in steps]
    ticks = [tick for tick in every if first <= tick <= last and tick >= 1]
    return {"tickvals": ticks, "ticktext": [format_count(tick) for tick in ticks]}
