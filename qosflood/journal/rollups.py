"""Merging windows into roll-ups, so that a day's report need not decode 86,400 windows."""

from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from qosflood.journal.histograms import decode, figures
from qosflood.journal.records import Latency, Rollup, Window

EVERY_NS = 60_000_000_000
_SERIES = ("response", "service", "failed", "send_lag")


@dataclass(slots=True)
class _PhaseHistograms:
    """One phase's histograms since its last roll-up."""

    from_t: int
    windows: int = 0
    histograms: dict[str, HdrHistogram] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)

    def add(self, series: str, latency: Latency) -> None:
        histogram = decode(latency.encoded)
        if series in self.histograms:
            self.histograms[series].add(histogram)
        else:
            self.histograms[series] = histogram
        self.overflows[series] = self.overflows.get(series, 0) + latency.overflow

    def figures(self, series: str) -> Latency | None:
        histogram = self.histograms.get(series)
        return None if histogram is None else figures(histogram, self.overflows[series])


class RollupMaker:
    """Collects windows; `take` returns the roll-ups that are due."""

    def __init__(self) -> None:
        self._phases: dict[str, _PhaseHistograms] = {}
        self._last_t = 0
        self._phase: str | None = None

    def add(self, window: Window) -> None:
        """Take a window that was just written to the journal."""
        collected = self._phases.setdefault(window.phase, _PhaseHistograms(from_t=window.t))
        collected.windows += 1
        for series in _SERIES:
            latency = getattr(window, series)
            if latency is not None:
                collected.add(series, latency)

    def take(self, t: int, phase: str | None) -> list[Rollup]:
        """Roll-ups of all phases if a minute has passed or the phase in force has changed (None:
        the load is over), else nothing."""
        if phase is not None and self._phase is None:
            self._phase, self._last_t = phase, t
        if phase == self._phase and t - self._last_t < EVERY_NS:
            return []
        self._phase = phase
        self._last_t = t
        made = [
            Rollup(
                t=t,
                from_t=collected.from_t,
                phase=name,
                windows=collected.windows,
                **{series: collected.figures(series) for series in _SERIES},
            )
            for name, collected in self._phases.items()
        ]
        self._phases.clear()
        return made
