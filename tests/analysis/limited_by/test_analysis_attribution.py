"""What limited the run, and the figure that says so."""

from dataclasses import replace

import pytest
from attributing import REMOTE, analysed, limited
from plan_maker import make_plan
from record_maker import (
    MIB,
    WALL_NS,
    at,
    event,
    health,
    healthy_run,
    latency,
    load_started,
    memory,
    scrape,
    stopped_run,
    window,
)

from qosflood.analysis import analyse
from qosflood.analysis.clock import run_clock
from qosflood.analysis.limited_by.crashes import crash_finding
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Connects, ControlSample, TcpSample
from qosflood.plan.plan import Storm
from qosflood.plan.watching import WATCH

SILENT = ["timeout", "connection_lost", "connect_error"]


def control(ok=lambda _second: True, ms=lambda _second: 2.0):
    """A request each half second of the whole run; `ok` and `ms` by seconds since the load's
    start."""
    return [
        ControlSample(
            t=at(half / 2),
            ok=ok(half / 2),
            reason=None if ok(half / 2) else "no answer within 1s",
            duration_ns=round(ms(half / 2) * MS),
        )
        for half in range(50)
    ]


FLOOD = range(6, 16)


def failing(outcome, count):
    return lambda w: window(
        w.second, w.phase, response_ms=[5.0] * (100 - count), failed={outcome: count}
    )


def slow(ms):
    return lambda w: window(w.second, w.phase, response_ms=[ms] * 100)


def test_a_healthy_run_was_limited_by_nothing():
    assert limited()[0] == "none"


def stalled(ms, made=window, only=None, **changes):
    """Windows in which the generator stood still for `ms`; of all seconds, or of these."""

    def change(w):
        standing = only is None or w.second in only
        shard = health(loop_stall_ns=round(ms * MS)) if standing else w.health
        return made(w.second, w.phase, **changes, health=shard)

    return change


def test_a_generator_that_stood_still_for_as_long_as_the_timeout_explains_timeouts():
    findings = analysed(stalled(6000.0, failed={"timeout": 90}))
    assert findings.limited_by == "generator"
    assert "it was late or stood still, and nothing else shows" in findings.limited_why
    assert "10 of 10 in flood" in findings.generator.problems[0]
    assert "10 of 16 seconds late" in findings.limited_evidence[0]


def test_a_send_lag_that_nobody_measured_is_said_to_be_that():
    findings = analysed(lambda _: None)
    assert "send lag not measured" in findings.limited_evidence[0]
    assert "unknown" not in findings.limited_evidence[0].partition(",")[2].partition(",")[0]


def test_a_stall_far_shorter_than_the_timeout_explains_no_timeout():
    findings = analysed(stalled(900.0, failed={"timeout": 90}))
    assert findings.generator.verdict == "late"
    assert findings.limited_by == "target"
    assert findings.limited_why.endswith(
        "; the generator's lateness touched 10 of the flood's seconds, which cannot explain all "
        "of it"
    )
    assert findings.generator.problems


@pytest.mark.parametrize("limits", [(), ["response.p99 < 250ms"]])
def test_a_late_generator_explains_no_more_than_it_may_have_added(limits):
    def answers(ms):
        return limited(stalled(200.0, response_ms=[ms] * 100), limits)

    by, why = answers(4000.0)
    assert by == "target"
    assert "4s" in why
    assert answers(300.0)[0] == "generator"


@pytest.mark.parametrize("outcome", ["rejected", "bad_response", "connection_lost"])
def test_refusals_and_resets_are_the_targets_however_late_the_generator_was(outcome):
    failed = {outcome: 20}
    by, why = limited(stalled(2500.0, response_ms=[5.0] * 80, failed=failed))
    assert by == "target"
    assert f"200 {outcome}" in why


def test_slow_answers_apart_from_the_late_second_are_the_targets():
    slow_throughout = stalled(75.0, response_ms=[5500.0] * 100, only=(8,))
    by, why = limited(slow_throughout, ["response.p99 < 250ms"])
    assert by == "target"
    assert why.startswith("response.p99 was 5.5s in the flood; limit 250ms")


