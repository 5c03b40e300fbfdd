"""Searches side by side: response time over clients, each search's posterior a band."""

from collections.abc import Iterable, Sequence

from qosflood.analysis.verdict.capacity import span
from qosflood.base.units import format_count
from qosflood.report.charts.over_load import Band, load_axis
from qosflood.report.charts.plotting import Chart, Json, figure, line, log_axis, plotly_text
from qosflood.report.charts.trial_figures import P99, by_load
from qosflood.report.charts.wording import Words
from qosflood.report.compare.searches import lower
from qosflood.report.compare.values import Given
from qosflood.report.document.schema_capacity import Capacity

_MOST = 200


def search_charts(colored: Iterable[tuple[Given, str, bool]]) -> list[Chart]:
    """The curves of all searches over one axis; none where no response time was measured."""
    runs = [(run.name, run.document.capacity, color) for run, color, _ in colored]
    known = [(name, one, color) for name, one, color in runs if one is not None]
    drawn = [trace for name, one, color in known if (trace := _curve(name, one, color))]
    if not drawn:
        return []
    bands = tuple(Band(name, lower(one), color) for name, one, color in known)
    axis = load_axis(known[-1][1], [one for _, one, _ in known], bands)
    layout = axis.layout("", **log_axis([y for one in drawn for y in one["y"]])) | {"height": 380}
    return [
        Chart(
            "capacity",
            "Response time over load",
            "p99, the median of each load's trials. A band is where a search's capacity lies, "
            "darker where likelier. Logarithmic.",
            figure(drawn, layout),
            _words(known),
        )
    ]


def _curve(name: str, capacity: Capacity, color: str) -> Json | None:
    state = "filled" if lower(capacity) is capacity.filled else "fresh"
    medians = by_load(capacity, P99.read, state)
    if not medians:
        return None
    loads, values = [load for load, _ in medians], [value for _, value in medians]
    drawn = line(plotly_text(name), loads, values, color, _MOST)
    return drawn | {
        "mode": "lines+markers",
        "text": [P99.said(value) for value in drawn["y"]],
        "hovertemplate": "%{text}",
    }


def _words(known: Sequence[tuple[str, Capacity, str]]) -> Words:
    rows = tuple(
        (name, format_count(load), P99.said(value))
        for name, one, _ in known
        for load, value in by_load(one, P99.read, "fresh" if lower(one) is one.fresh else "filled")
    )
    carried = ", ".join(f"{name} carries {span(lower(one).clients)}" for name, one, _ in known)
    return Words(f"{carried} clients.", ("search", "clients", "p99"), rows)
