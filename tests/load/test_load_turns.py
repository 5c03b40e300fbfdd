"""Slices of a crowd's work, paced by time."""

from qosflood.base.units import MS, SECOND
from qosflood.lab.collector.state import ManualClock
from qosflood.load.turns import TURN_NS, Turns


def test_slices_grow_while_turns_are_short_and_shrink_where_they_are_long():
    clock = ManualClock(0)
    turns = Turns(clock.now_ns, 8, 64)
    sizes = []
    for took_ns in (0, MS, MS, MS, 9 * MS, 9 * MS, 9 * MS, 9 * MS, 9 * MS, MS):
        clock.advance(took_ns)
        sizes.append(turns.begin())
    assert sizes == [8, 16, 32, 64, 8, 4, 2, 1, 1, 2]


def test_after_a_pause_a_crowd_begins_small():
    clock = ManualClock(0)
    turns = Turns(clock.now_ns, 8, 64)
    for _ in range(9):
        turns.begin()
    clock.advance(SECOND)
    assert turns.begin() == 8


def test_a_turn_is_spent_once_its_time_is():
    clock = ManualClock(0)
    turns = Turns(clock.now_ns, 8, 64)
    turns.begin()
    assert not turns.spent
    clock.advance(TURN_NS + 1)
    assert turns.spent
