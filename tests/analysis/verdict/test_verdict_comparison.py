"""A reading against a limit: met, not met, or not known."""

import pytest

from qosflood.analysis.verdict.comparison import Reading, compare
from qosflood.plan.limit_language import parse_limit


@pytest.mark.parametrize(
    ("text", "value", "met"),
    [
        ("errors < 10%", 0.09, True),
        ("errors < 10%", 0.1, False),
        ("errors <= 10%", 0.1, True),
        ("offered > 99%", 0.99, False),
        ("offered >= 99%", 0.99, True),
        ("restarts == 0", 0, True),
        ("restarts == 0", 1, False),
        ("loss == none", "none", True),
        ("loss == none", "lost", False),
    ],
)
def test_a_known_value_meets_the_condition_or_not(text, value, met):
    assert compare(parse_limit(text), Reading(value=value)) == (met, value)


@pytest.mark.parametrize(
    ("text", "least", "most", "found"),
    [
        ("response.p99 < 250ms", None, 200e6, (True, 200e6)),
        ("response.p99 < 250ms", 300e6, None, (False, 300e6)),
        ("response.p99 < 250ms", 200e6, 300e6, (None, None)),
        ("offered >= 99%", 0.995, 1.0, (True, 0.995)),
        ("offered >= 99%", 0.5, 0.6, (False, 0.6)),
        ("offered >= 99%", 0.5, 1.0, (None, None)),
        ("memory.time_to_limit > 1h", float("inf"), float("inf"), (True, None)),
        ("restarts == 0", 1, None, (False, None)),
        ("restarts == 0", None, 3, (None, None)),
        ("loss == none", 1, 2, (None, None)),
    ],
)
def test_bounds_decide_where_the_value_cannot_lie_on_the_other_side(text, least, most, found):
    assert compare(parse_limit(text), Reading(least=least, most=most)) == found


@pytest.mark.parametrize(
    ("text", "value", "met"),
    [
        ("errors > 50%", 0.52, False),
        ("errors > 50%", 0.56, True),
        ("offered < 50%", 0.48, False),
        ("offered < 50%", 0.44, True),
    ],
)
def test_a_value_must_lie_beyond_the_threshold_by_more_than_chance(text, value, met):
    assert compare(parse_limit(text), Reading(value=value, chance=0.05)) == (met, value)


def test_a_limit_of_which_nothing_is_known_is_not_judged():
    assert compare(parse_limit("errors < 10%"), Reading(reason="no report was due")) == (None, None)
