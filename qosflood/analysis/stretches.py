"""From when on events were rare enough for good, judged over as many seconds as it takes to tell.

A second of 40 reports cannot show a share of 1%, and one failure in it is 2.5%. So a stretch counts
as bad only if its share is above what is allowed beyond chance, and stretches of 1, 2, 4, … seconds
are looked at: a total failure shows in one second, a slight one in many.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

LIKELY_Z = 2.58
"""99% of what chance brings about lies within so many standard deviations."""
SURE_Z = 3.3
"""Of a recovery's many stretches none shall be called bad by chance: 99.9%."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of the `count` reports that ended in the second from `t_s` on, `hits` were bad."""

    t_s: float
    hits: int
    count: int


def share_bounds(hits: int, count: int, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share (E. B. Wilson, 1927); 0 to 1 without any observation."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, z * z
    middle = share + square / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    # Rounding must not put the share itself outside.
    return max(min((middle - half) / whole, share), 0.0), min(
        max((middle + half) / whole, share), 1.0
    )


def good_from(seconds: Sequence[Counted], most: float) -> float | None:
    """The first second (`t_s`) from which on no stretch has surely more than `most` bad ones; None
    if the last ones have. After a bad stretch as many seconds must be good as it was long."""
    hits = [0, *accumulate(second.hits for second in seconds)]
    counts = [0, *accumulate(second.count for second in seconds)]
    good, length, needed = 0, 1, 0
    while length <= len(seconds):
        for start in range(len(seconds) - length + 1):
            end = start + length
            if start < good:
                continue
            bad = share_bounds(hits[end] - hits[start], counts[end] - counts[start], SURE_Z)
            if bad[0] > most:
                good = _after_last_hit(seconds, end)
                needed = length
        length *= 2
    if good + needed > len(seconds):
        return None
    return seconds[good].t_s if good else seconds[0].t_s


def _after_last_hit(seconds: Sequence[Counted], end: int) -> int:
    """The index after the last second before `end` that had any."""
    return next(index + 1 for index in reversed(range(end)) if seconds[index].hits)
