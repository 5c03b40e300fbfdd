"""The lower envelope of a memory series: what is left after the garbage collector ran. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.trend import Floats
from qosflood.journal.records import MemoryFigure, MemorySample, ScrapeSample
from qosflood.plan.judgeable import LEAST_BLOCKS
from qosflood.plan.plan import Phase, Plan

MOST_BLOCKS = 60
GC_PERIODS = 2
"""A block holds so many major collections, so that its least value is one after a collection."""


@dataclass(frozen=True, slots=True)
class Points:
    """Bytes over time (ns since the load's start), in order."""

    times: Floats
    values: Floats

    def least(self, start_ns: int, end_ns: int) -> float | None:
        """The least value between two times; None without any."""
        inside = self.values[(self.times >= start_ns) & (self.times < end_ns)]
        return float(inside.min()) if len(inside) else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of the flood that growth with time is judged on, in blocks of `block_ns`."""

    begin_ns: int
    stop_ns: int
    block_ns: int

    def minima(self, points: Points) -> Points:
        """Middle and least value of each block that has values."""
        number = ((points.times - self.begin_ns) // self.block_ns).astype(np.int64)
        blocks = max((self.stop_ns - self.begin_ns) // self.block_ns, 0)
        kept = (points.times >= self.begin_ns) & (number < blocks)
        filled = np.unique(number[kept])
        least = np.full(int(blocks), np.inf)
        np.minimum.at(least, number[kept], points.values[kept])
        middles = (self.begin_ns + (filled + 0.5) * self.block_ns).astype(np.float64)
        return Points(middles, least[filled])


def used_points(samples: Sequence[MemorySample], clock: RunClock) -> tuple[Points, MemoryFigure]:
    """What growth is judged on: the samples' own figure where they have one, else their RSS."""
    own = [sample for sample in samples if sample.used_bytes is not None]
    figures = [sample.figure for sample in own]
    figure = max(set(figures), key=figures.count) if own else samples[0].figure
    kept = [sample for sample in own if sample.figure == figure] or samples
    values = [s.rss_bytes if s.used_bytes is None else s.used_bytes for s in kept]
    return _points([s.t for s in kept], values, clock), figure


def heap_points(scrapes: Sequence[ScrapeSample], clock: RunClock) -> Points:
    """The heap's size as the target's page exports it; empty where it does not."""
    exported = [(s.t, s.heap_bytes) for s in scrapes if s.heap_bytes is not None]
    return _points([t for t, _ in exported], [heap for _, heap in exported], clock)


def _points(times: Sequence[int], values: Sequence[int], clock: RunClock) -> Points:
    since_start = np.array(times, dtype=np.int64) - clock.t0
    return Points(since_start.astype(np.float64), np.array(values, dtype=np.float64))


def judged_stretch(plan: Plan, clock: RunClock, period_ns: float | None) -> Stretch:
    """The flood without its first third, or its warm-up if that is longer.

    `period_ns` is how often the target's major collection runs. Blocks too short for that are
    kept where longer ones would be too few.
    """
    flood, watch = plan.main_phase, plan.watch
    begin = flood.start_ns + max(watch.memory_warmup_ns, flood.duration_ns // 3)
    stop = clock.span(flood)[1] - clock.t0
    # Longer blocks in longer runs: they outlast slow cycles, and a day stays 60 values.
    block = max(watch.memory_block_ns, (stop - begin) // MOST_BLOCKS)
    span, for_gc = stop - begin, GC_PERIODS * (period_ns or 0.0)
    if for_gc > block and span / for_gc >= LEAST_BLOCKS:
        block = round(for_gc)
    return Stretch(begin, stop, block)


def outlasts(stretch: Stretch, period_ns: float | None) -> bool:
    """Whether a block is long enough for the target's major collection, or that is unknown."""
    return period_ns is None or stretch.block_ns >= GC_PERIODS * period_ns


def gc_period_ns(scrapes: Sequence[ScrapeSample], clock: RunClock, flood: Phase) -> float | None:
    """Mean time from one major collection to the next in the flood.

    Infinite if none ran; None where the target's page does not count them.
    """
    start, end = clock.span(flood)
    counts = [(s.t, s.major_gcs) for s in scrapes if s.major_gcs is not None and start <= s.t < end]
    if len(counts) < LEAST_BLOCKS:
        return None
    ran = counts[-1][1] - counts[0][1]
    return (counts[-1][0] - counts[0][0]) / ran if ran > 0 else float("inf")
