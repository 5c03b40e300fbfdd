"""Folding, figures, encoding and merging, with HdrHistogram itself as the oracle."""

import ctypes
import gc

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st
from ranks import value_at_rank

from qosflood.base.percentiles import PERCENTILES
from qosflood.journal import histograms
from qosflood.journal.histograms import HIGHEST_NS

durations = st.one_of(
    st.integers(0, HIGHEST_NS),
    st.integers(0, 2_000_000),
    st.sampled_from([0, 1, 511, 512, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, HIGHEST_NS]),
)
series = st.lists(durations, min_size=1, max_size=60)


def folded(values: list[int]) -> HdrHistogram:
    histogram = histograms.make_histogram()
    histograms.fold(histogram, np.array(values, dtype=np.int64))
    return histogram


def recorded(values: list[int]) -> HdrHistogram:
    histogram = histograms.make_histogram()
    for value in values:
        assert histogram.record_value(value)
    return histogram


@given(series)
def test_folding_counts_exactly_as_recording_one_by_one(values):
    ours, theirs = folded(values), recorded(values)
    assert bytes(ours.counts) == bytes(theirs.counts)
    assert ours.total_count == theirs.total_count
    assert (ours.min_value, ours.max_value) == (theirs.min_value, theirs.max_value)


# The oracle walks all its counts for each percentile.
@settings(max_examples=40)
@given(series)
def test_percentiles_have_their_naive_rank_and_mean_and_maximum_are_hdrhistograms_own(values):
    ours, theirs = histograms.figures(folded(values)), recorded(values)
    assert ours is not None
    wanted = {name: value_at_rank(theirs, p) for name, p in PERCENTILES.items()}
    assert ours.percentiles == wanted
    assert ours.mean_ns == pytest.approx(theirs.get_mean_value())
    assert ours.max_ns == theirs.get_value_at_percentile(100.0)


@given(series)
def test_no_percentile_lies_above_the_maximum_and_they_never_fall(values):
    ours = histograms.figures(folded(values))
    assert ours is not None
    ladder = [*(ours.percentiles[name] for name in PERCENTILES), ours.max_ns]
    assert ladder == sorted(ladder)


@given(series, series)
def test_merging_equals_recording_everything_in_one(left, right):
    parts = [histograms.figures(folded(values)) for values in (left, right)]
    whole = histograms.figures(folded(left + right))
    merged = histograms.merge([part for part in parts if part is not None])
    assert merged == whole


@given(series, st.lists(st.integers(1, 1000).map(lambda n: n / 10), min_size=1, max_size=8))
def test_values_at_many_percentiles_have_their_naive_rank(values, percentiles):
    theirs = recorded(values)
    ours = histograms.value_at(folded(values), np.array(percentiles))
    assert ours.tolist() == [value_at_rank(theirs, p) for p in percentiles]


@given(series)
def test_an_encoded_histogram_is_read_back_with_the_same_counts(values):
    histogram = folded(values)
    assert bytes(histograms.decode(histograms.encode(histogram)).counts) == bytes(histogram.counts)


def test_encoding_ever_other_histograms_leaves_few_array_types_behind():
    def types() -> int:
        return sum(
            isinstance(each, type) and issubclass(each, ctypes.Array) for each in gc.get_objects()
        )

    gc.collect()
    before = types()
    gc.disable()  # as in a shard
    try:
        for value in np.geomspace(1_000, HIGHEST_NS, 500).astype(np.int64).tolist():
            assert histograms.decode(histograms.encode(folded([value]))).total_count == 1
        assert types() - before < 40
    finally:
        gc.enable()


def test_values_above_the_range_are_recorded_at_its_end_and_counted():
    histogram = histograms.make_histogram()
    overflow = histograms.fold(histogram, np.array([5_000, HIGHEST_NS, HIGHEST_NS + 1, 1 << 60]))
    figures = histograms.figures(histogram, overflow)
    assert figures is not None
    assert (overflow, figures.overflow, figures.count) == (2, 2, 4)
    assert figures.max_ns >= HIGHEST_NS


def test_overflow_adds_up_when_histograms_are_merged():
    part = histograms.figures(folded([1_000]), overflow=3)
    assert part is not None
    merged = histograms.merge([part, part])
    assert merged is not None
    assert merged.overflow == 6


def test_a_negative_duration_counts_as_zero():
    assert folded([-5]).get_count_at_value(0) == 1


def test_an_empty_histogram_has_no_figures():
    empty = histograms.make_histogram()
    assert histograms.fold(empty, np.array([], dtype=np.int64)) == 0
    assert histograms.figures(empty) is None
    assert histograms.merge([]) is None
    assert histograms.value_at(empty, np.array([50.0])).tolist() == [0]


def test_a_cleared_histogram_is_as_good_as_a_new_one():
    histogram = folded([7_000, 9_000_000])
    histograms.clear(histogram)
    assert histograms.figures(histogram) is None
    histograms.fold(histogram, np.array([42_000]))
    assert histograms.figures(histogram) == histograms.figures(folded([42_000]))
