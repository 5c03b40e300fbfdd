"""How often the memory verdict is right, on simulated runs; the proof plays many more."""

import pytest
from memory_simulation import (
    HARMLESS,
    LENGTHS,
    at_once,
    evenly,
    leaking,
    verdicts,
    with_churn,
    with_sessions,
)

COUNT = 60


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_not_leak_is_called_a_leak_in_one_run_of_twenty_at_most(name):
    assert verdicts(HARMLESS[name], LENGTHS[0], COUNT).get("leak", 0.0) <= 0.05


@pytest.mark.parametrize("mb", [20, 50])
def test_a_leak_of_20_mb_or_more_is_named_in_nine_runs_of_ten(mb):
    assert verdicts(leaking(mb), LENGTHS[0], COUNT)["leak"] >= 0.9


def test_growth_with_sessions_is_laid_to_them():
    assert verdicts(with_sessions, LENGTHS[0], COUNT)["grows_with_sessions"] >= 0.9


def test_a_leak_whose_growth_is_below_the_least_that_counts_is_not_named():
    assert verdicts(leaking(5), LENGTHS[0], COUNT).get("leak", 0.0) <= 0.05


@pytest.mark.parametrize("joining", [evenly, at_once])
def test_growth_with_sessions_that_are_not_held_is_rarely_called_a_leak(joining):
    found = verdicts(with_churn(joining), LENGTHS[0], COUNT, joining=joining)
    assert found.get("leak", 0.0) <= 0.05, found


def test_a_leak_beside_sessions_that_join_evenly_is_told_from_them_by_nobody():
    found = verdicts(with_churn(evenly, 20), LENGTHS[0], COUNT, joining=evenly)
    assert found == {"inconclusive": 1.0}


def test_a_leak_beside_sessions_that_join_at_once_is_told_from_them():
    found = verdicts(with_churn(at_once, 20), LENGTHS[0], COUNT, joining=at_once)
    assert found["leak"] >= 0.9
