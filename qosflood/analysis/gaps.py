"""What of a report could not be built: named in it, instead of an error that costs the rest. Pure.

A verdict comes of whatever was measured. So each section is built on its own, and what it raises
is kept as a gap.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from qosflood.base.text import clip, printable

JOURNAL, FIGURES, RESTARTS, INSTANCES = "journal", "figures", "restarts", "instances"
DECIDING = (JOURNAL, FIGURES, RESTARTS, INSTANCES)
"""Sections that limits rest on without saying so: with a gap in one of them no run is valid.
`journal` are the records themselves."""
_LONGEST = 300

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A section of the report that could not be built, or is built of a part of what was recorded;
    `reason` says why."""

    section: str
    reason: str


class Gaps:
    """Collects the gaps of one report, each once; `known` are those found before."""

    def __init__(self, known: Iterable[Gap] = ()) -> None:
        self.found = list(known)

    def note(self, section: str, reason: str) -> None:
        """Something is missing in the section."""
        gap = Gap(section=section, reason=clip(printable(reason), _LONGEST))
        if gap not in self.found:
            self.found.append(gap)

    def instead(
        self, section: str, make: Callable[[], Section], otherwise: Callable[[], Section]
    ) -> Section:
        """What `make` returns; if it raises, a gap and what `otherwise` returns."""
        try:
            return make()
        except Exception as error:
            self.note(section, error_words(error))
            return otherwise()


def left_out(gaps: Iterable[Gap]) -> bool:
    """Whether some of the records themselves could not be read."""
    return any(gap.section == JOURNAL for gap in gaps)


def error_words(error: Exception) -> str:
    """An error that nobody foresaw, in one line."""
    return f"{type(error).__name__}: {error}"


def gap_line(gap: Gap) -> str:
    """The gap as a warning."""
    return f"not in this report: {gap.section}: {gap.reason}"
