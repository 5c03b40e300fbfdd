"""Answers by the second of the clock, and what a phase leaves to be answered."""

from plan_maker import make_plan
from record_maker import WALL_NS, healthy_run, load_windows, stopped_run, stray, window

from qosflood.analysis import analyse
from qosflood.analysis.by_clock import ByClock
from qosflood.base.units import MS, SECOND

PLAN = make_plan()


def slow(window_of_flood, answered: int):
    """A second of the flood in which fewer were answered than were due."""
    return window(
        window_of_flood.second,
        "flood",
        response_ms=[5.0] * answered,
        scheduled=100,
        offered=100,
    )


def flood_of(records):
    phases = {phase.name: phase for phase in analyse(PLAN, WALL_NS, records).phases}
    return phases["flood"], phases["recovery"]


def test_a_target_that_keeps_up_answers_at_the_rate_that_was_offered():
    flood, recovery = flood_of(healthy_run(PLAN))
    assert (flood.answered, flood.acked, flood.waiting, flood.answered_later) == (100, 100, 0, 0)
    assert (recovery.answered, recovery.waiting) == (10, 0)


def test_answers_that_come_after_the_flood_are_none_of_its_rate():
    """83 of 100/s are answered in the flood's 10 seconds, 100 reports more in recovery."""
    late = [
        stray(second, "flood", response_ms=[4_000.0] * 50, scheduled=0, offered=0)
        for second in (16, 17)
    ]
    flooded = healthy_run(PLAN, change=lambda w: slow(w, 83) if w.phase == "flood" else w)
    flood, recovery = flood_of([*flooded[:-1], *late, flooded[-1]])
    assert flood.acked == 93
    assert flood.answered == 83
    assert (flood.waiting, flood.answered_later) == (170, 100)
    assert recovery.answered == (3 * 10 + 100) / 3
    assert recovery.acked == 10


def test_a_report_that_failed_after_the_flood_was_waiting_at_its_end():
    late = stray(17, "flood", failed={"timeout": 5})
    whole = healthy_run(PLAN)
    flood, _ = flood_of([*whole[:-1], late, whole[-1]])
    assert (flood.waiting, flood.answered_later) == (5, 0)


def test_a_run_that_was_stopped_has_the_rate_of_the_seconds_that_it_ran():
    flood, recovery = flood_of(stopped_run(PLAN, 10, "interrupted"))
    assert flood.answered == 100
    assert recovery.answered is None
    assert recovery.waiting is None


def test_only_whole_seconds_of_a_phase_make_its_rate():
    answers = ByClock()
    for one in load_windows(PLAN):
        answers.add(one)
    assert answers.rate(6 * SECOND + 400 * MS, 9 * SECOND + 900 * MS) == 100
    assert answers.rate(6 * SECOND + 400 * MS, 7 * SECOND + 900 * MS) is None


def test_reports_that_ended_in_the_second_in_which_a_phase_ends_did_not_wait():
    answers = ByClock()
    answers.add(window(9, "flood", response_ms=[5.0] * 10))
    answers.add(stray(10, "flood", response_ms=[5.0] * 2, failed={"timeout": 1}))
    assert (answers.ended_later("flood", 9 * SECOND + 1), answers.ended_later("ramp", 0)) == (3, 0)
    assert answers.acked_later("flood", 9 * SECOND + 1) == 2