def test_a_limit_that_one_forgiven_late_second_broke_by_itself_is_not_laid_to_the_target():
    def one_bad_second(w):
        if w.second != 8:
            return w
        return window(
            w.second, w.phase, response_ms=[430.0] * 100, health=health(loop_stall_ns=430 * MS)
        )

    findings = analysed(one_bad_second, ["response.p90 < 250ms", "response.p99 < 250ms"])
    assert findings.generator.verdict == "ok"
    assert findings.limited_by == "generator"
    assert findings.limited_why.endswith(
        "; the generator's lateness touched 2 of the flood's seconds, which is enough to explain it"
    )


def test_answers_far_beyond_a_forgiven_stall_are_the_targets_in_that_very_second():
    def one_bad_second(w):
        if w.second != 8:
            return w
        stall = health(loop_stall_ns=13 * MS)
        return window(w.second, w.phase, response_ms=[566.0] * 100, health=stall)

    assert limited(one_bad_second, ["response.p99 < 250ms"])[0] == "target"


def test_late_reports_are_answered_in_the_second_after_which_counts_as_late_too():
    def spread(w):
        if w.second == 8:
            return window(w.second, w.phase, health=health(loop_stall_ns=600 * MS))
        return window(w.second, w.phase, response_ms=[500.0 if w.second == 9 else 5.0] * 100)

    assert limited(spread, ["response.p90 < 250ms", "response.p99 < 250ms"])[0] == "generator"


def test_growth_of_one_second_is_no_sign_where_no_limit_asks_for_more():
    def paused(w):
        return slow(200.0)(w) if w.second == 8 else w

    assert limited(paused)[0] == "none"
    assert limited(paused, ["response.p99 < 250ms"])[0] == "none"
    assert limited(paused, ["response.p99 < 100ms"])[0] == "target"


def test_growth_within_its_limit_is_no_sign():
    assert limited(slow(200.0), ["response.p99 < 250ms"])[0] == "none"


def test_timeouts_beside_fast_answers_are_no_queue():
    by, why = limited(failing("timeout", 10))
    assert by == "target"
    assert why.endswith(
        "every report that was accepted had its answer within 5ms, none between that and the "
        "timeout of 10s"
    )

    def queued(w):
        return window(w.second, w.phase, response_ms=[9000.0] * 90, failed={"timeout": 10})

    assert "had its answer within" not in limited(queued)[1]


def gone(t_s, **evidence):
    return event(t_s, "process_gone", what="the target's process (pid 77) is gone", pid=77)


def refused_from(second):
    return lambda w: (
        window(w.second, w.phase, failed={"connect_error": 100}) if w.second >= second else w
    )


def test_a_crash_is_named_before_the_failures_that_it_made():
    findings = analysed(refused_from(9), extra=[gone(9.5)])
    assert findings.limited_by == "target"
    assert findings.limited_why == (
        "the target's process (pid 77) ended 9.5s into the load and did not come back"
    )
    assert (findings.crash.gone, findings.crash.back_s) == (True, None)


def test_a_crash_with_a_late_generator_is_still_a_crash():
    late = stalled(900.0, failed={"connect_error": 100})
    assert analysed(late, extra=[gone(9.5)]).limited_why.startswith("the target's process (pid 77)")


def test_one_that_came_back_is_said_to_have():
    back = event(12.0, "restarted", old_pid=77, new_pid=78)
    found = analysed(refused_from(9), extra=[gone(9.5), back]).crash
    assert (found.gone, found.back_s, found.ends) == (False, 12.0, 1)
    assert found.what == (
        "the target's process (pid 77) ended 9.5s into the load; another took its place 2.5s later"
    )


def test_a_kill_for_want_of_memory_is_named_with_the_limit():
    killed = event(9.4, "oom_kill", kills=1, limit_bytes=256 * MIB)
    found = analysed(refused_from(9), extra=[killed, gone(9.5)]).crash
    assert "the kernel killed it for want of memory (its limit is 256.0 MiB)" in found.what
    assert (found.gone, found.ends) == (True, 1)


def test_several_ends_are_counted():
    events = [event(t, "restarted", old_pid=77, new_pid=78) for t in (7.0, 11.0, 14.0)]
    found = analysed(extra=events).crash
    assert found.what == (
        "the target restarted 7s into the load; it ended or restarted 3 times in all"
    )


@pytest.mark.parametrize("t_s", [-1.0, 20.5])
def test_an_end_before_or_after_the_load_is_no_crash(t_s):
    assert analysed(extra=[gone(t_s)]).crash is None


def test_nobody_who_can_be_read_at_the_port_is_no_crash():
    unread = event(0.5, "process_gone", what="nobody that can be read listens on port 8080")
    assert analysed(extra=[unread]).crash is None


