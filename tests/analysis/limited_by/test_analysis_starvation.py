"""A shard that waited for a core, or was not there: what that explains, and what not."""

from dataclasses import replace

import pytest
from attributing import REMOTE, analysed, limited
from plan_maker import make_plan
from record_maker import health, memory, window

from qosflood.analysis.verdict.verdict import judge
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OWN_ABSENCE, Outcome
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.plan import Storm

P99 = ["response.p99 < 250ms"]


def starved(share, ms=600.0, only=None, **changes):
    """Windows in which the shard waited for a core for `share` of the second, no event by more than
    a few milliseconds; answers took `ms`."""

    def change(w):
        if only is not None and w.second not in only:
            return w
        waiting = health(run_queue_ns=round(share * SECOND), loop_stall_ns=5 * MS)
        return window(w.second, w.phase, **({"response_ms": [ms] * 100} | changes), health=waiting)

    return change


def test_a_latency_limit_that_broke_while_the_shard_waited_for_a_core_is_not_the_targets():
    findings = analysed(starved(0.4), P99)
    assert findings.generator.verdict == "ok"
    assert findings.limited_by == "generator"
    assert findings.limited_why == (
        "response.p99 was 600ms in the flood; limit 250ms; the generator waited for a core for "
        "over 20% of the time in 10 of the flood's seconds, which is enough to explain it"
    )


@pytest.mark.parametrize("target", [None, REMOTE])
def test_starvation_names_neither_network_nor_target_wherever_that_is(target):
    assert limited(starved(0.4), P99, target)[0] == "generator"


def test_waiting_explains_no_more_than_it_may_have_added():
    by, why = limited(starved(0.4, ms=5500.0), P99)
    assert by == "target"
    assert why.endswith("in 10 of the flood's seconds, which cannot explain all of it")


def test_waiting_that_is_short_beside_the_limit_explains_nothing():
    assert limited(starved(0.25, ms=1200.0), ["response.p99 < 1s"])[0] == "target"
    assert limited(starved(0.6, ms=1200.0), ["response.p99 < 1s"])[0] == "generator"


def test_waiting_as_on_any_busy_machine_explains_nothing():
    assert limited(starved(0.19), P99)[0] == "target"


def test_waiting_in_a_few_seconds_explains_only_those():
    def slow_throughout(w):
        return starved(0.4, only=(8,))(window(w.second, w.phase, response_ms=[600.0] * 100))

    by, why = limited(slow_throughout, P99)
    assert by == "target"
    assert "in 1 of the flood's seconds" in why


@pytest.mark.parametrize("outcome", ["rejected", "bad_response", "connection_lost"])
def test_refusals_and_resets_stay_the_targets_however_starved_the_shard_is(outcome):
    by, why = limited(starved(0.9, response_ms=[600.0] * 80, failed={outcome: 20}), P99)
    assert by == "target"
    assert f"200 {outcome}" in why


def test_timeouts_stay_the_targets_while_waiting_is_far_shorter_than_the_timeout():
    assert limited(starved(0.9, response_ms=[600.0] * 80, failed={"timeout": 20}))[0] == "target"


def test_growth_of_the_service_time_is_weighed_as_well():
    assert limited(starved(0.4))[0] == "generator"
    assert limited(starved(0.1))[0] == "target"


def test_late_seconds_and_waiting_ones_are_told_apart():
    def both(w):
        if w.second == 8:
            return window(
                w.second, w.phase, response_ms=[600.0] * 100, health=health(loop_stall_ns=900 * MS)
            )
        return starved(0.4)(w)

    by, why = limited(both, P99)
    assert by == "generator"
    assert (
        "the generator's lateness affected 2 of the flood's seconds, and it waited for a core for "
        "over 20% of the time in 8 others, which is enough" in why
    )


def test_a_shard_that_waited_half_of_the_flood_was_kept_from_the_cpu_and_sent_all_the_same():
    findings = analysed(starved(0.7, ms=5.0))
    assert findings.generator.verdict == "starved"
    assert findings.limited_by == "generator"
    assert findings.limited_why.startswith("it was kept from the CPU or a part of its load is")


def absent(outcome, count, **others):
    """Failures of which `count` came about through the shard's own absence."""
    reason = OWN_ABSENCE[Outcome[outcome.upper()]]
    failed = {outcome: count + others.pop(outcome, 0)} | others

    def change(w):
        return window(
            w.second,
            w.phase,
            response_ms=[5.0] * (100 - sum(failed.values())),
            failed=failed,
            errors={reason: count},
        )

    return change


@pytest.mark.parametrize("outcome", ["timeout", "unsent", "connection_lost", "connect_error"])
def test_what_the_shards_own_absence_ended_is_laid_to_nobody(outcome):
    findings = analysed(absent(outcome, 20))
    assert findings.limited_by == "generator"
    assert "nothing else shows" in findings.limited_why


