"""latency.hlog: a HdrHistogram V2 log with a line per interval, phase and series.

Any HdrHistogram tool reads it: histogram values are nanoseconds, the tag of a line is
`<phase>.<series>`, its interval about a minute, its maximum in milliseconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qosflood.base.units import MINUTE, MS, SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.records import JournalRecord, Latency, Rollup, Window

SERIES = ("response", "service", "failed", "send_lag")
_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'


@dataclass(slots=True)
class _Tail:
    """Windows of one phase and minute that no roll-up covers."""

    from_t: int
    t: int
    parts: dict[str, list[Latency]] = field(default_factory=dict)

    def add(self, window: Window) -> None:
        self.t = window.t
        for name in SERIES:
            latency = getattr(window, name)
            if latency is not None:
                self.parts.setdefault(name, []).append(latency)


class LogMaker:
    """Gathers what the log needs while a journal is read for something else: a day's is 350 MB."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._tails: dict[str, dict[int, _Tail]] = {}

    def passing(self, records: Iterable[JournalRecord]) -> Iterator[JournalRecord]:
        """Yields the same records, and adds each to the log on the way."""
        for record in records:
            if isinstance(record, Window):
                self._keep(record)
            elif isinstance(record, Rollup):
                self._roll(record)
            yield record

    def _keep(self, window: Window) -> None:
        minutes = self._tails.setdefault(window.phase, {})
        minute = (window.t - SECOND) // MINUTE
        minutes.setdefault(minute, _Tail(window.t, window.t)).add(window)

    def _roll(self, rollup: Rollup) -> None:
        self._tails.pop(rollup.phase, None)
        for name in SERIES:
            latency = getattr(rollup, name)
            self._lines += _line(rollup.phase, name, rollup.from_t, rollup.t, latency)

    def lines(self, start_wall_ns: int, start_utc: str) -> Iterator[str]:
        """The log's lines without line ends; times count from `start_wall_ns` (UTC), the moment
        the records' own `t` count from."""
        start_s = start_wall_ns / SECOND
        yield "#[Histogram log format version 1.3]"
        yield "#qosflood: values in nanoseconds, tag = phase.series, Interval_Max in milliseconds"
        yield f"#[StartTime: {start_s:.3f} (seconds since epoch), {start_utc}]"
        yield f"#[BaseTime: {start_s:.3f} (seconds since epoch)]"
        yield _LEGEND
        yield from self._lines
        for phase, minutes in self._tails.items():
            for tail in minutes.values():
                for name, parts in tail.parts.items():
                    yield from _line(phase, name, tail.from_t, tail.t, merge(parts))


def _line(phase: str, series: str, from_t: int, t: int, latency: Latency | None) -> Iterator[str]:
    # A window's `t` is the end of its second.
    start = max(0, from_t - SECOND)
    if latency is not None and latency.count:
        yield (
            f"Tag={phase}.{series},{start / SECOND:.3f},{(t - start) / SECOND:.3f},"
            f"{latency.max_ns / MS:.3f},{latency.encoded}"
        )
