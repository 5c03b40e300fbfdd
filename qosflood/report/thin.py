"""Fewer points for a chart without losing an extreme: minimum and maximum of each bucket. Pure."""

from collections.abc import Sequence
from itertools import pairwise


def thin(values: Sequence[float | None], most: int) -> list[int]:
    """Ascending indices of at most `most` (>= 5) values that keep the shape of the line.

    The first, the last, every bucket's minimum and maximum stay, and one None of a bucket that
    holds any, so that a gap remains a gap.
    """
    if len(values) <= most:
        return list(range(len(values)))
    buckets = max(1, (most - 2) // 3)
    edges = [len(values) * index // buckets for index in range(buckets + 1)]
    kept = {0, len(values) - 1}
    for start, end in pairwise(edges):
        kept.update(_telling(values, range(start, end)))
    return sorted(kept)


def _telling(values: Sequence[float | None], bucket: range) -> list[int]:
    present = [(value, index) for index in bucket if (value := values[index]) is not None]
    missing = next((index for index in bucket if values[index] is None), None)
    extremes = [min(present)[1], max(present)[1]] if present else []
    return extremes if missing is None else [*extremes, missing]
