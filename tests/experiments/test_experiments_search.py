"""The search: which load next, and when to stop."""

from dataclasses import replace
from random import Random

import pytest
from trial_maker import SETTINGS, made, searched

from qosflood.experiments.capacity.search import Settings, believe, next_step
from qosflood.experiments.capacity.trial import Stop, Trial, Try


def test_a_search_begins_at_1x_and_asks_the_posterior_once_the_climb_ended() -> None:
    assert next_step(SETTINGS, []) == Try(500, "climb")
    after_bad = next_step(SETTINGS, made("500+ 1000+ 2000-"))
    assert after_bad == Try(2000, "climb")
    step = next_step(SETTINGS, made("500+ 1000+ 2000- 2000-"))
    assert isinstance(step, Try)
    assert step.purpose == "search"
    assert 1000 < step.load < 2000


@pytest.mark.parametrize("knee", [3, 77, 499, 500, 501, 3456, 40_000])
def test_a_sharp_knee_is_found_to_the_width(knee: int) -> None:
    trials, stop = searched(lambda load: load > knee)
    belief = believe(trials, SETTINGS.first)
    assert stop == Stop("width")
    assert belief is not None
    assert belief.high is not None
    # Whole clients: so many were carried, and not one more.
    assert int(belief.low) <= knee <= belief.high
    assert belief.high <= belief.low * 1.07 or int(belief.high) - int(belief.low) <= 1
    assert len(trials) >= 8
    assert max(trial.load for trial in trials) <= max(2 * knee, 500)


def test_the_same_trials_lead_to_the_same_step_so_a_search_can_be_resumed() -> None:
    trials, stop = searched(lambda load: load > 3456)
    for at, trial in enumerate(trials):
        assert next_step(SETTINGS, trials[:at]) == Try(trial.load, trial.purpose)
    assert next_step(SETTINGS, trials) == stop


def test_a_maximum_that_holds_ends_the_search_with_at_least() -> None:
    trials, stop = searched(lambda load: False, replace(SETTINGS, most=3000))
    assert [trial.load for trial in trials] == [500, 1000, 2000, 3000]
    assert stop == Stop("max")
    belief = believe(trials, 500, 3000)
    assert belief is not None
    assert belief.open
    assert (belief.low, belief.mid, belief.high) == (3000, None, None)


def test_two_hiccups_at_the_maximum_do_not_hide_that_it_holds() -> None:
    hiccups = iter([False, False, False, True, True])
    trials, stop = searched(lambda load: next(hiccups, False), replace(SETTINGS, most=3000))
    assert stop == Stop("max")
    assert max(trial.load for trial in trials) == 3000
    assert len(trials) > 6


def test_a_search_asks_for_no_more_than_the_maximum() -> None:
    trials, _ = searched(lambda load: load > 2950, replace(SETTINGS, most=3000))
    assert max(trial.load for trial in trials) == 3000


def test_two_hiccups_that_ended_the_climb_too_early_are_made_good() -> None:
    hiccups = iter([False, False, True, True])
    trials, _ = searched(lambda load: next(hiccups, load > 9000))
    belief = believe(trials, 500)
    assert belief is not None
    assert belief.high is not None
    assert belief.low <= 9000 <= belief.high


def test_a_load_that_is_void_three_times_is_the_generators_ceiling() -> None:
    trials, stop = searched(lambda load: load > 9000, voids=[4000])
    assert stop == Stop("generator")
    assert [trial.load for trial in trials[-3:]] == [4000] * 3
    step = next_step(SETTINGS, made("500+ 1000- 1000-"))
    assert isinstance(step, Try)
    void = Trial(step.load, "void", "search", 21, 5)
    assert next_step(SETTINGS, [*made("500+ 1000- 1000-"), void, void]) == step
    stopped = next_step(SETTINGS, [*made("500+ 1000- 1000-"), void, void, void])
    assert stopped == Stop("generator")


def test_void_trials_say_nothing_of_the_target() -> None:
    trials = made("500+ 1000+ 2000o 2000o 2000- 2000-")
    valid = [trial for trial in trials if trial.outcome != "void"]
    one, other = believe(trials, 500), believe(valid, 500)
    assert one is not None
    assert other is not None
    assert (one.low, one.high) == (other.low, other.high)
    assert believe(made("500o"), 500) is None


