"""The main phase cut into blocks of time, so that its noise can be estimated: counts and histograms
of each block, from which a comparison draws again.

A block is 30 s, longer than most effects that make one second resemble the next; H. R. Künsch, "The
jackknife and the bootstrap for general stationary observations", Annals of Statistics 17 (1989).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from qosflood.analysis.findings_series import Block, Blocks
from qosflood.base.units import SECOND
from qosflood.journal.histograms import decode, encode
from qosflood.journal.records import Latency, Rollup, Window
from qosflood.plan.plan import Plan

BLOCK_S = 30
MOST_BLOCKS = 60
LEAST_BLOCKS = 8
"""Where the phase is too short for so many, blocks are shorter; under a second there are none."""
MOST_DECODED = 4_000
"""Windows up to which blocks are made of them; beyond, they are made of the minutes' roll-ups."""
_MINUTE_S = 60


def block_length_s(seconds: int, shards: int) -> int:
    """How long a block of a phase of so many seconds is; 0: it is too short for blocks."""
    if seconds < LEAST_BLOCKS * BLOCK_S:
        return seconds // LEAST_BLOCKS
    if seconds <= MOST_BLOCKS * BLOCK_S and seconds * shards <= MOST_DECODED:
        return BLOCK_S
    return _MINUTE_S * max(1, -(-seconds // (MOST_BLOCKS * _MINUTE_S)))


@dataclass(slots=True)
class _Draft:
    scheduled: int = 0
    sent: int = 0
    acked: int = 0
    errors: int = 0
    response: HdrHistogram | None = None
    service: HdrHistogram | None = None

    def count(self, window: Window) -> None:
        self.scheduled += window.scheduled
        self.sent += window.offered
        acked = window.outcomes.get("acked", 0)
        self.acked += acked
        self.errors += sum(window.outcomes.values()) - acked

    def merge(self, part: Window | Rollup) -> None:
        self.response = _added(self.response, part.response)
        self.service = _added(self.service, part.service)

    def block(self, t_s: int) -> Block:
        return Block(
            t_s=t_s,
            scheduled=self.scheduled,
            sent=self.sent,
            acked=self.acked,
            errors=self.errors,
            response=encode(self.response) if self.response else None,
            service=encode(self.service) if self.service else None,
        )


def _added(total: HdrHistogram | None, part: Latency | None) -> HdrHistogram | None:
    if part is None:
        return total
    histogram = decode(part.encoded)
    if total is None:
        return histogram
    total.add(histogram)
    return total


@dataclass(slots=True)
class BlockSeries:
    """Windows and roll-ups of the plan's main phase to its blocks.

    At most two blocks' histograms are kept open. What is recorded later, such as a
    report that timed out, goes to the oldest of them.
    """

    plan: Plan
    _length_s: int = field(init=False)
    _rolled: bool = field(init=False)
    _phase: str = field(init=False)
    _first_s: int = field(init=False)
    _last: int = field(init=False)
    _open: dict[int, _Draft] = field(init=False, default_factory=dict)
    _made: dict[int, Block] = field(init=False, default_factory=dict)
    _pending: list[Window] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        phase = self.plan.main_phase
        seconds, shards = phase.duration_ns // SECOND, self.plan.load.shards
        self._length_s = block_length_s(seconds, shards) if self.plan.floods else 0
        self._rolled = self._length_s >= _MINUTE_S
        self._phase = phase.name
        self._first_s = phase.start_ns // SECOND
        self._last = seconds // self._length_s - 1 if self._length_s else 0

    def add(self, window: Window) -> None:
        """Take in a window."""
        if not self._length_s or window.phase != self._phase:
            return
        if self._rolled:
            self._pending.append(window)
        else:
            self._take([window], [window])

    def roll(self, rollup: Rollup) -> None:
        """Take in a roll-up, which covers every window of its phase since the one before."""
        if self._pending and rollup.phase == self._phase:
            self._take(self._pending, [rollup])
            self._pending.clear()

    def close(self) -> Blocks | None:
        """All blocks that hold anything, in order; None: the phase was too short for any."""
        if self._pending:
            self._take(self._pending, self._pending)
            self._pending.clear()
        self._finish(self._last + 1)
        if not self._length_s:
            return None
        made = tuple(self._made[number] for number in sorted(self._made))
        return Blocks(phase=self._phase, length_s=self._length_s, blocks=made)

    def _take(self, windows: Iterable[Window], parts: Iterable[Window | Rollup]) -> None:
        windows = list(windows)
        number = self._number(windows[0].second)
        draft = self._open.setdefault(number, _Draft())
        for window in windows:
            draft.count(window)
        for part in parts:
            draft.merge(part)
        self._finish(number - 1)

    def _number(self, second: int) -> int:
        own = min(max((second - self._first_s) // self._length_s, 0), self._last)
        return max(own, min(self._open, default=own))

    def _finish(self, before: int) -> None:
        """Close the blocks before that one."""
        for number in [one for one in self._open if one < before]:
            t_s = self._first_s + number * self._length_s
            self._made[number] = self._open.pop(number).block(t_s)
