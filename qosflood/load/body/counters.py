"""Counters of a session: what they are made of, kept for its last reports. Pure.

Every counter is a start plus a factor times one of a few sums (`Sum`), which grow from report to
report; so a session keeps those sums, however many counters its template has. They are kept per
turn, since a report that is sent again must be the same byte by byte.
"""

from array import array
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from qosflood.plan.report import Counter

Sums = array  # "d"
RING = 4
"""The last reports of a session whose sums are known."""
WIDTH = 8
_LATEST = RING * WIDTH
_NONE = -1.0
FACTORS = 3
"""What an interval's figures make of a counter: loss (0-1), round trip and jitter (seconds)."""


class Sum(IntEnum):
    """Places in a report's sums: its turn, when it was observed (epoch ms), how many reports came
    before it, ms since the session's first one, and those ms weighted by what was reported."""

    TURN = 0
    OBSERVED_MS = 1
    REPORTS = 2
    ALL = 3
    RECEIVED = 4
    LOST = 5
    RTT = 6
    JITTER = 7


class Term(NamedTuple):
    """A counter: `start + factor * sum / 1000`."""

    start: float
    factor: float
    sum: int


def term(counter: Counter) -> Term:
    """How a counter follows from the sums."""
    if counter.per_report:
        return Term(counter.start, 1000 * counter.per_report, Sum.REPORTS)
    return Term(counter.start, counter.per_second, Sum[counter.of.upper()])


def no_sums() -> "Sums[float]":
    """The sums of a session that has not reported yet."""
    return array("d", [_NONE]) * (_LATEST + 1)


def advance(
    sums: "Sums[float]", turn: int, observed_ms: int, loss: float, rtt_s: float, jitter_s: float
) -> int:
    """Where the sums of the report `turn` stand; they advance once for each turn.

    A turn older than those kept is answered with the latest sums.
    """
    at = turn % RING * WIDTH
    if sums[at] == turn:
        return at
    latest = sums[_LATEST]
    if turn < latest:
        return int(latest) % RING * WIDTH
    sums[_LATEST] = sums[at] = turn
    if latest == _NONE:
        sums[at + 1 : at + WIDTH] = array("d", (observed_ms, 0, 0, 0, 0, 0, 0))
        return at
    _, before_ms, reports, everything, received, lost, rtt, jitter = _row(sums, int(latest))
    ms = max(observed_ms - before_ms, 0.0)
    sums[at + 1 : at + WIDTH] = array(
        "d",
        (
            before_ms + ms,
            reports + 1,
            everything + ms,
            received + ms * (1 - loss),
            lost + ms * loss,
            rtt + ms * rtt_s,
            jitter + ms * jitter_s,
        ),
    )
    return at


def values(sums: "Sums[float]", at: int, terms: Sequence[Term]) -> list[float]:
    """The counters of the report whose sums stand at `at`."""
    return [start + factor * sums[at + place] / 1000 for start, factor, place in terms]


def _row(sums: "Sums[float]", turn: int) -> "Sums[float]":
    at = turn % RING * WIDTH
    return sums[at : at + WIDTH]
