"""Answers by the second of the clock in which they came, whatever second their reports were due in.

A report belongs to the phase of its due time. A target that does not keep up answers the flood's
reports until long after it, so the answers to a flood's reports over its length are a rate that no
second of it had. Pure.
"""

import math
from collections import Counter

from qosflood.base.units import SECOND
from qosflood.journal.records import Window


class ByClock:
    """Counts of the windows, by second."""

    def __init__(self) -> None:
        self._answered: Counter[int] = Counter()
        self._ended: dict[str, Counter[int]] = {}
        self._acked: dict[str, Counter[int]] = {}

    def add(self, window: Window) -> None:
        """Add a window, whatever phase its reports were due in."""
        ended = sum(window.outcomes.values())
        if not ended:
            return
        acked = window.outcomes.get("acked", 0)
        self._answered[window.second] += acked
        self._ended.setdefault(window.phase, Counter())[window.second] += ended
        self._acked.setdefault(window.phase, Counter())[window.second] += acked

    def rate(self, start_ns: int, end_ns: int) -> float | None:
        """Answers per second in the whole seconds between two times of the load; None if there is
        none."""
        seconds = range(math.ceil(start_ns / SECOND), end_ns // SECOND)
        if not seconds:
            return None
        return sum(self._answered[second] for second in seconds) / len(seconds)

    def ended_later(self, phase: str, end_ns: int) -> int:
        """Reports due in the phase that ended only after it, one way or another."""
        return _from(self._ended.get(phase), end_ns)

    def acked_later(self, phase: str, end_ns: int) -> int:
        """Reports due in the phase that were answered only after it."""
        return _from(self._acked.get(phase), end_ns)


def _from(counts: Counter[int] | None, end_ns: int) -> int:
    first = math.ceil(end_ns / SECOND)
    return sum(count for second, count in (counts or {}).items() if second >= first)
