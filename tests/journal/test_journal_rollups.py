"""Roll-ups hold what the windows held, each minute and at each phase's end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import SECOND
from qosflood.journal import histograms
from qosflood.journal.records import OUTCOMES, Latency, Rollup, ShardHealth, Window
from qosflood.journal.rollups import EVERY_NS, RollupMaker

HEALTH = ShardHealth(
    loop_stall_ns=0,
    cpu_ns=0,
    rss_bytes=0,
    throttled_ns=0,
    run_queue_ns=0,
    connected=0,
    connecting=0,
    pending=0,
)
values = st.lists(st.integers(0, 2 * histograms.HIGHEST_NS), max_size=20)


def latency(of: list[int]) -> Latency | None:
    histogram = histograms.make_histogram()
    overflow = histograms.fold(histogram, np.array(of, dtype=np.int64))
    return histograms.figures(histogram, overflow)


def window(second: int, phase: str, **series: list[int]) -> Window:
    return Window(
        t=second * SECOND,
        shard=0,
        second=second,
        phase=phase,
        scheduled=0,
        picked_late=0,
        offered=0,
        outcomes=dict.fromkeys(OUTCOMES, 0),
        statuses={},
        errors={},
        resent=0,
        reconnects=0,
        health=HEALTH,
        **{
            name: latency(series.get(name, []))
            for name in ("response", "service", "failed", "send_lag")
        },
    )


class Journal:
    """Windows go in as a supervisor would put them in; the roll-ups that came of them."""

    def __init__(self) -> None:
        self.maker = RollupMaker()
        self.made: list[Rollup] = []

    def take(self, one: Window) -> list[Rollup]:
        self.maker.add(one)
        now = self.maker.take(one.t, one.phase)
        self.made += now
        return now

    def end(self, t: int) -> None:
        self.made += self.maker.take(t, None)


def test_a_minute_of_one_phase_makes_one_rollup():
    journal = Journal()
    for second in range(1, 125):
        journal.take(window(second, "flood", response=[second]))
    assert [(r.t // SECOND, r.windows) for r in journal.made] == [(61, 61), (121, 60)]
    assert journal.made[0].from_t == SECOND
    assert journal.made[1].from_t == 62 * SECOND


def test_a_new_phase_closes_the_one_before():
    journal = Journal()
    for second in range(1, 4):
        assert journal.take(window(second, "baseline", response=[5])) == []
    made = journal.take(window(4, "ramp", response=[7]))
    assert {rollup.phase: rollup.windows for rollup in made} == {"baseline": 3, "ramp": 1}


def test_the_end_of_the_load_makes_rollups_of_what_is_left():
    journal = Journal()
    journal.take(window(1, "flood", response=[5]))
    journal.end(2 * SECOND)
    assert [(r.phase, r.windows) for r in journal.made] == [("flood", 1)]
    journal.end(3 * SECOND)
    assert len(journal.made) == 1


def test_a_run_without_windows_makes_none():
    journal = Journal()
    journal.end(2 * EVERY_NS)
    assert journal.made == []


def test_a_late_first_window_does_not_make_a_rollup_by_itself():
    journal = Journal()
    assert journal.take(window(100, "baseline", response=[5])) == []


@given(st.lists(st.tuples(st.integers(0, 90), values, values), max_size=12))
def test_rollups_together_hold_exactly_what_the_windows_held(parts):
    journal, second = Journal(), 0
    for number, (gap, response, lag) in enumerate(parts):
        second += gap
        phase = ("baseline", "flood")[number * 2 // max(len(parts), 1)]
        journal.take(window(second, phase, response=response, send_lag=lag))
    journal.end((second + 1) * SECOND)
    assert sum(rollup.windows for rollup in journal.made) == len(parts)
    for series, index in (("response", 1), ("send_lag", 2)):
        whole = latency([value for part in parts for value in part[index]])
        rolled = [getattr(rollup, series) for rollup in journal.made]
        assert histograms.merge([one for one in rolled if one]) == whole
    assert all(rollup.service is None for rollup in journal.made)


@pytest.mark.parametrize("series", ["response", "service", "failed", "send_lag"])
def test_every_series_is_rolled_up_with_its_overflow(series):
    journal = Journal()
    for second in (1, 2):
        journal.take(window(second, "flood", **{series: [5_000, histograms.HIGHEST_NS + 1]}))
    journal.end(3 * SECOND)
    rolled = getattr(journal.made[0], series)
    assert (rolled.count, rolled.overflow) == (4, 2)
