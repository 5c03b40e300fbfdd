"""A chart as a value: what plotly draws, and the same in words. Pure."""

from dataclasses import dataclass

from qosflood.report.chart_words import Words
from qosflood.report.plotting import Json

MOST_POINTS = 2000
"""Of all lines of a chart together."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its element's id, its title, a caption, plotly's figure, and the same in words.
    Those over time are zoomed together; `unit_s` are the seconds of a unit of their x axis."""

    name: str
    title: str
    caption: str
    figure: Json
    words: Words
    unit_s: float | None = None
