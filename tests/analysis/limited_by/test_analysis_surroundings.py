"""What the reference endpoint and the CPU and event loop of the target say of the cause."""

import pytest
from attributing import FLOOD, REMOTE, SILENT, analysed, control, failing, limited, slow
from plan_maker import make_plan
from record_maker import WALL_NS, healthy_run, memory, scrape

from qosflood.analysis import analyse
from qosflood.base.units import MS, SECOND


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
