"""What happened, in order and bounded, and what went wrong first."""

from dataclasses import replace

from plan_maker import make_load, make_phases, make_plan
from record_maker import (
    T0_NS,
    WALL_NS,
    at,
    event,
    health,
    healthy_run,
    load_started,
    stopped_run,
    window,
)

from qosflood.analysis import analyse
from qosflood.analysis.timeline import MOST_ENTRIES
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OWN_ABSENCE, FailureSample, Outcome

PLAN = make_plan()


def found(records):
    return analyse(PLAN, WALL_NS, records)


def entries(records, kind):
    return [entry for entry in found(records).timeline if entry.kind == kind]


def failing_from(second, outcome="timeout", **changes):
    def change(same):
        if same.second < second:
            return same
        return window(same.second, same.phase, failed={outcome: same.scheduled}, **changes)

    return change


def test_phases_start_in_order_with_their_load_in_words():
    starts = entries(healthy_run(PLAN), "phase_started")
    assert [entry.t_s for entry in starts] == [0.0, 3.0, 6.0, 16.0, 19.0]
    assert starts[1].what == "ramp: up to 100 clients, 100 reports/s for 3s"
    assert starts[2].what == "flood: 100 clients, 100 reports/s for 10s"
    assert starts[4].what == "settle: no load for 1s"
    assert starts[0].wall_ns == WALL_NS + T0_NS


def test_a_phase_that_was_not_reached_does_not_start():
    starts = entries(stopped_run(PLAN, 10, "interrupted"), "phase_started")
    assert [entry.evidence["phase"] for entry in starts] == ["baseline", "ramp", "flood"]


def test_events_stand_as_they_are_known_or_not():
    records = healthy_run(PLAN, extra=[event(8, "comet_seen", "network", "a comet", size=3)])
    entry = entries(records, "comet_seen")[0]
    assert (entry.who, entry.what, entry.evidence) == ("network", "a comet", {"size": 3})


def test_the_first_failure_of_each_outcome_is_told_once():
    records = healthy_run(PLAN, change=failing_from(8, "rejected", errors={"status 503": 100}))
    told = entries(records, "first_rejected")
    assert [entry.t_s for entry in told] == [8.0]
    assert "status 503" in told[0].what
    assert found(records).first_failure == told[0]


def test_a_failure_kept_in_full_gives_the_moment_and_the_reason():
    sample = FailureSample(
        t=at(8.3),
        shard=0,
        kind="timeout",
        outcome="timeout",
        phase="flood",
        client=1,
        session="qosflood-test-1-0",
        local=None,
        remote=None,
        status=None,
        error="deadline passed",
        due_t=at(0),
        sent_t=None,
        done_t=at(8.3),
        head=None,
        body=None,
    )
    records = healthy_run(PLAN, change=failing_from(8), extra=[sample])
    told = entries(records, "first_timeout")[0]
    assert told.t_s == 8.3
    assert "deadline passed" in told.what


def test_nothing_wrong_means_no_first_failure():
    assert found(healthy_run(PLAN)).first_failure is None


def test_the_earliest_of_scrapes_reports_and_process_is_the_first_failure():
    records = healthy_run(
        PLAN,
        change=failing_from(9),
        scrape_ok=lambda s: s < 7,
        extra=[event(8, "process_gone", what="pid 7 is gone")],
    )
    first = found(records).first_failure
    assert (first.kind, first.t_s) == ("scrapes_failing", 7.5)


def ended(t_s, seconds_before):
    """A process that ends, whose reports are refused from so long before on."""
    gone = event(t_s, "process_gone", what="the target's process (pid 7) is gone", pid=7)

    def refused(w):
        late = w.second >= t_s - seconds_before
        return window(w.second, w.phase, failed={"connect_error": 100}) if late else w

    return found(healthy_run(PLAN, change=refused, extra=[gone]))


def test_refused_connections_just_before_a_process_is_seen_to_be_gone_are_its_end():
    first = ended(9.5, 1).first_failure
    assert (first.kind, first.t_s) == ("process_gone", 9.5)
    assert first.what == (
        "the target's process (pid 7) ended 9.5s into the load and did not come back"
    )


def test_failures_long_before_a_process_ends_are_the_first_failure():
    assert ended(12.5, 4).first_failure.kind == "first_connect_error"


def test_what_the_operator_or_the_generator_did_is_no_failure_of_the_target():
    def stalled(ns):
        made = window(8, "flood", failed={"timeout": 5}, health=health(loop_stall_ns=ns))
        return healthy_run(PLAN, change=lambda w: made if w.second == 8 else w)

    long = stalled(6 * SECOND)
    assert found(long).first_failure is None
    assert entries(long, "first_timeout")[0].who == "generator"
    # Of a timeout of 10 s, a stall of 0.9 s explains nothing.
    assert found(stalled(900 * MS)).first_failure.kind == "first_timeout"


