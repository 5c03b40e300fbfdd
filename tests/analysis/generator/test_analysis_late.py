"""Limits that the on-time windows break by themselves."""

import pytest
from plan_maker import make_plan
from record_maker import window

from qosflood.analysis.generator.late import OnTimeBreaks
from qosflood.plan.limit_language import parse_limit


def broken(limit, windows):
    breaks = OnTimeBreaks(make_plan(limits=(parse_limit(limit),)))
    for each, late in windows:
        breaks.add(each, late)
    return breaks.broken()


def flood(second, ms, late=False):
    return window(second, "flood", response_ms=ms), late


SLOW, FAST = [400.0] * 100, [5.0] * 100


def test_slow_on_time_windows_break_a_limit_whatever_the_late_ones_say():
    windows = [flood(0, SLOW), flood(1, SLOW, late=True), flood(3, SLOW)]
    assert broken("response.p99 < 250ms", windows) == ("response.p99 < 250ms",)


def test_a_limit_broken_in_late_windows_only_is_not_among_them():
    windows = [flood(0, FAST), flood(1, SLOW, late=True), flood(3, FAST)]
    assert broken("response.p99 < 250ms", windows) == ()


def test_the_window_after_a_late_one_is_left_out_too():
    windows = [flood(0, FAST), flood(1, FAST, late=True), flood(2, SLOW), flood(3, FAST)]
    assert broken("response.p99 < 250ms", windows) == ()


@pytest.mark.parametrize(
    ("limit", "slow", "is_broken"),
    [
        ("response.p50 < 250ms", 40, False),
        ("response.p50 < 250ms", 60, True),
        ("response.p90 < 250ms", 60, True),
        ("response.p90 < 250ms", 5, False),
        ("response.max < 250ms", 1, True),
        ("service.p99 < 250ms", 60, True),
        ("baseline:response.p99 < 250ms", 60, False),
    ],
)
def test_enough_values_must_lie_above_the_limit(limit, slow, is_broken):
    mixed = [400.0] * slow + [5.0] * (100 - slow)
    assert broken(limit, [flood(second, mixed) for second in range(5)]) == (
        (limit,) if is_broken else ()
    )


def test_limits_from_below_are_none_of_its_business():
    assert broken("response.p99 > 250ms", [flood(0, SLOW)]) == ()
