"""Onlookers see what the view sees, and cannot harm the run."""

import pytest
from supervised import Screen

from qosflood.journal.records import ClockMark, JournalRecord
from qosflood.live.observers import Together

MARK = ClockMark(t=1, wall_ns=2)


class Onlooker(Screen):
    name = "spy"


class Broken:
    """Raises as soon as it is shown anything."""

    name = "live page"

    def feed(self, record: JournalRecord) -> None:
        raise KeyError("lost")

    def tick(self, t_ns: int) -> None:
        raise OSError("gone")


def test_every_onlooker_is_shown_what_the_view_is_shown():
    view, spy, notices = Screen(), Onlooker(), []
    together = Together(view, [spy], notices.append)
    together.feed(MARK)
    together.tick(5)
    assert view.fed == spy.fed == [MARK]
    assert view.ticks == spy.ticks == 1
    assert notices == []


def test_an_onlooker_that_raises_is_dropped_with_one_notice_and_the_others_go_on():
    view, spy, notices = Screen(), Onlooker(), []
    together = Together(view, [Broken(), spy], notices.append)
    for _ in range(3):
        together.feed(MARK)
        together.tick(5)
    assert len(view.fed) == len(spy.fed) == 3
    assert notices == [
        "warning: the live page failed and is left out from here on: KeyError: 'lost'"
    ]


def test_onlookers_go_on_when_the_view_has_lost_its_terminal():
    view, spy = Screen(), Onlooker()

    def gone(t_ns: int) -> None:
        raise OSError("no terminal")

    view.tick = gone
    with pytest.raises(OSError, match="no terminal"):
        Together(view, [spy], print).tick(5)
    assert spy.ticks == 1


def test_only_the_view_judges_abort_limits():
    view, spy = Screen(), Onlooker(broken=True)
    together = Together(view, [spy], print)
    assert together.broken_abort(0) is None
    view.broken = True
    assert together.broken_abort(0) is not None
