"""The chart of all relative changes, by their ratio: what got twice as slow lies as far from the
middle as what got twice as fast. What lies beyond the axis is an arrow at its end, never left out.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.report.charts.plotting import Chart, Json, figure
from qosflood.report.charts.wording import Words
from qosflood.report.compare.amounts import interval, moved
from qosflood.report.compare.values import Change, Comparison
from qosflood.report.compare.words import effect_words

COLORS = {"regressed": "@bad", "improved": "@acked", "same": "@planned", "unknown": "@warn"}
_SPANS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (2.0, ("1/2x", "1/1.5x", "1x", "1.5x", "2x")),
    (10.0, ("1/10x", "1/3x", "1x", "3x", "10x")),
)
"""How far the axis reaches to either side, and its ticks; more is an arrow."""
_ROW_PX = 28
_AROUND_PX = 120


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis of ratios, 0 where nothing changed; `end` is where it ends."""

    end: float
    ticks: tuple[str, ...]

    def at(self, share: float) -> float:
        """Where a relative change lies, at the end at most."""
        return min(max(_log(share), -self.end), self.end)

    def beyond(self, share: float) -> bool:
        """Whether it lies past an end."""
        return abs(_log(share)) > self.end


def changes_chart(comparison: Comparison) -> Chart | None:
    """Each figure that is compared by its ratio, in the order of the table; None without any."""
    shown = [
        one for one in comparison.changes if one.scale == "relative" and one.relative is not None
    ]
    if not shown:
        return None
    axis = _axis_of(shown)
    rows = list(enumerate(reversed(shown)))
    traces = [trace for word in COLORS for trace in _traces(axis, rows, word)]
    drawn = figure(traces, _layout(axis, rows, comparison.min_effect.share))
    effect = effect_words(comparison.min_effect)
    said = tuple((one.label, moved(one), interval(one), one.verdict) for one in shown)
    return Chart(
        "changes",
        "Changes and their intervals",
        "Each dot is new / base, on a logarithmic axis; its line is the interval where one is "
        "known; an arrow points to what lies beyond the axis. A change within the shaded band does "
        f"not matter (times: {effect}, so a short time may be the same even far outside the band).",
        drawn,
        Words(_counts(comparison.changes), ("figure", "change", "interval", "verdict"), said),
    )


def _axis_of(shown: Sequence[Change]) -> _Axis:
    """The shortest one that holds every change and every interval, else the longest."""
    reach = max(abs(_log(share)) for one in shown for share in _shares(one))
    fitting = (span for span in _SPANS if reach <= math.log10(span[0]))
    most, ticks = next(fitting, _SPANS[-1])
    return _Axis(math.log10(most), ticks)


def _shares(change: Change) -> Iterator[float]:
    yield from (share for share in (change.low, change.relative, change.high) if share is not None)


def _log(share: float) -> float:
    return math.log10(max(1 + share, 1e-9))


def _layout(axis: _Axis, rows: Sequence[tuple[int, Change]], share: float) -> Json:
    matters = math.log10(1 + share)
    return {
        "height": _AROUND_PX + _ROW_PX * len(rows),
        "margin": {"l": 128, "r": 64, "t": 40, "b": 56},
        "xaxis": {
            "title": {"text": "new / base; right is worse"},
            "tickvals": [math.log10(_ratio(tick)) for tick in axis.ticks],
            "ticktext": list(axis.ticks),
            "tickangle": 0,
            "range": [-1.04 * axis.end, 1.04 * axis.end],
            "zeroline": True,
            "showgrid": True,
        },
        "yaxis": {
            "tickvals": [place for place, _ in rows],
            "ticktext": [one.label for _, one in rows],
            "range": [-0.6, len(rows) - 0.4],
        },
        "shapes": [_band(min(matters, axis.end))],
        "annotations": [_beside(place, one) for place, one in rows],
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
    }


def _ratio(tick: str) -> float:
    number = tick.removesuffix("x")
    return 1 / float(number.removeprefix("1/")) if number.startswith("1/") else float(number)


def _band(matters: float) -> Json:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": -matters,
        "x1": matters,
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": "@shade1",
    }


def _beside(place: int, change: Change) -> Json:
    """The change as text, right of the axis."""
    return {
        "text": moved(change),
        "x": 1.01,
        "xref": "paper",
        "xanchor": "left",
        "y": place,
        "yref": "y",
        "showarrow": False,
        "font": {"size": 12, "color": COLORS[change.verdict]},
    }


def _traces(axis: _Axis, rows: Sequence[tuple[int, Change]], word: str) -> Iterator[Json]:
    """The dots of one verdict, and the arrows of its intervals that reach past an end."""
    own = [(place, one) for place, one in rows if one.verdict == word]
    if not own:
        return
    yield _dots(axis, own, word)
    ends = [
        (place, share)
        for place, one in own
        for share in (one.low, one.high)
        if share is not None and axis.beyond(share)
    ]
    if ends:
        yield _arrows(axis, ends, word)


def _dots(axis: _Axis, own: Sequence[tuple[int, Change]], word: str) -> Json:
    shares = [one.relative or 0.0 for _, one in own]
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "name": word,
        "x": [axis.at(share) for share in shares],
        "y": [place for place, _ in own],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_arm(axis, one.relative, one.high) for _, one in own],
            "arrayminus": [_arm(axis, one.low, one.relative) for _, one in own],
            "color": COLORS[word],
            "thickness": 2,
            "width": 4,
        },
        "marker": {
            "color": COLORS[word],
            "size": [14 if axis.beyond(share) else 9 for share in shares],
            "symbol": [_symbol(axis, share) for share in shares],
        },
        "text": [f"{one.label}: {moved(one)} ({interval(one)}), {one.verdict}" for _, one in own],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _symbol(axis: _Axis, share: float) -> str:
    if not axis.beyond(share):
        return "circle"
    return "triangle-right" if share > 0 else "triangle-left"


def _arm(axis: _Axis, start: float | None, end: float | None) -> float:
    """How far an interval reaches on the axis; 0 where it is not known."""
    return 0.0 if start is None or end is None else axis.at(end) - axis.at(start)


def _arrows(axis: _Axis, ends: Sequence[tuple[int, float]], word: str) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "showlegend": False,
        "name": f"{word}, beyond the axis",
        "x": [axis.at(share) for _, share in ends],
        "y": [place for place, _ in ends],
        "marker": {
            "color": COLORS[word],
            "size": 11,
            "symbol": [_symbol(axis, share) for _, share in ends],
        },
        "hoverinfo": "skip",
    }


def _counts(changes: Sequence[Change]) -> str:
    words = [change.verdict for change in changes]
    counts = [f"{words.count(word)} {word}" for word in COLORS if word in words]
    return f"Of {len(words)} figures: {', '.join(counts)}."
