"""Lines that fit a terminal: broken at words, further lines indented. Pure.

A word longer than the line, a path say, is never cut: it stands on a line of its own, moved to the
left as far as it needs.
"""

import re
from collections.abc import Iterable

from rich.cells import cell_len

_GLUE = "\u00a0"
_LONG_PIECE = 40
_TOGETHER = re.compile(
    r"(?<!\S)--[\w-]+ '[^']{1,60}'|(?<!\S)--[\w-]+ [^\s'–-]\S*|\d [KMG]i?B\b|\d B\b"
)
"""An option with its value, a number with its unit: to be typed or read as one."""


def together(text: str) -> str:
    """`text` as one word: no line ends within it."""
    return text.replace(" ", _GLUE)


def _if_it_fits(text: str, width: int) -> str:
    return together(text) if cell_len(text) <= width else text


def side_by_side(pieces: Iterable[str]) -> str:
    """The pieces two blanks apart; lines end between them, or within one that is long."""
    whole = (together(piece) if len(piece) <= _LONG_PIECE else piece for piece in pieces)
    return f"{_GLUE} ".join(whole)


def hanging(
    label: str, text: str, width: int, indent: int, further: int | None = None
) -> list[str]:
    """`text` beside `label`, broken at `width` columns. It begins at `indent`, on the lines after
    the first at `further` if that differs."""
    margin = indent if further is None else further
    lines: list[str] = []
    line, empty = _filled(label, indent), True
    for word in filter(
        None, _TOGETHER.sub(lambda found: _if_it_fits(found[0], width), text).split(" ")
    ):
        added = word if empty else f" {word}"
        if cell_len(line) + cell_len(added) > width:
            if line.strip():
                lines.append(line)
            line, added = " " * max(0, min(margin, width - cell_len(word))), word
        line, empty = line + added, False
    return [done.replace(_GLUE, " ").rstrip() for done in (*lines, line)]


def _filled(label: str, indent: int) -> str:
    blanks = " " * max(indent - cell_len(label), 1)
    return f"{label}{blanks}" if label else " " * indent


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> list[str]:
    """Columns under `head`, the first to the left and the others to the right; those that have no
    room stand in a further table below."""
    widths = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
    groups: list[list[int]] = [[]]
    for index in range(1, len(head)):
        taken = widths[0] + sum(2 + widths[other] for other in (*groups[-1], index))
        if taken > width and groups[-1]:
            groups.append([])
        groups[-1].append(index)
    return [
        _row(
            [cells[0], *(cells[index] for index in group)], [widths[0], *(widths[i] for i in group)]
        )
        for group in groups
        for cells in (head, *rows)
    ]


def _row(cells: list[str], widths: list[int]) -> str:
    first = cells[0] + " " * (widths[0] - cell_len(cells[0]))
    rest = (
        " " * (2 + w - cell_len(cell)) + cell for cell, w in zip(cells[1:], widths[1:], strict=True)
    )
    return "".join((first, *rest)).rstrip()