@pytest.mark.parametrize(
    ("outcome", "others", "counted"),
    [
        ("timeout", {"connect_error": 20}, "20% of the flood's reports failed"),
        ("timeout", {"timeout": 30}, "300 timeout"),
        ("unsent", {"unsent": 30}, "30% of the flood's reports could not be sent"),
    ],
)
def test_what_failed_beside_it_still_is(outcome, others, counted):
    by, why = limited(absent(outcome, 20, **others))
    assert by == "target"
    assert counted in why


def test_failures_are_counted_apart_from_those_that_the_generator_explains():
    why = limited(absent("timeout", 20, rejected=30))[1]
    assert why.startswith(
        "30% of the flood's reports failed, apart from those that the generator's lateness "
        "explains: 300 rejected"
    )


def unsent(count, **others):
    failed = {"unsent": count} | others
    made = [5.0] * (100 - sum(failed.values()))
    return lambda w: window(w.second, w.phase, response_ms=made, failed=failed)


def test_reports_that_no_connection_took_did_not_wait_for_answers_alone():
    why = limited(unsent(30, connect_error=5), ["errors < 60%", "offered >= 90%"])[1]
    assert "they waited for a connection, or for answers to earlier reports" in why
    assert "they waited for answers to earlier reports" in limited(unsent(30))[1]


def test_reports_of_clients_that_a_storm_keeps_away_are_not_laid_to_the_target():
    storm = Storm(at_ns=7 * SECOND, drop=0.5, back_within_ns=20 * SECOND)
    by, why = limited(unsent(30), storms=(storm,))
    assert by == "inconclusive"
    assert why.endswith("or were those of clients that a storm kept away")


@pytest.mark.parametrize("limits", [["offered >= 99.9%"], ["errors < 0.1%"]])
def test_half_a_percent_left_unsent_is_a_sign_where_a_limit_breaks_by_it(limits):
    def few(w):
        return window(w.second, w.phase, response_ms=[5.0] * 199, failed={"unsent": 1})

    assert limited(few)[0] == "inconclusive"
    by, why = limited(few, limits)
    assert by == "target"
    assert why.startswith("0.5% of the flood's reports could not be sent by their deadline")


def test_too_little_of_each_kind_of_failure_is_not_called_no_sign():
    def little(w):
        failed = {"timeout": 1, "unsent": 1} if w.second == 8 else {}
        return window(w.second, w.phase, response_ms=[5.0] * 125, failed=failed)

    by, why = limited(little, ["errors < 0.1%"])
    assert by == "inconclusive"
    assert why.startswith("0.16% of the flood's reports failed or were not sent, too few of each")


def test_a_percentile_that_is_only_bounded_breaks_its_limit_all_the_same():
    def few(w):
        return window(w.second, w.phase, response_ms=[400.0] * 50)

    by, why = limited(few, P99)
    assert by == "target"
    assert why.startswith("response.p99 was at least 400ms in the flood; limit 250ms")


def test_statuses_of_which_none_has_half_are_not_called_most():
    def mixed(w):
        statuses = {"500": 34, "502": 33, "503": 33}
        return window(w.second, w.phase, failed={"rejected": 100}, statuses=statuses)

    assert "; the most common was status 500; half of the refusals" in limited(mixed)[1]


def test_how_fast_refusals_came_is_not_known_where_other_failures_were_fast():
    def both(w):
        failed = {"rejected": 40, "connect_error": 60}
        return window(w.second, w.phase, failed=failed, statuses={"503": 40})

    why = limited(both)[1]
    assert why.endswith("most had status 503")


def test_one_core_and_a_little_is_not_all_that_one_thread_can():
    samples = [memory(s / 2 + 0.1, cpu_ns=round(s / 2 * 1.25 * SECOND)) for s in range(50)]
    slow = starved(0.0, response_ms=[5.0] * 80, failed={"timeout": 20})
    why = limited(slow, target=REMOTE, extra=samples, rss=None)[1]
    assert "the target used 1.25 cores, and one thread can use 1" in why


def test_the_window_of_a_shard_that_is_both_late_and_starved_is_weighed_by_the_greater():
    def both(w):
        made = starved(0.4)(w)
        late = replace(made.health, loop_stall_ns=20 * MS)
        return replace(made, health=late)

    assert limited(both, P99)[0] == "generator"


def test_the_evidence_says_how_long_the_shard_waited():
    line = analysed(starved(0.4), P99).limited_evidence[0]
    assert line.endswith(
        "0 of 16 seconds late, 0 throttled; waited for a core for 40% of the flood"
    )


def test_a_limit_that_lateness_and_waiting_break_together_is_unjudged_for_both():
    def both(w):
        if w.second == 8:
            late = health(loop_stall_ns=900 * MS)
            return window(w.second, w.phase, response_ms=[600.0] * 100, health=late)
        return starved(0.4)(w)

    plan = make_plan(limits=(parse_limit(P99[0]),))
    (limit,) = judge(plan, analysed(both, plan=plan)).limits
    assert limit.ok is None
    assert limit.reason == (
        "broken only with the seconds in which the generator was late (1 of 10) or waited for a "
        "core for over 20% of the time (9 of 10)"
    )
