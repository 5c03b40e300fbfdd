"""The figures of a Document's phases, phases side by side, in rows of text cells. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from qosflood.base.percentiles import ESSENTIAL, PERCENTILES, SHOWN, label
from qosflood.report.document.cells import (
    NONE,
    cores,
    count,
    error_ratio,
    floods,
    ms,
    ratio,
    repeats,
    scrapes_ok,
    seconds,
    size,
    times,
)
from qosflood.report.document.schema import Document, Phase


@dataclass(frozen=True, slots=True)
class Row:
    """A named row; `essential` ones are kept where there is little room."""

    name: str
    cells: tuple[str, ...]
    essential: bool = True


_PhaseRow = tuple[str, bool, Callable[[Phase], str]]


def _response(name: str) -> _PhaseRow:
    """A percentile of the response times."""
    shown = f"response {label(name)}"
    return shown, name in ESSENTIAL, lambda p: ms(getattr(p.latency_ms.response, name))


_PHASE_ROWS: tuple[_PhaseRow, ...] = (
    ("length", False, lambda p: seconds(round(p.seconds, 1))),
    ("clients", True, lambda p: count(p.clients)),
    ("sessions", False, lambda p: count(p.sessions)),
    ("planned /s", False, lambda p: count(p.rate.planned)),
    ("offered /s", True, lambda p: count(p.rate.offered)),
    ("retries", False, lambda p: count(p.retries)),
    ("amplification", True, lambda p: times(p.amplification)),
    ("answered /s", True, lambda p: count(p.rate.answered)),
    ("errors", True, lambda p: ratio(error_ratio(p))),
    *(_response(name) for name in PERCENTILES if name in (*SHOWN, *ESSENTIAL)),
    ("response max", True, lambda p: ms(p.latency_ms.response.max)),
    ("service p99", False, lambda p: ms(p.latency_ms.service.p99)),
    ("send lag p99", False, lambda p: ms(p.send_lag_ms.p99)),
    ("scrapes ok", True, lambda p: scrapes_ok(p.scrapes)),
    ("scrape max", True, lambda p: ms(p.scrapes.duration_ms.max)),
    ("page size", False, lambda p: size(p.scrapes.bytes)),
    ("page parsed max", False, lambda p: ms(p.scrapes.parse_ms.max)),
    ("series", False, lambda p: count(p.scrapes.series)),
    ("series added", False, lambda p: count(p.scrapes.added)),
    ("series removed", False, lambda p: count(p.scrapes.removed)),
    ("target CPU", False, lambda p: cores(p.target_cores)),
    ("event loop lag max", False, lambda p: ms(p.target_loop_lag_ms)),
    ("memory end", False, lambda p: size(p.memory.rss_end)),
    ("memory max", True, lambda p: size(p.memory.rss_max)),
)


_RETRY_ROWS = frozenset({"retries", "amplification"})


_WATCH_ROWS = frozenset(
    {"length", "scrapes ok", "scrape max", "page size", "memory end", "memory max", "target CPU"}
)


def reached(document: Document) -> list[Phase]:
    """The phases that began; those that a run never came to have nothing but a plan."""
    return [phase for phase in document.phases if phase.seconds > 0]


def phase_rows(document: Document) -> list[Row]:
    """Every figure of the phases that were reached, phases side by side; of a watch those that
    apply to it. What was measured in none of them is left out."""
    shown = [row for row in _PHASE_ROWS if row[0] not in _RETRY_ROWS or repeats(document)]
    if not floods(document):
        shown = [row for row in shown if row[0] in _WATCH_ROWS]
    rows = [
        Row(name, tuple(cell(phase) for phase in reached(document)), essential)
        for name, essential, cell in shown
    ]
    return [row for row in rows if set(row.cells) - {NONE} or row.name in _RETRY_ROWS]
