"""Numbers of others are ours, or not measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.foreign_numbers import LATEST_NS, MOST, is_count, whole_number
from qosflood.base.units import SECOND


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        (0.0, 0),
        (1.5, 2),
        (float(MOST), MOST),
        (MOST * 2.0, None),
        (-1.0, None),
        (1e300, None),
        (10**400, None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
    ],
)
def test_what_no_size_has_is_not_measured(value: float | None, found: int | None) -> None:
    assert whole_number(value) == found


def test_a_moment_may_be_larger_than_a_size() -> None:
    assert whole_number(1.8e9, SECOND) is None
    assert whole_number(1.8e9, SECOND, LATEST_NS) == 1_800_000_000 * SECOND


@given(st.floats() | st.integers(), st.sampled_from([1, 1000, SECOND]))
def test_every_number_is_whole_and_in_range_or_none(value: float, unit: int) -> None:
    found = whole_number(value, unit)
    assert found is None or 0 <= found <= MOST
    assert is_count(value) == (0 <= value <= MOST)
