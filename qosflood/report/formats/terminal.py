"""The end of a run on a terminal: figures first, and last the verdict, what to do, the report.

The verdict is in the last block, which a terminal of 24 lines has room for. What there is no room
for is left out and counted; everything is in the report, and on the terminal on demand.
"""

from collections.abc import Callable, Iterable, Iterator
from math import ceil
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console
from rich.text import Text

from qosflood.base.text import printable
from qosflood.base.units import SECOND, format_duration
from qosflood.plan.watching import WATCH
from qosflood.report.document import cells
from qosflood.report.document.backlog import backlog_line
from qosflood.report.document.highlights import headline_parts
from qosflood.report.document.phase_table import Row, phase_rows, reached
from qosflood.report.document.schema import Document, JudgedLimit, Phase
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.sections import section_lines
from qosflood.report.document.storms import storm_lines
from qosflood.report.formats.trial_table import HEAD, trial_rows
from qosflood.report.formats.wrapping import hanging, table, together

Detail = Literal["verdict", "short", "all"]
"""The verdict with warnings and the report's path; what fits a screen; everything."""

MOST_LINES_OF_PASS, MOST_LINES, MOST_LINES_OF_VERDICT = 20, 30, 22
"""Of the whole end where all is well and where not, and of its last block, which has to be on a
screen of 24 lines when the prompt comes back."""
_INDENT = 15
_MOST_STEPS = 3
_LONGEST = 240
_OF_TIME = ("memory.leak", "memory.time_to_limit")
_STYLES = {
    "PASS": "bold green",
    "FAIL": "bold red",
    "INVALID": "bold yellow",
    "ABORTED": "bold red",
    "INTERRUPTED": "bold yellow",
}
_LIMIT_MARKS = {
    "ok": ("✓", "green"),
    "broken": ("✗", "bold red"),
    "not judged": ("?", "yellow"),
}
_SHOWN_PHASES = ("baseline", "flood", "recovery", WATCH)

_KEPT, _FIRST, _MAIN, _FURTHER, _LAST = range(5)
"""When a piece is left out where there is no room: never, as a last resort, …, first of all."""


class _Piece(NamedTuple):
    """Lines that are shown together or not at all."""

    lines: list[Text]
    rank: int = _KEPT


def print_summary(
    console: Console, document: Document, report: Path | None = None, *, detail: Detail = "short"
) -> None:
    """Print the end of a run; `report` is the page to open for more, None if it is not there."""
    for line in ending(document, report, console.width, detail):
        console.print(line, soft_wrap=True)


def ending(
    document: Document, report: Path | None, width: int, detail: Detail = "short"
) -> list[Text]:
    """The lines, `width` columns wide but for a word that is longer than that."""
    write = _Writer(width)
    last = [] if report is None else [write.item("report", str(report))]
    if detail == "verdict":
        warnings = _warnings(document, write)
        pieces = [write.verdict(document.verdict, printable(document.headline)), *warnings, *last]
        return [line for piece in pieces for line in piece.lines]
    blank = _Piece([Text()])
    lead, found = headline_parts(document)
    title = [write.title(printable(lead))] if found else []
    body = _everything(document, write) if detail == "all" else _figures(document, write)
    verdict = list(_verdict(document, write, everything=detail == "all"))
    before = [blank, *title, *body, blank]
    pieces = [*before, *verdict]
    if detail == "short":
        pieces = _on_a_screen(document, before, verdict, write, _height(last))
    return [line for piece in (*pieces, *last) for line in piece.lines]


def _on_a_screen(
    document: Document,
    before: list[_Piece],
    verdict: list[_Piece],
    write: "_Writer",
    taken: int,
) -> list[_Piece]:
    """What there is room for besides the `taken` lines, and how many pieces there was none for."""
    most = MOST_LINES_OF_PASS if document.verdict == "PASS" else MOST_LINES
    pieces = [*before, *verdict]
    if _height(pieces) + taken <= most and _height(verdict) + taken <= MOST_LINES_OF_VERDICT:
        return pieces
    taken += 1
    shown = _fitting([*before, *_fitting(verdict, MOST_LINES_OF_VERDICT - taken)], most - taken)
    return [*shown, write.item("", f"and {len(pieces) - len(shown)} more in the report")]