def test_refused_connects_are_no_wait_that_ended_in_an_answer():
    def crashed(w):
        if w.second in (8, 9, 10):
            return replace(window(w.second, w.phase, failed={"connect_error": 100}), scheduled=100)
        return w

    findings = analysed(crashed, extra=[gone(8.0)])
    assert "stalled" not in {entry.kind for entry in findings.timeline}


@pytest.mark.parametrize("outcome", ["rejected", "bad_response"])
@pytest.mark.parametrize("target", [None, REMOTE])
def test_what_the_target_itself_answered_is_laid_to_it_wherever_it_is(outcome, target):
    by, why = limited(failing(outcome, 20), target=target)
    assert by == "target"
    assert why == f"20% of the flood's reports failed: 200 {outcome}"


@pytest.mark.parametrize("outcome", SILENT)
def test_silence_is_the_targets_only_where_no_network_lies_between(outcome):
    assert limited(failing(outcome, 20))[0] == "target"
    by, why = limited(failing(outcome, 20), target=REMOTE)
    assert by == "inconclusive"
    assert "target or network" in why
    assert "--control URL" in why


@pytest.mark.parametrize("outcome", SILENT)
def test_a_control_that_is_well_while_the_load_fails_names_the_target(outcome):
    by, why = limited(failing(outcome, 20), target=REMOTE, extra=control())
    assert by == "target"
    assert "0 of 20 requests to the reference endpoint failed" in why


@pytest.mark.parametrize("outcome", SILENT)
def test_a_control_that_fails_together_with_the_load_names_the_network(outcome):
    findings = analysed(
        failing(outcome, 20), target=REMOTE, extra=control(ok=lambda s: s not in FLOOD)
    )
    assert findings.limited_by == "network"
    assert "10 of 20 requests to the reference endpoint failed" in findings.limited_why
    assert findings.first_failure.who == "network"
    assert findings.first_failure.kind == f"first_{outcome}"


def test_a_control_asked_too_seldom_to_meet_the_trouble_tells_nothing():
    by, why = limited(failing("timeout", 1), target=REMOTE, extra=control())
    assert by == "inconclusive"
    assert "too little to distinguish target from network" in why


def test_a_control_that_fails_far_less_than_the_load_tells_nothing():
    seldom = control(ok=lambda second: second not in (7, 8, 9))
    assert limited(failing("timeout", 80), target=REMOTE, extra=seldom)[0] == "inconclusive"


def test_on_loopback_a_failing_control_is_the_machine_and_never_the_network():
    failed = control(ok=lambda second: second not in FLOOD)
    by, why = limited(failing("timeout", 20), extra=failed)
    assert by == "inconclusive"
    assert "the machine they share" in why


def test_slow_answers_are_the_networks_if_the_control_grew_slow_too():
    def slower(second):
        return 200.0 if 6 <= second < 16 else 2.0

    assert limited(slow(200.0), target=REMOTE, extra=control(ms=slower))[0] == "network"
    assert limited(slow(200.0), target=REMOTE, extra=control())[0] == "target"
    assert limited(slow(200.0), target=REMOTE)[0] == "inconclusive"


def test_a_remote_target_that_uses_one_core_is_full_without_any_control():
    plan = make_plan(target=REMOTE)

    def findings(cores):
        samples = [memory(s / 2 + 0.1, cpu_ns=round(s / 2 * cores * SECOND)) for s in range(50)]
        run = healthy_run(
            plan,
            change=lambda w: failing("timeout", 20)(w) if w.phase == "flood" else w,
            extra=samples,
            rss=None,
        )
        return analyse(plan, WALL_NS, run)

    assert findings(0.98).limited_by == "target"
    assert "0.98 cores" in findings(0.98).limited_why
    assert findings(0.5).limited_by == "inconclusive"


