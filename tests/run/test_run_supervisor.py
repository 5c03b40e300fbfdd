"""A plan carried out for real: how it ends, and what the journal holds then.

All runs go side by side on one loop, because each waits most of its time.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from plan_maker import make_plan
from processes import Faulty, faulty, free_port
from supervised import ABORT, LONG, Run, Screen, plan_for

from qosflood.base.errors import DiskFullError
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import (
    End,
    Event,
    JournalRecord,
    Rollup,
    ScrapeSample,
    Segment,
    Window,
)
from qosflood.journal.run_directory import read_failures, read_records
from qosflood.live.observers import Observed, View
from qosflood.live.run_view import RunView
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.limit_language import parse_abort
from qosflood.run import supervisor as supervisor_module
from qosflood.run.supervisor import Ended


async def interrupt(run: Run) -> None:
    await run.until_flooding()
    run.supervisor.request_stop("interrupted", "by SIGINT")
    run.supervisor.request_stop("aborted", "too late")


async def interrupt_at_once(run: Run) -> None:
    run.supervisor.request_stop("interrupted", "by SIGINT")


async def kill_a_shard(run: Run) -> None:
    await run.until_flooding()
    os.kill(run.supervisor._children.shards[0].pid, signal.SIGKILL)


async def kill_the_monitor(run: Run) -> None:
    await run.until_flooding()
    os.kill(run.supervisor._children.monitor.pid, signal.SIGKILL)


async def break_an_abort_limit(run: Run) -> None:
    await run.until_flooding()
    run.supervisor._aborts.broken = lambda t_ns: (ABORT, "70%")


async def break_the_ticks(run: Run) -> None:
    await run.until_flooding()

    def broken(t_ns: int) -> None:
        raise KeyError("nobody")

    run.screen.tick = broken


async def break_the_view(run: Run) -> None:
    await run.until_flooding()

    def broken(record: JournalRecord) -> None:
        raise KeyError("nobody")

    run.screen.feed = broken


async def fill_the_disk(run: Run) -> None:
    await run.until_flooding()

    def full(line: bytes) -> None:
        raise DiskFullError("the disk is full")

    journal = run.supervisor._journal
    append, journal.append_line = journal.append_line, full
    free = journal.free_reserve

    def freed() -> None:
        journal.append_line = append
        free()

    journal.free_reserve = freed


async def interrupt_while_settling(run: Run) -> None:
    async with asyncio.timeout(30):
        while "load_finished" not in run.events():
            await asyncio.sleep(0.01)
    run.supervisor.request_stop("interrupted", "by SIGINT")


async def leave_at_once(run: Run) -> None:
    await run.until_flooding()
    # The process would end here; this one goes on, and must not write a second end.
    run.supervisor.leave_at_once()


SCENARIOS: dict[str, tuple[dict, Callable[[Run], Awaitable[None]] | None]] = {
    "completed": ({}, None),
    "two shards": ({"shards": 2}, None),
    "interrupted": ({"flood_ns": LONG}, interrupt),
    "interrupted at once": ({"flood_ns": LONG}, interrupt_at_once),
    "interrupted while settling": ({}, interrupt_while_settling),
    "shard killed": ({"flood_ns": LONG, "shards": 2}, kill_a_shard),
    "monitor killed": ({"flood_ns": 1500 * MS}, kill_the_monitor),
    "aborted": ({"flood_ns": LONG}, break_an_abort_limit),
    "ticks broken": ({"flood_ns": LONG}, break_the_ticks),
    "view broken": ({"flood_ns": LONG}, break_the_view),
    "disk full": ({"flood_ns": LONG}, fill_the_disk),
    "left at once": ({"flood_ns": LONG}, leave_at_once),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Run]:
    """Every scenario played to its end, some at a time."""
    folder = tmp_path_factory.mktemp("runs")

    async def main(server: Faulty) -> dict[str, Run]:
        some = asyncio.Semaphore(4)

        async def one(number: int, changes: dict, meanwhile) -> Run:
            async with some:
                run = Run(plan_for(server.port, **changes), folder / str(number))
                async with asyncio.timeout(60):
                    await run.carry_out(meanwhile)
                return run

        made = (one(n, dict(c), then) for n, (c, then) in enumerate(SCENARIOS.values()))
        return dict(zip(SCENARIOS, await asyncio.gather(*made), strict=True))

    with faulty() as server:
        return asyncio.run(main(server))


@pytest.mark.parametrize(
    ("scenario", "reason", "detail"),
    [
        ("completed", "completed", ""),
        ("two shards", "completed", ""),
        ("interrupted", "interrupted", "by SIGINT"),
        ("interrupted at once", "interrupted", "by SIGINT"),
        ("interrupted while settling", "interrupted", "by SIGINT"),
        ("shard killed", "shard_died", "shard 0 died: killed by SIGKILL"),
        ("monitor killed", "completed", ""),
        ("aborted", "aborted", "the abort limit errors > 50% for 15s was broken: 70%"),
        ("disk full", "disk_full", "the disk is full"),
        ("left at once", "interrupted", "left at once"),
    ],
)
def test_a_run_ends_for_the_first_reason_and_the_journal_says_so(runs, scenario, reason, detail):
    run = runs[scenario]
    if scenario != "left at once":
        assert run.ended == Ended(reason, detail, recorded=True)
    *others, last = read_records(run.folder)
    assert isinstance(others[0], Segment)
    assert isinstance(last, End)
    assert (last.reason, last.detail) == (reason, detail)
    assert not any(isinstance(record, End) for record in others)
    assert not (run.folder / ".reserve").exists()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_child_outlives_its_run(runs, scenario):
    assert all(child.exited.is_set() for child in runs[scenario].children)


@pytest.mark.parametrize("scenario", ["completed", "two shards"])
def test_a_run_that_completes_has_sent_all_that_was_planned(runs, scenario):
    run = runs[scenario]
    assert run.scheduled == run.outcomes == Schedule(run.plan).count(0, run.plan.load_ns)
    assert run.events() == ["load_started", "load_finished", "settled"]
    assert {window.shard for window in run.records(Window)} == set(range(run.plan.load.shards))


@pytest.mark.parametrize("scenario", ["ticks broken", "view broken"])
def test_an_error_of_our_own_ends_the_run_and_costs_no_evidence(runs, scenario):
    run = runs[scenario]
    assert run.ended.reason == "internal_error"
    assert run.ended.detail.startswith("KeyError: 'nobody' (test_run_supervisor.py:")
    *_, last = read_records(run.folder)
    assert (last.reason, last.detail) == (run.ended.reason, run.ended.detail)
    assert "stopping" in run.events()
    assert "shard_died" not in run.events()
    assert run.scheduled == run.outcomes


@pytest.mark.parametrize("scenario", ["interrupted", "interrupted at once", "aborted"])
def test_a_run_that_is_stopped_balances_its_books(runs, scenario):
    run = runs[scenario]
    assert run.scheduled == run.outcomes
    assert "stopping" in run.events()


@pytest.mark.parametrize("scenario", ["completed", "interrupted", "shard killed"])
def test_rollups_cover_every_window(runs, scenario):
    run = runs[scenario]
    windows, rollups = run.records(Window), run.records(Rollup)
    assert sum(rollup.windows for rollup in rollups) == len(windows)
    responses = sum(window.response.count for window in windows if window.response)
    assert sum(rollup.response.count for rollup in rollups if rollup.response) == responses


def test_the_view_is_shown_every_record_of_the_journal(runs):
    run = runs["completed"]
    assert list(read_records(run.folder))[1:] == run.screen.fed[1:]
    assert run.screen.ticks > 2


def test_the_target_is_scraped_from_the_load_to_the_end(runs):
    samples = runs["completed"].records(ScrapeSample)
    made = [sample for sample in samples if not sample.gap and not sample.own_fault]
    assert len(samples) >= 3
    assert made
    assert all(sample.ok for sample in made)


def test_a_killed_shard_is_an_event_and_the_others_are_stopped(runs):
    run = runs["shard killed"]
    events = run.events()
    assert events[0] == "load_started"
    assert events.index("shard_died") < events.index("stopping")
    assert events.count("shard_died") == 1
    survivor = [window for window in run.records(Window) if window.shard == 1]
    assert sum(w.scheduled for w in survivor) == sum(sum(w.outcomes.values()) for w in survivor)


def test_a_killed_monitor_is_an_event_and_the_load_goes_on(runs):
    run = runs["monitor killed"]
    assert run.events() == ["load_started", "monitor_died", "load_finished", "settled"]
    assert run.scheduled == Schedule(run.plan).count(0, run.plan.load_ns)


def test_an_abort_is_an_event_of_the_targets(runs):
    (aborted,) = [e for e in runs["aborted"].records(Event) if e.kind == "aborted"]
    assert (aborted.who, aborted.evidence) == (
        "target",
        {"limit": "errors > 50% for 15s", "value": "70%"},
    )


class GoneTerminal(Screen):
    """A view that can draw nothing any more."""

    def tick(self, t_ns: int) -> None:
        raise OSError("gone")


class Broken:
    """An observer that raises as soon as it is shown anything."""

    name = "live page"

    def feed(self, record: JournalRecord) -> None:
        raise KeyError("lost")

    def tick(self, t_ns: int) -> None:
        raise OSError("gone")


VIEWS: dict[str, Callable[[Screen], View]] = {
    "drawn": lambda screen: screen,
    "not drawn": lambda screen: RunView(make_plan()),
    "on a terminal that has gone": lambda screen: GoneTerminal(),
    "with an observer that raises": lambda screen: Observed(screen, [Broken()], print),
}


def test_an_abort_limit_stops_the_load_whoever_observes_it(tmp_path):
    """No reports arrive anywhere; nobody of those who are shown that judges it."""
    aborts = (parse_abort("errors > 50% for 2s"),)

    async def main() -> list[Run]:
        runs = [
            Run(plan_for(free_port(), flood_ns=LONG, aborts=aborts), tmp_path / str(number), view)
            for number, view in enumerate(VIEWS.values())
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*(run.carry_out() for run in runs))
        return runs

    what = "the abort limit errors > 50% for 2s was broken: errors 100%"
    assert [run.ended for run in asyncio.run(main())] == [Ended("aborted", what, True)] * len(VIEWS)


def test_failure_samples_go_to_a_file_of_their_own(tmp_path):
    async def main() -> Run:
        run = Run(plan_for(free_port()), tmp_path / "run")
        await asyncio.wait_for(run.carry_out(), 60)
        return run

    run = asyncio.run(main())
    samples = read_failures(run.folder)
    assert samples
    assert {sample["type"] for sample in samples} == {"failure"}
    assert all(record.TAG != "failure" for record in read_records(run.folder))
    assert run.scheduled == run.outcomes


def test_the_clock_is_marked_and_the_journal_synced_again_and_again(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "TICK_S", 0.01)
    monkeypatch.setattr(supervisor_module, "SYNC_EVERY_TICKS", 5)
    synced = []

    async def main() -> Run:
        with faulty() as server:
            run = Run(plan_for(server.port), tmp_path / "run")
            monkeypatch.setattr(run.supervisor._journal, "sync", lambda: synced.append(1))
            await asyncio.wait_for(run.carry_out(), 60)
            return run

    run = asyncio.run(main())
    marks = [record for record in read_records(run.folder) if record.TAG == "clock"]
    assert len(marks) >= 5
    assert len(synced) >= len(marks)
    drift = [mark.wall_ns - mark.t for mark in marks]
    assert max(drift) - min(drift) < SECOND
