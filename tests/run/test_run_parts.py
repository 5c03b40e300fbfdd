"""A part waits for its moment; several shards hand in one set of failures."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from processes import faulty, free_port
from supervised import Run, Screen, plan_for

from qosflood.base.errors import StartError
from qosflood.base.units import SECOND
from qosflood.journal.records import ClockMark, End, Event, Window
from qosflood.journal.run_directory import read_failures, read_records
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Part, Plan


@dataclass
class WaitingScreen(Screen):
    """A view that keeps how long there was to wait."""

    left: list[int] = field(default_factory=list)

    def waiting(self, left_ns: int) -> None:
        self.left.append(left_ns)


def part_run(folder: Path, plan: Plan, ahead_ns: int) -> Run:
    """A run of part 2 of 3 that is to begin in `ahead_ns`."""
    part = Part(index=2, of=3, start_at_ns=time.time_ns() + ahead_ns)
    run = Run(replace(plan, part=part), folder)
    run.screen = run.supervisor._view = WaitingScreen()
    return run


async def ready(run: Run) -> None:
    """Until every child is ready and the wait has begun."""
    async with asyncio.timeout(60):
        while not run.screen.left:
            await asyncio.sleep(0.01)


def test_a_part_plays_its_clients_from_its_moment_on(tmp_path):
    async def main() -> Run:
        with faulty() as server:
            # Set-up takes as long as it takes on a busy machine; twice as far ahead then.
            for attempt, ahead_s in enumerate((3, 12, 48)):
                run = part_run(
                    tmp_path / str(attempt), plan_for(server.port, shards=2), ahead_s * SECOND
                )
                try:
                    await asyncio.wait_for(run.carry_out(), 90)
                except StartError:
                    continue
                return run
        raise TimeoutError("the machine is too slow to begin a run in 48 s")

    run = asyncio.run(main())
    segment, *records = read_records(run.folder)
    (started,) = [r for r in records if isinstance(r, Event) and r.kind == "load_started"]
    mark = next(record for record in records if isinstance(record, ClockMark))
    zero_ns = mark.wall_ns - mark.t + started.evidence["t0"]
    assert zero_ns == run.plan.part.start_at_ns
    windows = run.records(Window)
    planned = Schedule(run.plan, 1, 3).count(0, run.plan.load_ns)
    assert sum(window.scheduled for window in windows) == planned == run.outcomes
    assert {window.shard for window in windows} == {0, 1}
    assert run.screen.left == sorted(run.screen.left, reverse=True)
    assert segment.t == 0


async def interrupt(run: Run) -> None:
    await ready(run)
    run.supervisor.request_stop("interrupted", "by SIGINT")


async def kill_a_shard(run: Run) -> None:
    await ready(run)
    os.kill(run.supervisor._children.shards[0].pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("meanwhile", "error", "reason", "detail"),
    [
        (interrupt, asyncio.CancelledError, "interrupted", "by SIGINT, before the load began"),
        (
            kill_a_shard,
            StartError,
            "not_started",
            "the load did not begin: shard 0 died: killed by SIGKILL",
        ),
    ],
)
def test_a_part_that_is_stopped_while_it_waits_floods_nothing(
    tmp_path, meanwhile, error, reason, detail
):
    async def main() -> Run:
        run = part_run(tmp_path / "run", plan_for(free_port()), 3600 * SECOND)
        also = asyncio.create_task(meanwhile(run))
        with pytest.raises(error):
            await run.carry_out()
        await also
        for child in run.children:
            await asyncio.wait_for(child.exited.wait(), 10)
        return run

    run = asyncio.run(main())
    *_, last = read_records(run.folder)
    assert isinstance(last, End)
    assert (last.reason, last.detail) == (reason, detail)
    assert run.records(Window) == []
    assert "load_started" not in run.events()


def test_a_part_that_is_not_ready_in_time_is_refused(tmp_path):
    async def main() -> tuple[Run, str]:
        run = part_run(tmp_path / "run", plan_for(free_port()), 1)
        with pytest.raises(StartError) as caught:
            await run.carry_out()
        for child in run.children:
            await asyncio.wait_for(child.exited.wait(), 10)
        return run, str(caught.value)

    run, line = asyncio.run(main())
    assert line.startswith("--start-at was ")
    assert line.endswith(" ago when this part was ready; give every part at least 10 s")
    assert run.records(Window) == []
    *_, last = read_records(run.folder)
    assert (last.reason, last.detail) == ("not_started", line)


def test_failures_of_several_shards_are_kept_as_those_of_one(tmp_path):
    async def main() -> Run:
        run = Run(plan_for(free_port(), shards=3), tmp_path / "run")
        await asyncio.wait_for(run.carry_out(), 60)
        return run

    run = asyncio.run(main())
    samples = read_failures(run.folder)
    kinds = Counter(sample["kind"] for sample in samples)
    failed = Counter[str]()
    for window in run.records(Window):
        failed.update(window.errors)
    assert max(failed.values()) > 3 * 25
    assert max(kinds.values()) == 25
    last = [sample["done_t"] for sample in samples[20:] if kinds[sample["kind"]] == 25][-5:]
    assert last == sorted(last)