def _fitting(pieces: list[_Piece], most: int) -> list[_Piece]:
    """Those that `most` lines have room for, by rank and then by place."""
    while _height(pieces) > most:
        rank, worst = max((piece.rank, index) for index, piece in enumerate(pieces))
        if rank == _KEPT:
            break
        pieces = [*pieces[:worst], *pieces[worst + 1 :]]
    return pieces


def _height(pieces: Iterable[_Piece]) -> int:
    return sum(len(piece.lines) for piece in pieces)


class _Writer:
    """Puts words on lines of a width."""

    def __init__(self, width: int) -> None:
        self.width = width

    def item(
        self,
        label: str,
        text: str,
        rank: int = _KEPT,
        *,
        style: str = "bold",
        indent: int = _INDENT,
    ) -> _Piece:
        """A label with its text beside it."""
        lines = [Text(line) for line in hanging(label, text, self.width, indent)]
        lines[0].stylize(style, 0, len(label))
        return _Piece(lines, rank)

    def title(self, text: str) -> _Piece:
        """What was done."""
        return _Piece([Text(line) for line in hanging("", text, self.width, 0)])

    def verdict(self, word: str, text: str) -> _Piece:
        """The answer."""
        return _Piece([Text(line, _STYLES[word]) for line in hanging("", text, self.width, 0)])

    def table(self, names: tuple[str, ...], rows: list[Row]) -> _Piece:
        """The phases beside one another."""
        lines = table(("", *names), [(row.name, *row.cells) for row in rows], self.width)
        return _Piece([Text(line, "bold" if not line[:1].strip() else "") for line in lines])

    def trials(self, capacity: Capacity, *, all_of_them: bool) -> _Piece:
        """The trials of a search by load; steps that were asked for are all shown."""
        steps = capacity.level is None
        rows = trial_rows(capacity, all_of_them=all_of_them or steps)
        lines = [Text(line) for line in table(HEAD, rows, self.width)]
        return _Piece(lines, _KEPT if steps else _FURTHER)


# What a screen has room for.


def _figures(document: Document, write: _Writer) -> Iterator[_Piece]:
    if document.capacity is not None:
        yield write.trials(document.capacity, all_of_them=False)
        yield from _warnings(document, write)
        return
    phases = [phase for phase in reached(document) if phase.name in _SHOWN_PHASES]
    if phases:
        yield write.table(tuple(phase.name for phase in phases), _phase_rows(document, phases))
    said = " ".join((*document.reasons, *document.next_steps, *_unjudged(document)))
    for label, text, rank in _facts(document):
        if text and text not in said:
            yield write.item(label, text, rank)
    yield from _warnings(document, write)


_Cell = Callable[[Phase], str]
_ANSWERED: tuple[str, _Cell] = ("answered /s", lambda p: cells.count(p.rate.answered))
_OFFERED: tuple[str, _Cell] = ("offered /s", lambda p: cells.count(p.rate.offered))
_ERRORS: tuple[str, _Cell] = ("errors", lambda p: cells.ratio(cells.error_ratio(p)))
_P99: tuple[str, _Cell] = ("response p99", lambda p: cells.ms(p.latency_ms.response.p99))
_MAX: tuple[str, _Cell] = ("response max", lambda p: cells.ms(p.latency_ms.response.max))
_SCRAPED: tuple[str, _Cell] = ("scrapes ok", lambda p: cells.scrapes_ok(p.scrapes))
_SLOWEST: tuple[str, _Cell] = ("scrape max", lambda p: cells.ms(p.scrapes.duration_ms.max))
_MEMORY: tuple[str, _Cell] = ("memory max", lambda p: cells.size(p.memory.rss_max))


