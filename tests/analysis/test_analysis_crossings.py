"""When each broken limit broke: events of the timeline, and the first failure where none failed."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import WALL_NS, event, healthy_run, memory, stray, window

from qosflood.analysis import analyse
from qosflood.base.units import SECOND
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.load_words import multiple_at

MIB = 1024 * 1024
PLAN = make_plan()
"""3 s at 10/s, 3 s up to 100/s, 10 s of it, 3 s at 10/s, settle."""


def limited(*exprs, plan=PLAN):
    return replace(plan, limits=tuple(map(parse_limit, exprs)))


def found(plan, change=lambda same: same, **how):
    return analyse(plan, WALL_NS, healthy_run(plan, change=change, **how))


def broken(findings):
    return [(e.t_s, e.what) for e in findings.timeline if e.kind == "limit_broken"]


def slow_from(second, ms, share=1.0):
    """Reports answered from `second` on take `ms`, or the given share of them."""

    def change(w):
        count = w.outcomes["acked"]
        slow = round(count * share) if w.second >= second else 0
        return window(w.second, w.phase, response_ms=[5.0] * (count - slow) + [ms] * slow)

    return change


def big_plan():
    """1,000/s in the flood, so that a second has a p99 of its own."""
    load = make_load(base_clients=100, clients=1000)
    return make_plan(load=load, phases=make_phases(load))


def test_where_nothing_failed_the_first_failure_is_the_limit_that_broke_first():
    plan = limited("response.p99 < 250ms", plan=big_plan())
    findings = found(plan, slow_from(8, 400.0))
    assert broken(findings) == [(8.0, "response.p99 over 250ms from +8s, at 10x")]
    assert findings.first_failure is not None
    assert (findings.first_failure.t_s, findings.first_failure.who) == (8.0, "target")
    assert findings.first_failure.evidence == {"limit": "response.p99 < 250ms", "until_s": 16.0}


def test_what_breaks_in_the_flood_is_followed_back_into_the_ramp():
    plan = limited("response.p99 < 250ms", plan=big_plan())
    assert broken(found(plan, slow_from(4, 400.0))) == [
        (4.0, "response.p99 over 250ms from +4s, at 5.5x")
    ]


def test_a_slow_second_before_the_flood_that_was_over_by_then_is_not_when_it_broke():
    plan = limited("response.p99 < 250ms", plan=big_plan())

    def change(w):
        return slow_from(0, 400.0)(w) if w.second == 1 or w.second >= 10 else w

    assert [t_s for t_s, _ in broken(found(plan, change))] == [10.0]


@pytest.mark.parametrize(
    ("change", "t_s"),
    [
        (slow_from(7, 2_000.0, share=0.02), 5.0),  # they were due two seconds before
        (lambda w: slow_from(9, 400.0)(w) if w.second % 4 == 1 else w, 9.0),
        (lambda w: slow_from(6, 5.0 + 60.0 * (w.second - 6))(w), 11.0),
    ],
    ids=["2% at 2 s", "pauses of 400 ms", "slowly growing"],
)
def test_every_kind_of_slowness_has_its_moment(change, t_s):
    plan = limited("response.p99 < 250ms", plan=big_plan())
    findings = found(plan, change)
    assert [at for at, _ in broken(findings)] == [t_s]
    assert findings.first_failure is not None


def test_below_a_thousand_reports_a_second_seconds_are_taken_together():
    """100/s: one slow report in a second is 1% of it, and of the flood nothing."""
    load = make_load(clients=100)
    plan = make_plan(load=load, phases=make_phases(load, flood_ns=40 * SECOND))
    plan = limited("response.p99 < 250ms", plan=plan)

    def one(w):
        few = 1 if w.second in (7, 30) else 5 if w.second >= 36 else 0
        count = w.outcomes["acked"] - few
        return window(w.second, w.phase, response_ms=[5.0] * count + [300.0] * few)

    assert [t_s for t_s, _ in broken(found(plan, one))] == [36.0]


def test_answers_that_waited_long_are_late_since_they_were_due():
    plan = limited("response.p99 < 250ms", plan=big_plan())

    def stalled(w):
        if w.second in (9, 10, 11):
            return window(w.second, w.phase, scheduled=1000, offered=1000, lag_ms=[0.1] * 9)
        if w.second == 12:
            waits = [5.0] * 1000 + [3_200.0 - index for index in range(3000)]
            return window(w.second, w.phase, response_ms=waits, scheduled=1000, offered=1000)
        return w

    (t_s, _), *_ = broken(found(plan, stalled))
    assert t_s == 9.0


def test_failures_come_before_the_limits_that_they_break():
    plan = limited("response.p99 < 250ms", "errors < 0.1%", plan=big_plan())

    def refused(w):
        failed = 100 if w.second >= 9 else 0
        acked = w.outcomes["acked"] - min(failed, w.outcomes["acked"])
        return window(w.second, w.phase, response_ms=[5.0] * acked, failed={"rejected": failed})

    findings = found(plan, refused)
    assert broken(findings) == [
        (9.0, "response.p99 over 250ms from +9s, at 10x"),
        (9.0, "errors over 0.1% from +9s, at 10x"),
    ]
    assert findings.first_failure is not None
    assert findings.first_failure.kind == "first_rejected"


def test_a_limit_that_broke_long_before_the_first_failure_is_what_broke_first():
    plan = limited("response.p99 < 250ms", plan=big_plan())

    def change(w):
        if w.second < 14 or w.phase != "flood":
            return slow_from(8, 400.0)(w)
        return window(w.second, w.phase, response_ms=[400.0] * 900, failed={"timeout": 100})

    findings = found(plan, change)
    assert findings.first_failure is not None
    assert (findings.first_failure.kind, findings.first_failure.t_s) == ("limit_broken", 8.0)


def test_a_limit_that_held_or_was_not_judged_is_no_event():
    late = slow_from(8, 400.0)
    plan = limited("response.p99 < 500ms", "loss == none", plan=big_plan())
    assert broken(found(plan, late)) == []
    assert found(plan, late).first_failure is None


def test_reports_that_were_not_sent_have_their_moment():
    plan = limited("offered >= 99%", plan=big_plan())

    def change(w):
        missing = 200 if 10 <= w.second < 16 else 0
        return replace(w, offered=w.offered - missing)

    assert broken(found(plan, change)) == [(10.0, "offered under 99% from +10s, at 10x")]


def test_scrapes_that_fail_or_take_long_have_their_moment():
    plan = limited("scrape.gap < 3s", "scrape.success >= 90%")
    findings = found(plan, scrape_ok=lambda second: not 9 <= second < 13)
    assert broken(findings) == [
        (9.5, "scrape.success under 90% from +9.5s, at 10x"),
        (11.5, "scrape.gap over 3s from +11.5s, at 10x"),
    ]


def test_memory_over_its_limit_has_its_moment():
    plan = limited("memory.max < 100MiB")
    findings = found(plan, rss=lambda second: (120.0 if second >= 12 else 80.0) * MIB)
    assert broken(findings) == [(12.25, "memory.max over 100.0 MiB from +12.2s, at 10x")]


def test_a_target_that_is_not_back_in_time_has_its_moment():
    plan = limited("recovery.time < 1s", plan=big_plan())
    findings = found(
        plan, lambda w: slow_from(0, 900.0)(w) if w.phase in ("flood", "recovery") else w
    )
    assert broken(findings) == [(17.0, "recovery.time over 1s from +17s, at 1x")]


def test_a_restart_is_an_event_already():
    plan = limited("restarts == 0")
    extra = [event(9.0, "restarted", old_pid=77, new_pid=78, pid=78)]
    findings = found(plan, extra=[*extra, memory(9.5, 80 * MIB, pid=78, start_s=2000.0)])
    assert broken(findings) == []


def test_off_loopback_it_is_not_known_whose_slowness_it_was():
    plan = limited("response.p99 < 250ms", plan=big_plan())
    away = replace(plan, target=replace(plan.target, loopback=False))
    findings = found(away, slow_from(8, 400.0))
    assert findings.limited_by == "inconclusive"
    assert broken(findings)[0][1].endswith("from +8s, at 10x; target or network")


def test_a_straggler_of_an_earlier_phase_does_not_move_the_moment():
    plan = limited("response.p99 < 250ms", plan=big_plan())
    early = stray(5, "baseline", response_ms=[400.0])
    findings = found(plan, slow_from(9, 400.0), extra=[early])
    assert [t_s for t_s, _ in broken(findings)] == [9.0]


def test_the_load_of_a_moment_is_a_multiple_of_1x():
    assert [multiple_at(PLAN, round(t_s * SECOND)) for t_s in (0, 4.5, 7, 17)] == [
        *("1x", "5.5x", "10x", "1x")
    ]
    load = make_load(clients=10_000, multiple=1000.0)
    assert multiple_at(make_plan(load=load, phases=make_phases(load)), 7 * SECOND) == "1,000x"
