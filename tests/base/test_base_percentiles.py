"""The table of percentiles, and the choices from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranks import naive_rank

from qosflood.base.percentiles import (
    ESSENTIAL,
    LIVE,
    PERCENTILES,
    SHOWN,
    label,
    rank,
    share_above,
)


def test_percentiles_stand_in_ascending_order() -> None:
    ranks = list(PERCENTILES.values())
    assert ranks == sorted(set(ranks))
    assert all(0 < rank < 100 for rank in ranks)


@pytest.mark.parametrize("chosen", [SHOWN, ESSENTIAL, LIVE])
def test_what_is_shown_is_in_the_table_and_in_its_order(chosen: tuple[str, ...]) -> None:
    assert list(chosen) == [name for name in PERCENTILES if name in chosen]


@pytest.mark.parametrize("name", PERCENTILES)
def test_a_name_says_its_rank(name: str) -> None:
    assert float(label(name).removeprefix("p")) == PERCENTILES[name]
    assert share_above(name) == pytest.approx(1 - PERCENTILES[name] / 100)


@given(st.sampled_from([*PERCENTILES.values(), 100.0]), st.integers(1, 10**9))
def test_a_rank_is_the_fewest_values_that_are_the_percentiles_share(
    percentile: float, count: int
) -> None:
    assert rank(percentile, count) == naive_rank(percentile, count)


def test_a_rank_is_rounded_up_and_never_past_a_whole_one() -> None:
    assert rank(99.0, 101) == 100
    assert rank(99.9, 1000) == 999
    assert rank(0.0, 5) == 1
    assert rank(100.0, 5) == 5
