"""Observers see what the view sees, and cannot harm the run."""

import pytest
from supervised import Screen

from qosflood.journal.records import ClockMark, JournalRecord
from qosflood.live.observers import Observed

MARK = ClockMark(t=1, wall_ns=2)


class Spy(Screen):
    name = "spy"


class Broken:
    """Raises as soon as it is shown anything."""

    name = "live page"

    def feed(self, record: JournalRecord) -> None:
        raise KeyError("lost")

    def tick(self, t_ns: int) -> None:
        raise OSError("gone")


def test_every_observer_is_shown_what_the_view_is_shown():
    view, spy, notices = Screen(), Spy(), []
    observed = Observed(view, [spy], notices.append)
    observed.feed(MARK)
    observed.tick(5)
    assert view.fed == spy.fed == [MARK]
    assert view.ticks == spy.ticks == 1
    assert notices == []


def test_an_observer_that_raises_is_dropped_with_one_notice_and_the_others_go_on():
    view, spy, notices = Screen(), Spy(), []
    observed = Observed(view, [Broken(), spy], notices.append)
    for _ in range(3):
        observed.feed(MARK)
        observed.tick(5)
    assert len(view.fed) == len(spy.fed) == 3
    assert notices == [
        "warning: the live page failed and is left out from here on: KeyError: 'lost'"
    ]


def test_observers_go_on_when_the_view_has_lost_its_terminal():
    view, spy = Screen(), Spy()

    def gone(t_ns: int) -> None:
        raise OSError("no terminal")

    view.tick = gone
    with pytest.raises(OSError, match="no terminal"):
        Observed(view, [spy], print).tick(5)
    assert spy.ticks == 1
