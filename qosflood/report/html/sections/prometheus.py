"""What Prometheus saw, placed in the report."""

from collections.abc import Iterator

from qosflood.analysis.findings_prometheus import AlertFinding
from qosflood.report.document import cells
from qosflood.report.document import schema_parts as schema
from qosflood.report.document.prometheus import about_line, gap_lines
from qosflood.report.html.section import Report, Values

_MOST_ALERTS = 100


def prometheus(report: Report) -> Values | None:
    """Its own scrapes, where it disagrees with ours, and its alerts; nothing where none was
    asked."""
    part = report.document.prometheus
    if part is None:
        return None
    return {
        "about": about_line(part),
        "rows": [row for instance in part.instances for row in _rows(instance)],
        "disagreements": part.disagreements,
        "gaps": gap_lines(part),
        "alerts": [_alert(alert) for alert in part.alerts[:_MOST_ALERTS]],
    }


def _rows(instance: schema.UpInstance) -> Iterator[tuple[str, ...]]:
    for figures in (instance.run, *instance.phases):
        if figures.count or figures.missing:
            yield (
                instance.name if figures is instance.run else "",
                figures.name,
                cells.count(figures.count),
                cells.count(figures.failed),
                cells.count(figures.missing),
                cells.ratio(figures.success_ratio),
                cells.ms(figures.duration_ms_p99),
                cells.ms(figures.duration_ms_max),
            )


def _alert(alert: AlertFinding) -> tuple[str, ...]:
    labels = ", ".join(f"{name}={text}" for name, text in alert.labels.items())
    since = cells.NONE if alert.since_s is None else cells.moment(alert.since_s)
    return (
        alert.name,
        labels,
        f"before the run ({since})" if alert.before else since,
        "still firing" if alert.until_s is None else cells.moment(alert.until_s),
    )
