"""report.md: the verdict with its evidence in at most 30 lines, fit for a pull-request comment."""

import re
from collections.abc import Iterable

from qosflood.report import cells
from qosflood.report.beside import beside_lines
from qosflood.report.schema import Document
from qosflood.report.storms import storm_lines
from qosflood.text import printable

MOST_LINES = 30
_MOST_REASONS = 3
_MOST_LIMITS = 5
_MOST_STEPS = 3
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_REFERENCE = re.compile(r"([@#](?=\w)|:(?=//)|www(?=\.))")


def escape(text: str, limit: int = 300) -> str:
    """`text` as Markdown that shows it as it is: no markup, HTML, link, mention or table break."""
    safe = printable(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width space keeps GitHub from making a mention, reference or link of it.
    return _REFERENCE.sub(r"\1&#8203;", _MARKUP.sub(r"\\\1", safe))


def render(document: Document) -> str:
    """The whole report.md."""
    parts = (
        [f"## {escape(document.headline)}"],
        _reasons(document),
        _phases(document),
        _limits(document),
        _lines(document),
    )
    lines = [line for part in parts if part for line in (*part, "")][:-1]
    return "\n".join(lines[:MOST_LINES]) + "\n"


def _reasons(document: Document) -> list[str]:
    run = document.run
    verdict = f"**{document.verdict}** (exit {document.exit_code})"
    about = f"{verdict}, run {escape(run.id)}, {run.started_utc}"
    shown = document.reasons[:_MOST_REASONS]
    return [about, *(f"- {escape(reason)}" for reason in shown)]


def _phases(document: Document) -> list[str]:
    if not document.phases:
        return []
    names = [phase.name for phase in document.phases]
    essential = [row for row in cells.phase_rows(document) if row.essential]
    return [
        _row(["", *names]),
        _row(["---", *("---:" for _ in names)]),
        *(_row([row.name, *row.cells]) for row in essential if row.name not in _LEFT_OUT),
    ]


_LEFT_OUT = frozenset({"clients", "response max", "scrape max"})


def _limits(document: Document) -> list[str]:
    rows = cells.limit_rows(document)
    if not rows:
        return []
    shown = rows if len(rows) <= _MOST_LIMITS else [row for row in rows if row.state != "ok"]
    shown = shown[: _MOST_LIMITS - (len(shown) < len(rows))]
    table = [_row([row.expr, row.state, row.value, row.reason]) for row in shown]
    if len(shown) < len(rows):
        rest = [row.state for row in rows[len(shown) :]]
        table.append(_row([_rest(rest), "", "", ""]))
    return [_row(["limit", "", "found", "why"]), "|---|---|---:|---|", *table]


def _rest(states: list[str]) -> str:
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return "and " + ", ".join(f"{number} {state}" for state, number in counts.items())


def _lines(document: Document) -> list[str]:
    steps = " · ".join(escape(step) for step in document.next_steps[:_MOST_STEPS])
    return [
        f"- Memory: {escape(cells.memory_line(document))}",
        f"- Scrapes: {escape(cells.scrape_line(document))}",
        *(f"- {name}: {escape(line)}" for name, line in beside_lines(document)),
        *([f"- Attempts: {escape(cells.attempts_line(document))}"] * cells.repeats(document)),
        f"- First failure: {escape(cells.first_failure_line(document))}",
        *(f"- Storm: {escape(line)}" for line in storm_lines(document)),
        *([f"- Recovery: {escape(cells.recovery_line(document))}"] * _recovered_late(document)),
        *([f"- Limited by: {escape(cells.limited_line(document))}"] * cells.floods(document)),
        *([f"- Next: {steps}"] if steps else []),
    ]


def _recovered_late(document: Document) -> bool:
    """Whether the target was not as good as before at once."""
    recovery = document.recovery
    return recovery is not None and recovery.judged and recovery.seconds != 0


def _row(row: Iterable[str]) -> str:
    return "| " + " | ".join(escape(cell) if cell[:3] != "---" else cell for cell in row) + " |"
