"""A comparison on a terminal, from 80 columns up; colour only where the Console has it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qosflood.base.text import printable
from qosflood.report.compare.values import Comparison
from qosflood.report.compare.words import (
    MARKS,
    advice,
    difference_line,
    floor_lines,
    row,
    run_line,
    unknown_lines,
)

_STYLES = {
    "regressed": "bold red",
    "improved": "bold green",
    "same": "bold green",
    "unknown": "bold yellow",
    "not comparable": "bold yellow",
}
_WORD_STYLES = {"regressed": "bold red", "improved": "green", "same": "", "unknown": "yellow"}
_WIDE = 120


def print_comparison(console: Console, comparison: Comparison) -> None:
    """The headline, every figure, and what is known of the noise."""
    console.print()
    console.print(Text(printable(comparison.headline), style=_STYLES[comparison.verdict]))
    console.print()
    for line in map(difference_line, comparison.differences):
        if line not in comparison.headline:
            console.print(Text(f"  · {printable(line)}"))
    if comparison.changes:
        console.print(_figures(comparison, wide=console.width >= _WIDE))
        console.print()
    console.print(_lines(comparison))


def _figures(comparison: Comparison, *, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", width=1)
    table.add_column("", no_wrap=True)
    for name in ("base", "new", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("interval", justify="right", no_wrap=True)
    if wide:
        table.add_column("why", overflow="fold")
    for change in comparison.changes:
        cell = row(change)
        style = _WORD_STYLES[change.verdict]
        mark = Text(MARKS[change.verdict], style=style)
        moved = Text(cell.change, style=style)
        why = [f"{cell.word}: {cell.why}"] if wide else []
        table.add_row(mark, cell.label, cell.base, cell.new, moved, cell.interval, *why)
    return table


def _lines(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", ratio=1)
    lines = [
        *((run.role, run_line(run)) for run in comparison.runs),
        *([("noise", comparison.noise)] if comparison.noise else []),
        *(("same", line) for line in floor_lines(comparison.changes)),
        *(("not judged", line) for line in unknown_lines(comparison.changes)),
        *(("note", printable(note)) for note in comparison.notes),
        *(("next", step) for step in advice(comparison)),
    ]
    for name, text in lines:
        table.add_row(name, Text(text))
    return table