def _phase_rows(document: Document, phases: list[Phase]) -> list[Row]:
    """The offered rate says something of its own only where the run did not pass."""
    if not cells.floods(document):
        rows = [_SCRAPED, _SLOWEST, _MEMORY]
    else:
        flood = document.phase("flood")
        few = flood is None or flood.latency_ms.response.p99 is None
        offered = [] if document.verdict == "PASS" else [_OFFERED]
        rows = [*offered, _ANSWERED, _ERRORS, _MAX if few else _P99, _SCRAPED, _MEMORY]
    return [Row(name, tuple(cell(phase) for phase in phases)) for name, cell in rows]


def _facts(document: Document) -> Iterator[tuple[str, str, int]]:
    """Label, words and rank of what the table does not show."""
    passed = document.verdict == "PASS"
    if cells.floods(document):
        yield "backlog", backlog_line(document), _MAIN
        yield "loss", _loss(document), _MAIN
        yield "recovery", _recovery(document), _MAIN
        if not document.totals.balanced:
            yield "outcomes", cells.books_line(document), _FURTHER
        if not passed and document.limited_by != "none" and not _is_the_reason(document):
            yield "limited by", _first_words(cells.limited_line(document)), _MAIN
    if not passed and document.first_failure is not None:
        yield "first failure", cells.first_failure_line(document), _FURTHER
    if cells.repeats(document):
        yield "attempts", cells.attempts_line(document), _LAST
    for index, line in enumerate(storm_lines(document)):
        yield "storm", line, _LAST if index else _MAIN
    for name, line in section_lines(document):
        yield name.lower(), line, _LAST


def _is_the_reason(document: Document) -> bool:
    """Whether the verdict says already that the generator did not do its part, and how."""
    ours = document.limited_by == "generator" and document.generator.verdict != "ok"
    more = "; " in document.limited_why
    return ours and not more and bool(document.reasons)


def _loss(document: Document) -> str:
    loss = document.loss
    if loss.verdict == "lost":
        return cells.loss_line(document)
    reason = _clause(loss.reason)
    if loss.verdict == "ok":
        return reason or "none seen"
    if reason and cells.stands_in(reason, [limit.reason for limit in document.limits]):
        return ""
    return f"not known: {reason}" if reason else "not known"


def _recovery(document: Document) -> str:
    recovery = document.recovery
    if recovery is None:
        return ""
    words = _clause(recovery.reason)
    return words if recovery.judged else f"not judged: {words}"


def _clause(reason: str) -> str:
    """What was found, without how that is known."""
    return _first_words(printable(reason).partition("; ")[0])


def _warnings(document: Document, write: _Writer) -> Iterator[_Piece]:
    for index, warning in enumerate(document.warnings):
        yield write.item("warning", _first_words(printable(warning)), _LAST if index else _FIRST)


def _first_words(text: str) -> str:
    """`text`, ended at a word where it is too long to be read on a terminal."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST].rpartition(' ')[0] or text[:_LONGEST]} …"


# The last block: the answer, what was not judged, what to do.


def _verdict(document: Document, write: _Writer, *, everything: bool) -> Iterator[_Piece]:
    answer = _answer(document)
    yield write.verdict(document.verdict, printable(answer))
    whole: Callable[[str], str] = str if everything else _first_words
    for reason in document.reasons:
        if reason not in answer:
            yield write.item("·", whole(printable(reason)), _FIRST, indent=2)
    if not everything:
        for index, words in enumerate(_unjudged(document)):
            yield write.item("not judged", _first_words(words), _FURTHER if index else _FIRST)
    steps = document.next_steps if everything else document.next_steps[:_MOST_STEPS]
    for index, step in enumerate(steps):
        yield write.item("next", whole(printable(step)), _FURTHER if index else _FIRST)


def _answer(document: Document) -> str:
    """Verdict and reason; whole, where the headline had no room for all of it."""
    _, rest = headline_parts(document)
    found = rest.partition("; not judged: ")[0]
    start, cut, tail = found.partition("…")
    if cut and document.reasons and document.reasons[0].startswith(start):
        found = f"{document.reasons[0]}{tail}"
    return f"{document.verdict} - {found}" if found else document.headline


def _unjudged(document: Document) -> list[str]:
    """The limits that could not be judged, with why, a doubt that something was seen for first; a
    limit that is the verdict's reason stands there."""
    limits = [limit for limit in document.limits if not _is_a_reason(document, limit)]
    if document.loss.verdict == "inconclusive":
        limits.sort(key=lambda limit: not limit.metric.startswith("loss"))
    return _by_reason(limits, lambda limit: _why_shortly(document, limit))


