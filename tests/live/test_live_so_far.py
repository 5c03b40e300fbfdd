"""What is said of a run that goes on, by the code that judges it after the run."""

from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import stopped_run, window

from qosflood.analysis import analyse
from qosflood.base.units import SECOND
from qosflood.live.so_far import SoFar, observed, so_far
from qosflood.plan.limit_language import parse_limit

LIMITS = ("errors < 0.1%", "response.p99 < 250ms", "memory.leak == none", "recovery.time < 1m")


def told(at_s: int, *limits: str, change=None) -> SoFar:
    plan = make_plan(limits=tuple(parse_limit(text) for text in limits or LIMITS))
    records = stopped_run(plan, at_s, "killed")
    if change is not None:
        records = [change(record) for record in records]
    return so_far(plan, analyse(plan, 0, records))


def failing(record):
    if getattr(record, "phase", "") != "flood":
        return record
    return window(record.second, "flood", response_ms=[5.0] * 60, failed={"rejected": 40})


def test_before_the_flood_it_is_too_early_to_say():
    seen = told(4)
    assert seen.word == "TOO EARLY TO SAY"
    assert {limit.ok for limit in seen.limits} == {None}
    assert seen.limits[0].note == "judged in the flood"
    assert seen.limits[2].note == "judged after the run"


def test_a_run_whose_limits_hold_is_passing_so_far_with_their_values():
    seen = told(12)
    assert seen.word == "PASSING SO FAR"
    assert seen.why == "2 of 4 limits hold, 2 are judged later"
    assert [limit.ok for limit in seen.limits] == [True, True, None, None]
    assert (seen.limits[0].value, seen.limits[0].over) == ("0%", "600 reports")
    assert seen.t_s == 12


def test_a_broken_limit_makes_it_failing_so_far_and_says_by_what():
    seen = told(12, change=failing)
    assert seen.word == "FAILING SO FAR"
    assert seen.why.startswith("errors were 40% in flood; limit < 0.1%")


def waiting(record):
    """The flood's reports come due, and wait for connections."""
    if getattr(record, "phase", "") != "flood":
        return record
    none = dict.fromkeys(record.outcomes, 0)
    return replace(record, offered=60, outcomes=none | {"acked": 50})


def test_reports_that_wait_to_be_sent_break_nothing_yet():
    seen = told(8, "offered >= 99%", "errors < 1%", change=waiting)
    assert [limit.ok for limit in seen.limits] == [None, None]
    assert seen.limits[0].note == "100 reports still without an outcome"
    assert seen.word == "TOO EARLY TO SAY"


def test_a_limit_that_waits_for_a_later_phase_is_nothing_against_the_run():
    assert told(12, "errors < 0.1%", "recovery:errors < 1%").word == "PASSING SO FAR"


@pytest.mark.parametrize("at_s", [1, 7, 12, 18])
def test_the_timeline_tells_the_phases_begun(at_s):
    phases = [entry for entry in told(at_s).timeline if entry.kind == "phase_started"]
    begun = sum(phase.start_ns < at_s * SECOND for phase in make_plan().phases)
    assert [entry.t_s < at_s for entry in phases] == [True] * begun


def test_each_phase_begun_tells_its_figures_so_far():
    baseline, ramp, flood = told(12, change=failing).phases
    assert (baseline.name, ramp.name, flood.name) == ("baseline", "ramp", "flood")
    assert (flood.figures["answered"], flood.figures["errors"]) == ("360", "240 (40%)")
    assert baseline.figures["p99"] == "–"


@pytest.mark.parametrize(
    ("metric", "n", "method", "words"),
    [
        ("errors", 4819, "none", "4,819 reports"),
        ("service.p99", 1, "none", "1 report"),
        ("scrape.gap", 171, "none", "171 scrapes"),
        ("memory.max", 32, "none", "32 samples"),
        ("restarts", 2, "none", "2 instances"),
        ("loss", 500, "counter", "500 reports"),
        ("loss", 500, "readback", "500 sessions"),
        ("errors", 0, "none", ""),
    ],
)
def test_what_was_observed_is_said_with_the_number(metric, n, method, words):
    assert observed(metric, n, method) == words
