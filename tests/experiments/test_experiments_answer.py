"""The answer made from trials."""

from dataclasses import replace

import pytest
from trial_maker import SETTINGS, made, searched, with_figures

from qosflood.experiments.capacity.answer import Found, Span, combine, found, per_1000
from qosflood.experiments.capacity.search import Settings
from qosflood.experiments.capacity.trial import Figures, Reason, Trial


def answered(trials: list[Trial], reason: Reason, settings: Settings = SETTINGS) -> Found:
    answer = found(settings, trials, reason, per_client=0.2)
    assert answer is not None
    return answer


def measured(clients: int) -> Figures:
    """0.25 cores and 40 MB for 1,000 clients, and what the target takes without any."""
    return Figures(cores=0.1 + clients / 4000, rss_bytes=9e7 + 4e4 * clients)


def of_knee(knee: int, settings: Settings = SETTINGS) -> Found:
    trials, stop = searched(lambda load: load > knee, settings)
    return answered(trials, stop.reason, settings)


def test_the_answer_is_an_interval_in_clients_reports_and_multiples_of_1x() -> None:
    answer = of_knee(3456)
    low, high = answer.clients.low, answer.clients.high
    assert high is not None
    assert answer.clients.mid is not None
    assert low <= answer.clients.mid <= high
    assert low == int(low)
    assert answer.reports_per_s.low == pytest.approx(low / 5)
    assert answer.multiple.high == pytest.approx(high / 500)
    assert (answer.ceiling, answer.level, answer.reason) == ("target", 0.95, "width")
    assert answer.quantiles is not None
    assert len(answer.quantiles) == 39
    assert list(answer.quantiles) == sorted(answer.quantiles)
    assert int(answer.quantiles[0]) == low


@pytest.mark.parametrize(
    ("trials", "reason", "clients", "ceiling"),
    [
        ("500+ 1000+ 2000+", "max", Span(2000, None, None), "max"),
        ("500+ 1000+ 2000o 2000o 2000o", "generator", Span(1000, None, None), "generator"),
        ("500+ 1000+", "budget", Span(1000, None, None), None),
        ("500+ 1000+", "interrupted", Span(1000, None, None), None),
    ],
)
def test_a_search_that_met_no_knee_says_at_least(
    trials: str, reason: Reason, clients: Span, ceiling: str | None
) -> None:
    answer = answered(made(trials), reason)
    assert (answer.clients, answer.ceiling) == (clients, ceiling)
    assert answer.quantiles is None


def test_a_generator_that_fails_below_a_bad_load_still_gives_no_knee() -> None:
    trials = [*made("500+ 1000+ 2000- 2000-"), *made("1500o 1500o 1500o", "search")]
    answer = answered(trials, "generator")
    assert answer.clients.high is None
    assert 0 < answer.clients.low <= 1000


def test_a_target_that_carries_not_one_client_carries_fewer_than_that() -> None:
    trials, stop = searched(lambda load: True)
    answer = answered(trials, stop.reason)
    assert answer.clients.low == 0
    assert answer.clients.mid is None
    assert answer.clients.high == 1
    assert answer.ceiling == "target"


def test_trials_that_were_all_void_are_no_answer() -> None:
    assert found(SETTINGS, made("500o 500o 500o"), "generator", 0.2) is None


@pytest.mark.parametrize(("need", "met"), [(2000, True), (40_000, False)])
def test_a_need_is_met_or_missed(need: int, met: bool) -> None:
    answer = of_knee(9000, replace(SETTINGS, need=need)).need
    assert answer is not None
    assert (answer.clients, answer.met) == (need, met)
    assert answer.probability is not None
    assert (answer.probability > 0.5) == met


def test_a_need_that_is_missed_says_by_how_much() -> None:
    trials, _ = searched(lambda load: load > 3456)
    answer = answered(trials, "width", replace(SETTINGS, need=40_000)).need
    assert answer is not None
    assert answer.met is False
    assert answer.short_by == pytest.approx(36_500, rel=0.01)
    assert answer.targets == pytest.approx(11.6, rel=0.02)


def test_a_need_inside_the_interval_is_left_open() -> None:
    trials, _ = searched(lambda load: load > 3456)
    answer = answered(trials, "width", replace(SETTINGS, need=3456)).need
    assert answer is not None
    assert (answer.met, answer.short_by, answer.targets) == (None, None, None)


def test_nothing_is_said_of_a_need_above_what_was_tried_and_held() -> None:
    trials = made("500+ 1000+ 2000+")
    answer = answered(trials, "max", replace(SETTINGS, need=40_000, most=2000)).need
    assert answer is not None
    assert (answer.met, answer.probability) == (None, None)


def test_the_need_of_a_target_that_carries_nobody_is_missed() -> None:
    trials, stop = searched(lambda load: True)
    answer = answered(trials, stop.reason, replace(SETTINGS, need=100)).need
    assert answer is not None
    assert (answer.met, answer.short_by, answer.targets) == (False, 100, None)


def test_the_lower_of_fresh_and_filled_is_the_answer_and_both_stay() -> None:
    more, less = of_knee(3456), of_knee(2000)
    assert combine(more, None).found is more
    assert combine(more, less).found is less
    assert combine(less, more).found is less
    answer = combine(more, less)
    assert (answer.lower, answer.fresh, answer.filled) == ("filled", more, less)


def test_cores_and_memory_per_1000_clients_are_the_slope_of_good_trials() -> None:
    trials = [
        with_figures(
            trial, Figures(cores=0.1 + trial.load / 4000, rss_bytes=9e7 + 4e4 * trial.load)
        )
        for trial in made("500+ 500+ 1000+ 2000+ 4000-")
    ]
    # A target at its limit takes all that there is, whatever more is asked.
    trials[-1] = with_figures(trials[-1], Figures(cores=1.0, rss_bytes=9e9))
    each = per_1000(trials)
    assert each.cores == pytest.approx(0.25)
    assert each.bytes == pytest.approx(4e7)


def test_what_was_not_measured_has_no_slope() -> None:
    each = per_1000(made("500+ 1000+"))
    assert (each.cores, each.bytes) == (None, None)
    alone = [with_figures(trial, Figures(cores=1)) for trial in made("500+ 500+")]
    assert per_1000(alone).cores is None


def test_the_confirmation_and_what_the_target_remembers_are_in_the_answer() -> None:
    trials, stop = searched(lambda load: load > 3456)
    after = [*made("500- 500- 250+", "again"), *made("3000-", "confirm")]
    answer = answered([*trials, *after], stop.reason)
    assert answer.confirmed is False
    assert answer.hysteresis is not None
    assert answer.hysteresis.recovers_at == 250
    assert answer.clients == answered(trials, stop.reason).clients
