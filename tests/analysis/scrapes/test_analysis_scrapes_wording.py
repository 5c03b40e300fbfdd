"""When scrapes failed, told no finer than they were made."""

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import WALL_NS, at, scrape

from qosflood.analysis.clock import RunClock
from qosflood.analysis.scrapes.scrapes import failing_spans
from qosflood.analysis.scrapes.wording import load_place, scrape_words
from qosflood.base.units import SECOND

LOAD = make_load(base_clients=10, base_cadence_ns=SECOND, clients=100, cadence_ns=SECOND)
PLAN = make_plan(
    load=LOAD,
    phases=make_phases(LOAD, edge_ns=60 * SECOND, flood_ns=300 * SECOND, settle_ns=30 * SECOND),
    watch={"interval_ns": 5 * SECOND},
)
CLOCK = RunClock(wall_ns=WALL_NS, t0=at(0), stop_ns=510 * SECOND, completed=True)
"""Baseline, ramp from 60 s on, flood from 120 s on, recovery from 420 s on."""
EACH = "(one scrape every 5s)"


def told(*failing_s, plan=PLAN):
    samples = [scrape(t_s, ok=t_s not in failing_s) for t_s in range(0, 500, 5)]
    return scrape_words(plan, CLOCK, samples)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        ((85, 90), f"between 4x and 6.2x {EACH}: 2 x timeout"),
        ((60,), f"between 1x and 1.8x {EACH}: 1 x timeout"),
        ((115, 120), f"from between 8.5x and 9.2x until 5s into flood {EACH}: 2 x timeout"),
        ((155, 160), f"between 30s into flood and 45s into flood {EACH}: 2 x timeout"),
        ((420,), f"between 4m55s into flood and 5s into recovery {EACH}: 1 x timeout"),
        (range(495, 500, 5), f"from 10s into settle to the end {EACH}: 1 x timeout"),
    ],
)
def test_a_stretch_lies_between_the_good_scrapes_around_it(failing, words):
    assert told(*failing) == (f"scrapes failed {words}",)


def test_scrapes_that_never_worked_are_told_from_the_first():
    assert told(*range(0, 500, 5)) == (
        f"scrapes failed from 0s into baseline to the end {EACH}: 100 x timeout",
    )


def test_without_failures_there_is_nothing_to_say():
    assert told() == ()


def test_the_first_stretches_are_told_and_the_others_counted():
    lines = told(5, 15, 25, 35, 45, 50)
    assert len(lines) == 4
    assert lines[-1] == "scrapes failed 2 more times, 3 scrapes in all"


def test_in_the_timeline_the_load_is_told_where_it_grew():
    def place(*failing_s):
        samples = [scrape(t_s, ok=t_s not in failing_s) for t_s in range(0, 500, 5)]
        return load_place(PLAN, CLOCK, failing_spans(samples)[0])

    assert place(85, 90) == f" between 4x and 6.2x {EACH}"
    assert place(155) == ""
