"""When sessions are read back during the flood, and when that would cost the target too much."""

import asyncio
import time
from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.monitor.loss.in_flood import FloodReader
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Part
from qosflood.plan.watching import Audit

FLOOD = 400 * MS


class Scripted:
    """An auditor whose looks take as long as the script says, the last entry for all others."""

    def __init__(self, *took):
        self.took = list(took)
        self.looked = []

    async def look(self, number, within_ns):
        self.looked.append((number, time.monotonic_ns(), within_ns))
        return self.took.pop(0) if len(self.took) > 1 else self.took[0]


def plan(flood_ns=FLOOD, interval_ns=5 * SECOND, **changes):
    load = make_load(base_clients=10, clients=100, cadence_ns=40 * MS)
    phases = make_phases(load, edge_ns=20 * MS, flood_ns=flood_ns)
    audit = Audit(readback="/held")
    made = make_plan(load=load, phases=phases, audit=audit, watch={"interval_ns": interval_ns})
    return replace(made, **changes)


def looks(auditor, made):
    """The numbers of the looks that were taken, and when each was, from the load's start."""

    async def run():
        zero_ns = time.monotonic_ns()
        await FloodReader(made, Timer(zero_ns), auditor).run(0)
        return [(number, at - zero_ns) for number, at, _ in auditor.looked]

    return asyncio.run(run())


def test_a_cheap_snapshot_is_read_twice_in_the_baseline_and_at_five_moments_of_the_flood():
    took = looks(Scripted(40_000, 30_000, 50_000), plan())
    assert [number for number, _ in took] == [0, 0, 1, 2, 3, 4, 5]
    for number, at in took[2:]:
        due = 40 * MS + FLOOD * (2 * number - 1) // 10 + 10 * MS  # a quarter of the cadence later
        assert due <= at < due + 60 * MS


@pytest.mark.parametrize("interval_ns", [5 * SECOND, 60 * SECOND])
@pytest.mark.parametrize(
    ("baseline", "expected"), [(9 * MS, 1), (10 * MS, 1), (11 * MS, 0), (None, 0)]
)
def test_what_a_read_in_the_baseline_takes_decides_by_the_sessions_there_will_be(
    baseline, expected, interval_ns
):
    """Ten times as many sessions, and at most 100 ms with a page that is scraped every 5s."""
    took = looks(Scripted(baseline, baseline, 50 * MS), plan(interval_ns=interval_ns))
    assert [number for number, _ in took if number] == list(range(1, expected + 1))


def test_a_look_that_took_more_than_it_may_was_the_last_one():
    assert [number for number, _ in looks(Scripted(1000, 1000, 1000, 101 * MS), plan())][2:] == [
        1,
        2,
    ]
    assert [number for number, _ in looks(Scripted(1000, 1000, 1000, None), plan())][2:] == [1, 2]


def test_all_looks_after_the_first_take_at_most_a_thousandth_of_the_flood():
    """0.4 ms of 400 ms."""
    took = looks(Scripted(10_000, 10_000, 150_000), plan())
    assert [number for number, _ in took][2:] == [1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"interval_ns": None},
        {"part": Part(index=1, of=2, start_at_ns=0)},
        {"audit": Audit()},
    ],
)
def test_nothing_is_read_in_the_flood_where_no_price_is_known_or_several_machines_send(changes):
    assert looks(Scripted(1000), plan(**changes)) == []


def test_a_run_that_is_stopped_ends_the_looks():
    async def run():
        auditor, timer = Scripted(1000), Timer(time.monotonic_ns())
        reading = asyncio.create_task(FloodReader(plan(), timer, auditor).run(0))
        await asyncio.sleep(0.12)
        timer.stop()
        await asyncio.wait_for(reading, 1)
        return [number for number, _, _ in auditor.looked]

    assert 5 not in asyncio.run(run())
