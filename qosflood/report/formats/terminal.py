"""The closing summary on a terminal, from 80 columns up; colour only where the Console has it."""

from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.schema import Document
from qosflood.report.document.sections import section_lines
from qosflood.report.document.storms import storm_lines

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
_WIDE = 120


def print_summary(console: Console, document: Document, report: Path | None = None) -> None:
    """Print the verdict with its evidence; `report` is the page to open for more."""
    with console.capture() as captured:
        _print(console, document, report)
    # Cells are filled up to their column's width; a log need not keep that.
    console.out(*(line.rstrip() for line in captured.get().splitlines()), sep="\n")


def _print(console: Console, document: Document, report: Path | None) -> None:
    console.print()
    console.print(Text(printable(document.headline), style=_STYLES[document.verdict]))
    for reason in (one for one in document.reasons if one not in document.headline):
        console.print(_hanging(f"· {printable(reason)}"))
    console.print()
    if document.phases:
        console.print(_phase_table(document, wide=console.width >= _WIDE))
        console.print()
    if document.limits:
        console.print(_limit_table(document))
        console.print()
    console.print(_lines(document, report))


def _hanging(text: str) -> Padding:
    return Padding(Text(text), (0, 0, 0, 2))


def _phase_table(document: Document, *, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for phase in document.phases:
        table.add_column(phase.name, justify="right", no_wrap=True)
    for row in cells.phase_rows(document):
        if wide or row.essential:
            table.add_row(row.name, *row.cells)
    return table


def _limit_table(document: Document) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for row in cells.limit_rows(document):
        mark, style = _LIMIT_MARKS[row.state]
        table.add_row(Text(mark, style=style), Text(row.expr), Text(row.value), Text(row.reason))
    return table


def _of_load(document: Document) -> list[tuple[str, str]]:
    return [("loss", cells.loss_line(document)), ("books", cells.books_line(document))]


def _of_target(document: Document) -> list[tuple[str, str]]:
    """What only a load brings out of a target."""
    return [
        ("recovery", cells.recovery_line(document)),
        ("limited by", cells.limited_line(document)),
        *(("", printable(line)) for line in _evidence(document)),
    ]


def _evidence(document: Document) -> list[str]:
    """What was looked at to say so; where all is well the page has it."""
    return [] if document.verdict == "PASS" else document.limited_evidence


def _lines(document: Document, report: Path | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", ratio=1)
    lines = [
        ("memory", cells.memory_line(document)),
        ("scrapes", cells.scrape_line(document)),
        *((name.lower(), line) for name, line in section_lines(document)),
        *(_of_load(document) if cells.floods(document) else []),
        *([("attempts", cells.attempts_line(document))] if cells.repeats(document) else []),
        ("first failure", cells.first_failure_line(document)),
        *(("storm", line) for line in storm_lines(document)),
        *(_of_target(document) if cells.floods(document) else []),
        *(("warning", printable(warning)) for warning in document.warnings),
        *(("next", printable(step)) for step in document.next_steps),
    ]
    if report is not None:
        lines.append(("report", str(report)))
    for name, text in lines:
        table.add_row(name, Text(text))
    return table
