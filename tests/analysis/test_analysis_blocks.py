"""The flood cut into blocks: nothing is lost, however it is cut."""

from collections.abc import Sequence

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import rollup, window

from qosflood.analysis.blocks import MOST_BLOCKS, BlockSeries, block_length_s
from qosflood.analysis.findings_series import Blocks
from qosflood.base.units import SECOND
from qosflood.journal.histograms import decode
from qosflood.journal.records import Window
from qosflood.plan.plan import Plan


def plan_of(flood_s: int, shards: int = 1) -> Plan:
    load = make_load(shards=shards)
    return make_plan(
        load=load, phases=make_phases(load, edge_ns=10 * SECOND, flood_ns=flood_s * SECOND)
    )


def windows_of(plan: Plan, spare_s: int = 0) -> list[Window]:
    """Two reports a second through the flood, one more in every tenth that fails."""
    start = plan.main_phase.start_ns // SECOND
    length = plan.main_phase.duration_ns // SECOND
    return [
        window(
            start + second,
            "flood",
            response_ms=(1.0 + second % 7, 20.0),
            failed={"timeout": 1} if second % 10 == 0 else {},
        )
        for second in range(length + spare_s)
    ]


def blocks_of(plan: Plan, windows: Sequence[Window], every: int = 0) -> Blocks:
    """The blocks, with a roll-up after each `every` windows, if any."""
    series = BlockSeries(plan)
    since: list[Window] = []
    for one in windows:
        series.add(one)
        since.append(one)
        if every and len(since) == every:
            series.roll(rollup("flood", since, one.second + 1))
            since = []
    made = series.close()
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("seconds", "shards", "length"),
    [
        (7, 1, 0),
        (8, 1, 1),
        (120, 1, 15),
        (240, 1, 30),
        (900, 1, 30),
        (1800, 1, 30),
        (900, 8, 60),
        (1801, 1, 60),
        (3600, 1, 60),
        (86_400, 4, 1440),
    ],
)
def test_blocks_are_half_a_minute_unless_the_flood_is_short_or_long(
    seconds: int, shards: int, length: int
) -> None:
    assert block_length_s(seconds, shards) == length
    assert not length or seconds // length <= MOST_BLOCKS


@pytest.mark.parametrize(
    ("seconds", "every"), [(20, 0), (305, 0), (305, 60), (2000, 60), (2000, 0)]
)
def test_every_report_of_the_flood_is_in_one_block(seconds: int, every: int) -> None:
    plan = plan_of(seconds)
    windows = windows_of(plan, spare_s=5)
    made = blocks_of(plan, windows, every)
    assert sum(b.acked for b in made.blocks) == 2 * len(windows)
    assert sum(b.errors for b in made.blocks) == -(-len(windows) // 10)
    assert sum(b.scheduled for b in made.blocks) == sum(w.scheduled for w in windows)
    assert sum(decode(b.service).total_count for b in made.blocks if b.service) == 2 * len(windows)
    assert all(decode(b.response).total_count == b.acked + b.errors for b in made.blocks)
    assert made.blocks[0].t_s == plan.main_phase.start_ns // SECOND


def test_blocks_of_windows_and_of_roll_ups_are_the_same() -> None:
    plan = plan_of(2400)
    windows = windows_of(plan)
    assert blocks_of(plan, windows, every=60) == blocks_of(plan, windows, every=30)


def test_what_is_told_after_the_flood_belongs_to_its_last_block() -> None:
    plan = plan_of(240)
    late = window(300, "flood", failed={"timeout": 3})
    made = blocks_of(plan, [*windows_of(plan), late])
    assert len(made.blocks) == 8
    assert made.blocks[-1].errors == 3 + 3


def test_a_straggler_of_a_closed_block_is_not_lost() -> None:
    plan = plan_of(240)
    windows = windows_of(plan)
    made = blocks_of(plan, [*windows[1:200], windows[0], *windows[200:]])
    assert sum(b.acked for b in made.blocks) == 480
    assert len(made.blocks) == 8


def test_a_flood_under_eight_seconds_and_other_phases_have_no_blocks() -> None:
    plan = plan_of(7)
    series = BlockSeries(plan)
    for one in windows_of(plan):
        series.add(one)
    assert series.close() is None
    other = BlockSeries(plan_of(60))
    other.add(window(1, "baseline", response_ms=(1.0,)))
    made = other.close()
    assert made is not None and made.blocks == ()
