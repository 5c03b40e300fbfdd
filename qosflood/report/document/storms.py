"""Reconnect storms in the report: how long they lasted, and how reports went meanwhile."""

from collections.abc import Iterator

from qosflood.analysis.storms import OVER
from qosflood.base.text import printable
from qosflood.base.units import counted
from qosflood.report.document import cells
from qosflood.report.document.schema import Document, TimelineEntry

MOST_LINES = 3


def storm_lines(document: Document) -> list[str]:
    """Each storm in one line, the first `MOST_LINES`."""
    entries = list(_over(document))
    lines = [_line(entry) for entry in entries[:MOST_LINES]]
    further = len(entries) - len(lines)
    return [*lines, f"{further} more in report.html"] if further else lines


def storm_rows(document: Document) -> list[tuple[str, ...]]:
    """Each storm as cells: when it hit, how many connections it dropped, how many came back and
    after how long, response p99 and maximum meanwhile, errors, reconnects."""
    return [_row(entry) for entry in _over(document)]


def _over(document: Document) -> Iterator[TimelineEntry]:
    return (entry for entry in document.timeline if entry.kind == OVER)


def _line(entry: TimelineEntry) -> str:
    hit, dropped, back, after, p99, most, *_ = _row(entry)
    errors = counted(entry.evidence["errors"], "error")
    series = f"p99 {p99}" if entry.evidence["response_p99_ms"] is not None else f"max {most}"
    return printable(
        f"{hit}: {dropped} connections dropped, {back} reconnected after {after}; "
        f"response {series}, {errors} meanwhile"
    )


def _row(entry: TimelineEntry) -> tuple[str, ...]:
    evidence = entry.evidence
    back = evidence["back"]
    return (
        cells.moment(entry.t_s - evidence["took_s"]),
        f"{cells.count(evidence['dropped'])} of {cells.count(evidence['connected'])}",
        "all" if back == evidence["dropped"] else cells.count(back),
        cells.seconds(evidence["took_s"]),
        _compared(evidence["response_p99_ms"], evidence["response_p99_ms_before"]),
        _compared(evidence["response_max_ms"], evidence["response_max_ms_before"]),
        cells.count(evidence["errors"]),
        cells.count(evidence["reconnects"]),
    )


def _compared(during_ms: float | None, before_ms: float | None) -> str:
    return f"{cells.ms(during_ms)} ({cells.ms(before_ms)} before)"
