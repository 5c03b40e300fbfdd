"""Restarts told from a page's start times or counters, and several processes told from restarts."""

import pytest

from qosflood.base.units import SECOND
from qosflood.monitor.scrape.counters import NO_FALL, Fall
from qosflood.monitor.scrape.restarts import Answering

R, S = "restarted", "several_processes"
ANEW, TURNS, SOME = Fall(2, anew=True), Fall(2, several=True), Fall(1)


def kinds(pages, *, watched=False):
    answering = Answering("qos-0", watched=watched)
    events = [list(answering.note(t, *page)) for t, page in enumerate(pages)]
    return [event.kind if event else None for event, *_ in ((found or [None]) for found in events)]


def started(*times):
    return [(start_s, NO_FALL) for start_s in times]


@pytest.mark.parametrize(
    ("start_times", "expected"),
    [
        ((100, 100, 100), [None, None, None]),
        ((100, 101, 100), [None, None, None]),
        ((100, 200, 200, 300), [None, R, None, R]),
        ((100, 200, 100, 200, 300), [None, R, S, None, None]),
        ((200, 100, 200), [None, S, None]),
    ],
)
def test_a_later_start_is_a_restart_and_a_step_back_is_several_processes(start_times, expected):
    assert kinds(started(*start_times)) == expected


def test_a_watched_process_tells_of_its_restarts_itself():
    assert kinds(started(100, 200, 300), watched=True) == [None, None, None]
    assert kinds(started(100, 200, 100), watched=True) == [None, None, S]
    answering = Answering("qos-0", watched=True)
    assert list(answering.note(0, None, NO_FALL)) == []
    answering.process_restarted()
    assert [*answering.note(1, None, ANEW), *answering.note(2, None, NO_FALL)] == []
    assert [*answering.note(3, None, ANEW)] == []
    answering.process_restarted()
    assert [*answering.note(4, None, NO_FALL), *answering.close()] == []


@pytest.mark.parametrize("starts", [(None, None), (100, 100), (100, 200)])
def test_a_watched_process_that_executes_itself_again_is_known_by_its_counters(starts):
    before, after = starts
    assert kinds([(before, NO_FALL), (after, ANEW), (after, NO_FALL)], watched=True) == [
        *(None, None, R),
    ]
    answering = Answering("qos-0", watched=True)
    assert [*answering.note(0, before, NO_FALL), *answering.note(5, after, ANEW)] == []
    (event,) = answering.close()
    assert (event.t, event.kind, event.evidence["counters_fell"]) == (5, R, 2)
    assert "in the same process" in event.what


def test_another_worker_of_a_watched_process_is_no_restart():
    assert kinds([(200, NO_FALL), (100, ANEW)], watched=True) == [None, S]
    assert kinds([(100, NO_FALL), (200, SOME), (200, NO_FALL)], watched=True) == [None] * 3


@pytest.mark.parametrize(
    ("falls", "expected"),
    [
        ((NO_FALL, ANEW, NO_FALL), [None, R, None]),
        ((NO_FALL, SOME), [None, None]),
        ((SOME, TURNS, TURNS), [None, S, None]),
    ],
)
def test_without_a_start_time_the_counters_tell(falls, expected):
    assert kinds([(None, fall) for fall in falls]) == expected


def test_counters_are_not_asked_where_start_times_are_told():
    assert kinds([(100, ANEW), (100, TURNS)]) == [None, None]


def test_a_restart_shows_both_start_times_and_whose_they_are():
    answering = Answering("qos-0")
    assert not list(answering.note(0, 100.5, NO_FALL))
    (event,) = answering.note(9, 200.5, NO_FALL)
    assert (event.t, event.who) == (9, "target")
    assert event.evidence == {"instance": "qos-0", "old_start_s": 100.5, "new_start_s": 200.5}


WENT_ON = Fall(went_on=True)


def kinds_after(pages):
    """Kinds of events after pages every 5s: start time and what the counters say."""
    answering = Answering("qos-0")
    found = [list(answering.note(5 * n * SECOND, *page)) for n, page in enumerate(pages)]
    return [event.kind for events in found for event in events]


@pytest.mark.parametrize("step_s", [2, 8, -2, 3600, -3600])
def test_a_step_of_the_targets_clock_is_no_restart_where_counters_go_on(step_s):
    before, after = [(10_000, WENT_ON)] * 10, [(10_000 + step_s, WENT_ON)] * 3
    assert kinds_after(before + after) == []


def test_a_start_before_the_last_page_is_a_step_even_without_counters():
    assert kinds_after([(10_000, NO_FALL)] * 10 + [(10_008, NO_FALL)] * 3) == []
    assert kinds_after([(10_000, NO_FALL)] * 10 + [(10_048, NO_FALL)] * 3) == [R]


def test_a_restart_after_a_step_is_still_seen():
    stepped = [(10_000, WENT_ON)] * 10 + [(10_002, WENT_ON)] * 5
    assert kinds_after([*stepped, (10_074, ANEW), (10_074, WENT_ON)]) == [R]


def test_a_restart_whose_counters_fell_is_seen_however_little_the_start_moved():
    assert kinds_after([(10_000, WENT_ON)] * 10 + [(10_008, ANEW)]) == [R]


def test_a_process_that_was_seen_for_a_moment_alone_proves_nothing_by_its_counters():
    assert kinds_after([(10_000, WENT_ON), (10_005, WENT_ON)]) == [R]
