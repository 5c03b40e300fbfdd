"""The storms of a run, in the report."""

from qosflood.report.document.schema import Document
from qosflood.report.document.storms import _over, _row
from qosflood.report.html.markup import Markup, section, table


def storms(document: Document) -> Markup:
    """The section; nothing where there was no storm."""
    rows = [_row(entry) for entry in _over(document)]
    return section("Reconnect storms", table(_HEADERS, rows, _CLASSES)) if rows else Markup("")


_HEADERS = (
    "hit at",
    "dropped",
    "back",
    "after",
    "response p99 meanwhile",
    "response max meanwhile",
    "errors",
    "reconnects",
)


_CLASSES = ("nowrap", *["number"] * 7)
