"""Sections that place the Document's sentences and rows of cells as they are."""

from collections.abc import Sequence

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.phase_table import Row, phase_rows, reached
from qosflood.report.document.sections import section_lines
from qosflood.report.document.storms import storm_rows
from qosflood.report.html.section import Report, Values

_STATE_TONES = {"ok": "good", "broken": "bad", "not judged": "warn"}
_MOST_FIRST = 6
_FIRST_FIGURES = (
    "offered /s",
    "answered /s",
    "errors",
    "response p99",
    "scrapes ok",
    "memory max",
    "response max",
    "scrape max",
    "response p50",
    "clients",
)
"""In the order of their weight: one that was not measured leaves its place to a later one."""
_STORM_HEADERS = (
    "started",
    "dropped",
    "came back",
    "after",
    "response p99 during",
    "response max during",
    "errors",
    "reconnects",
)


def findings(report: Report) -> Values:
    """What was found, each in one line."""
    document = report.document
    loaded = cells.floods(document)
    recovery = [("Recovery", cells.recovery_line(document))] if loaded else []
    each = cells.session_memory_line(document)
    loss = [("Lost reports", cells.loss_line(document))] if loaded else []
    pairs = (
        ("First failure", cells.first_failure_line(document)),
        *recovery,
        ("Memory", cells.memory_line(document)),
        *([("Memory per session", each)] if each else []),
        ("Scrapes", cells.scrape_line(document)),
        *section_lines(document),
        *loss,
    )
    return {"pairs": pairs}


def phases(report: Report) -> Values | None:
    """Every figure per phase, side by side: the first few, the others folded away."""
    names = [phase.name for phase in reached(report.document)]
    if not names:
        return None
    rows = phase_rows(report.document)
    first = _first_of(rows)
    return {
        "headers": ("", *names),
        "first": [(row.name, *row.cells) for row in rows if row in first],
        "more": [(row.name, *row.cells) for row in rows if row not in first],
        "classes": ("", *("number flood" if name == "flood" else "number" for name in names)),
    }


def _first_of(rows: Sequence[Row]) -> Sequence[Row]:
    """The few that answer first; all of them, where there is hardly one more."""
    by_name = {row.name: row for row in rows}
    known = [by_name[name] for name in _FIRST_FIGURES if name in by_name]
    return known[:_MOST_FIRST] if len(rows) > _MOST_FIRST + 1 else rows


def limits(report: Report) -> Values | None:
    """Every limit with the value found."""
    rows = cells.limit_rows(report.document)
    return {"rows": rows, "tones": _STATE_TONES, "about": ""} if rows else None


def instances(report: Report) -> Values | None:
    """Each replica of the target, where there is more than one."""
    document = report.document
    if len(document.instances) < 2:
        return None
    rows = [
        (
            one.name,
            one.scrape_url,
            one.memory_source or cells.NONE,
            cells.size(one.rss_max),
            cells.count(one.restarts),
            cells.scrapes_ok(one.scrapes),
        )
        for one in document.instances
    ]
    failing = [printable(line) for line in cells.failing_words(document)]
    return {"rows": rows, "failing": failing}


def storms(report: Report) -> Values | None:
    """How long each storm lasted, and what reports met meanwhile."""
    rows = storm_rows(report.document)
    classes = ("nowrap", *["number"] * (len(_STORM_HEADERS) - 1))
    return {"headers": _STORM_HEADERS, "rows": rows, "classes": classes} if rows else None


def warnings(report: Report) -> Values | None:
    """What the reader should keep in mind."""
    lines = report.document.warnings
    return {"lines": lines} if lines else None


def outcomes(report: Report) -> Values | None:
    """Where every scheduled report went; nothing where none was."""
    document = report.document
    if not cells.floods(document):
        return None
    totals = document.totals
    counted = (("HTTP status", totals.statuses), ("failure reason", totals.errors))
    tables = (
        (title, [(name, cells.count(n)) for name, n in sorted(counts.items()) if n])
        for title, counts in counted
    )
    return {
        "sum": cells.books_line(document),
        "attempts": cells.attempts_line(document) if cells.repeats(document) else "",
        "resent": f"{totals.resent:,}" if totals.resent else "",
        "tables": [(title, rows) for title, rows in tables if rows],
        "generator": cells.generator_line(document),
        "problems": document.generator.problems,
    }
