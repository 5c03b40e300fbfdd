"""Figure by figure to one word: what matters, what is noise, what was not measured."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qosflood.report.compare.figures import FIGURES, Figure
from qosflood.report.compare.judging import change_of
from qosflood.report.compare.resampling import Noise
from qosflood.report.compare.values import Change, MinEffect

QUIET = Noise(0.01, 7.0)
BY_NAME = {figure.name: figure for figure in FIGURES}


def judged(
    name: str,
    base: Sequence[float | None],
    new: Sequence[float | None],
    *,
    noise: Noise | None = QUIET,
    effect: MinEffect = MinEffect(),  # noqa: B008
) -> Change:
    own = {} if noise is None else {name: noise}
    found = change_of(BY_NAME[name], base, new, ([own] * len(base), [own] * len(new)), effect)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("base", "new", "word"),
    [
        ([20.0], [21.9], "same"),  # under 10%
        ([20.0], [23.0], "regressed"),
        ([23.0], [20.0], "improved"),
        ([20.0, 24.0], [24.5], "same"),  # the bases themselves differ by 20%
        ([20.0, 20.2], [24.0], "regressed"),
        ([20.0, 20.5, 19.8], [24.0], "regressed"),
        ([20.0, 20.5, 19.8], [20.9], "same"),
        ([20.0, 26.0, 16.0], [24.0], "unknown"),  # bases that differ by 60% hide it
        ([1.0, 1.0, 1.0], [1.9], "same"),  # 90% and under 1 ms
        ([100.0, 100.0, 100.0], [104.0], "same"),  # 4 ms and under 5%
        ([2.0] * 5, [3.2] * 3, "regressed"),
    ],
)
def test_a_latency_is_judged_by_ratio_and_by_milliseconds(
    base: list[float], new: list[float], word: str
) -> None:
    assert judged("response.p99", base, new).verdict == word


def test_with_one_base_the_words_say_so() -> None:
    assert judged("response.p99", [20.0], [21.9]).why == "same (one base)"
    assert "noise between runs unknown" in judged("response.p99", [20.0], [30.0]).why


@pytest.mark.parametrize(
    ("name", "base", "new", "word"),
    [
        ("errors", 0.0, 0.0005, "same"),
        ("errors", 0.0, 0.01, "regressed"),
        ("offered", 1.0, 0.9, "regressed"),
        ("offered", 0.9, 1.0, "improved"),
        ("offered", 1.0, 0.999, "same"),
        ("scrape.success", 1.0, 0.5, "regressed"),
        ("memory.max", 100 * 2.0**20, 104 * 2.0**20, "same"),
        ("memory.max", 100 * 2.0**20, 150 * 2.0**20, "regressed"),
        ("memory.per_session", 1000.0, 2000.0, "regressed"),
        ("recovery", 0.0, 4.0, "same"),
        ("recovery", 0.0, 30.0, "regressed"),
        ("recovery", 0.0, math.inf, "regressed"),
        ("recovery", math.inf, 3.0, "improved"),
        ("recovery", math.inf, math.inf, "same"),
        ("target.cpu", 0.5, 0.9, "regressed"),
        ("scrape.p50", 8.0, 12.0, "same"),  # under 5 ms
    ],
)
def test_every_figure_has_a_floor_and_a_direction(
    name: str, base: float, new: float, word: str
) -> None:
    for bases in (1, 2, 3):
        assert judged(name, [base] * bases, [new], noise=None).verdict == word


def test_what_some_run_did_not_measure_is_unknown_and_what_none_did_is_left_out() -> None:
    change = judged("response.p99", [20.0, None], [21.0])
    assert (change.verdict, change.why) == ("unknown", "not measured in base")
    assert change.base_value is None
    figure = BY_NAME["scrape.p99"]
    assert change_of(figure, [None], [None], ([{}], [{}]), MinEffect()) is None


def test_a_latency_whose_noise_nobody_knows_is_not_called_regressed() -> None:
    assert judged("response.p99", [20.0], [30.0], noise=None).verdict == "unknown"
    assert judged("response.p99", [20.0], [20.5], noise=None).verdict == "same"
    assert judged("response.p99", [20.0] * 3, [30.0], noise=None).verdict == "regressed"


def test_a_comparison_too_noisy_to_see_a_third_says_that_it_cannot_tell() -> None:
    loud = Noise(0.3, 7.0)
    change = judged("response.p99", [20.0] * 3, [26.0], noise=loud)
    assert change.verdict == "unknown"
    assert "too noisy" in change.why


def test_the_smallest_change_that_matters_can_be_asked_for() -> None:
    change = judged("response.p99", [100.0] * 3, [118.0], effect=MinEffect(share=0.2, ms=1.0))
    assert change.verdict == "same"
    change = judged("response.p99", [100.0] * 3, [118.0], effect=MinEffect(share=0.05, ms=30.0))
    assert change.verdict == "same"
    assert judged("response.p99", [100.0] * 3, [118.0]).verdict == "regressed"


def test_the_interval_holds_the_change_and_is_as_wide_as_the_band() -> None:
    change = judged("response.p99", [20.0, 20.5, 19.8], [24.0])
    assert change.low is not None and change.high is not None and change.relative is not None
    assert change.low < change.relative < change.high
    assert change.relative == pytest.approx(24.0 / 20.098, rel=0.01, abs=1.0)


def test_every_figure_is_named_once() -> None:
    assert len(BY_NAME) == len(FIGURES)
    assert all(isinstance(replace(figure), Figure) for figure in FIGURES)


def test_no_interval_is_shown_where_no_noise_is_known() -> None:
    lone = judged("memory.max", [100 * 2.0**20], [150 * 2.0**20], noise=None)
    assert (lone.low, lone.high) == (None, None)
    assert judged("memory.max", [100 * 2.0**20] * 3, [150 * 2.0**20], noise=None).low is not None
