"""The charts: those over time are zoomed together, the percentiles stand apart."""

from qosflood.report.document.schema import Phase
from qosflood.report.html.section import Report, Values


def over_time(report: Report) -> Values | None:
    """The charts over time, and the phases that their buttons zoom to."""
    charts = [chart for chart in report.charts if chart.unit_s]
    lasting = [phase for phase in report.document.phases if phase.seconds > 0]
    zooms = [_zoom(phase) for phase in lasting] if len(lasting) > 1 else []
    return {"charts": charts, "zooms": zooms} if charts else None


def percentiles(report: Report) -> Values | None:
    """The chart that is not over time."""
    chart = next((chart for chart in report.charts if not chart.unit_s), None)
    return None if chart is None else {"chart": chart}


def _zoom(phase: Phase) -> tuple[str, str, str]:
    """A phase's name, and its first and last second."""
    return phase.name, f"{phase.start_s:.6g}", f"{phase.start_s + phase.seconds:.6g}"
