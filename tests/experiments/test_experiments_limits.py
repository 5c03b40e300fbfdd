"""Which limit gives first, and which second."""

from dataclasses import replace

import pytest
from trial_maker import SETTINGS, with_figures

from qosflood.experiments.capacity.limits import LimitKnee, give_way
from qosflood.experiments.capacity.search import next_step
from qosflood.experiments.capacity.trial import Figures, Reading, Stop, Trial

SCRAPE, RESPONSE, ERRORS = "scrape.p99 < 1 s", "response.p99 < 250 ms", "errors < 0.1%"


def tried(knees: dict[str, float]) -> list[Trial]:
    """A search of a target whose limits break sharply at these loads."""
    trials: list[Trial] = []
    while not isinstance(step := next_step(SETTINGS, trials), Stop):
        broken = tuple(name for name, knee in knees.items() if step.load > knee)
        read = tuple(Reading(name, "<", 1, 2, step.load <= knee) for name, knee in knees.items())
        outcome = "bad" if broken else "good"
        trial = Trial(step.load, outcome, step.purpose, 7.0 * len(trials), 5.0, broken)
        trials.append(with_figures(trial, Figures(limits=read)))
    return trials


def by_name(trials: list[Trial]) -> dict[str, LimitKnee]:
    return {one.limit: one for one in give_way(trials, SETTINGS.first)}


def test_the_limit_that_breaks_at_the_least_load_gives_first() -> None:
    first, second, held = give_way(tried({RESPONSE: 3900, SCRAPE: 3000, ERRORS: 9e9}), 500)
    assert (first.limit, second.limit, held.limit) == (SCRAPE, RESPONSE, ERRORS)
    assert first.high is not None
    assert first.low <= 3000 <= first.high
    assert second.high is not None
    assert second.low <= 3900 <= second.high
    assert first.times == 1
    assert second.times is not None
    assert 1 < second.times < 1.5


def test_a_limit_that_held_in_every_trial_has_only_a_lower_bound() -> None:
    trials = tried({SCRAPE: 3000, ERRORS: 9e9})
    held = by_name(trials)[ERRORS]
    assert not held.gives
    assert (held.mid, held.high) == (None, None)
    assert held.low <= 4000 == max(trial.load for trial in trials)
    assert held.low > 3800
    assert held.at == held.low


def test_a_limit_that_was_not_judged_in_a_trial_is_judged_by_the_others() -> None:
    trials = tried({SCRAPE: 3000, RESPONSE: 3000})
    unjudged = [
        with_figures(
            replace(trial, broken=(SCRAPE,) if trial.bad else ()),
            Figures(
                limits=tuple(
                    replace(one, ok=None if one.name == RESPONSE and trial.bad else one.ok)
                    for one in trial.figures.limits
                )
            ),
        )
        for trial in trials
    ]
    knees = by_name(unjudged)
    assert knees[SCRAPE].gives
    # An abort limit that cut the bad trials short says nothing of the others.
    assert not knees[RESPONSE].gives
    assert knees[RESPONSE].low <= max(one.load for one in trials if not one.bad)


def test_one_hiccup_of_a_limit_that_held_at_greater_loads_is_no_knee() -> None:
    trials = tried({SCRAPE: 3000, ERRORS: 9e9})
    spoilt = [replace(trials[0], broken=(ERRORS,), outcome="bad"), *trials[1:]]
    assert not by_name(spoilt)[ERRORS].gives


def test_limits_that_give_together_are_at_the_same_distance() -> None:
    knees = by_name(tried({SCRAPE: 3000, RESPONSE: 3000}))
    assert knees[SCRAPE].times == knees[RESPONSE].times == 1
    assert knees[SCRAPE].low == knees[RESPONSE].low


def test_void_trials_and_those_after_the_search_do_not_count() -> None:
    assert give_way([Trial(500, "void", "climb", 0, 5, (SCRAPE,))], 500) == ()
    trials = tried({SCRAPE: 3000})
    again = Trial(500, "bad", "again", 900, 5, (ERRORS,))
    assert [one.limit for one in give_way([*trials, again], 500)] == [SCRAPE]


def test_a_limit_that_was_broken_at_every_load_gives_somewhere_below() -> None:
    trials = [Trial(load, "bad", "climb", 0, 5, (SCRAPE,)) for load in (500, 500, 250)]
    (knee,) = give_way(trials, 500)
    assert knee.low == 0
    assert knee.mid is None
    assert knee.high == pytest.approx(knee.at)
    assert knee.times == 1


def test_a_limit_that_held_where_another_broke_on_the_way_down_has_its_bound_there() -> None:
    trials = tried({SCRAPE: 20, ERRORS: 9e9})
    assert max(trial.load for trial in trials) == 500
    first, held = give_way(trials, 500)
    assert first.limit == SCRAPE
    assert not held.gives
    assert 400 < held.low <= 500
