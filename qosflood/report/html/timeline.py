"""What happened, when, and who did it: drawn as a strip over the phases, and told as a table."""

from collections.abc import Iterator, Sequence

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.schema import Document, Phase, TimelineEntry
from qosflood.report.html.markup import Content, Markup, element, folded, section, table

MOST_ROWS = 25
_WHO = ("target", "network", "generator", "operator")
_ROUTINE = frozenset({"load_started", "phase_started", "load_finished", "settled"})
"""What every run has; the strip shows it as the phases themselves."""
_LAST = 0.996
"""Where what happened at the very end is drawn, so that it is seen."""
_SPANNED = frozenset({"scrapes_recovered", "up_recovered"})
"""Where what failed before ended; its span shows that."""
_GOOD = frozenset({*_SPANNED, "recovered"})
_HEADERS = ("when", "UTC", "who", "what", "evidence")


def timeline(document: Document) -> Markup:
    """The section; nothing where nothing is known."""
    entries = document.timeline
    if not entries:
        return Markup("")
    rows = [_row(entry) for entry in entries]
    return section("Timeline", _strip(document), _table(rows[:MOST_ROWS]), _more(rows[MOST_ROWS:]))


def _more(rows: Sequence[Sequence[Content]]) -> Markup:
    return folded(f"{len(rows)} more", _table(rows)) if rows else Markup("")


def _table(rows: Sequence[Sequence[Content]]) -> Markup:
    return table(_HEADERS, rows, ("nowrap", "nowrap minor", "nowrap", "words", "words"))


def _row(entry: TimelineEntry) -> tuple[Content, ...]:
    clock = entry.utc.partition("T")[2]
    who = element("span", entry.who, cls=f"who {_tone(entry)}".rstrip())
    return (cells.moment(entry.t_s), clock, who, entry.what, cells.evidence_line(entry))


def _tone(entry: TimelineEntry) -> str:
    if entry.kind in _ROUTINE or entry.kind in _GOOD:
        return ""
    return {"target": "bad", "network": "bad", "generator": "warn"}.get(entry.who, "note")


def _strip(document: Document) -> Markup:
    """Phases side by side, and below them a lane for each who did something. Its words are the
    table's, so it is a picture to a screen reader."""
    spans = [phase for phase in document.phases if phase.seconds > 0]
    told = [entry for entry in document.timeline if entry.kind not in _ROUTINE | _SPANNED]
    if not spans:
        return Markup("")
    end_s = max(phase.start_s + phase.seconds for phase in spans)
    lanes = [lane for who in _WHO for lane in _lane(who, told, end_s)]
    what = f"{len(spans)} phases over {cells.seconds(round(end_s))}; {_summary(told)}"
    phases = element("div", *(_phase(phase, end_s) for phase in spans), cls="lane phases")
    ends = element("div", element("span", "0s"), element("span", cells.moment(end_s)), cls="ends")
    named = {"role": "img", "aria-label": printable(what)}
    return element("div", phases, *lanes, ends, cls="strip", **named)


def _summary(told: Sequence[TimelineEntry]) -> str:
    if not told:
        return "nothing out of the ordinary happened"
    first = told[0]
    return f"{len(told)} events, the first {cells.moment(first.t_s)}: {first.what}"


def _phase(phase: Phase, end_s: float) -> Markup:
    cls = "span flood" if phase.name == "flood" else "span"
    return element("span", phase.name, cls=cls, style=_placed(phase.start_s, phase.seconds, end_s))


def _lane(who: str, told: Sequence[TimelineEntry], end_s: float) -> Iterator[Markup]:
    own = [entry for entry in told if entry.who == who]
    if own:
        name = element("span", who, cls="lane-name")
        yield element("div", name, *(_mark(entry, end_s) for entry in own), cls="lane")


def _mark(entry: TimelineEntry, end_s: float) -> Markup:
    until = entry.evidence.get("until_s")
    length = until - entry.t_s if isinstance(until, int | float) else 0.0
    title = printable(f"{cells.moment(entry.t_s)} {entry.what}")
    cls = f"mark {_tone(entry) or 'good'}"
    return element("span", cls=cls, style=_placed(entry.t_s, length, end_s), title=title)


def _placed(start_s: float, seconds: float, end_s: float) -> str:
    """Where it lies, in percent of the strip's width."""
    left = min(max(start_s / end_s, 0.0), _LAST)
    width = min(max(seconds / end_s, 0.0), 1.0 - left)
    return f"left:{100 * left:.3f}%;width:{100 * width:.3f}%"
