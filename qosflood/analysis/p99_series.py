"""The p99 over time: of every second, or of as many seconds together as have the reports it takes.

A p99 needs 1,000 reports. Below 1,000/s seconds of one phase are taken together until they have
them; what is left at the phase's end belongs to the last of these stretches. In a run that is too
long to put its histograms together again, the minutes of the journal's roll-ups stand instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings_series import P99Point, Second
from qosflood.analysis.latency import figures_of
from qosflood.base.percentiles import values_needed
from qosflood.base.units import SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.records import Latency, Rollup

_NEEDED = values_needed("p99")


@dataclass(slots=True)
class _Stretch:
    start: int
    end: int
    parts: list[Latency] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    def point(self) -> P99Point | None:
        """Its p99; None with too few reports."""
        if self.count < _NEEDED:
            return None
        whole = self.parts[0] if len(self.parts) == 1 else merge(self.parts)
        p99 = figures_of(whole).p99_ns
        return None if p99 is None else P99Point(float(self.start), self.end - self.start, p99)


class P99Series:
    """Seconds in their order; `exact`: their histograms may be put together."""

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        self._phase = ""
        self._done: list[_Stretch] = []
        self._open: _Stretch | None = None
        self._points: list[P99Point] = []
        self._minutes: list[Rollup] = []

    def add(self, second: int, phase: str, parts: Sequence[Latency]) -> None:
        """Add a second's histograms, one a shard."""
        if not self._exact:
            return
        if phase != self._phase:
            self._end_phase()
            self._phase = phase
        stretch = self._open or _Stretch(second, second)
        stretch.end = second + 1
        stretch.parts.extend(parts)
        if stretch.count < _NEEDED:
            self._open = stretch
            return
        self._open = None
        self._close()
        self._done.append(stretch)

    def roll(self, rollup: Rollup) -> None:
        """Add a minute of a phase."""
        if not self._exact:
            self._minutes.append(rollup)

    def points(self, seconds: Sequence[Second], clock: RunClock) -> tuple[P99Point, ...]:
        """All points in order; of a long run those of its seconds, where most of them have one."""
        if self._exact:
            self._end_phase()
            return tuple(self._points)
        own = [
            P99Point(one.t_s, 1, one.response_p99_ns)
            for one in seconds
            if one.response_p99_ns is not None
        ]
        busy = sum(one.response_max_ns is not None for one in seconds)
        return tuple(own) if own and 2 * len(own) >= busy else tuple(self._of_minutes(clock))

    def _close(self) -> None:
        """Read the stretch before, which no further second will be added to."""
        points = (stretch.point() for stretch in self._done)
        self._points += [point for point in points if point is not None]
        self._done.clear()

    def _end_phase(self) -> None:
        if self._open is not None and self._done:
            self._done[-1].end = self._open.end
            self._done[-1].parts += self._open.parts
        self._open = None
        self._close()

    def _of_minutes(self, clock: RunClock) -> Iterator[P99Point]:
        for rollup in self._minutes:
            p99 = figures_of(rollup.response).p99_ns
            if p99 is not None:
                length_s = max(round((rollup.t - rollup.from_t) / SECOND), 1)
                yield P99Point(round(clock.t_s(rollup.from_t), 3), length_s, p99)
