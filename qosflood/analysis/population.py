"""How many sessions and connections there were, by second of the load. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qosflood.journal.records import Window

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Counts:
    """What one shard counted, at the end of each second: sessions begun since the load's start,
    those that had a report accepted (None: not recorded), and open connections."""

    begun: int
    acked: int | None
    connected: int


class Population:
    """Sessions and connections of all shards together; shards count their own."""

    def __init__(self) -> None:
        self._shards: dict[int, dict[int, _Counts]] = {}

    def add(self, window: Window) -> None:
        """Add a window; only one with health reports sessions and connections."""
        if window.sessions is None:
            return
        connected = window.health.connected if window.health is not None else 0
        counts = _Counts(window.sessions, window.acked_sessions, connected)
        self._shards.setdefault(window.shard, {})[window.second] = counts

    def begun(self, second: int) -> int | None:
        """Distinct sessions begun by the end of the second before `second`; None if no shard
        reported them."""
        if not self._shards:
            return None
        return sum(_latest(counts, second) for counts in self._shards.values())

    @property
    def knows_acked(self) -> bool:
        """Whether every shard reported how many sessions had a report accepted."""
        return bool(self._shards) and all(
            counts.acked is not None
            for by_second in self._shards.values()
            for counts in by_second.values()
        )

    def acked(self, seconds: Floats) -> Floats:
        """Sessions with an accepted report by these moments, in seconds since the load's start."""
        return self._at(seconds, lambda counts: counts.acked or 0)

    def connected(self, seconds: Floats) -> Floats:
        """Connections open at these moments."""
        return self._at(seconds, lambda counts: counts.connected)

    def _at(self, seconds: Floats, read: Callable[[_Counts], int]) -> Floats:
        """The sum over the shards, between the ends of two seconds by a straight line."""
        total = np.zeros_like(seconds)
        for by_second in self._shards.values():
            known = sorted(by_second)
            ends = np.array([0, *(second + 1 for second in known)], dtype=np.float64)
            counts = np.array([0, *(read(by_second[second]) for second in known)], dtype=np.float64)
            total += np.interp(seconds, ends, counts)
        return total


def _latest(counts: dict[int, _Counts], second: int) -> int:
    before = ((when, one.begun) for when, one in counts.items() if when < second)
    return max(before, key=lambda found: found[0], default=(0, 0))[1]