def _by_reason(limits: Iterable[JudgedLimit], why: Callable[[JudgedLimit], str]) -> list[str]:
    """Those that were not judged, one reason's together."""
    exprs: dict[str, list[str]] = {}
    for limit in limits:
        if limit.ok is None:
            exprs.setdefault(why(limit), []).append(together(printable(limit.expr)))
    return [f"{', '.join(names)}: {reason}" for reason, names in exprs.items()]


def _is_a_reason(document: Document, limit: JudgedLimit) -> bool:
    return any(reason.startswith(limit.expr) for reason in document.reasons)


def _why_shortly(document: Document, limit: JudgedLimit) -> str:
    needed_s, why = document.memory.needed_s, document.memory.reason
    # Another reason, be it of the same memory, is none that a longer run would help.
    if limit.metric in _OF_TIME and needed_s is not None and why in limit.reason:
        how = "flood" if cells.floods(document) else "watch"
        return f"too short to judge; {how} for {format_duration(ceil(needed_s) * SECOND)}"
    return _clause(limit.reason)


# Everything.


def _everything(document: Document, write: _Writer) -> Iterator[_Piece]:
    if document.capacity is not None:
        yield write.trials(document.capacity, all_of_them=True)
        yield _Piece([Text()])
    if phases := reached(document):
        names = tuple(phase.name for phase in phases)
        yield write.table(names, phase_rows(document))
        yield _Piece([Text()])
    for state, text in _limits(document):
        mark, style = _LIMIT_MARKS[state]
        yield write.item(mark, text, style=style, indent=3)
    if document.limits:
        yield _Piece([Text()])
    for label, text in _all_lines(document):
        yield write.item(label, printable(text))


def _limits(document: Document) -> Iterator[tuple[str, str]]:
    """State and words: broken ones, those not judged, those that held."""
    rows = cells.limit_rows(document)
    yield from (("broken", _judged(document, row)) for row in rows if row.state == "broken")
    for words in _by_reason(document.limits, lambda limit: _why(document, limit)):
        yield "not judged", words
    yield from (("ok", _judged(document, row)) for row in rows if row.state == "ok")


def _judged(document: Document, row: cells.LimitRow) -> str:
    words = f"{together(row.expr)}: {row.value}"
    new = row.reason and not cells.stands_in(row.reason, document.reasons)
    return f"{words}; {row.reason}" if new else words


def _why(document: Document, limit: JudgedLimit) -> str:
    return (
        "not judged" if cells.stands_in(limit.reason, document.reasons) else printable(limit.reason)
    )


def _all_lines(document: Document) -> Iterator[tuple[str, str]]:
    floods = cells.floods(document)
    yield "memory", cells.once(cells.memory_line(document), document.memory.reason, document)
    if each := cells.session_memory_line(document):
        yield "per session", each
    yield "scrapes", cells.scrape_line(document)
    yield from ((name.lower(), line) for name, line in section_lines(document))
    if backlog := backlog_line(document):
        yield "backlog", backlog
    if floods:
        yield "loss", cells.once(cells.loss_line(document), document.loss.reason, document)
        yield "outcomes", cells.books_line(document)
    if cells.repeats(document):
        yield "attempts", cells.attempts_line(document)
    yield "first failure", cells.first_failure_line(document)
    yield from (("storm", line) for line in storm_lines(document))
    if floods:
        yield "recovery", cells.recovery_line(document)
        yield "limited by", cells.limited_line(document)
        yield from (("", line) for line in _evidence(document))
    yield from (("warning", warning) for warning in document.warnings)


def _evidence(document: Document) -> list[str]:
    """What was looked at to say so; where all is well the page has it."""
    return [] if document.verdict == "PASS" else document.limited_evidence
