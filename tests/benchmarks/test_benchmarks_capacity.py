"""The search for capacity on simulated targets: few of the seeds that the benchmark takes."""

from dataclasses import replace

import pytest
from capacity import LIMITS, NEEDING, coverage, coverage_table, limits_table, needs_table, psi
from capacity_peers import bisection, mlrsearch, mlrsearch_installed
from simulated_knees import KINDS, Kind, Target

SEEDS = 40


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}, width {kind.width:.0%}")
def test_intervals_hold_the_knee_in_nine_of_ten_searches_at_least(kind: Kind) -> None:
    results = [psi(kind, seed) for seed in range(SEEDS)]
    assert coverage(results) >= 0.90
    # A knee that moves by 8% may hold a load a fifth above it before the climb doubles that.
    assert max(one.over for one in results) <= 2.1 * (1 + 2 * max(kind.noise - 0.03, 0))
    if kind.most is None and kind.first * kind.knees[0] > 100:
        # Fewer clients than that cannot be told apart to the width.
        narrow = [one for one in results if one.width and one.width <= kind.width + 0.005]
        assert len(narrow) >= 0.9 * SEEDS


def test_a_knee_above_the_maximum_is_answered_with_at_least() -> None:
    kind = next(kind for kind in KINDS if "above --max" in kind.name)
    assert all(psi(kind, seed).width is None for seed in range(SEEDS))


def test_bisection_misses_a_noisy_knee_more_often_than_one_that_is_sharp() -> None:
    sharp, noisy = KINDS[0], KINDS[3]
    assert coverage([bisection(sharp, seed) for seed in range(SEEDS)]) == 1
    assert coverage([bisection(noisy, seed) for seed in range(SEEDS)]) < 0.9


@pytest.mark.skipif(not mlrsearch_installed(), reason="MLRsearch is not installed")
def test_mlrsearch_finds_a_sharp_knee_from_its_maximum() -> None:
    results = [mlrsearch(KINDS[0], seed) for seed in range(5)]
    assert coverage(results) == 1
    assert min(one.over for one in results) > 2.1


def test_tables_have_a_row_for_each_kind_of_target() -> None:
    few = KINDS[:2]
    assert len(list(coverage_table(few, {"Psi": psi}, seeds=2))) == 2 + len(few)
    limits = list(limits_table(LIMITS[-1:], seeds=3))
    assert limits[-1] == "| noise 3%, second at 3.0x | 1.000 | 1.000 | 1.000 | 0.000 |"
    assert needs_table(NEEDING, [10.0], seeds=3).__next__().startswith("| need")
    assert list(needs_table(NEEDING, [0.5, 10.0], seeds=3))[-1].startswith("| 10 | 1.000 | 0.000 |")


def test_two_limits_at_one_place_have_their_knee_where_half_of_the_trials_are_bad() -> None:
    target = Target(replace(KINDS[3], second=1.0), seed=5)
    load = round(target.knee(0))
    bad = sum(bool(target.breaks(load, 0)) for _ in range(4000))
    assert bad / 4000 == pytest.approx(0.5, abs=0.03)
