"""The first screen of report.html: what happened, what limits it, what to do next. Pure."""

import re
from collections.abc import Sequence

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.highlights import TONES, broken, facts, found_lines, headline_parts
from qosflood.report.document.schema import Document
from qosflood.report.html.markup import Content, Markup, element, folded, items, join

MOST_REASONS = 3
MOST_STEPS = 3
_LIMITED_BY = {
    "none": "nothing: the load asked for was reached",
    "generator": "the generator itself",
    "target": "the target",
    "network": "the network",
    "inconclusive": "not known",
}
_UNTIL_CUT = "nothing, as far as the run went"
_OPTION = re.compile(r"((?:qosflood )?--[a-z][\w-]*(?: '[^']{1,60}'| [0-9A-Z][\w./-]*)?)")
_NO = Markup("")
_SPACE = Markup(" ")


def banner(document: Document) -> Markup:
    """The verdict, large, with the load it is about and the reasons for it."""
    run = document.run
    why = "" if run.ended_detail in " ".join(document.reasons) else f" ({run.ended_detail})"
    ended = "" if run.ended == "completed" else f" · ended: {run.ended.replace('_', ' ')}{why}"
    about = (
        f"{run.started_utc} · run {run.id} · profile {run.profile} · qosflood {run.version}"
        f" · exit code {document.exit_code}{ended}"
    )
    return element(
        "div",
        element(
            "h1",
            element("span", document.verdict, cls="word"),
            _SPACE,
            element("span", headline_parts(document)[0], cls="load"),
        ),
        _first_of(found_lines(document), MOST_REASONS, "ul", "reasons"),
        element("p", about, cls="about"),
        cls=f"banner {TONES[document.verdict]}",
    )


def answers(document: Document) -> Markup:
    """What limits the run, what was not judged, what to do next: three cards."""
    steps = _first_of([typed(step) for step in document.next_steps], MOST_STEPS, "ol", "steps")
    cards = (
        _limited(document) if cells.floods(document) else _first_failure(document),
        _card("What to do next", steps or element("p", "Nothing: keep this run to compare with.")),
        _card(
            "What was not judged",
            _first_of(document.not_judged, MOST_REASONS, "ul", "limits")
            if document.not_judged
            else element("p", "Nothing was left out: every limit was judged."),
        ),
    )
    return element("div", *cards, cls="cards")


def _limited(document: Document) -> Markup:
    """What limited the run, and all that was looked at to say so."""
    evidence = [printable(line) for line in document.limited_evidence]
    why = document.limited_why
    cut = document.limited_by == "none" and document.run.ended != "completed"
    by = _UNTIL_CUT if cut else _LIMITED_BY[document.limited_by]
    return _card(
        "What limits the load",
        element("p", element("strong", by)),
        element("p", why) if why else _NO,
        folded(f"what was looked at ({len(evidence)})", items(evidence)) if evidence else _NO,
    )


def _first_failure(document: Document) -> Markup:
    return _card("What broke first", element("p", cells.first_failure_line(document)))


def _card(title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, cls="card")


def typed(step: str) -> Markup:
    """A step in which options stand out, and are not broken over two lines."""
    parts = _OPTION.split(step)
    return join(
        element("code", part, cls="nowrap") if index % 2 else _spaced(part)
        for index, part in enumerate(parts)
    )


def _spaced(text: str) -> Markup:
    """Text between options; the spaces at its ends stay."""
    before, after = text[:1].isspace(), text[-1:].isspace()
    return join((_SPACE if before else _NO, text, _SPACE if after else _NO))


def _first_of(lines: Sequence[Content], most: int, tag: str, what: str) -> Markup:
    """The first lines of a list, the others folded away."""
    if not lines:
        return _NO
    shown, rest = lines[:most], lines[most:]
    if len(rest) == 1:
        shown, rest = lines, []
    more = folded(f"{len(rest)} more {what}", items(rest)) if rest else _NO
    return join((items(shown, tag), more))


# The figures.


def tiles(document: Document) -> Markup:
    """The figures, those that broke a limit in its colour."""
    where = "in the flood" if cells.floods(document) else "in the watch"
    shown = [
        _tile(name, value, unit, broken(document, metric))
        for name, value, unit, metric in facts(document)
    ]
    label = {"aria-label": f"Figures {where}"}
    return element("dl", *shown, cls="tiles", **label) if shown else _NO


def _tile(name: str, value: str, unit: str, broke: list[str]) -> Markup:
    """A figure; what broke is named, for it need not be the figure's own limit."""
    beside = join((_SPACE, element("small", unit))) if unit else _NO
    limits = [element("dd", f"broke {expr}", cls="broke") for expr in broke]
    shown = (element("dt", name), element("dd", value, beside), *limits)
    return element("div", *shown, cls="tile bad" if broke else "tile")
