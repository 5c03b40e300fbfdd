"""compare.md: the comparison as a comment on a pull request, at most 45 lines."""

from collections.abc import Iterable, Iterator

from qosflood.report.compare.values import Comparison
from qosflood.report.compare.words import (
    MARKS,
    advice,
    difference_line,
    floor_lines,
    row,
    run_line,
    sentence_of,
)
from qosflood.report.formats.markdown import escape

_SIGNS = {"regressed": "❌", "improved": "✅", "same": "✅"}
_NO_ANSWER = "⚠️"
_MOST_DIFFERENCES = 12
_MOST_RUNS = 8
_MOST_NOTES = 5


def render(comparison: Comparison) -> str:
    """The whole compare.md."""
    sign = _SIGNS.get(comparison.verdict, _NO_ANSWER)
    word = escape(comparison.verdict)
    parts = (
        [f"## {sign} {escape(comparison.headline)}"],
        [f"**{word}** (exit {comparison.exit_code}). {escape(_noise(comparison))}".rstrip()],
        [f"- {escape(difference_line(one))}" for one in comparison.differences[:_MOST_DIFFERENCES]],
        list(_figures(comparison)),
        list(_rest(comparison)),
    )
    return "\n".join(line for part in parts if part for line in (*part, "")).rstrip("\n") + "\n"


def _noise(comparison: Comparison) -> str:
    return sentence_of(comparison.noise) if comparison.noise else ""


def _figures(comparison: Comparison) -> Iterator[str]:
    if not comparison.changes:
        return
    yield _row(["", "base", "new", "change", "interval", ""])
    yield "|---|---:|---:|---:|---:|---|"
    for change in comparison.changes:
        cell = row(change)
        word = f"{MARKS[change.verdict]} {cell.word}"
        shown = f"**{word}**" if change.verdict in ("regressed", "improved") else word
        cells = _row([cell.label, cell.base, cell.new, cell.change, cell.interval])
        yield f"{cells} {shown} |"
    if below := floor_lines(comparison.changes):
        yield ""
        yield from (f"- same: {escape(line)}" for line in below)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def _rest(comparison: Comparison) -> Iterator[str]:
    yield "<details><summary>Runs, notes and what to do next</summary>"
    yield ""
    yield from (f"- {run.role} {escape(run_line(run))}" for run in comparison.runs[:_MOST_RUNS])
    yield from (f"- {escape(note)}" for note in comparison.notes[:_MOST_NOTES])
    yield from (f"- next: {escape(step)}" for step in advice(comparison))
    yield ""
    yield "</details>"
