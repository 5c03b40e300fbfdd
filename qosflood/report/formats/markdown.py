"""report.md: the verdict with its evidence in at most 30 lines, fit for a pull-request comment.

Verdict, limits, what limited the run and what to do come first; phases and the other figures are
folded away below. Of a search the answer comes first, its trials are folded away.
"""

import re
from collections.abc import Iterable

from qosflood.analysis.gaps import gap_line
from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.backlog import backlog_line
from qosflood.report.document.phase_table import phase_rows, reached
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.search_words import gives_lines, sure_lines
from qosflood.report.document.sections import section_lines
from qosflood.report.document.storms import storm_lines
from qosflood.report.formats.trial_table import HEAD, trial_rows

MOST_LINES = 30
_MOST_REASONS = 2
_MOST_LIMITS = 5
_MOST_STEPS = 3
_MOST_GAPS = 3
_SIGNS = {"PASS": "✅", "FAIL": "❌"}
_NO_ANSWER = "⚠️"
_MOST_FURTHER = 4
_TRIALS = "<details><summary>Trials by load</summary>"
_FOLDED = "<details><summary>Phases and figures</summary>"
_END = "</details>"
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_REFERENCE = re.compile(r"([@#](?=\w)|:(?=//|[a-z+-][\w+-]*:)|www(?=\.))")


def escape(text: str, limit: int = 300) -> str:
    """`text` as Markdown that shows it as it is: no markup, HTML, link, mention or table break."""
    safe = printable(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width space keeps GitHub from making a mention, reference, link or emoji of it, and
    # two dollar signs from being a formula.
    quiet = _REFERENCE.sub(r"\1&#8203;", _MARKUP.sub(r"\\\1", safe))
    return quiet.replace("$", "&#36;")


def render(document: Document) -> str:
    """The whole report.md."""
    sign = _SIGNS.get(document.verdict, _NO_ANSWER)
    if document.capacity is not None:
        return _fitted(_search_parts(document, document.capacity, sign))
    parts = (
        [f"## {sign} {escape(document.headline)}"],
        _reasons(document),
        _limits(document),
        _answers(document),
        [_FOLDED],
        _phases(document),
        _figures(document),
    )
    return _fitted(parts)


def _fitted(parts: Iterable[list[str]]) -> str:
    """At most so many lines, the last of which ends what is folded."""
    lines = [line for part in parts if part for line in (*part, "")][:-1]
    return "\n".join((*lines[: MOST_LINES - 1], _END)) + "\n"


def _search_parts(document: Document, capacity: Capacity, sign: str) -> list[list[str]]:
    """A search: the answer, what gives, how sure that is; its trials folded away."""
    run = document.run
    further = [reason for reason in document.reasons if reason not in document.headline]
    steps = " · ".join(escape(step) for step in document.next_steps[:_MOST_STEPS])
    return [
        [f"## {sign} {escape(document.headline)}"],
        [
            f"**{document.verdict}** (exit {document.exit_code}), run {escape(run.id)}, "
            f"{run.started_utc}",
            *(f"- {escape(reason)}" for reason in further[:_MOST_FURTHER]),
            *(f"- {escape(line)}" for line in (*gives_lines(capacity), *sure_lines(capacity))),
            *(f"- {escape(gap_line(gap))}" for gap in document.gaps[:1]),
            *([f"- Next: {steps}"] if steps else []),
        ],
        *([[_TRIALS], _trials(capacity)] if capacity.trials else [["<details>"]]),
    ]


def _trials(capacity: Capacity) -> list[str]:
    rows = trial_rows(capacity, all_of_them=False)
    return [_row(HEAD), _row("---:" for _ in HEAD), *map(_row, rows)]


def _reasons(document: Document) -> list[str]:
    """Those that the headline has no room for."""
    run = document.run
    verdict = f"**{document.verdict}** (exit {document.exit_code})"
    about = f"{verdict}, run {escape(run.id)}, {run.started_utc}"
    further = [reason for reason in document.reasons if reason not in document.headline]
    return [about, *(f"- {escape(reason)}" for reason in further[:_MOST_REASONS])]


def _answers(document: Document) -> list[str]:
    steps = " · ".join(escape(step) for step in document.next_steps[:_MOST_STEPS])
    first = document.first_failure is not None
    backlog = backlog_line(document)
    return [
        *(f"- {escape(gap_line(gap))}" for gap in document.gaps[:_MOST_GAPS]),
        *([f"- First failure: {escape(cells.first_failure_line(document))}"] * first),
        *([f"- Backlog: {escape(backlog)}"] * bool(backlog)),
        *([f"- Limited by: {escape(cells.limited_line(document))}"] * cells.floods(document)),
        *([f"- Next: {steps}"] if steps else []),
    ]


def _phases(document: Document) -> list[str]:
    """A row a phase that was reached."""
    rows = [row for row in phase_rows(document) if row.essential and row.name not in _LEFT_OUT]
    phases = reached(document)
    if not phases:
        return []
    return [
        _row(["phase", *(row.name for row in rows)]),
        _row(["---", *("---:" for _ in rows)]),
        *(
            _row([phase.name, *(row.cells[index] for row in rows)])
            for index, phase in enumerate(phases)
        ),
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


def _figures(document: Document) -> list[str]:
    memory = cells.once(cells.memory_line(document), document.memory.reason, document)
    return [
        f"- Memory: {escape(memory)}",
        f"- Scrapes: {escape(cells.scrape_line(document))}",
        *(f"- {name}: {escape(line)}" for name, line in section_lines(document)),
        *([f"- Attempts: {escape(cells.attempts_line(document))}"] * cells.repeats(document)),
        *(f"- Storm: {escape(line)}" for line in storm_lines(document)),
        *([f"- Recovery: {escape(cells.recovery_line(document))}"] * _recovered_late(document)),
    ]


def _recovered_late(document: Document) -> bool:
    """Whether the target took time to be as good as before."""
    recovery = document.recovery
    return recovery is not None and recovery.judged and recovery.seconds != 0


def _row(row: Iterable[str]) -> str:
    return "| " + " | ".join(escape(cell) if cell[:3] != "---" else cell for cell in row) + " |"
