"""What is tried once the search has its answer."""

import pytest
from trial_maker import made

from qosflood.experiments.capacity.closing import (
    Hysteresis,
    closing_step,
    confirmed,
    hysteresis,
)
from qosflood.experiments.capacity.trial import Stop, Try

SEARCHED = made("500+ 1000+ 2000- 2000-")


def test_the_first_load_that_was_good_is_tried_again_and_then_the_long_flood() -> None:
    assert closing_step(SEARCHED, 1500.0) == Try(500, "again")
    trials = [*SEARCHED, *made("500+", "again")]
    assert closing_step(trials, 1500.0) == Try(1350, "confirm")
    assert hysteresis(trials) is None
    assert confirmed(trials) is None
    assert closing_step([*trials, *made("1350+", "confirm")], 1500.0) == Stop("done")


@pytest.mark.parametrize(
    ("again", "step", "found"),
    [
        ("500-", Try(500, "again"), None),
        ("500- 500+", Try(1350, "confirm"), None),
        ("500- 500-", Try(250, "again"), Hysteresis(500, None)),
        ("500- 500- 250-", Try(125, "again"), Hysteresis(500, None)),
        ("500- 500- 250- 125+", Try(1350, "confirm"), Hysteresis(500, 125)),
        ("500- 500- 250o 250o 250o", Try(1350, "confirm"), Hysteresis(500, None)),
        ("500o 500o 500o", Try(1350, "confirm"), None),
    ],
)
def test_a_target_that_remembers_is_named_with_the_load_at_which_it_recovers(
    again: str, step: Try, found: Hysteresis | None
) -> None:
    trials = [*SEARCHED, *made(again, "again")]
    assert closing_step(trials, 1500.0) == step
    assert hysteresis(trials) == found


def test_one_client_that_is_bad_now_is_hysteresis_too() -> None:
    trials = [*made("1+ 2- 2-"), *made("1- 1-", "again")]
    assert hysteresis(trials) == Hysteresis(1, None)


@pytest.mark.parametrize(
    ("outcomes", "step", "held"),
    [
        ("1350o", Try(1350, "confirm"), None),
        ("1350o 1350+", Stop("done"), True),
        ("1350-", Try(1350, "confirm"), False),
        ("1350- 1350o 1350+", Stop("done"), True),
        ("1350- 1350-", Stop("done"), False),
        ("1350o 1350o 1350o", Stop("done"), None),
    ],
)
def test_the_long_flood_decides_unless_it_is_void_or_a_hiccup(
    outcomes: str, step: Try | Stop, held: bool | None
) -> None:
    trials = [*SEARCHED, *made("500+", "again"), *made(outcomes, "confirm")]
    assert closing_step(trials, 1500.0) == step
    assert confirmed(trials) is held


def test_where_nothing_was_good_nothing_is_left_to_try() -> None:
    assert closing_step(made("1- 1-"), 0.0) == Stop("done")
