"""A journal to findings: phases, books, and how the run ended."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_plan
from record_maker import (
    WALL_NS,
    event,
    healthy_run,
    load_started,
    load_windows,
    rollup,
    stopped_run,
    stray,
    window,
)

from qosflood.analysis import analyse
from qosflood.analysis.verdict.verdict import judge
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OUTCOMES, ClockMark, Segment, Window
from qosflood.plan.limit_language import parse_limit

PLAN = make_plan()


def phases_of(findings):
    return {phase.name: phase for phase in findings.phases}


def found(records, plan=PLAN):
    return analyse(plan, WALL_NS, records)


def test_a_healthy_run_has_its_planned_figures_in_every_phase():
    findings = found(healthy_run(PLAN))
    phases = phases_of(findings)
    assert list(phases) == ["baseline", "ramp", "flood", "recovery", "settle"]
    assert [phase.seconds for phase in findings.phases] == [3, 3, 10, 3, 1]
    flood = phases["flood"]
    assert (flood.planned, flood.offered, flood.acked) == (100.0, 100.0, 100.0)
    assert (flood.scheduled, flood.sent, flood.windows, flood.late_windows) == (1000, 1000, 10, 0)
    assert flood.response.p99_ns == pytest.approx(5 * MS, rel=1e-3)
    assert flood.clients == 100
    assert flood.rss_max == flood.rss_start == 80 * 1024 * 1024
    assert flood.scrapes.success_ratio == 1.0
    assert findings.ended == "completed"
    assert findings.limited_by == "none"


def test_a_phase_without_load_measured_nothing():
    settle = phases_of(found(healthy_run(PLAN)))["settle"]
    assert settle.response.max_ns is None
    assert settle.scheduled == 0


@pytest.mark.parametrize(
    "left_out", [{"baseline"}, {"ramp"}, {"recovery"}, {"baseline", "ramp", "recovery", "settle"}]
)
def test_a_plan_may_leave_out_every_phase_but_the_flood(left_out):
    kept, start_ns = [], 0
    for phase in PLAN.phases:
        if phase.name not in left_out:
            kept.append(replace(phase, start_ns=start_ns))
            start_ns = kept[-1].end_ns
    limits = tuple(parse_limit(text, "user") for text in ("recovery.time < 5s", "errors < 1%"))
    plan = replace(PLAN, phases=tuple(kept), limits=limits)
    findings = found(healthy_run(plan), plan)
    assert [phase.name for phase in findings.phases] == [phase.name for phase in kept]
    assert findings.totals.balanced
    recovery, errors = judge(plan, findings).limits
    assert errors.ok is True
    assert recovery.ok is (None if left_out & {"baseline", "recovery"} else True)


def test_rollups_give_the_same_latency_as_the_windows_they_stand_for():
    plain = healthy_run(PLAN)
    windows = [r for r in plain if isinstance(r, Window) and r.phase == "flood"]
    index = plain.index(windows[6]) + 1
    rolled = [*plain[:index], rollup("flood", windows[:7], 13.2), *plain[index:]]
    assert phases_of(found(rolled))["flood"].response == phases_of(found(plain))["flood"].response


def test_windows_after_a_phases_last_rollup_still_count():
    records = healthy_run(PLAN)
    windows = [r for r in records if isinstance(r, Window) and r.phase == "flood"]
    index = records.index(windows[-1]) + 1
    late = stray(17, "flood", failed={"timeout": 3}, scheduled=0)
    records[index:index] = [rollup("flood", windows, 16.1), late]
    flood = phases_of(found(records))["flood"]
    assert flood.response.count == 1003
    assert flood.response.max_ns == pytest.approx(10 * SECOND, rel=1e-3)
    assert flood.outcomes["timeout"] == 3


outcome_counts = st.dictionaries(st.sampled_from(OUTCOMES[1:]), st.integers(0, 5), max_size=6)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), outcome_counts), min_size=1, max_size=8))
def test_every_scheduled_report_is_in_one_outcome_or_in_flight(seconds):
    windows = [
        window(second, "baseline", response_ms=[1.0] * acked, failed=failed)
        for second, (acked, failed) in enumerate(seconds)
    ]
    totals = found([load_started(), *windows]).totals
    assert totals.scheduled == sum(totals.outcomes.values()) + totals.in_flight
    assert totals.scheduled == sum(each.scheduled for each in windows)
    assert totals.in_flight == 0
    assert totals.balanced


def test_reports_without_an_outcome_are_in_flight_and_unbalance_the_books():
    records = [load_started(), window(0, "baseline", response_ms=[1.0] * 4, scheduled=7)]
    totals = found(records).totals
    assert (totals.in_flight, totals.balanced) == (3, False)


def test_statuses_errors_and_resent_add_up():
    def refuse(same):
        return window(
            same.second,
            same.phase,
            failed={"rejected": 2},
            statuses={"503": 2},
            errors={"status 503": 2},
            resent=1,
        )

    totals = found([load_started(), *load_windows(PLAN, until_s=3, change=refuse)]).totals
    assert (totals.statuses, totals.errors, totals.resent) == ({"503": 6}, {"status 503": 6}, 3)


def test_what_may_or_may_not_have_been_taken_is_uncertain():
    lost = window(
        0,
        "baseline",
        response_ms=[1.0],
        failed={"timeout": 1, "connection_lost": 2, "bad_response": 3, "rejected": 4, "unsent": 5},
        resent=6,
    )
    loss = found([load_started(), lost]).loss
    assert (loss.method, loss.verdict) == ("none", "unmeasured")
    assert (loss.acked, loss.uncertain, loss.seen, loss.missing) == (1, 12, None, None)


def test_a_phase_that_was_not_reached_has_no_rate_and_no_sessions():
    flood = phases_of(found(stopped_run(PLAN, 5, "interrupted")))["flood"]
    assert (flood.offered, flood.acked, flood.sessions) == (None, None, None)


def test_seconds_between_herds_are_no_windows_of_a_phase():
    together = replace(PLAN, load=replace(PLAN.load, clocks="synchronised"))

    def silent(same):
        return replace(same, send_lag=None) if same.second % 2 else same

    flood = phases_of(found(healthy_run(together, change=silent), together))["flood"]
    assert flood.windows == 5


def test_a_stopped_run_has_only_the_seconds_it_ran():
    phases = phases_of(found(stopped_run(PLAN, 10, "interrupted")))
    assert [phases[name].seconds for name in phases] == [3, 3, 4, 0, 0]
    assert phases["flood"].acked == 100.0


def test_a_journal_without_an_end_is_that_of_a_killed_run():
    findings = found(stopped_run(PLAN, 10, "killed"))
    assert findings.ended == "killed"
    assert phases_of(findings)["flood"].seconds == pytest.approx(4.0)


def test_a_journal_that_ends_before_the_load_has_no_figures():
    findings = found([])
    assert findings.ended == "killed"
    assert [phase.seconds for phase in findings.phases] == [0.0] * 5
    assert findings.totals.scheduled == 0
    assert findings.recovery_s is None
    assert findings.instances[0].name == "target"


def test_records_that_only_tell_the_time_change_nothing():
    records = healthy_run(PLAN)
    segment = Segment(t=0, boot_id="b", wall_ns=WALL_NS, mono_ns=5)
    assert found([segment, *records, ClockMark(t=1, wall_ns=WALL_NS + 1)]) == found(records)


def test_records_may_come_as_a_stream():
    records = healthy_run(PLAN)
    assert found(iter(records)) == found(records)


def test_sessions_are_those_of_all_shards_begun_by_the_phases_end():
    plan = make_plan(load={"shards": 2})
    ramped = healthy_run(
        plan, change=lambda same: replace(same, sessions=10 if same.second < 3 else 50)
    )
    phases = phases_of(found(ramped, plan))
    assert (phases["baseline"].sessions, phases["flood"].sessions) == (20, 100)


def test_several_shards_add_up():
    plan = make_plan(load={"shards": 4})
    findings = found(healthy_run(plan), plan)
    assert phases_of(findings)["flood"].acked == 100.0
    assert findings.generator.problems == ()
    assert findings.generator.cpu_cores == pytest.approx(2.0)


def test_warnings_hold_their_evidence():
    records = healthy_run(PLAN, extra=[event(5, "monitor_error", "generator", "memory: gone")])
    warnings = found(records).warnings
    assert any("shared_host" in line and "2ms a second" in line for line in warnings)
    assert "monitor_error: memory: gone" in warnings


@pytest.mark.parametrize(
    ("step_ns", "said"),
    [(-3 * SECOND, "UTC jumped back 3s"), (90 * SECOND, "UTC jumped forward 90s")],
)
def test_a_clock_that_was_set_is_a_warning(step_ns, said):
    marks = [
        ClockMark(t=t_s * SECOND, wall_ns=WALL_NS + t_s * SECOND + (t_s > 10) * step_ns)
        for t_s in (0, 10, 20, 30)
    ]
    (warning,) = [line for line in found(healthy_run(PLAN, extra=marks)).warnings if "UTC" in line]
    assert warning.startswith(f"clock_jump: {said}, about 20s into the run: ")


def test_a_clock_that_is_slewed_is_none():
    marks = [
        ClockMark(t=t_s * SECOND, wall_ns=WALL_NS + t_s * SECOND * 10_005 // 10_000)
        for t_s in (0, 10, 20, 30)
    ]
    warnings = found(healthy_run(PLAN, extra=marks)).warnings
    assert not any("clock_jump" in line for line in warnings)


def test_a_remote_target_shares_no_host():
    plan = make_plan(target={"loopback": False})
    assert not any("shared_host" in line for line in found(healthy_run(plan), plan).warnings)


def test_curves_are_drawn_for_phases_with_values_only():
    curves = {(curve.phase, curve.series) for curve in found(healthy_run(PLAN)).curves}
    assert ("flood", "response") in curves
    assert ("flood", "failed") not in curves
    assert ("settle", "response") not in curves
