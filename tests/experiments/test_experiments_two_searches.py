"""Two searches of one target, fresh and filled: each has its own budget and its own end."""

from dataclasses import replace

from stage_maker import make_search
from trial_maker import made

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.planning import Asked
from qosflood.experiments.capacity.script import answer_of, next_of
from qosflood.experiments.capacity.trial import Trial, Try

BUDGET_S = 300
FRESH = made("100+ 200+ 400- 400- 280- 210+ 220+ 250-")


def filled(words: str, began_s: float) -> list[Trial]:
    """Trials of the second search, the first of which began then."""
    return [replace(one, state="filled", started_s=began_s + one.started_s) for one in made(words)]


def test_registering_sessions_takes_nothing_from_the_second_searchs_budget() -> None:
    plan = make_search(asked=Asked(held=5000, need=40_000, budget_ns=BUDGET_S * SECOND))
    trials = [*FRESH, *filled("100+", began_s=60 + 2 * BUDGET_S)]
    assert next_of(plan, trials, filled=True) == Try(200, "climb")


def test_the_second_search_ends_with_its_own_budget() -> None:
    plan = make_search(asked=Asked(held=5000, need=40_000, budget_ns=BUDGET_S * SECOND))
    late = filled("100+", began_s=600) + filled("200+", began_s=600 + BUDGET_S)
    step = next_of(plan, [*FRESH, *late], filled=True)
    assert isinstance(step, Try)
    assert step.purpose == "again"


def test_a_need_that_the_fresh_target_misses_is_missed_whatever_is_known_of_the_filled_one() -> (
    None
):
    plan = make_search(asked=Asked(held=5000, need=40_000, budget_ns=BUDGET_S * SECOND))
    answer = answer_of(plan, [*FRESH, *filled("100+", began_s=600)], "budget")
    assert answer.clients.high is None
    assert answer.need is not None
    assert answer.need.met is False


def test_each_search_says_why_it_ended() -> None:
    plan = make_search(asked=Asked(held=5000, budget_ns=BUDGET_S * SECOND))
    fresh = made("100+ 200o 200o 200o")
    answer = answer_of(plan, [*fresh, *filled("100+ 200+", began_s=600)], "budget")
    assert answer.fresh.reason == "generator"
    assert answer.filled is not None
    assert answer.filled.reason == "budget"
