"""What a gauge of sessions proves of accepted reports."""

from dataclasses import replace

import pytest
from loss_maker import (
    AFTER_A_RESTART,
    FINISHED,
    GAUGE,
    OVER,
    RESTARTED,
    after,
    counted,
    found,
    span,
    totals,
)

from qosflood.base.units import SECOND


@pytest.mark.parametrize(
    ("before", "after", "account", "verdict"),
    [
        (0, 120, totals(), "ok"),
        (1, 120, totals(), "ok"),
        (500, 620, totals(), "ok"),
        (0, 119 - 20, totals(100, timeout=20), "ok"),
        (0, 9, totals(), "lost"),
        (0, 9, totals(100, timeout=1), "inconclusive"),
        (0, 50, totals(), "inconclusive"),
        (0, 121, totals(), "inconclusive"),
        (500, 9, totals(), "lost"),
    ],
)
def test_a_gauge_is_judged_by_the_sessions_that_began_and_those_that_live(
    before, after, account, verdict
):
    result = found(GAUGE, account, samples=span(before, after), sessions=120)
    assert (result.method, result.verdict) == ("gauge", verdict), result.reason
    if verdict == "lost":
        assert result.missing == 10 - after


@pytest.mark.parametrize(
    ("at_end", "settled", "verdict"),
    [
        (120, 0, "ok"),
        (120, 60, "ok"),
        (5, 2, "inconclusive"),
        (0, 0, "inconclusive"),
        (5, 5, "lost"),
    ],
)
def test_a_gauge_that_falls_in_settle_is_that_of_a_target_that_forgets(at_end, settled, verdict):
    samples = (*span(0, settled), counted(OVER + 1, at_end))
    samples = tuple(sorted(samples, key=lambda one: one.t))
    result = found(GAUGE, samples=samples, sessions=120)
    assert result.verdict == verdict, result.reason
    if at_end > settled:
        assert f"is {at_end}, {settled} after settle" in result.reason


def test_a_gauge_of_a_page_that_stands_still_accuses_nobody():
    old = (counted(SECOND, 0), *after(4, 4, page=7))
    result = found(GAUGE, samples=old, sessions=120)
    assert result.verdict == "inconclusive"
    assert "but the page stands still" in result.reason
    assert found(GAUGE, samples=(counted(SECOND, 0), *after(4, 4)), sessions=120).verdict == "lost"
    workers = found(GAUGE, samples=(counted(SECOND, 0), *after(5, 4, 5, 4, 5)), sessions=120)
    assert workers.verdict == "inconclusive"
    assert "but its readings after the load differ" in workers.reason


@pytest.mark.parametrize(
    ("values", "verdict", "missing"),
    [
        ((5_111, 0, 5_000), "lost", 111),
        ((5_111, 0, 5_200), "inconclusive", None),
        ((5_111, 4_000, 5_000), "inconclusive", None),
    ],
)
def test_a_gauge_shows_what_a_restart_took(values, verdict, missing):
    high, low, again = values
    samples = (
        counted(SECOND, 0),
        counted(24 * SECOND, high),
        counted(26 * SECOND, low),
        *after(again, again),
    )
    result = found(GAUGE, samples=samples, **AFTER_A_RESTART | {"sessions": 5_240})
    assert (result.verdict, result.missing) == (verdict, missing), result.reason
    if low == 0:
        assert "the target restarted: sessions fell from 5,111 to 0" in result.reason
    expiring = (*samples[:2], counted(29 * SECOND, low), *samples[3:])
    early = replace(RESTARTED, t=5 * SECOND)
    earlier = found(GAUGE, samples=expiring, restarts=1, events=(early, FINISHED), sessions=5_240)
    assert earlier.verdict == "inconclusive"
