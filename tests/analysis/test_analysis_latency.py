"""Percentiles are given only with values above them, and roll-ups stand for their windows."""

import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st
from ranks import value_at_rank
from record_maker import latency, rollup, window

from qosflood.analysis.latency import (
    MergedSeries,
    exact_percentile,
    figures_of,
    given,
    p99_or_max,
    percentile_curve,
)
from qosflood.base.percentiles import PERCENTILES
from qosflood.journal.histograms import decode, merge

milliseconds = st.lists(st.floats(0.0, 20_000.0), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("percentile", "least"), [(50.0, 20), (90.0, 100), (99.0, 1000), (99.9, 10_000)]
)
def test_a_percentile_is_given_only_with_ten_values_above_it(percentile, least):
    assert given(7, percentile, least) == 7
    assert given(7, percentile, least - 1) is None


def test_too_few_values_leave_maximum_and_count_to_speak():
    figures = figures_of(latency([1.0, 2.0, 3.0]))
    assert figures.percentiles == dict.fromkeys(PERCENTILES)
    assert figures.count == 3
    assert figures.max_ns == pytest.approx(3e6, rel=1e-3)


def test_nothing_measured_is_none_not_zero():
    figures = figures_of(None)
    assert (figures.max_ns, figures.mean_ns, figures.count) == (None, None, 0)


@cases(milliseconds)
def test_the_percentiles_given_rise_and_never_pass_the_maximum(values):
    figures = figures_of(latency(values))
    ladder = [*(figures.percentiles[name] for name in PERCENTILES), figures.max_ns]
    known = [value for value in ladder if value is not None]
    assert known == sorted(known)


@cases(milliseconds, milliseconds, milliseconds)
def test_a_rollup_and_the_windows_after_it_make_the_whole(first, second, third):
    parts = [latency(values) for values in (first, second, third)]
    series = MergedSeries()
    series.add(parts[0])
    series.add(parts[1])
    series.roll(merge(parts[:2]))
    series.add(parts[2])
    assert series.close() == latency(first + second + third)


def test_windows_before_a_rollup_are_never_decoded():
    unreadable = window(0, "flood", response_ms=[1.0]).response
    object.__setattr__(unreadable, "encoded", "no histogram")
    series = MergedSeries()
    series.add(unreadable)
    series.roll(latency([2.0]))
    assert series.close() == latency([2.0])


def test_an_empty_rollup_leaves_what_came_before_it():
    series = MergedSeries()
    series.roll(latency([2.0]))
    series.roll(rollup("flood", [], 5).response)
    assert series.close() == latency([2.0])


def test_p99_gives_way_to_the_maximum_with_too_few_values():
    assert p99_or_max(latency([1.0] * 100 + [80.0])) == pytest.approx(80e6, rel=1e-3)
    assert p99_or_max(latency([1.0] * 2000 + [80.0])) == pytest.approx(1e6, rel=1e-3)


# The oracle walks all its counts for each percentile.
@settings(max_examples=40)
@cases(milliseconds)
def test_a_curve_rises_and_goes_through_the_values_of_its_ranks(values):
    whole = latency(values)
    curve = percentile_curve(whole, "flood", "response")
    assert curve.quantiles[0] == 0.0
    assert list(curve.quantiles) == sorted(curve.quantiles)
    assert curve.quantiles[-1] < 1.0
    assert list(curve.values_ns) == sorted(curve.values_ns)
    theirs = decode(whole.encoded)
    for quantile, value in zip(curve.quantiles[1:], curve.values_ns[1:], strict=True):
        assert value == value_at_rank(theirs, quantile * 100.0)


def test_a_series_without_values_has_no_curve():
    assert percentile_curve(None, "flood", "failed") is None


def test_percentiles_of_values_kept_one_by_one_follow_the_same_rule():
    assert exact_percentile([], 50.0) is None
    assert exact_percentile(list(range(1, 20)), 50.0) is None
    assert exact_percentile(list(range(1, 101)), 50.0) == 50
    assert exact_percentile(list(range(1, 101)), 99.0) is None
