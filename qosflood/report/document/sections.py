"""The report's further sections, one table for every renderer: terminal, report.md and page."""

from collections.abc import Callable, Iterable, Iterator

from qosflood.report.document.prometheus import otel_lines, prometheus_lines
from qosflood.report.document.schema import Document

SECTIONS: dict[str, Callable[[Document], Iterable[str]]] = {
    "Prometheus": prometheus_lines,
    "OpenTelemetry": otel_lines,
}
"""By name, the lines to show; one without lines is left out."""


def section_lines(document: Document) -> Iterator[tuple[str, str]]:
    """Every line with the name of its section."""
    return ((name, line) for name, lines in SECTIONS.items() for line in lines(document))
