"""The parts of a run and their shards: together they are the whole, however each is shared out."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_plan

from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Part
from qosflood.run.run import fill_planned

WHOLE = make_plan()
LIVING = replace(
    WHOLE, sessions=replace(WHOLE.sessions, lifetime="exponential", lifetime_ns=4_000_000_000)
)


def part_of(plan, index, of):
    return replace(plan, part=Part(index=index, of=of, start_at_ns=0))


@settings(max_examples=25, deadline=None)
@given(
    shards=st.lists(st.integers(1, 4), min_size=1, max_size=7),
    plan=st.sampled_from([WHOLE, LIVING]),
)
def test_the_union_of_all_shards_of_all_parts_is_the_whole(shards, plan):
    due, numbers = [], []
    for index, count in enumerate(shards, 1):
        part = part_of(plan, index, len(shards))
        for shard in range(count):
            schedule = Schedule(plan, *part.slice_of(shard, count))
            found = schedule.between(0, plan.load_ns)
            numbers += schedule.numbers.tolist()
            due += zip(found.due_ns.tolist(), schedule.numbers[found.client].tolist(), strict=True)
    whole = Schedule(plan)
    all_due = whole.between(0, plan.load_ns)
    assert sorted(numbers) == whole.numbers.tolist()
    expected = zip(all_due.due_ns.tolist(), whole.numbers[all_due.client].tolist(), strict=True)
    assert sorted(due) == sorted(expected)


@given(clients=st.integers(0, 500), of=st.integers(1, 12))
def test_a_parts_share_counts_its_places(clients, of):
    for index in range(1, of + 1):
        part = Part(index=index, of=of, start_at_ns=0)
        assert part.share(clients) == np.arange(index - 1, clients, of).size


def test_what_the_parts_plan_adds_up_to_the_whole():
    whole = fill_planned(LIVING)
    parts = [fill_planned(part_of(LIVING, index, 3)) for index in (1, 2, 3)]
    for phase in whole.phases:
        assert phase.planned == sum(part.phase(phase.name).planned for part in parts)
    assert whole.planned_sessions == sum(part.planned_sessions for part in parts)
    assert all(part.load == whole.load for part in parts)
