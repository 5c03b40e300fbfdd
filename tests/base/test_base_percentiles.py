"""The table of percentiles, and the choices from it."""

import pytest

from qosflood.base.percentiles import ESSENTIAL, LIVE, PERCENTILES, SHOWN, label, share_above


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
