"""Restarts told from exposed start times, and several processes told from restarts."""

import pytest

from qosflood.monitor.starts import StartTimes


def kinds(*start_times):
    starts = StartTimes()
    events = [starts.note(t, start_s) for t, start_s in enumerate(start_times)]
    return [event and event.kind for event in events]


R, S = "restarted", "several_processes"


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
    assert kinds(*start_times) == expected


def test_a_restart_shows_both_start_times():
    starts = StartTimes()
    starts.note(0, 100.5)
    event = starts.note(9, 200.5)
    assert (event.t, event.who) == (9, "target")
    assert event.evidence == {"old_start_s": 100.5, "new_start_s": 200.5}
