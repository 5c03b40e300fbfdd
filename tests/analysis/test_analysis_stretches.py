"""Stretches of seconds in which more was bad than chance allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.analysis.stretches import LIKELY_Z, Counted, good_from, share_bounds


def seconds(*hits, count=10):
    return [Counted(float(index), number, count) for index, number in enumerate(hits)]


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634)],
)
def test_bounds_are_those_of_wilsons_interval(hits, count, low, high):
    # Worked out by hand from the formula, for 95%.
    assert share_bounds(hits, count, 1.959964) == pytest.approx((low, high), abs=1e-4)


def test_without_observations_any_share_may_be_true():
    assert share_bounds(0, 0, LIKELY_Z) == (0.0, 1.0)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_share_itself_lies_within_its_bounds(hits, more):
    low, high = share_bounds(hits, hits + more, LIKELY_Z)
    assert 0 <= low <= hits / (hits + more) <= high <= 1


def test_nothing_bad_is_good_from_the_first_second():
    assert good_from(seconds(0, 0, 0), 0.05) == 0.0


def test_a_few_here_and_there_are_chance():
    assert good_from(seconds(1, 0, 0, 1, 0, 0, 0, 1), 0.1) == 0.0


def test_a_bad_second_is_over_after_it():
    assert good_from(seconds(10, 9, 0, 0), 0.1) == 2.0


def test_what_is_bad_to_the_end_never_ends():
    assert good_from(seconds(0, 0, 10), 0.1) is None


def test_a_long_slight_trouble_needs_as_long_a_good_time_after_it():
    slight = [3] * 16
    assert good_from(seconds(*slight, count=10), 0.1) is None
    assert good_from(seconds(*slight, *[0] * 16, count=10), 0.1) == 16.0


def test_a_first_bad_second_does_not_spoil_the_ordinary_ones_after_it():
    ordinary = [1 if index % 5 == 0 else 0 for index in range(30)]
    assert good_from(seconds(10, 10, *ordinary), 0.1) == 2.0
