"""The end of the target itself while the load ran."""

from dataclasses import replace

import pytest
from attributing import analysed, stalled
from plan_maker import make_plan
from record_maker import MIB, WALL_NS, at, event, load_started, window

from qosflood.analysis.clock import run_clock
from qosflood.analysis.limited_by.crashes import crash_finding
from qosflood.plan.watching import WATCH


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
    assert "the kernel killed it because memory ran out (its limit is 256.0 MiB)" in found.what
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


def test_what_ends_in_a_watch_ends_in_no_load():
    plan = make_plan()
    plan = replace(plan, phases=(replace(plan.phase("flood"), name=WATCH),))
    clock = run_clock(plan, WALL_NS, [load_started()], None, at(20))
    found = crash_finding(plan, clock, [gone(8.0)])
    assert found is not None
    assert (
        found.what == "the target's process (pid 77) ended 8s into the watch and did not come back"
    )
