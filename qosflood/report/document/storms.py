"""Reconnect storms in the report: how long they lasted, and what reports met meanwhile."""

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
        f"{hit}: {dropped} connections dropped, {back} back after {after}; "
        f"response {series}, {errors} meanwhile"
    )


def _row(entry: TimelineEntry) -> tuple[str, ...]:
    told = entry.evidence
    back = told["back"]
    return (
        cells.moment(entry.t_s - told["took_s"]),
        f"{cells.count(told['dropped'])} of {cells.count(told['connected'])}",
        "all" if back == told["dropped"] else cells.count(back),
        cells.seconds(told["took_s"]),
        _compared(told["response_p99_ms"], told["response_p99_ms_before"]),
        _compared(told["response_max_ms"], told["response_max_ms_before"]),
        cells.count(told["errors"]),
        cells.count(told["reconnects"]),
    )


def _compared(during_ms: float | None, before_ms: float | None) -> str:
    return f"{cells.ms(during_ms)} ({cells.ms(before_ms)} before)"
