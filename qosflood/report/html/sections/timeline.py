"""What happened, when, and who did it: drawn as a strip over the phases, and listed as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.base.text import printable
from qosflood.base.units import counted
from qosflood.report.document import cells
from qosflood.report.document.schema import Document, Phase, TimelineEntry
from qosflood.report.html.section import Report, Values

MOST_ROWS = 12
_WHO = ("target", "network", "generator", "operator")
_PHASE = "phase_started"
_ROUTINE = frozenset({_PHASE, "load_started", "load_finished", "settled"})
"""What every run has, or each part of a merged one: the strip shows it, nobody did it."""
_PART = "part_"
_APART = 0.1
"""Of the strip's width: moments that are nearer than this to one another share a label."""
_LAST = 0.996
"""Where what happened at the very end is drawn, so that it is seen."""
_SPANNED = frozenset({"scrapes_recovered", "up_recovered"})
"""Where what failed before ended; its span shows that."""
_GOOD = frozenset({*_SPANNED, "recovered"})


@dataclass(frozen=True, slots=True)
class Row:
    """An event as text; `tone` is the colour of who did it, empty for an ordinary one."""

    when: str
    utc: str
    who: str
    tone: str
    what: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A phase, an event or a moment in the strip; `place` is CSS, in percent of its width, `title`
    says more of a phase."""

    text: str
    tone: str
    place: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """Phases side by side, below them a lane for each who did something, and when phases began.
    `said` is all that a screen reader hears of it: its words are the tables'."""

    said: str
    phases: tuple[Mark, ...]
    lanes: tuple[tuple[str, tuple[Mark, ...]], ...]
    starts: tuple[Mark, ...]
    end: str


def timeline(report: Report) -> Values | None:
    """The strip, if a phase was reached, and a row for each event that not every run has; nothing
    where nothing is known."""
    happened = [entry for entry in report.document.timeline if not _is_routine(entry)]
    rows = [_row(entry) for entry in happened]
    strip = _strip(report.document, happened)
    if not rows and not strip:
        return None
    return {"strip": strip, "rows": rows[:MOST_ROWS], "more": rows[MOST_ROWS:]}


def _is_routine(entry: TimelineEntry) -> bool:
    return entry.kind.removeprefix(_PART) in _ROUTINE


def _row(entry: TimelineEntry) -> Row:
    return Row(
        when=cells.moment(entry.t_s),
        utc=entry.utc.partition("T")[2],
        who=entry.who,
        tone=_tone(entry),
        what=entry.what,
        evidence=cells.evidence_line(entry),
    )


def _tone(entry: TimelineEntry) -> str:
    if entry.kind in _GOOD:
        return ""
    return {"target": "bad", "network": "bad", "generator": "warn"}.get(entry.who, "note")


def _strip(document: Document, happened: Sequence[TimelineEntry]) -> Strip | None:
    spans = [phase for phase in document.phases if phase.seconds > 0]
    if not spans:
        return None
    shown = [entry for entry in happened if entry.kind not in _SPANNED]
    words = {e.evidence.get("phase"): e.what for e in document.timeline if e.kind == _PHASE}
    end_s = max(phase.start_s + phase.seconds for phase in spans)
    return Strip(
        said=printable(
            f"{len(spans)} phases over {cells.seconds(round(end_s))}; {_summary(shown)}"
        ),
        phases=tuple(_phase(phase, end_s, words.get(phase.name)) for phase in spans),
        lanes=tuple(_lanes(shown, end_s)),
        starts=tuple(_starts(spans, end_s)),
        end=cells.moment(end_s),
    )


def _summary(shown: Sequence[TimelineEntry]) -> str:
    if not shown:
        return "no unusual events"
    first = shown[0]
    return f"{counted(len(shown), 'event')}, the first {cells.moment(first.t_s)}: {first.what}"


def _phase(phase: Phase, end_s: float, words: str | None) -> Mark:
    place = _placed(phase.start_s, phase.seconds, end_s)
    title = f"{cells.moment(phase.start_s)} {words or phase.name}"
    return Mark(phase.name, _tone_of(phase), place, printable(title))


def _tone_of(phase: Phase) -> str:
    return "flood" if phase.name == "flood" else ""


def _starts(spans: Sequence[Phase], end_s: float) -> Iterator[Mark]:
    """When phases began, as many as there is room for; the flood's before others."""
    taken = [0.0, end_s]
    for phase in sorted(spans, key=lambda one: (one.name != "flood", one.start_s)):
        at = phase.start_s
        if all(abs(at - other) >= _APART * end_s for other in taken):
            taken.append(at)
            yield Mark(cells.moment(at), _tone_of(phase), f"left:{100 * at / end_s:.3f}%")


def _lanes(shown: Sequence[TimelineEntry], end_s: float) -> Iterator[tuple[str, tuple[Mark, ...]]]:
    for who in _WHO:
        own = tuple(_mark(entry, end_s) for entry in shown if entry.who == who)
        if own:
            yield who, own


def _mark(entry: TimelineEntry, end_s: float) -> Mark:
    until = entry.evidence.get("until_s")
    length = until - entry.t_s if isinstance(until, int | float) else 0.0
    title = printable(f"{cells.moment(entry.t_s)} {entry.what}")
    return Mark(title, _tone(entry) or "good", _placed(entry.t_s, length, end_s))


def _placed(start_s: float, seconds: float, end_s: float) -> str:
    left = min(max(start_s / end_s, 0.0), _LAST)
    width = min(max(seconds / end_s, 0.0), 1.0 - left)
    return f"left:{100 * left:.3f}%;width:{100 * width:.3f}%"