def test_a_standstill_is_as_long_as_it_was_though_only_the_second_of_its_end_shows_it():
    still = health(loop_stall_ns=13 * SECOND)
    plan = make_plan(phases=make_phases(make_load(), flood_ns=30 * SECOND))
    gone = range(8, 20)
    records = healthy_run(
        plan,
        change=lambda w: (
            None if w.second in gone else replace(w, health=still) if w.second == 20 else w
        ),
    )
    (late,) = [e for e in analyse(plan, WALL_NS, records).timeline if e.kind == "generator_late"]
    assert (late.t_s, late.evidence["until_s"]) == (8.0, 21.0)
    assert late.what == "the generator was late for 13s; it stood still for up to 13s"


def test_reports_left_unsent_by_the_stop_are_no_failure():
    records = stopped_run(PLAN, 10, "interrupted")
    cut = window(10, "flood", failed={"unsent": 40}, t=at(10.4))
    assert found([*records[:-1], cut, records[-1]]).first_failure is None


def test_scrapes_that_fail_in_a_row_are_one_stretch_with_its_end():
    records = healthy_run(PLAN, scrape_ok=lambda s: not 8 <= s < 12)
    failing = entries(records, "scrapes_failing")
    assert [(e.t_s, e.evidence["failed"], e.evidence["until_s"]) for e in failing] == [
        (8.5, 4, 12.5)
    ]
    assert failing[0].what == "scrapes failed for 4s: 4 x timeout"
    assert [e.t_s for e in entries(records, "scrapes_recovered")] == [12.5]


def test_late_seconds_in_a_row_are_one_stretch():
    def stall(same):
        if same.second not in (7, 8, 9, 12):
            return same
        return window(
            same.second, same.phase, response_ms=[5.0], health=health(loop_stall_ns=90 * MS)
        )

    told = entries(healthy_run(PLAN, change=stall), "generator_late")
    assert [(e.t_s, e.evidence["until_s"]) for e in told] == [(7.0, 10.0), (12.0, 13.0)]


def test_a_flood_of_events_is_cut_but_counted_and_leaves_room_for_others():
    noise = [event(i / 100, "monitor_error", "generator", f"error {i}") for i in range(1500)]
    records = healthy_run(PLAN, extra=[*noise, event(18, "restarted")])
    timeline = found(records).timeline
    assert len(timeline) <= MOST_ENTRIES
    kept = [entry for entry in timeline if entry.kind == "monitor_error"]
    assert kept[-1].evidence["further"] == 1500 - len(kept)
    assert any(entry.kind == "restarted" for entry in timeline)


def test_many_kinds_of_events_are_cut_too():
    noise = [event(i / 100, f"kind_{i}") for i in range(500)]
    assert len(found(healthy_run(PLAN, extra=noise)).timeline) == MOST_ENTRIES


def test_the_timeline_is_in_the_order_of_time():
    records = healthy_run(PLAN, change=failing_from(9), scrape_ok=lambda s: s < 7)
    times = [entry.t_s for entry in found(records).timeline]
    assert times == sorted(times)


def test_before_the_load_times_are_negative():
    assert found([load_started(), event(-1.5, "target_seen")]).timeline[0].t_s == -1.5


def test_what_the_generators_own_absence_ended_is_not_the_targets_first_failure():
    own = {"errors": {OWN_ABSENCE[Outcome.TIMEOUT]: 10}}

    def change(same):
        if same.second != 9:
            return same
        return window(9, same.phase, response_ms=[5.0] * 90, failed={"timeout": 10}, **own)

    records = healthy_run(PLAN, change=change)
    assert found(records).first_failure is None
    (entry,) = entries(records, "first_timeout")
    assert entry.who == "generator"


def in_second(second, failed, errors, samples=()):
    """A run in which reports failed in one second."""

    def change(w):
        if w.second != second:
            return w
        return window(w.second, w.phase, response_ms=[5.0], failed=failed, errors=errors)

    return healthy_run(PLAN, change=change, extra=samples)


def test_the_reason_of_another_outcome_of_that_second_is_not_given():
    failed = {"timeout": 5, "connect_error": 90}
    errors = {"no answer by the deadline": 5, "connection refused": 90}
    (entry,) = entries(in_second(8, failed, errors), "first_timeout")
    assert entry.what.endswith("by its deadline (5 in that second)")
    (alone,) = entries(in_second(8, {"connect_error": 90}, errors), "first_connect_error")
    assert alone.what.endswith("(90 in that second; connection refused)")


def test_failures_of_the_generators_absence_and_of_the_target_are_counted_apart():
    own = OWN_ABSENCE[Outcome.TIMEOUT]
    errors = {own: 30, "no answer by the deadline": 12}
    told = {e.who: e.what for e in entries(in_second(8, {"timeout": 42}, errors), "first_timeout")}
    assert told["generator"].endswith(f"(30 in that second; {own})")
    assert told["target"].endswith("(12 in that second; no answer by the deadline)")
