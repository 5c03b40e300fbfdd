"""Histograms of one phase put together again, and the figures that may be read from them."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from hdrh.histogram import HdrHistogram

from qosflood.analysis.findings import LatencyFigures
from qosflood.analysis.findings_series import PercentileCurve
from qosflood.base.percentiles import LEAST_ABOVE, PERCENTILES, rank
from qosflood.journal.histograms import decode, figures, value_at
from qosflood.journal.records import Latency

_TICKS_PER_HALVING = 5

NO_LATENCY = LatencyFigures(
    percentiles=dict.fromkeys(PERCENTILES), max_ns=None, mean_ns=None, count=0
)


def allowed_above(figure: str, count: int) -> int:
    """How many of `count` values may lie above a percentile, or above `max`."""
    return count - rank(PERCENTILES.get(figure, 100.0), count)


def given(value: int, percentile: float, count: int) -> int | None:
    """The percentile's value, or None with too few values above it."""
    return value if count - rank(percentile, count) >= LEAST_ABOVE else None


def figures_of(latency: Latency | None) -> LatencyFigures:
    """The figures that may be given of one histogram; None for a percentile that it was recorded
    without (see `histograms.complete`)."""
    if latency is None or not latency.count:
        return NO_LATENCY
    count = latency.count
    return LatencyFigures(
        percentiles={
            name: given(latency.percentiles[name], percentile, count)
            if name in latency.percentiles
            else None
            for name, percentile in PERCENTILES.items()
        },
        max_ns=latency.max_ns,
        mean_ns=latency.mean_ns,
        count=count,
        overflow=latency.overflow,
    )


def percentile_below(figures: LatencyFigures, figure: str) -> int | None:
    """The highest percentile below `figure` that is given, for it bounds the one asked."""
    below = PERCENTILES.get(figure, 100.0)
    lower = [figures.percentiles[name] for name, at in PERCENTILES.items() if at < below]
    return max((value for value in lower if value is not None), default=None)


def p99_or_max(latency: Latency) -> int:
    """The 99th percentile where it may be given, else the maximum, which lies above it."""
    p99 = given(latency.percentiles["p99"], PERCENTILES["p99"], latency.count)
    return latency.max_ns if p99 is None else p99


def exact_percentile(ordered: Sequence[int], percentile: float) -> int | None:
    """The percentile of sorted values that were kept one by one."""
    if not ordered:
        return None
    return given(ordered[rank(percentile, len(ordered)) - 1], percentile, len(ordered))


class MergedSeries:
    """One latency series of one phase: its roll-ups, and the windows after the last of them.

    A roll-up stands for all windows before it, so those need never be decoded.
    """

    __slots__ = ("_overflow", "_pending", "_total")

    def __init__(self) -> None:
        self._total: HdrHistogram | None = None
        self._overflow = 0
        self._pending: list[Latency] = []

    def add(self, part: Latency | None) -> None:
        """Take in a window's histogram."""
        if part is not None:
            self._pending.append(part)

    def roll(self, part: Latency | None) -> None:
        """Take in a roll-up, which covers every window added since the last one."""
        self._pending.clear()
        self._absorb(part)

    def close(self) -> Latency | None:
        """Everything as one; None if there was nothing."""
        for part in self._pending:
            self._absorb(part)
        self._pending.clear()
        return None if self._total is None else figures(self._total, self._overflow)

    def _absorb(self, part: Latency | None) -> None:
        if part is None:
            return
        self._overflow += part.overflow
        if self._total is None:
            self._total = decode(part.encoded)
        else:
            self._total.add(decode(part.encoded))


def percentile_curve(
    latency: Latency | None, phase: str, series: Literal["response", "service", "failed"]
) -> PercentileCurve | None:
    """Values at quantiles that come closer to 1 as HdrHistogram's own curve does: five steps to
    each halving of the distance, down to one value of the count."""
    if latency is None or not latency.count:
        return None
    steps = math.ceil(_TICKS_PER_HALVING * math.log2(latency.count)) + 1
    quantiles = 1.0 - np.exp2(-np.arange(steps) / _TICKS_PER_HALVING)
    values = value_at(decode(latency.encoded), quantiles * 100.0)
    return PercentileCurve(
        phase=phase,
        series=series,
        quantiles=tuple(quantiles.tolist()),
        values_ns=tuple(values.tolist()),
    )
