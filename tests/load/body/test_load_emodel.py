"""The E-model: MOS out of loss, delay and jitter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.load.body.network import BEST_RATING, mos, rating

losses = st.floats(0, 100)
times = st.floats(0, 10_000)
bursts = st.floats(0.5, 50)


def mos_of(loss, rtt=0.0, jitter=0.0, burst_ratio=1.0) -> float:
    return float(mos(rating(np.array(loss), np.array(rtt), np.array(jitter), burst_ratio)))


@pytest.mark.parametrize(
    ("r", "expected"),
    # G.107: the default R, table B.1 and the ends of the scale.
    [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1), (100, 4.5)],
)
def test_a_rating_becomes_the_mos_of_g_107(r, expected):
    assert float(mos(np.array(float(r)))) == pytest.approx(expected, abs=0.008)


@pytest.mark.parametrize(
    ("loss", "rtt", "jitter", "burst_ratio", "expected"),
    # R = 93.2 - Id - Ie,eff by hand.
    [
        (0, 0, 0, 1, 93.2 - 0.024 * 40),
        (0, 100, 0, 1, 93.2 - 0.024 * 90),
        (0, 400, 0, 1, 93.2 - 0.024 * 240 - 0.11 * 62.7),
        (0, 100, 20, 1, 93.2 - 0.024 * 130),
        (1, 0, 0, 1, 93.2 - 0.96 - 95 / 21),
        (5, 0, 0, 2, 93.2 - 0.96 - 475 / 22.5),
        (100, 0, 0, 1, 93.2 - 0.96 - 9500 / 120),
        (100, 10_000, 0, 1, 0),
    ],
)
def test_a_rating_is_what_delay_and_loss_leave_of_it(loss, rtt, jitter, burst_ratio, expected):
    r = rating(np.array(loss), np.array(rtt), np.array(jitter), burst_ratio)
    assert float(r) == pytest.approx(expected)


@given(losses, times, times, bursts, st.floats(0, 10_000))
def test_mos_stays_on_its_scale_and_never_rises_with_what_is_bad(loss, rtt, jitter, burst, more):
    value = mos_of(loss, rtt, jitter, burst)
    assert 1.0 <= value <= mos_of(0.0) < 4.41
    slack = value + 1e-9
    assert mos_of(min(loss + more, 100.0), rtt, jitter, burst) <= slack
    assert mos_of(loss, rtt + more, jitter, burst) <= slack
    assert mos_of(loss, rtt, jitter + more, burst) <= slack
    assert mos_of(loss, rtt, jitter, burst + more) <= slack


@given(st.lists(st.floats(0, BEST_RATING), min_size=2, max_size=50))
def test_a_better_rating_is_never_a_lower_mos(ratings):
    assert (np.diff(mos(np.sort(ratings))) >= -1e-12).all()
