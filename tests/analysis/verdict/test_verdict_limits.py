"""Each limit against what was found: held, broken, or not to be judged, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_limits import PLAN, healthy, judged
from plan_maker import make_load, make_phases, make_plan
from record_maker import MIB, WALL_NS, health, healthy_run, latency, stopped_run, window

from qosflood.analysis import analyse
from qosflood.analysis.findings import LossFinding
from qosflood.analysis.latency import figures_of
from qosflood.analysis.verdict.verdict import judge
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import NOT_SENT, OWN_ABSENCE, Outcome
from qosflood.plan.limit_language import parse_limit


def flood_of(change, plan=PLAN):
    def in_flood(same):
        return change(same) if same.phase == "flood" else same

    return analyse(plan, WALL_NS, healthy_run(plan, change=in_flood))


def slow(ms, **changes):
    return lambda w: window(w.second, w.phase, response_ms=[ms] * 100, **changes)


def with_phase(findings, name, **changes):
    phases = tuple(replace(p, **changes) if p.name == name else p for p in findings.phases)
    return replace(findings, phases=phases)


@pytest.mark.parametrize(
    ("text", "value", "n"),
    [
        ("response.p50 < 250ms", 5 * MS, 1000),
        ("response.p90 < 250ms", 5 * MS, 1000),
        ("response.p99 <= 250ms", 5 * MS, 1000),
        ("response.max < 250ms", 5 * MS, 1000),
        ("service.p99 < 250ms", 5 * MS, 1000),
        ("service.max > 1ms", 5 * MS, 1000),
        ("recovery:response.p50 < 250ms", 5 * MS, 30),
        ("errors < 0.1%", 0.0, 1000),
        ("errors == 0%", 0.0, 1000),
        ("baseline:errors < 0.1%", 0.0, 30),
        ("offered >= 99%", 1.0, 1000),
        ("scrape.success >= 99%", 1.0, 10),
        ("scrape.gap < 2s", SECOND, 10),
        ("restarts == 0", 0, 1),
        ("recovery.time < 5s", 0.0, 30),
        ("memory.max < 512MiB", 80 * MIB, 20),
    ],
)
def test_each_metric_is_read_from_its_scope(text, value, n):
    limit = judged(text)
    assert limit.ok is True
    assert limit.value == pytest.approx(value, rel=1e-3)
    assert (limit.n, limit.reason) == (n, "")


@pytest.mark.parametrize(
    "text",
    [
        "response.p50 < 1ms",
        "service.p99 > 1s",
        "errors > 1%",
        "offered < 99%",
        "scrape.success < 99%",
        "scrape.gap < 500ms",
        "restarts > 0",
        "memory.max < 10MiB",
    ],
)
def test_each_metric_can_break(text):
    assert judged(text).ok is False


def test_a_percentile_that_cannot_be_given_holds_if_the_maximum_does():
    limit = judged("response.p99_9 < 250ms")
    assert limit.ok is True
    assert limit.value == pytest.approx(5 * MS, rel=1e-3)
    assert limit.reason == "p99_9 needs 10,000 values, there were 1,000"


def test_it_is_broken_if_a_lower_percentile_is():
    limit = judged("response.p99_9 < 250ms", flood_of(slow(400.0)))
    assert limit.ok is False
    assert limit.value == pytest.approx(400 * MS, rel=1e-3)


def test_it_cannot_be_judged_in_between():
    def one_slow(same):
        return window(same.second, same.phase, response_ms=[5.0] * 99 + [400.0])

    limit = judged("response.p99_9 < 250ms", flood_of(one_slow))
    assert (limit.ok, limit.value) == (None, None)
    assert "needs 10,000 values" in limit.reason


@given(st.lists(st.floats(0.1, 900.0), min_size=30, max_size=90), st.sampled_from([1, 7, 80]))
def test_a_judgement_by_bounds_never_contradicts_the_percentile_itself(values, times):
    whole = latency(values * times)
    figures = with_phase(healthy(), "flood", response=figures_of(whole))
    limit = judged("response.p99 < 250ms", figures)
    if limit.ok is not None:
        assert limit.ok == (whole.percentiles["p99"] < 250 * MS)


def test_without_data_nothing_is_judged():
    for text in ("response.p99 < 250ms", "errors < 1%", "offered >= 99%"):
        limit = judged(text, with_phase(healthy(), "flood", seconds=0.0))
        assert (limit.ok, limit.value, limit.reason) == (None, None, "flood was not reached")


def test_without_scrapes_limits_on_them_are_not_judged():
    plan = make_plan(watch={"interval_ns": None})
    records = [r for r in healthy_run(plan) if r.TAG != "scrape"]
    findings = analyse(plan, WALL_NS, records)
    for text in ("scrape.success >= 99%", "scrape.p99 < 1s", "scrape.gap < 9s"):
        limit = judged(text, findings, plan)
        assert (limit.ok, limit.reason) == (None, "no scrapes in flood")


def test_scrape_p99_is_judged_by_its_maximum_while_scrapes_are_few():
    assert judged("scrape.p99 < 1s").ok is True
    assert judged("scrape.p99 < 10ms").ok is None


def test_a_latency_limit_that_holds_with_late_windows_holds():
    late = flood_of(slow(5.0, health=health(loop_stall_ns=90 * MS)))
    assert judged("response.p99 < 250ms", late).ok is True


def test_one_broken_only_with_late_windows_is_not_judged():
    limit_text = "response.p50 < 2ms"
    plan = make_plan(limits=(parse_limit(limit_text),))
    late = flood_of(slow(5.0, health=health(loop_stall_ns=90 * MS)), plan)
    limit = judged(limit_text, late, plan)
    assert limit.ok is None
    assert "late" in limit.reason
    assert "10 of 10 seconds" in limit.reason


def test_one_broken_only_while_the_generator_waited_for_a_core_is_not_judged():
    limit_text = "response.p50 < 2ms"
    plan = make_plan(limits=(parse_limit(limit_text),))
    hogged = flood_of(slow(5.0, health=health(run_queue_ns=300 * MS)), plan)
    limit = judged(limit_text, hogged, plan)
    assert limit.ok is None
    assert "10 of 10 seconds in which the generator waited for a core" in limit.reason
    busy = flood_of(slow(5.0, health=health(run_queue_ns=100 * MS)), plan)
    assert judged(limit_text, busy, plan).ok is False


def test_waiting_for_a_core_explains_no_answer_that_took_much_longer():
    limit_text = "response.p50 < 2s"
    plan = make_plan(limits=(parse_limit(limit_text),))
    hogged = flood_of(slow(5000.0, health=health(run_queue_ns=300 * MS)), plan)
    assert judged(limit_text, hogged, plan).ok is False


def test_one_that_the_on_time_windows_break_is_broken():
    limit_text = "response.p50 < 2ms"
    plan = make_plan(limits=(parse_limit(limit_text),))

    def one_late(same):
        stall = 90 * MS if same.second == 9 else MS
        return window(
            same.second, same.phase, response_ms=[5.0] * 100, health=health(loop_stall_ns=stall)
        )

    assert judged(limit_text, flood_of(one_late, plan), plan).ok is False


def test_errors_are_what_was_not_acked():
    def failing(same):
        return window(
            same.second, same.phase, response_ms=[5.0] * 94, failed={"rejected": 4, "unsent": 2}
        )

    assert judged("errors < 5%", flood_of(failing)).value == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("text", "ok"),
    [("errors <= 0.1%", True), ("errors < 0.1%", False), ("errors == 0.1%", True)],
)
def test_a_share_exactly_at_its_limit_is_judged_by_the_operator(text, ok):
    acked = PLAN.phase("flood").planned
    findings = with_phase(
        healthy(), "flood", scheduled=acked, outcomes={"acked": acked - acked // 1000}
    )
    assert acked % 1000 == 0
    assert judged(text, findings).ok is ok


def test_reports_planned_but_never_due_are_not_offered():
    halved = flood_of(lambda w: window(w.second, w.phase, response_ms=[5.0] * 50))
    limit = judged("offered >= 99%", halved)
    assert (limit.ok, limit.value, limit.n) == (False, 0.5, 1000)


def test_a_phase_cut_short_is_compared_with_what_was_due():
    findings = analyse(PLAN, WALL_NS, stopped_run(PLAN, 10, "interrupted"))
    limit = judged("offered >= 99%", findings)
    assert (limit.ok, limit.value, limit.n) == (True, 1.0, 400)


def cut_short(failed, errors):
    stopped = stopped_run(PLAN, 10, "interrupted")
    last = window(10, "flood", response_ms=[5.0] * 50, failed=failed, errors=errors)
    return analyse(PLAN, WALL_NS, [*stopped[:-1], last, stopped[-1]])


def test_what_the_stop_itself_left_unsent_breaks_nothing():
    limit = judged("errors < 1%", cut_short({"unsent": 50}, {NOT_SENT: 50}))
    assert (limit.ok, limit.value) == (None, None)
    assert "when the run was stopped" in limit.reason


def test_what_the_stop_left_unsent_may_still_have_been_offered():
    limit = judged("offered >= 99%", cut_short({"unsent": 50}, {NOT_SENT: 50}))
    assert (limit.ok, limit.value) == (None, None)
    assert limit.reason == "50 reports not sent when the run was stopped"
    past = cut_short({"unsent": 50}, {"deadline passed before sending": 50})
    assert judged("offered >= 99%", past).ok is False


def test_a_limit_that_is_broken_whatever_the_stop_left_open_is_broken_by_at_least_so_much():
    failed = {"unsent": 50, "timeout": 50}
    findings = cut_short(failed, {NOT_SENT: 50, "no answer by the deadline": 50})
    plan = replace(PLAN, limits=(parse_limit("errors < 1%"),))
    (broken,) = [line for line in judge(plan, findings).reasons if line.startswith("errors")]
    assert broken.startswith("errors were at least 9.09% in flood; limit < 1% (50 reports ")
    assert "; 9.09% of reports failed" in judge(plan, findings).headline


def test_errors_before_the_stop_break_their_limit_all_the_same():
    errors = {NOT_SENT: 50, "no answer by the deadline": 50}
    assert judged("errors < 1%", cut_short({"unsent": 50, "timeout": 50}, errors)).ok is False


def test_what_was_left_unsent_past_its_deadline_failed_whether_the_run_was_stopped_or_not():
    past = cut_short({"unsent": 50}, {"deadline passed before sending": 50})
    assert judged("errors < 1%", past).ok is False


def absent_run(count):
    """`count` reports of the flood were not sent, because the generator itself was absent."""

    def change(same):
        if same.second != 9:
            return same
        left = {"errors": {OWN_ABSENCE[Outcome.UNSENT]: count}, "lag_ms": [0.1] * 100}
        acked = [5.0] * (100 - count)
        return window(9, same.phase, response_ms=acked, failed={"unsent": count}, **left)

    return flood_of(change)


@pytest.mark.parametrize("text", ["errors < 0.1%", "offered >= 99.9%"])
def test_what_the_generators_own_absence_ended_is_nobodys_failure(text):
    limit = judged(text, absent_run(50))
    assert limit.ok is None
    assert "the generator's own absence" in limit.reason


def test_a_limit_that_breaks_beside_the_generators_absence_is_broken():
    assert judged("errors > 99%", absent_run(1)).ok is False


@pytest.mark.parametrize(
    ("verdict", "ok"), [("ok", True), ("lost", False), ("inconclusive", None), ("unmeasured", None)]
)
def test_loss_is_judged_only_where_it_was_measured(verdict, ok):
    loss = LossFinding(method="counter", verdict=verdict, reason="why so", acked=9, uncertain=0)
    assert judged("loss == none", replace(healthy(), loss=loss)).ok is ok


@pytest.mark.parametrize("method", ["gauge", "readback"])
def test_no_loss_is_judged_only_where_every_report_was_counted(method):
    loss = LossFinding(method=method, verdict="ok", reason="all there", acked=9, uncertain=0)
    limit = judged("loss == none", replace(healthy(), loss=loss))
    assert (limit.ok, limit.reason) == (None, "without audit.counter not every report is checked")
    lost = replace(loss, verdict="lost", missing=1)
    assert judged("loss == none", replace(healthy(), loss=lost)).ok is False


def test_restarts_that_nothing_told_are_not_judged():
    assert judged("restarts == 0", replace(healthy(), restarts=None)).ok is None


def test_a_target_that_went_for_good_breaks_the_limit_on_restarts_in_its_own_words():
    found = healthy()
    gone = replace(found, instances=(replace(found.instances[0], gone=True),))
    limit = judged("restarts == 0", gone)
    assert (limit.ok, limit.reason) == (False, "target ended and did not come back")
    assert judged("restarts <= 3", gone).ok is None


def unrecovered(judged_, reason):
    found = healthy()
    assert found.recovery is not None
    never = replace(found.recovery, judged=judged_, seconds=None, reason=reason)
    return replace(found, recovery=never, recovery_s=None)


def test_a_target_that_never_recovered_breaks_its_recovery_time():
    limit = judged("recovery.time < 2s", unrecovered(True, "not recovered after 3s"))
    assert (limit.ok, limit.value, limit.reason) == (False, 3 * SECOND, "not recovered after 3s")


def test_a_recovery_watched_for_less_than_its_limit_is_not_judged():
    assert judged("recovery.time < 1h", unrecovered(True, "not recovered")).ok is None


def test_recovery_without_baseline_or_end_is_not_judged():
    stopped = analyse(PLAN, WALL_NS, stopped_run(PLAN, 10, "interrupted"))
    assert (
        judged("recovery.time < 2s", stopped).reason == "the recovery phase did not run to its end"
    )
    assert "baseline" in judged("recovery.time < 2s", analyse(PLAN, WALL_NS, [])).reason


def test_a_recovery_that_told_nothing_is_not_judged_and_says_why():
    limit = judged("recovery.time < 2s", unrecovered(False, "the generator was late"))
    assert (limit.ok, limit.reason) == (None, "the generator was late")


@pytest.mark.parametrize("flood_ms", [1001, 1003, 1013])
def test_a_phase_of_odd_length_that_was_run_whole_is_not_taken_for_cut_short(flood_ms):
    plan = make_plan(phases=make_phases(make_load(), flood_ns=flood_ms * MS))
    findings = analyse(plan, WALL_NS, healthy_run(plan))
    unsent = {"acked": 99, "unsent": 1}
    findings = with_phase(findings, "flood", scheduled=100, outcomes=unsent)
    assert judged("errors < 0.1%", findings, plan).ok is False
