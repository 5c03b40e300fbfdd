"""HdrHistograms of durations in nanoseconds: record many at once, read, encode, merge.

Every histogram in qosflood has the same range, so counts of any two can be added. Values above
the range are recorded at its end and counted as overflow, never dropped.
"""

import sys
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

from qosflood.base.percentiles import PERCENTILES, rank
from qosflood.journal.records import Latency

LOWEST_NS = 1_000
HIGHEST_NS = 3_600_000_000_000
DIGITS = 3
_ENCODED_TOGETHER = 2048
"""Counters, a power of 2: an encoding holds a multiple of so many."""

Ints = npt.NDArray[np.int64]


def make_histogram() -> HdrHistogram:
    """An empty histogram of 1 us to 1 h with three significant digits."""
    return HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)


def encode(histogram: HdrHistogram) -> str:
    """HdrHistogram's V2 compressed form in base64; zeros may follow the last counter in use.

    HdrHistogram makes a ctypes array type for each number of counters that it encodes. Types are
    cycles, which a shard without garbage collection never frees: there may be few of them.
    """
    last = histogram.get_counts_array_index(histogram.max_value)
    rounded = min(last | (_ENCODED_TOGETHER - 1), histogram.counts_len - 1)
    largest = histogram.max_value
    histogram.max_value = int(values_of_indexes()[0][rounded])
    try:
        encoded: bytes = histogram.encode()
    finally:
        histogram.max_value = largest
    return encoded.decode("ascii")


def decode(encoded: str) -> HdrHistogram:
    """The histogram that `encode` wrote."""
    return HdrHistogram.decode(encoded)


def counts_of(histogram: HdrHistogram) -> Ints:
    """The histogram's own counters, by index; writing to them writes to the histogram."""
    return np.frombuffer(histogram.counts, dtype=np.int64)


def clear(histogram: HdrHistogram) -> None:
    """Empty it for re-use; HdrHistogram's own reset walks 24,576 counters in Python."""
    counts_of(histogram).fill(0)
    histogram.total_count = histogram.max_value = 0
    histogram.min_value = sys.maxsize


def fold(histogram: HdrHistogram, values: Ints) -> int:
    """Record all `values` (ns) and return how many were above the range.

    Counts as `record_value` would for each, at a sixtieth of its cost. Negative values, which
    only a clock running backwards could yield, count as 0.
    """
    if not values.size:
        return 0
    overflow = int(np.count_nonzero(values > HIGHEST_NS))
    clipped = np.clip(values, 0, HIGHEST_NS)
    folded = np.bincount(_indexes(histogram, clipped))
    counts_of(histogram)[: folded.size] += folded
    histogram.total_count += values.size
    histogram.min_value = min(histogram.min_value, int(clipped.min()))
    histogram.max_value = max(histogram.max_value, int(clipped.max()))
    return overflow


def _indexes(histogram: HdrHistogram, values: Ints) -> Ints:
    # frexp's exponent is the bit length: exact, since the range ends far below 2**53.
    _, bits = np.frexp((values | histogram.sub_bucket_mask).astype(np.float64))
    magnitude = histogram.sub_bucket_half_count_magnitude
    bucket = bits.astype(np.int64) - (histogram.unit_magnitude + magnitude + 1)
    sub_bucket = values >> (bucket + histogram.unit_magnitude)
    indexes: Ints = (bucket << magnitude) + sub_bucket
    return indexes


def figures(histogram: HdrHistogram, overflow: int = 0) -> Latency | None:
    """The figures of a histogram with its encoding; None for an empty one.

    Percentiles equal those of HdrHistogram's Java reader. The maximum is, like them, the highest
    value that the counter it fell into stands for, so that no percentile lies above it.
    """
    total: int = histogram.total_count
    if not total:
        return None
    counts = counts_of(histogram)
    used = np.flatnonzero(counts)
    recorded = counts[used]
    reached = np.cumsum(recorded)
    highest, middle = values_of_indexes()
    targets = [rank(p, total) for p in PERCENTILES.values()]
    values = highest[used[np.searchsorted(reached, targets)]].tolist()
    return Latency(
        count=total,
        max_ns=int(highest[used[-1]]),
        mean_ns=float(recorded @ middle[used]) / total,
        percentiles=dict(zip(PERCENTILES, values, strict=True)),
        overflow=overflow,
        encoded=encode(histogram),
    )


def value_at(histogram: HdrHistogram, percentiles: npt.NDArray[np.float64]) -> Ints:
    """The values at many percentiles (0 to 100) at once; 0s if it is empty."""
    if not histogram.total_count:
        return np.zeros(len(percentiles), dtype=np.int64)
    counts = counts_of(histogram)
    used = np.flatnonzero(counts)
    targets = [rank(p, histogram.total_count) for p in percentiles.tolist()]
    values: Ints = values_of_indexes()[0][used[np.searchsorted(np.cumsum(counts[used]), targets)]]
    return values


def count_above(latency: Latency, threshold_ns: float) -> int:
    """How many values lie above the threshold, to the histogram's precision."""
    counts = counts_of(decode(latency.encoded))
    return int(counts[values_of_indexes()[0] > threshold_ns].sum())


@cache
def values_of_indexes() -> tuple[Ints, npt.NDArray[np.float64]]:
    """For each counter: the highest value it stands for, and the middle one."""
    blank = make_histogram()
    magnitude = blank.sub_bucket_half_count_magnitude
    index = np.arange(blank.counts_len, dtype=np.int64)
    bucket = np.maximum((index >> magnitude) - 1, 0)
    size = np.int64(1) << (bucket + blank.unit_magnitude)
    lowest = (index - (bucket << magnitude)) * size
    return lowest + size - 1, (lowest + (size >> 1)).astype(np.float64)


def complete(latency: Latency) -> Latency:
    """With every percentile of today; one recorded with fewer is decoded for it."""
    if PERCENTILES.keys() <= latency.percentiles.keys():
        return latency
    return figures(decode(latency.encoded), latency.overflow) or latency


def merge(parts: Iterable[Latency]) -> Latency | None:
    """All parts as one; None if there are none."""
    overflow = 0
    total: HdrHistogram | None = None
    for part in parts:
        overflow += part.overflow
        if total is None:
            total = decode(part.encoded)
        else:
            total.add(decode(part.encoded))
    return None if total is None else figures(total, overflow)
