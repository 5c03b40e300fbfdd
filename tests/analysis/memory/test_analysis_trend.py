"""Sen's slope and Mann-Kendall's test against known results."""

import numpy as np
import pytest

from qosflood.analysis.memory.trend import trend


def of(values):
    return trend(np.arange(len(values), dtype=float), np.array(values, dtype=float))


def test_a_straight_line_has_one_slope():
    found = of([3.0 * i for i in range(10)])
    assert (found.low, found.mid, found.high) == (3.0, 3.0, 3.0)
    assert found.rising


def test_a_flat_series_rises_nowhere():
    found = of([5.0] * 10)
    assert (found.low, found.mid, found.high, found.rising) == (0.0, 0.0, 0.0, False)


def test_a_falling_series_does_not_rise():
    assert not of([-1.0 * i for i in range(10)]).rising


def test_one_outlier_moves_the_slope_little():
    values = [2.0 * i for i in range(12)]
    values[5] = 1000.0
    assert of(values).mid == pytest.approx(2.0, abs=0.5)


def test_slope_and_interval_agree_with_a_calculation_by_hand():
    """Ten slopes: -2 -1 1 2 2 2 2.5 3.3 5 6; var(S) = 16.7, so the interval spans them all."""
    found = of([10.0, 15.0, 14.0, 20.0, 18.0])
    assert (found.low, found.mid, found.high) == (-2.0, 2.0, 6.0)
    assert not found.rising


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_covers_the_true_slope_nineteen_times_in_twenty(seed):
    rng = np.random.default_rng(seed)
    inside = 0
    for _ in range(200):
        found = of(2.0 * np.arange(12) + rng.normal(0, 5, 12))
        inside += found.low <= 2.0 <= found.high
    assert inside >= 180
