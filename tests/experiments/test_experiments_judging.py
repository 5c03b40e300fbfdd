"""Trials judged by the code that judges runs."""

from typing import Any

import pytest
from record_maker import health, memory, scrape, stray, window
from stage_maker import TRIAL_S, journal, make_search, make_stage, played

from qosflood.experiments.capacity.judging import is_back, judge_trial
from qosflood.experiments.capacity.trial import Trial
from qosflood.plan.plan import Plan

PLAN = make_search()
STAGE = make_stage()


def judged(records, plan: Plan = PLAN, **changes: Any) -> Trial:
    given = {"purpose": "climb", "state": "fresh", "started_s": 4.0}
    return judge_trial(plan, STAGE, journal(records), **(given | changes))


def test_a_trial_in_which_all_limits_hold_is_good():
    trial = judged(played(STAGE))
    assert (trial.outcome, trial.load, trial.broken, trial.why) == ("good", 200, (), "")
    assert (trial.started_s, trial.seconds) == (4.0, 5.0)
    figures = trial.figures
    assert figures.accepted_per_s == 200.0
    assert figures.errors == 0.0
    assert figures.in_flight == 1.0
    assert figures.response_p99_ns == pytest.approx(5_000_000, rel=0.01)
    assert figures.cores == pytest.approx(0.5)
    assert [reading.ok for reading in figures.limits] == [True, True, True]


def test_a_trial_that_breaks_a_limit_is_bad_and_names_it():
    trial = judged(played(STAGE, ms=400.0))
    assert (trial.outcome, trial.broken) == ("bad", ("response.p99 < 250ms",))
    (latency,) = [one for one in trial.figures.limits if one.name == "response.p99 < 250ms"]
    assert latency.ok is False
    assert latency.over == pytest.approx(1.6, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lag_ms": [40.0] * 200}, "generator late in 5 of 5 seconds"),
        ({"health": health(run_queue_ns=700_000_000)}, "waited for a core"),
        ({"health": health(pending=90)}, "Little's law"),
        ({"scheduled": 210}, "50 reports had no outcome"),
    ],
)
def test_a_trial_in_which_the_generator_did_not_do_its_part_is_void(changes, why: str):
    trial = judged(played(STAGE, **changes))
    assert trial.outcome == "void"
    assert why in trial.why


def test_a_trial_that_the_monitor_did_not_see_is_void():
    blind = [one for one in played(STAGE) if one.TAG == "window"]
    blind += [scrape(4.5 + second, ok=False, own_fault=True) for second in range(TRIAL_S)]
    assert "the monitor missed" in judged(blind).why


def test_seconds_without_lateness_that_break_a_limit_alone_make_a_late_trial_bad():
    on_time = [window(second, "trial-1", response_ms=[900.0] * 200) for second in (4, 5, 6)]
    late = [
        window(second, "trial-1", response_ms=[900.0] * 200, lag_ms=[40.0] * 200)
        for second in (7, 8)
    ]
    records = [*on_time, *late, *(scrape(4.5 + second) for second in range(TRIAL_S))]
    trial = judged(records)
    assert (trial.outcome, trial.why) == ("bad", "")


def test_a_percentile_that_a_trial_is_too_short_for_is_taken_to_be_its_largest_value():
    plan = make_search("scrape.p99 < 100ms", "response.p99_9 < 250ms")
    slow = [
        scrape(4.5 + second, duration_ns=20_000_000 if second else 150_000_000)
        for second in range(TRIAL_S)
    ]
    records = [one for one in played(STAGE) if one.TAG == "window"]
    trial = judged([*records, *slow, *(memory(4.6 + n) for n in range(TRIAL_S))], plan)
    assert (trial.outcome, trial.broken) == ("bad", ("scrape.p99 < 100ms",))
    assert all(reading.ok is not None for reading in trial.figures.limits)


def test_a_limit_of_the_user_that_could_not_be_judged_makes_a_trial_void():
    plan = make_search("memory.max < 1GiB")
    records = [one for one in played(STAGE) if one.TAG != "memory"]
    assert "memory.max < 1GiB could not be judged" in judged(records, plan).why


def test_a_trial_that_an_abort_limit_ended_is_bad():
    trial = judged(played(STAGE), aborted="errors > 50% for 1s")
    assert (trial.outcome, trial.broken) == ("bad", ("errors > 50% for 1s",))


def test_a_target_is_back_once_errors_latency_and_scrapes_are_as_before():
    first, rest = make_stage("rest-0", 20, 0), make_stage("rest-1", 20, 9)
    before = [*played(first), *played(STAGE, ms=400.0)]
    assert is_back(PLAN, journal(before, played(rest)), first, STAGE, rest) is True
    slow = journal(before, played(rest, ms=900.0))
    assert is_back(PLAN, slow, first, STAGE, rest) is False
    failing = journal(before, played(rest, response_ms=[], failed={"timeout": 20}))
    assert is_back(PLAN, failing, first, STAGE, rest) is False
    unscraped = [one for one in played(rest) if one.TAG != "scrape"]
    unscraped += [scrape(9.5 + second, ok=False) for second in range(TRIAL_S)]
    assert is_back(PLAN, journal(before, unscraped), first, STAGE, rest) is False


def test_whether_a_target_is_back_cannot_be_told_while_the_generator_is_late():
    first, rest = make_stage("rest-0", 20, 0), make_stage("rest-1", 20, 9)
    late = played(rest, lag_ms=[400.0] * 20)
    records = journal(played(first), played(STAGE), late)
    assert is_back(PLAN, records, first, STAGE, rest) is None


def test_the_rate_of_answers_is_that_of_the_trials_own_seconds():
    after = STAGE.second + TRIAL_S
    backlog = stray(after, STAGE.name, response_ms=[900.0] * 400, scheduled=0, offered=0)
    answered = played(STAGE, response_ms=[300.0] * 120, scheduled=200, offered=200)
    trial = judged([*answered, backlog])
    assert (trial.outcome, trial.figures.accepted_per_s) == ("bad", 120.0)


def test_what_is_answered_after_a_trial_is_no_sign_of_a_target_that_is_back():
    first, rest = make_stage("rest-0", 20, 0), make_stage("rest-1", 20, 9)
    backlog = stray(13, "trial-1", response_ms=[5000.0] * 40, scheduled=0, offered=0)
    records = journal(played(first), played(STAGE), played(rest), [backlog])
    assert is_back(PLAN, records, first, STAGE, rest) is False
