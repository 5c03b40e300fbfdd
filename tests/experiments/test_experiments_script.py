"""What is tried in which order, and what the trials say together."""

from dataclasses import replace

from stage_maker import make_search
from trial_maker import made

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.planning import Asked
from qosflood.experiments.capacity.script import (
    Fill,
    answer_of,
    event_sessions,
    fill_clients,
    next_of,
    sessions_held,
)
from qosflood.experiments.capacity.trial import Stop, Try

HOUR = 3600 * SECOND
PLAN = make_search()
STEPS = make_search(asked=Asked(steps=(100, 200, 500)))


def test_a_search_begins_at_1x_and_doubles():
    assert next_of(PLAN, []) == Try(100, "climb")
    assert next_of(PLAN, made("100+ 200+")) == Try(400, "climb")


def test_a_search_at_its_ceiling_is_followed_by_the_way_back_and_the_longer_flood():
    climbed = made("100+ 200+ 400+ 800+ 1600+")
    assert next_of(PLAN, climbed) == Try(100, "again")
    back = [*climbed, *made("100+", "again")]
    last = next_of(PLAN, back)
    assert isinstance(last, Try)
    assert last.purpose == "confirm"
    confirmed = [*back, *made(f"{last.load}+", "confirm")]
    assert next_of(PLAN, confirmed) == Stop("max")
    answer = answer_of(PLAN, confirmed, "max")
    assert (answer.ceiling, answer.clients.high, answer.confirmed) == ("max", None, True)
    assert answer.confirm_clients == last.load


def test_steps_are_tried_once_each_and_void_ones_again_at_most_twice():
    assert next_of(STEPS, []) == Try(100, "climb")
    assert next_of(STEPS, made("100+")) == Try(200, "climb")
    assert next_of(STEPS, made("100o 100o")) == Try(100, "climb")
    assert next_of(STEPS, made("100o 100o 100o")) == Try(200, "climb")
    assert next_of(STEPS, made("100+ 200- 500-")) == Stop("done")


def test_steps_say_which_of_them_held_and_which_did_not():
    answer = answer_of(STEPS, made("100+ 200+ 500-"), "done")
    assert (answer.clients.low, answer.clients.high, answer.level) == (200, 500, None)
    assert (answer.ceiling, answer.multiple.low) == ("target", 2.0)
    assert answer.first is not None
    assert answer_of(STEPS, made("100+ 200+ 500+"), "done").ceiling == "max"
    assert answer_of(STEPS, made("100o 100o"), "done").ceiling is None


def test_trials_that_say_nothing_make_an_answer_that_says_nothing():
    answer = answer_of(PLAN, made("100o 100o"), "generator")
    assert (answer.clients.low, answer.clients.high, answer.ceiling) == (0, None, None)


def test_a_filled_target_is_searched_once_its_sessions_are_registered():
    plan = replace(PLAN, capacity=replace(PLAN.capacity, held=5000))
    fresh = made("100+ 200+ 400+ 800+ 1600+")
    assert next_of(plan, fresh) == Fill(5000)
    assert next_of(plan, fresh, filled=True) == Try(100, "climb")


def test_an_event_has_the_sessions_of_its_clients_one_lifetime_after_the_other():
    asked = Asked(need=40_000, event_ns=6 * HOUR, lifetime_ns=HOUR // 3)
    plan = make_search(asked=asked)
    assert event_sessions(plan, made("100+ 200-")) == 720_000
    without = make_search(asked=replace(asked, need=None))
    trials = made("100+ 200+ 400- 400- 280- 210+ 220+ 250-")
    low = answer_of(without, trials, "width").fresh.clients.low
    assert event_sessions(without, trials) == round(low * 18)


def test_no_more_sessions_are_registered_than_a_budget_has_time_for():
    asked = Asked(need=40_000, event_ns=6 * HOUR, lifetime_ns=HOUR // 3)
    plan = make_search(asked=asked)
    trials = made("100+ 200+ 400- 400-")
    assert fill_clients(trials) == 100
    assert sessions_held(plan, trials) == 100 * 1200


def test_the_memory_of_an_event_is_extrapolated_from_what_was_registered():
    asked = Asked(need=400, event_ns=2 * HOUR, lifetime_ns=HOUR)
    plan = make_search(asked=asked)

    def using(trials, size: float, state):
        return [
            replace(one, state=state, figures=replace(one.figures, rss_bytes=size))
            for one in trials
        ]

    climbed = made("100+ 200+ 400+ 800+ 1600+")
    trials = [*using(climbed, 100.0, "fresh"), *using(climbed, 180.0, "filled")]
    answer = answer_of(plan, trials, "max")
    assert answer.event_sessions == 800
    assert answer.event_bytes == 180.0
