"""What Prometheus and OpenTelemetry saw, in the report."""

from collections.abc import Iterator

from qosflood.analysis.findings_prometheus import AlertFinding
from qosflood.report.document import cells
from qosflood.report.document import schema_parts as schema
from qosflood.report.document.schema import Document
from qosflood.report.html.markup import Content, Markup, element, items, section, table

_MOST_ALERTS = 100


# To report.json.


# In one line each.


# As a section of report.html.


def beside(document: Document) -> Markup:
    """The section on Prometheus; nothing where none was asked."""
    told = document.prometheus
    if told is None:
        return Markup("")
    parts: list[Content] = [element("p", _about(told), cls="caption")]
    if told.instances:
        rows = [row for instance in told.instances for row in _rows(instance)]
        parts.append(table(_HEADERS, rows, _CLASSES))
    if told.disagreements:
        parts += [element("h3", "Where it and we do not agree"), items(told.disagreements)]
    if told.gaps:
        parts += [element("h3", "What it has no samples of"), items(_gaps(told))]
    if told.alerts:
        rows = [_alert(alert) for alert in told.alerts[:_MOST_ALERTS]]
        parts += [
            element("h3", "Alerts"),
            table(_ALERT_HEADERS, rows, ("", "", "nowrap", "nowrap")),
        ]
    return section("Prometheus", *parts)


_HEADERS = ("instance", "stretch", "scrapes", "failed", "no sample", "good", "p99", "slowest")
_CLASSES = ("", "", *["number"] * 6)
_ALERT_HEADERS = ("alert", "labels", "fired", "until")


def _about(told: schema.Prometheus) -> str:
    version = told.version or "an unknown version"
    ahead = told.clock_ahead_ms
    clock = "" if ahead is None else f", its clock {cells.ms(ahead)} ahead of ours"
    restarts = f", restarted {told.restarts} times" if told.restarts else ""
    decides = "its up decides scrape.success" if told.decides else "its up decides nothing"
    return f"{told.url}, {version}{clock}{restarts}; {decides}."


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


def _gaps(told: schema.Prometheus) -> list[str]:
    return [
        f"{cells.moment(gap.since_s)} to {cells.moment(gap.until_s)}: {gap.missing:,} scrapes of "
        f"{', '.join(gap.instances)}" + (f" ({gap.why})" if gap.why else "")
        for gap in told.gaps
    ]


def _alert(alert: AlertFinding) -> tuple[str, ...]:
    labels = ", ".join(f"{name}={text}" for name, text in alert.labels.items())
    since = cells.NONE if alert.since_s is None else cells.moment(alert.since_s)
    return (
        alert.name,
        labels,
        f"before the run ({since})" if alert.before else since,
        "still firing" if alert.until_s is None else cells.moment(alert.until_s),
    )
