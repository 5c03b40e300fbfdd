"""Jumps of a clock between two records: a machine that slept, a clock that was set. Pure."""

from dataclasses import dataclass

from qosflood.base.units import SECOND
from qosflood.journal.records import ClockMark, Segment

LEAST_JUMP_NS = SECOND
"""A clock that is slewed moves by some milliseconds between two marks; that is no jump."""


@dataclass(frozen=True, slots=True)
class ClockJump:
    """UTC moved by `by_ns` against the monotonic clock in the 10 s before `t`."""

    t: int
    by_ns: int


class ClockJumps:
    """Finds where the machine's clock was set, or the machine slept, from the clock marks."""

    def __init__(self) -> None:
        self.found: list[ClockJump] = []
        self._offset_ns: int | None = None

    def add(self, mark: Segment | ClockMark) -> None:
        """Take in a mark."""
        offset_ns = mark.wall_ns - mark.t
        by_ns = 0 if self._offset_ns is None else offset_ns - self._offset_ns
        if abs(by_ns) >= LEAST_JUMP_NS:
            self.found.append(ClockJump(mark.t, by_ns))
        self._offset_ns = offset_ns
