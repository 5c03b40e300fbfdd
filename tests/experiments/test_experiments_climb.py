"""The climb: a fold over trials."""

import pytest
from trial_maker import made

from qosflood.experiments.capacity.climb import climbed, ladder


@pytest.mark.parametrize(
    ("trials", "load", "ended"),
    [
        ("", 500, None),
        ("500+", 1000, None),
        ("500+ 1000-", 1000, None),
        ("500+ 1000- 1000+", 2000, None),
        ("500+ 1000- 1000-", 1000, "bracket"),
        ("500+ 1000- 1000+ 2000- 2000-", 2000, "bracket"),
        ("500+ 1000+ 2000+ 3000+", 3000, "max"),
        ("500+ 1000+ 2000+ 3000- 3000-", 3000, "bracket"),
        ("500-", 500, None),
        ("500- 500+", 1000, None),
        ("500- 500-", 250, None),
        ("500- 500- 250-", 125, None),
        ("500- 500- 250- 125+", 250, "bracket"),
        ("500+ 1000o 1000o", 1000, None),
        ("500+ 1000o 1000o 1000+", 2000, None),
        ("500+ 1000o 1000o 1000o", 1000, "generator"),
        ("500+ 1000o 1000o 1000- 1000o 1000o", 1000, None),
        ("500o 500o 500o", 500, "generator"),
    ],
)
def test_a_climb_goes_up_by_doubling_and_down_by_halves(
    trials: str, load: int, ended: str | None
) -> None:
    climb = climbed(500, 3000, made(trials))
    assert (climb.load, climb.ended) == (load, ended)


def test_a_single_client_that_is_bad_twice_is_the_floor() -> None:
    assert climbed(2, None, made("2- 2- 1-")).ended is None
    assert climbed(2, None, made("2- 2- 1- 1-")).ended == "floor"
    assert climbed(1, None, made("1- 1-")).ended == "floor"
    assert climbed(2, None, made("2- 2- 1- 1+")).load == 2


def test_a_maximum_below_1x_is_where_the_climb_begins() -> None:
    assert climbed(500, 200, []).load == 200
    assert climbed(500, 200, made("200+")).ended == "max"


def test_what_is_no_trial_of_the_climb_leaves_it_as_it_is() -> None:
    assert climbed(500, None, [*made("500+"), *made("900-", "search")]).load == 1000


def test_a_dry_run_sees_each_load_of_a_climb_once() -> None:
    assert ladder(500, 3000) == (500, 1000, 2000, 3000)
    assert ladder(500, 500) == (500,)
    assert ladder(500, 100) == (100,)
