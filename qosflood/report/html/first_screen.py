"""The first screen of report.html: what happened, what limits it, what to do next. Pure."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.highlights import TONES, broken, facts, found_lines, headline_parts
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.search_words import gives_lines, sure_lines
from qosflood.report.html.section import Values
from qosflood.report.html.templates import rendered

MOST_REASONS = 3
MOST_STEPS = 3
_LIMITED_BY = {
    "none": "nothing: the requested load was reached",
    "generator": "the generator itself",
    "target": "the target",
    "network": "the network",
    "inconclusive": "not known",
}
_UNTIL_CUT = "nothing until the run was cut short"
_OPTION = re.compile(r"((?:qosflood )?--[a-z][\w-]*(?: '[^']{1,60}'| [0-9A-Z][\w./-]*)?)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a step: an option, or the text between two, with the spaces at its ends."""

    text: str
    option: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure; `broke` are the limits that it broke, which need not be the figure's own."""

    name: str
    value: str
    unit: str
    broke: list[str]


def first_screen(document: Document) -> Markup:
    """All of it as HTML."""
    banner, answers = _banner(document), _answers(document)
    return rendered("html/first_screen.html", {**banner, "tiles": _tiles(document), **answers})


def _banner(document: Document) -> Values:
    """The verdict, large, with the load it is about and the reasons for it."""
    run = document.run
    why = "" if run.ended_detail in " ".join(document.reasons) else f" ({run.ended_detail})"
    ended = "" if run.ended == "completed" else f" · ended: {run.ended.replace('_', ' ')}{why}"
    return {
        "verdict": document.verdict,
        "tone": TONES[document.verdict],
        "load": headline_parts(document)[0],
        "reasons": found_lines(document),
        "most_reasons": MOST_REASONS,
        "about": f"{run.started_utc} · run {run.id} · profile {run.profile} · qosflood "
        f"{run.version} · exit code {document.exit_code}{ended}",
    }


def _tiles(document: Document) -> list[Tile]:
    """The figures, those that broke a limit in its colour."""
    return [
        Tile(name, value, unit, broken(document, metric))
        for name, value, unit, metric in facts(document)
    ]


def _answers(document: Document) -> Values:
    """What limits the run, what was not judged, what to do next: three cards. A search says what
    gives and how sure that is."""
    cut = document.limited_by == "none" and document.run.ended != "completed"
    capacity, floods = document.capacity, cells.floods(document)
    return {
        "floods": floods,
        "figures_of": f"Figures in the {'flood' if floods else 'watch'}"
        if capacity is None
        else "The answer",
        "about_search": () if capacity is None else _about_search(capacity),
        "limited_by": _UNTIL_CUT if cut else _LIMITED_BY[document.limited_by],
        "limited_why": document.limited_why,
        "evidence": [printable(line) for line in document.limited_evidence],
        "first_failure": cells.first_failure_line(document),
        "steps": [_pieces(step) for step in document.next_steps],
        "most_steps": MOST_STEPS,
        "not_judged": document.not_judged,
    }


def _about_search(capacity: Capacity) -> tuple[tuple[str, list[str]], ...]:
    gives = [*gives_lines(capacity)]
    return (
        *([("What gives first, and second", gives)] if gives else []),
        ("How sure this is", [*sure_lines(capacity)]),
    )


def _pieces(step: str) -> list[Piece]:
    """A step in which options stand out, and are not broken over two lines."""
    parts = _OPTION.split(step)
    return [Piece(part, option=bool(index % 2)) for index, part in enumerate(parts) if part]
