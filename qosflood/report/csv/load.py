"""Windows of all shards to one row a second and phase. Pure.

Histograms are merged, so that every percentile is one of all values of the second and none is made
of percentiles.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from qosflood.analysis.findings import LatencyFigures
from qosflood.analysis.latency import NO_LATENCY, figures_of
from qosflood.journal.histograms import complete, merge
from qosflood.journal.records import Latency, Window

SERIES = ("response", "service", "failed", "send_lag")
_STRAGGLING_S = 90
"""A shard that says nothing for 30 s is given up; parts of a merged run begin within a second."""
_COUNTS = (
    "scheduled",
    "picked_late",
    "offered",
    "resent",
    "retries",
    "acked_after_retry",
    "reconnects",
)


@dataclass(slots=True)
class Second:
    """One second of the load's reports of one phase, over all shards."""

    second: int
    phase: str
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    parts: dict[str, list[Latency]] = field(default_factory=dict)
    figures: dict[str, LatencyFigures] = field(default_factory=dict)

    def add(self, window: Window) -> None:
        """Take in a shard's window."""
        for name in _COUNTS:
            self.counts[name] += getattr(window, name)
        self.outcomes.update(window.outcomes)
        for series in SERIES:
            if (latency := getattr(window, series)) is not None:
                self.parts.setdefault(series, []).append(latency)
        if window.connects is not None:
            self.counts["connects"] += window.connects.count
            self.counts["connects_failed"] += window.connects.failed
            self.counts["connects_slow"] += window.connects.slow
        if window.health is not None:
            self.counts["shards"] += 1
            self.counts["connected"] += window.health.connected
            self.counts["connecting"] += window.health.connecting
            self.counts["pending"] += window.health.pending
            self.counts["sessions"] += window.sessions or 0
            self.counts["acked_sessions"] += window.acked_sessions or 0

    def close(self) -> "Second":
        """Merge the histograms and read them; nothing can be added any more."""
        for series, parts in self.parts.items():
            self.figures[series] = figures_of(
                complete(parts[0]) if len(parts) == 1 else merge(parts)
            )
        self.parts = {}
        return self

    def latency(self, series: str) -> LatencyFigures:
        """The figures that may be given of one series."""
        return self.figures.get(series, NO_LATENCY)

    def of_shards(self, name: str) -> int | None:
        """What stands on windows of the phase in force only."""
        return self.counts[name] if self.counts["shards"] else None


class Seconds:
    """Gathers windows; hands out seconds that are complete, in their order."""

    def __init__(self) -> None:
        self._open: dict[int, dict[str, Second]] = {}
        self._newest = -1

    def add(self, window: Window) -> Iterator[Second]:
        """Take in a window; the seconds that nothing more is to come of."""
        phases = self._open.setdefault(window.second, {})
        phases.setdefault(window.phase, Second(window.second, window.phase)).add(window)
        if window.second > self._newest:
            self._newest = window.second
            yield from self._closed_before(self._newest - _STRAGGLING_S)

    def rest(self) -> Iterator[Second]:
        """All that are left, at the journal's end."""
        yield from self._closed_before(self._newest + 1)

    def _closed_before(self, second: int) -> Iterator[Second]:
        for old in sorted(known for known in self._open if known < second):
            for made in self._open.pop(old).values():
                yield made.close()
