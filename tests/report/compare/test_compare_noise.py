"""Noise within a run, noise between runs, and what they let a comparison say."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from comparing import make_blocks, overall_power, pool, power
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st
from ranks import value_at_rank

from qosflood.analysis.findings_series import Blocks
from qosflood.base.percentiles import PERCENTILES
from qosflood.journal.histograms import decode, make_histogram
from qosflood.report.compare.figures import LONE
from qosflood.report.compare.noise import Reading, judged, t_quantile
from qosflood.report.compare.resampling import noise_within, together, weights

SURE = 0.95
AS_RUNS_DIFFER = (0.03, 0.035, 0.04, 0.045, 0.05)


@pytest.mark.parametrize(
    ("dof", "table"), [(1, 12.706), (2, 4.303), (3, 3.182), (8, 2.306), (30, 2.042)]
)
def test_students_t_is_that_of_the_tables(dof: float, table: float) -> None:
    assert t_quantile(dof) == pytest.approx(table, rel=0.01)


@given(st.floats(1, 1e6))
def test_students_t_falls_towards_the_normal(dof: float) -> None:
    assert 1.95 < t_quantile(dof + 1) <= t_quantile(dof) <= 12.71


@given(st.integers(4, 60))
def test_every_draw_takes_as_many_blocks_as_there_are_in_runs_of_neighbours(number: int) -> None:
    length = together(number)
    drawn = weights(number, length, 5, np.random.default_rng(1))
    assert (drawn.sum(axis=1) == number).all()
    assert length**3 >= number > (length - 1) ** 3


def test_the_same_seed_gives_the_same_noise() -> None:
    blocks = make_blocks((1,), blocks=8, each=400)[0]
    assert noise_within(blocks, (3, 0), draws=50) == noise_within(blocks, (3, 0), draws=50)
    assert noise_within(blocks, (3, 0), draws=50) != noise_within(blocks, (4, 0), draws=50)


def test_each_percentiles_noise_is_its_own() -> None:
    """That of the figure read from every draw's sum at its naive rank."""
    cut = make_blocks((1,), blocks=8, each=400)[0]
    noises = noise_within(cut, (3, 0), draws=20)
    drawn = weights(8, together(8), 20, np.random.default_rng([3, 0]))
    for name, percentile in PERCENTILES.items():
        read = [math.log(value_at_rank(summed(cut, row), percentile)) for row in drawn]
        widened = math.sqrt(8 / (8 - together(8)))
        assert noises[f"response.{name}"].error == pytest.approx(widened * np.std(read)), name


def summed(cut: Blocks, row: npt.NDArray[np.float64]) -> HdrHistogram:
    """The histogram of one draw."""
    whole = make_histogram()
    for block, times in zip(cut.blocks, row, strict=True):
        for _ in range(int(times)):
            assert block.response is not None
            whole.add(decode(block.response))
    return whole


def test_noise_within_a_run_is_unknown_without_blocks() -> None:
    assert noise_within(None, (1,)) == {}
    few = make_blocks((1,), blocks=3, each=100)[0]
    assert noise_within(few, (1,)) == {}


def test_blocks_that_are_all_alike_have_no_noise() -> None:
    made = make_blocks((1,), blocks=1, each=5000)[0]
    assert made is not None
    alike = replace(made, blocks=made.blocks * 12)
    assert all(noise.error == pytest.approx(0.0) for noise in noise_within(alike, (1,)).values())


def test_two_bases_count_their_difference_as_noise() -> None:
    near = judged([Reading(0.0), Reading(0.02)], [Reading(0.3)], LONE)
    far = judged([Reading(0.0), Reading(0.4)], [Reading(0.3)], LONE)
    assert near.band == pytest.approx(LONE)
    assert far.band == pytest.approx(0.4)


def test_bases_that_differ_much_hide_more_than_bases_that_agree() -> None:
    def band(spread: float) -> float:
        return judged([Reading(-spread), Reading(0.0), Reading(spread)], [Reading(0.0)], LONE).band

    assert band(0.3) > 3 * band(0.03) > 0


def test_more_runs_on_either_side_see_smaller_changes() -> None:
    one = judged([Reading(0.0)] * 3, [Reading(0.0)], LONE).band
    assert judged([Reading(0.0)] * 5, [Reading(0.0)], LONE).band < one
    assert judged([Reading(0.0)] * 3, [Reading(0.0)] * 3, LONE).band < one


def test_noise_within_the_runs_widens_what_the_bases_alone_would_say() -> None:
    quiet = judged([Reading(0.0)] * 3, [Reading(0.0)], LONE).band
    noisy = [Reading(0.0, error=0.2, dof=6.0)]
    assert judged(noisy * 3, noisy, LONE).band > 2 * quiet


def test_simulated_runs_of_one_build_are_the_same_and_a_slower_build_regressed() -> None:
    told = power(3, 2, AS_RUNS_DIFFER, trials=600, size=8)
    assert told.same >= 0.97
    assert told.regressed >= 0.9
    alone = power(1, 1, (0.03,), trials=600, size=8)
    assert alone.same >= 0.97
    assert alone.regressed >= 0.75


@pytest.mark.parametrize(("bases", "news", "between"), [(1, 1, (0.03,)), (3, 2, AS_RUNS_DIFFER)])
def test_a_dozen_figures_raise_no_more_false_alarms_than_one(
    bases: int, news: int, between: tuple[float, ...]
) -> None:
    told = overall_power(bases, news, between, trials=200, size=8)
    assert told.same >= 0.91
    assert told.regressed >= 0.91


@pytest.mark.proof
@pytest.mark.parametrize(
    ("bases", "news", "between"),
    [(1, 1, (0.03,)), (1, 2, (0.03,)), (2, 1, (0.03,)), (3, 1, (0.03,)), (5, 1, (0.03,)),
     (2, 2, AS_RUNS_DIFFER), (3, 2, AS_RUNS_DIFFER), (3, 3, AS_RUNS_DIFFER),
     (5, 2, AS_RUNS_DIFFER), (5, 3, AS_RUNS_DIFFER)],
)  # fmt: skip
def test_nineteen_of_twenty_are_called_rightly(
    bases: int, news: int, between: tuple[float, ...]
) -> None:
    told = overall_power(bases, news, between, trials=2000, size=24)
    # Three standard errors of 2,000 trials at 0.95 are 0.015.
    assert told.same >= SURE - 0.015
    assert told.regressed >= SURE - 0.015


@pytest.mark.proof
def test_the_bootstraps_error_is_that_of_simulated_runs() -> None:
    runs = pool(60)
    spread = np.std([math.log(run.p99_ms) for run in runs])
    told = np.sqrt(np.mean([run.noise.error**2 for run in runs]))
    assert 0.7 < told / spread < 1.3