def test_a_trial_that_does_not_fit_into_the_budget_is_not_begun() -> None:
    trials, stop = searched(lambda load: load > 3456, replace(SETTINGS, budget_s=60))
    assert stop == Stop("budget")
    assert len(trials) == 8
    belief = believe(trials, 500)
    assert belief is not None
    assert belief.high is not None
    assert belief.high > belief.low * 1.07


@pytest.mark.parametrize(("need", "reason"), [(2000, "need_met"), (40_000, "need_missed")])
def test_a_need_that_is_plainly_met_or_missed_ends_the_search_early(need: int, reason: str) -> None:
    trials, stop = searched(lambda load: load > 9000, replace(SETTINGS, need=need))
    assert stop == Stop(reason)  # type: ignore[arg-type]
    everything, _ = searched(lambda load: load > 9000)
    assert len(trials) < len(everything)


def test_a_need_is_not_missed_before_the_climb_ended() -> None:
    settings = replace(SETTINGS, need=40_000)
    for trials in ("500+", "500+ 1000-", "500+ 1000+"):
        assert isinstance(next_step(settings, made(trials)), Try)


@pytest.mark.parametrize("need", [8700, 9300])
def test_a_need_near_the_knee_is_decided_rightly_or_not_at_all(need: int) -> None:
    _, stop = searched(lambda load: load > 9000, replace(SETTINGS, need=need, width=0.02))
    assert stop.reason in ("width", "need_met" if need < 9000 else "need_missed")


def test_a_single_client_that_is_too_much_is_the_floor() -> None:
    trials, stop = searched(lambda load: True)
    assert stop == Stop("floor")
    assert trials[-1].load == 1
    belief = believe(trials, 500)
    assert belief is not None
    assert (belief.low, belief.mid) == (0, None)


def test_a_search_cut_short_in_the_climb_says_at_least_what_held() -> None:
    belief = believe(made("500+ 1000+"), 500)
    assert belief is not None
    assert (belief.low, belief.high) == (1000, None)
    down = believe(made("500- 500- 250-"), 500)
    assert down is not None
    assert down.low == 0
    assert down.high is not None
    assert down.high < 300


def test_a_target_that_carries_nothing_of_what_it_carried_ends_the_search() -> None:
    most_seen = 0

    def remembers(load: int) -> bool:
        nonlocal most_seen
        most_seen = max(most_seen, load)
        return load > (9000 if most_seen < 16_000 else 600)

    trials, stop = searched(remembers)
    assert stop == Stop("not_recovered")
    assert len(trials) < 20


@pytest.mark.parametrize("after", ["500o 500o 500o", "500- 500- 250+", "500+"])
def test_what_is_tried_after_a_search_does_not_change_how_it_ended(after: str) -> None:
    trials, stop = searched(lambda load: load > 3456)
    assert next_step(SETTINGS, [*trials, *made(after, "again")]) == stop
    assert next_step(SETTINGS, [*trials, *made("3000-", "confirm")]) == stop


@pytest.mark.parametrize("seed", range(30))
def test_whatever_trials_say_a_load_is_at_most_twice_what_held_and_the_search_ends(
    seed: int,
) -> None:
    draws = Random(seed)
    most = draws.choice([None, 7, 3000])
    settings = Settings(draws.choice([1, 3, 500]), 0.07, budget_s=420, trial_s=7, most=most)
    voids, bads = draws.choice([0.0, 0.2]), draws.choice([0.1, 0.5, 0.9])
    trials: list[Trial] = []
    while not isinstance(step := next_step(settings, trials), Stop):
        held = max((one.load for one in trials if one.outcome == "good"), default=0)
        assert 1 <= step.load <= max(2 * held, settings.first)
        assert most is None or step.load <= most
        chance = draws.random()
        outcome = "void" if chance < voids else "bad" if chance < voids + bads else "good"
        trials.append(Trial(step.load, outcome, step.purpose, 7.0 * len(trials), 5.0))
    assert len(trials) <= 60
    belief = believe(trials, settings.first, most)
    assert belief is None or belief.high is None or belief.low <= belief.high
