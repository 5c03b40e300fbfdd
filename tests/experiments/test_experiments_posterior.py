"""The posterior over a knee."""

import math

import numpy as np
import pytest

from qosflood.experiments.capacity.posterior import HICCUPS, NOISES, flat

CASES = [(1000, False), (2000, False), (4000, True), (4000, True), (2800, False), (3000, True)]


def test_before_any_trial_all_knees_are_equally_likely_by_their_logarithm() -> None:
    before = flat(1000, 8000)
    assert before.quantile(0.5) == pytest.approx(math.sqrt(1000 * 8000))
    assert before.above(4000) == pytest.approx(1 / 3, abs=0.01)
    assert before.after([]) is before


def test_the_weights_sum_to_one_and_the_knee_lies_between_what_held_and_what_broke() -> None:
    after = flat(1000, 8000).after(CASES)
    assert after.weights.sum() == pytest.approx(1)
    assert 2700 < after.quantile(0.5) < 3100
    assert after.quantile(0.025) < after.quantile(0.5) < after.quantile(0.975)
    assert after.above(after.quantile(0.3)) == pytest.approx(0.7)


def test_the_order_of_trials_and_whether_they_come_at_once_do_not_matter() -> None:
    before = flat(1000, 8000)
    one_by_one = before
    for seen in reversed(CASES):
        one_by_one = one_by_one.after([seen])
    np.testing.assert_allclose(one_by_one.weights, before.after(CASES).weights, atol=1e-12)


def test_the_weights_are_those_of_the_formula() -> None:
    before = flat(1000, 2000)
    after = before.after([(1500, True), (1200, False)])
    by_hand = np.empty_like(after.weights)
    for at, log_knee in enumerate(before.log_knees):
        for noise_at, noise in enumerate(NOISES):
            for hiccup_at, hiccup in enumerate(HICCUPS):
                bad, good = (
                    hiccup
                    + (1 - hiccup)
                    * (1 + math.erf((math.log(load) - log_knee) / noise / math.sqrt(2)))
                    / 2
                    for load in (1500, 1200)
                )
                by_hand[at, noise_at, hiccup_at] = bad * (1 - good)
    np.testing.assert_allclose(after.weights, by_hand / by_hand.sum(), atol=1e-6)


def test_one_bad_trial_among_good_ones_is_taken_for_a_hiccup() -> None:
    after = flat(1000, 8000).after([(2000, True), *[(4000, False)] * 3])
    assert after.above(3500) > 0.99


def test_what_contradicts_the_prior_leaves_a_posterior_at_its_edge() -> None:
    after = flat(1000, 2000).after([(3000, False)] * 5)
    assert np.isfinite(after.weights).all()
    assert after.quantile(0.5) > 1500


def test_a_trial_in_the_middle_tells_most_and_one_far_off_nearly_nothing() -> None:
    after = flat(1000, 8000).after(CASES)
    middle = round(after.quantile(0.5))
    bits = after.information([1000, middle, 8000])
    assert bits.argmax() == 1
    assert bits[1] < 1
    assert bits[0] < 0.1 * bits[1]
    assert bits[2] < 0.1 * bits[1]
