"""Children that hang, cannot start or are killed before the load: how the run ends then."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from processes import faulty, free_port
from supervised import LONG, Run, plan_for

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import StartError
from qosflood.journal.records import End, Event, Window
from qosflood.run import supervisor as supervisor_module
from qosflood.run.supervisor import Ended


def test_a_shard_that_hangs_is_given_up_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "SILENT_TICKS", 12)
    monkeypatch.setattr(supervisor_module, "DRAIN_PATIENCE_S", 0.5)

    async def hang(run: Run) -> None:
        await run.until_flooding()
        os.kill(run.supervisor._children.shards[0].pid, signal.SIGSTOP)

    async def main() -> Run:
        with faulty() as server:
            run = Run(plan_for(server.port, flood_ns=LONG), tmp_path / "run")
            await asyncio.wait_for(run.carry_out(hang), 60)
            return run

    run = asyncio.run(main())
    assert run.ended == Ended("shard_stuck", "shard 0 sent nothing for 3 s", recorded=True)
    assert run.events() == ["load_started", "shard_stuck", "stopping"]


def test_a_shard_that_does_not_drain_is_ended_and_not_said_to_have_died(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "DRAIN_PATIENCE_S", 0.5)

    async def hang_and_interrupt(run: Run) -> None:
        await run.until_flooding()
        os.kill(run.supervisor._children.shards[0].pid, signal.SIGSTOP)
        run.supervisor.request_stop("interrupted", "by SIGINT")

    async def main() -> Run:
        with faulty() as server:
            run = Run(plan_for(server.port, flood_ns=LONG), tmp_path / "run")
            await asyncio.wait_for(run.carry_out(hang_and_interrupt), 60)
            return run

    run = asyncio.run(main())
    assert run.ended == Ended("interrupted", "by SIGINT", recorded=True)
    (stuck,) = [event for event in run.records(Event) if event.kind == "shard_stuck"]
    assert stuck.what.startswith("shard 0 had not drained")
    assert "shard_died" not in run.events()


def refused(folder: Path, **changes) -> tuple[Run, StartError]:
    """A run whose child cannot start."""

    async def main() -> tuple[Run, StartError]:
        run = Run(plan_for(free_port(), **changes), folder)
        with pytest.raises(StartError) as caught:
            await run.supervisor.carry_out(memories=())
        for child in run.children:
            await asyncio.wait_for(child.exited.wait(), 10)
        return run, caught.value

    return asyncio.run(main())


def test_a_shard_that_cannot_start_ends_the_run_before_it_began(tmp_path, monkeypatch):
    refs = (HeaderRef(name="X-Token", source="env:QOSFLOOD_TEST_ABSENT"),)
    run, error = refused(tmp_path / "run", target={"headers": refs})
    assert "environment variable QOSFLOOD_TEST_ABSENT is not set" in str(error)
    assert error.exit_code == 2
    assert run.records(Window) == []
    assert not (run.folder / ".reserve").exists()
    (end,) = run.records(End)
    assert (end.reason, end.detail) == ("not_started", str(error))


def test_a_child_killed_before_the_load_leaves_an_end_that_says_so(tmp_path):
    async def main() -> Run:
        run = Run(plan_for(free_port()), tmp_path / "run")
        carried_out = asyncio.create_task(run.supervisor.carry_out(memories=()))
        while run.supervisor._children.monitor is None:
            await asyncio.sleep(0.001)
        while run.supervisor._children.monitor._process is None:
            await asyncio.sleep(0.001)
        os.kill(run.supervisor._children.monitor.pid, signal.SIGKILL)
        with pytest.raises(StartError, match="killed by SIGKILL"):
            await carried_out
        return run

    run = asyncio.run(main())
    (end,) = run.records(End)
    assert end.reason == "not_started"
    assert "killed by SIGKILL" in end.detail
