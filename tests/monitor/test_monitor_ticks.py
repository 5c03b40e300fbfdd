"""Ticks lie on a fixed grid, kept or missed, never moved."""

from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS, SECOND
from qosflood.monitor.ticks import Ticks


def test_a_tick_begun_within_half_an_interval_is_kept():
    ticks = Ticks(0, 2 * SECOND)
    assert ticks.missed(SECOND) == []
    assert ticks.missed(SECOND + 1) == [0]
    assert ticks.next_ns == 2 * SECOND


def test_short_intervals_tolerate_a_quarter_second():
    ticks = Ticks(0, 100 * MS)
    assert ticks.missed(250 * MS) == []
    assert ticks.missed(351 * MS) == [0, 100 * MS]


def test_a_tick_served_late_does_not_move_the_next():
    ticks = Ticks(5, SECOND)
    assert ticks.missed(5 + 400 * MS) == []
    assert ticks.take() == 5
    assert ticks.next_ns == 5 + SECOND


@given(
    st.integers(0, SECOND),
    st.integers(MS, 5 * SECOND),
    st.lists(st.integers(0, 20 * SECOND), max_size=10),
)
def test_every_tick_is_either_kept_or_missed_once(start, interval, steps):
    ticks, now, seen = Ticks(start, interval), start, []
    for step in steps:
        now += step
        seen += ticks.missed(now)
        if ticks.next_ns <= now:
            seen.append(ticks.take())
    assert seen == [start + k * interval for k in range(len(seen))]