def test_a_remote_target_that_its_quota_keeps_off_the_cpu_is_full_too():
    plan = make_plan(target=REMOTE)
    samples = [memory(s / 2 + 0.1, cpu_ns=None, throttled_ns=s * SECOND // 8) for s in range(50)]
    run = healthy_run(
        plan,
        change=lambda w: failing("timeout", 20)(w) if w.phase == "flood" else w,
        extra=samples,
        rss=None,
    )
    findings = analyse(plan, WALL_NS, run)
    assert findings.limited_by == "target"
    assert "its CPU quota throttled the target for 25% of the time" in findings.limited_why


def test_what_may_be_either_is_told_as_such_in_the_timeline():
    findings = analysed(failing("timeout", 20), target=REMOTE)
    assert findings.first_failure.what.endswith("; target or network")


def test_a_control_that_is_as_bad_at_1x_says_nothing_against_the_network():
    always = control(ok=lambda second: int(second * 2) % 2 == 0)
    assert limited(failing("timeout", 20), target=REMOTE, extra=always)[0] != "network"


def test_what_a_stop_cut_off_is_nobodys_fault():
    def cut(w):
        return window(
            w.second,
            w.phase,
            response_ms=[5.0] * 80,
            failed={"timeout": 20},
            errors={"run stopped, no answer yet": 20},
        )

    findings = analysed(cut)
    assert findings.limited_by == "none"
    assert findings.first_failure is None


def test_connects_that_failed_for_want_of_ports_are_the_generators():
    def portless(w):
        return window(
            w.second,
            w.phase,
            response_ms=[5.0] * 80,
            failed={"connect_error": 20},
            errors={"generator: no free local port": 20},
        )

    assert limited(portless) == (
        "generator",
        "20% of the flood's reports failed on this machine: no free local port",
    )


def test_refusals_are_told_with_their_status_and_how_fast_they_came():
    def refusing(w):
        return window(w.second, w.phase, failed={"rejected": 100}, statuses={"503": 100})

    by, why = limited(refusing)
    assert by == "target"
    assert why.endswith("1,000 rejected; most had status 503; half of the refusals came within 1ms")


def test_a_target_that_froze_is_named_and_so_is_the_moment():
    def frozen(w):
        if w.second in (8, 9, 10):
            return replace(window(w.second, w.phase), scheduled=100)
        if w.second == 11:
            waited = [5.0] * 100 + [float(ms) for ms in range(100, 3100, 10)]
            return replace(window(w.second, w.phase, response_ms=waited), scheduled=100)
        return w

    findings = analysed(frozen)
    assert findings.limited_by == "target"
    assert "no report was answered for 3 whole seconds" in findings.limited_why
    first = findings.first_failure
    assert (first.kind, first.t_s, first.who) == ("stalled", 8.0, "target")


def test_a_second_in_which_the_generator_was_late_is_no_answer_after_a_silence():
    def lost(w):
        late = health(loop_stall_ns=900 * MS) if w.second == 10 else w.health
        return window(w.second, w.phase, failed={"connection_lost": 100}, health=late)

    findings = analysed(lost)
    assert findings.first_failure.kind == "first_connection_lost"
    assert "stalled" not in {entry.kind for entry in findings.timeline}


def test_every_part_of_the_evidence_has_its_figures():
    tcp = [TcpSample(t=at(s), sent=1000 * s, resent=s if s > 6 else 6) for s in range(25)]
    findings = analysed(
        lambda w: replace(
            w, connects=Connects(count=2, failed=1, sum_ns=3 * MS, max_ns=2 * MS, slow=0)
        ),
        target=REMOTE,
        extra=[*control(), *tcp],
    )
    told = "\n".join(findings.limited_evidence)
    assert (
        "generator: ok, send lag p99 100us, longest loop stall 1ms (at most 10ms allowed)" in told
    )
    assert "connects: 20 made in the flood, 10 failed; mean 1.5ms, longest 2ms" in told
    assert "service time: p50 5ms, max 5ms in the flood; p50 5ms, max 5ms in the baseline" in told
    assert "target's CPU: 0.50 cores in the flood, 0.50 in the baseline" in told
    assert "9 of 9,000 segments resent in the flood (0.1%); 0% in the baseline" in told
    assert (
        "reference endpoint: 0 of 20 requests failed, 0 slow, median 2ms, longest 2ms in the flood"
        in told
    )


def test_errors_within_their_limit_are_no_sign():
    assert limited(failing("rejected", 1), ["errors < 5%"])[0] == "none"
    assert limited(failing("rejected", 1))[0] == "target"


def test_failed_connects_to_a_remote_target_may_be_the_networks():
    assert limited(failing("connect_error", 20))[0] == "target"
    by, why = limited(failing("connect_error", 20), target=REMOTE)
    assert by == "inconclusive"
    assert "target or network" in why


@pytest.mark.parametrize(
    ("failed", "why"),
    [
        ({"connection_lost": 2, "connect_error": 40}, "400 connect_error, 20 connection_lost"),
        ({"connection_lost": 40, "connect_error": 2}, "400 connection_lost, 20 connect_error"),
    ],
)
def test_what_failed_most_speaks_for_the_rest(failed, why):
    by, said = limited(lambda w: window(w.second, w.phase, response_ms=[5.0] * 58, failed=failed))
    assert by == "target"
    assert said.endswith(why)


def test_reports_that_could_not_be_sent_waited_for_the_target():
    by, why = limited(failing("unsent", 20))
    assert by == "target"
    assert "waited for answers to earlier reports" in why


def test_reports_of_a_pool_waited_for_a_shared_connection():
    by, why = limited(failing("unsent", 20), report={"connection": "pooled", "pool": 2})
    assert by == "target"
    assert "waited for one of 2 shared connections" in why


@pytest.mark.parametrize(("back_within_ns", "found"), [(0, "target"), (SECOND, "inconclusive")])
def test_waiting_for_clients_that_a_storm_keeps_away_is_not_laid_to_the_target(
    back_within_ns, found
):
    storm = Storm(at_ns=7 * SECOND, drop=0.5, back_within_ns=back_within_ns)

    def waiting(same):
        waited = [5.0] * 50 + [900.0] * 50
        return replace(same, response=latency(waited))

    by, why = limited(waiting, ["response.p90 < 250ms"], storms=(storm,))
    assert by == found
    assert ("storm" in why) == (by == "inconclusive")


def test_service_time_that_grew_fivefold_names_the_target():
    by, why = limited(slow(200.0))
    assert by == "target"
    assert "service time p99 went from 5ms in the baseline to 200ms" in why


def test_growth_of_a_few_milliseconds_is_no_sign():
    assert limited(slow(40.0))[0] == "none"


def test_a_broken_latency_limit_names_the_target_only_where_no_network_lies_between():
    assert limited(slow(40.0), ["response.p50 < 30ms"])[0] == "target"
    assert limited(slow(40.0), ["response.p50 < 30ms"], REMOTE)[0] == "inconclusive"
    assert limited(slow(20.0), ["response.p50 < 30ms"], REMOTE)[0] == "none"


def test_a_flood_that_was_not_reached_shows_nothing():
    plan = make_plan()
    findings = analyse(plan, WALL_NS, stopped_run(plan, 4, "interrupted"))
    assert findings.limited_by == "inconclusive"


def lagging(lag_s, at_1x=0.01):
    """A page every second that exports how long the target's event loop was blocked."""
    return [scrape(s + 0.3, loop_lag_s=lag_s if s in FLOOD else at_1x) for s in range(20)]


def test_an_event_loop_held_up_as_long_as_answers_took_names_a_remote_target_by_itself():
    findings = analysed(slow(400.0), target=REMOTE, extra=lagging(0.35))
    assert findings.limited_by == "target"
    assert "the target reported that its event loop was blocked for 350ms" in findings.limited_why
    told = "target's event loop: blocked for 350ms at most, 10ms in the baseline"
    assert told in findings.limited_evidence


@pytest.mark.parametrize("lag_s", [0.1, 0.012])
def test_an_event_loop_that_explains_little_of_slow_answers_accuses_nobody(lag_s):
    assert limited(slow(400.0), target=REMOTE, extra=lagging(lag_s))[0] == "inconclusive"


def test_an_event_loop_says_nothing_of_reports_that_were_never_answered():
    assert limited(failing("timeout", 20), target=REMOTE, extra=lagging(5.0))[0] == "inconclusive"


def test_points_of_the_control_are_kept_for_charts():
    points = analysed(extra=control(ok=lambda s: s not in FLOOD)).control_points
    assert (points[0].t_s, points[0].ok, points[0].duration_ns) == (0.0, True, 2 * MS)
    assert {point.reason for point in points if not point.ok} == {"no answer within 1s"}


def test_what_ends_in_a_watch_ends_in_no_load():
    plan = make_plan()
    plan = replace(plan, phases=(replace(plan.phase("flood"), name=WATCH),))
    clock = run_clock(plan, WALL_NS, [load_started()], None, at(20))
    found = crash_finding(plan, clock, [gone(8.0)])
    assert found is not None
    assert (
        found.what == "the target's process (pid 77) ended 8s into the watch and did not come back"
    )
