"""What a percentile is, counted naively: the oracle for those that are read from histograms."""

from fractions import Fraction
from math import ceil

from hdrh.histogram import HdrHistogram


def naive_rank(percentile: float, count: int) -> int:
    """The fewest of `count` values that are at least `percentile` per cent of them."""
    return max(ceil(Fraction(str(percentile)) * count / 100), 1)


def value_at_rank(histogram: HdrHistogram, percentile: float) -> int:
    """The highest value that the counter stands for in which the value of that rank lies."""
    wanted, seen = naive_rank(percentile, histogram.total_count), 0
    for item in histogram.get_recorded_iterator():
        seen += item.count_added_in_this_iter_step
        if seen >= wanted:
            highest: int = histogram.get_highest_equivalent_value(item.value_iterated_to)
            return highest
    raise AssertionError("the histogram is empty")
