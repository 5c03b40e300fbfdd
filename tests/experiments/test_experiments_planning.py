"""From a plan and what is asked to the plan of a search."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_plan
from stage_maker import LIMITS, make_search

from qosflood.base.errors import PlanError
from qosflood.base.units import SECOND
from qosflood.experiments.capacity.planning import (
    Asked,
    as_search,
    asked_anew,
    unjudged_words,
)
from qosflood.plan.describe import describe
from qosflood.plan.describe_search import rungs
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.plan import Plan, Sessions, Storm
from qosflood.plan.summary import summarise

MINUTE = 60 * SECOND


def plan_with(*limits: str, **load) -> Plan:
    base = {"base_clients": 500, "clients": 16_000, "base_cadence_ns": 5 * SECOND}
    parsed = tuple(parse_limit(text) for text in limits)
    return make_plan(load=make_load(**(base | load)), limits=parsed)


def test_a_search_keeps_the_cadence_of_1x_and_lets_no_session_go():
    lively = replace(
        plan_with(*LIMITS),
        sessions=Sessions(lifetime="fixed", lifetime_ns=MINUTE),
        storms=(Storm(at_ns=0, drop=0.5),),
    )
    plan = as_search(lively, Asked())
    assert plan.load.cadence_ns == 5 * SECOND
    assert (plan.sessions.lifetime, plan.storms) == ("none", ())
    assert plan.load.multiple == 32.0
    assert [phase.clients_to for phase in plan.phases] == [16_000]


def test_limits_that_no_trial_shows_are_left_out_and_the_users_named():
    plan = plan_with("loss == none", "memory.leak == none", "recovery:errors < 1%", "errors < 1%")
    assert [limit.expr for limit in as_search(plan, Asked()).limits][:1] == ["errors < 1%"]
    named = " ".join(unjudged_words(plan))
    for expr in ("loss == none", "memory.leak == none", "recovery:errors < 1%"):
        assert f"{expr} is not judged" in named
    assert not list(unjudged_words(plan_with("errors < 1%")))


def test_a_latency_limit_holds_even_where_none_is_named():
    plan = as_search(plan_with("errors < 1%"), Asked())
    (latency,) = [limit for limit in plan.limits if limit.metric == "response.p99"]
    assert (latency.expr, latency.named_by) == ("response.p99 < 250ms", "shipped")
    assert plan.sources["limits.response.p99 < 250ms"] == "shipped default"
    own = as_search(plan_with("service.p99 < 1s"), Asked())
    assert [limit.metric for limit in own.limits] == ["service.p99"]


@pytest.mark.parametrize(
    ("limits", "budget_ns", "trial_s"),
    [
        (("response.p99 < 250ms",), 20 * MINUTE, 10),
        (("response.p99_9 < 250ms",), 60 * MINUTE, 30),
        (("response.p50 < 250ms",), 20 * MINUTE, 10),
        (("response.p99 < 250ms",), 90 * SECOND, 5),
    ],
)
def test_a_trial_is_long_enough_for_its_percentiles_and_short_enough_for_the_budget(
    limits, budget_ns: int, trial_s: int
):
    plan = as_search(plan_with(*limits), Asked(budget_ns=budget_ns))
    assert plan.capacity is not None
    assert plan.capacity.trial_ns == trial_s * SECOND


def test_a_budget_for_less_than_eight_trials_is_refused():
    with pytest.raises(PlanError, match=r"--budget: got 1m, expected at least 64s: 8 trials"):
        as_search(plan_with(*LIMITS), Asked(budget_ns=MINUTE))


def test_between_trials_few_clients_report_but_enough_to_tell():
    assert as_search(plan_with(), Asked()).capacity.quiet_clients == 62
    few = as_search(plan_with(base_clients=3), Asked())
    assert few.capacity.quiet_clients == 3


def test_the_way_up_doubles_and_ends_at_the_most():
    assert rungs(make_search()) == (100, 200, 400, 800, 1600)
    odd = as_search(plan_with(clients=1900), Asked())
    assert rungs(odd) == (500, 1000, 1900)
    below = as_search(plan_with(clients=100), Asked())
    assert rungs(below) == (100,)
    assert rungs(as_search(plan_with(), Asked(steps=(500, 2500)))) == (500, 2500)


def test_a_resumed_search_keeps_its_plan_but_for_what_is_asked_anew():
    plan = make_search(asked=Asked(need=900))
    anew = asked_anew(plan, need=None, width=0.02, budget_ns=60 * MINUTE)
    assert anew.capacity == replace(plan.capacity, width=0.02, budget_ns=60 * MINUTE)
    assert anew.phases[0].duration_ns > 60 * MINUTE
    assert replace(anew, capacity=plan.capacity, phases=plan.phases) == plan


def test_a_search_is_described_before_it_starts():
    asked = Asked(need=40_000, event_ns=360 * MINUTE, lifetime_ns=20 * MINUTE)
    plan = as_search(plan_with(*LIMITS), asked)
    rows = {row.label: row.value for row in describe(plan)}
    assert rows["search"].startswith("up through 500, 1,000, 2,000, 4,000, 8,000, 16,000 clients")
    assert rows["trials"] == (
        "10s each; between them at least 3s of rest, in which 62 clients report; at most 20m in all"
    )
    assert rows["need"] == "40,000 clients"
    assert "an event of 6h that live for 20m each" in rows["filled"]
    assert "flood" not in rows
    assert "search" in {row.label for row in summarise(plan)}
