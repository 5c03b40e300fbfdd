"""The monitor as a process, driven over its pipes as the coordinator does."""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from listeners import listener
from monitor_process import DEADLINE_S, ROOT, memory_at, monitor
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.endpoint import HeaderRef
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Event, MemorySample, ScrapeSample
from qosflood.plan.watching import Instance

PAGE = b"up 1\nprocess_resident_memory_bytes 4096\nprocess_start_time_seconds %d\n"


@contextlib.contextmanager
def serving(answer):
    """A raw server on a loop of its own, in a thread."""
    ready, ending = threading.Event(), threading.Event()
    found = []

    async def run():
        async with raw_server(answer) as server:
            found.append(server)
            ready.set()
            await asyncio.to_thread(ending.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait(DEADLINE_S)
    try:
        yield found[0]
    finally:
        ending.set()
        thread.join()


def plan_for(server, **watch):
    quick = {"interval_ns": 100 * MS, "memory_interval_ns": 100 * MS}
    return make_plan(port=server.port, watch={"scrape_url": server.url} | quick | watch)


def of(kind, records):
    return [record for record in records if isinstance(record, kind)]


def test_it_is_ready_scrapes_from_start_to_stop_and_is_done():
    with serving(page(PAGE % 9)) as server, monitor(plan_for(server)) as running:
        assert running.message() == {"type": "ready"}
        assert server.requests == []
        running.command("start")
        records = running.records_until(lambda seen: len(of(ScrapeSample, seen)) >= 3)
        running.command("stop")
        records = of(ScrapeSample, records + running.rest())
        assert running.status() == 0
    assert all(
        type(record) is ScrapeSample and (record.ok or record.own_fault) for record in records
    )
    steps = {after.t - before.t for before, after in itertools.pairwise(records)}
    assert steps == {100 * MS}
    assert 0 < records[0].t < time.monotonic_ns() - running.mono_ns
    assert server.connections == 1


def test_memory_of_the_process_is_sampled_beside_the_scrapes():
    with listener(megabytes=20) as target, serving(page(PAGE % 9)) as server:
        plan = plan_for(server)
        with monitor(plan, memories=memory_at("process", target.pid)) as running:
            running.message()
            running.command("start")
            records = running.records_until(
                lambda seen: len(of(MemorySample, seen)) >= 3 and of(ScrapeSample, seen)
            )
    samples = of(MemorySample, records)
    assert {sample.pid for sample in samples} == {target.pid}
    assert all(sample.rss_bytes > 20 << 20 for sample in samples)
    assert samples[1].t - samples[0].t == 100 * MS


def test_a_target_found_by_its_port_is_followed_over_a_restart():
    with listener() as first:
        watch = {"interval_ns": None, "memory_interval_ns": 100 * MS}
        plan = make_plan(port=first.port, watch=watch)
        with monitor(plan, memories=memory_at("process", first.pid, by_port=True)) as running:
            running.message()
            running.command("start")
            running.records_until(lambda seen: seen)
            first.process.kill()
            first.process.wait()
            with listener(port=first.port) as second:
                records = running.records_until(
                    lambda seen: any(getattr(r, "pid", None) == second.pid for r in seen)
                )
    kinds = [event.kind for event in of(Event, records)]
    assert kinds[-1] == "restarted"
    assert set(kinds) <= {"process_gone", "restarted"}


def test_without_a_process_the_gauge_gives_memory_and_start_times_give_restarts():
    starts = iter([100, 100, 200, 200, 100, 200, 300, 300])
    asked = []

    async def answer(_, writer):
        asked.append(next(starts, 300))
        writer.write(page(PAGE % asked[-1]))

    with (
        serving(answer) as server,
        monitor(plan_for(server), memories=memory_at("gauge")) as running,
    ):
        running.message()
        running.command("start")
        records = running.records_until(lambda seen: len(of(ScrapeSample, seen)) >= 9)
    assert [event.kind for event in of(Event, records)] == ["restarted", "several_processes"]
    memory = of(MemorySample, records)
    scrapes = [sample for sample in of(ScrapeSample, records) if sample.ok]
    assert {(sample.source, sample.rss_bytes) for sample in memory} == {("gauge", 4096)}
    assert [sample.t for sample in memory][:5] == [sample.t for sample in scrapes][:5]


def test_instances_are_scraped_each_on_its_own_ticks_whatever_another_does():
    async def never(_, writer):
        await asyncio.sleep(3600)

    with serving(page(PAGE % 9)) as good, serving(page(PAGE % 8)) as other, serving(never) as bad:
        pages = {"a": good, "b": other, "c": bad}
        instances = tuple(Instance(name=name, scrape_url=at.url) for name, at in pages.items())
        watch = {"interval_ns": 300 * MS, "timeout_ns": 300 * MS}
        with monitor(make_plan(instances=instances, watch=watch)) as running:
            running.message()
            running.command("start")
            scrapes = of(
                ScrapeSample,
                running.records_until(
                    lambda seen: sum(r.instance == "c" for r in of(ScrapeSample, seen)) >= 3
                ),
            )
    first = {name: next(s.t for s in scrapes if s.instance == name) for name in pages}
    assert (first["b"] - first["a"], first["c"] - first["a"]) == (100 * MS, 200 * MS)
    assert all(sample.ok or sample.own_fault for sample in scrapes if sample.instance != "c")
    assert not any(sample.ok for sample in scrapes if sample.instance == "c")
    assert {s.process_start_s for s in scrapes if s.instance == "b" and s.ok} == {8}


def test_ticks_that_pass_while_a_scrape_runs_are_gaps():
    async def slow(_, writer):
        await asyncio.sleep(0.8)
        writer.write(page(PAGE % 9))

    with serving(slow) as server, monitor(plan_for(server, timeout_ns=5 * SECOND)) as running:
        running.message()
        running.command("start")
        records = running.records_until(
            lambda seen: sum(not sample.gap for sample in of(ScrapeSample, seen)) >= 2
        )
        records = of(ScrapeSample, records)
    gaps = [sample for sample in records if sample.gap]
    assert gaps
    for sample in gaps:
        assert (sample.ok, sample.own_fault) == (False, False)
        assert sample.reason == "the scrape before it still ran"
    due = [sample.t for sample in records]
    assert due == list(range(due[0], due[-1] + 1, 100 * MS))


def test_a_monitor_that_was_held_up_owns_the_ticks_it_missed():
    with listener() as target, serving(page(PAGE % 9)) as server:
        memories = memory_at("process", target.pid)
        with monitor(plan_for(server), memories=memories) as running:
            running.message()
            running.command("start")
            running.records_until(lambda seen: of(MemorySample, seen) and of(ScrapeSample, seen))
            os.kill(running.pid, signal.SIGSTOP)
            time.sleep(1.2)  # not a wait for luck: the hold-up itself
            os.kill(running.pid, signal.SIGCONT)
            records = running.records_until(
                lambda seen: {type(r) for r in seen if r.own_fault} == {ScrapeSample, MemorySample}
            )
    assert not any(sample.gap for sample in of(ScrapeSample, records))


def test_stop_lets_a_running_scrape_finish():
    asked = threading.Event()

    async def slow(_, writer):
        asked.set()
        await asyncio.sleep(0.5)
        writer.write(page(PAGE % 9))

    with serving(slow) as server:
        plan = plan_for(server, interval_ns=10 * SECOND, timeout_ns=5 * SECOND)
        with monitor(plan) as running:
            running.message()
            running.command("start")
            assert asked.wait(DEADLINE_S)
            running.command("stop")
            (sample,) = of(ScrapeSample, running.rest())
            assert running.status() == 0
    assert sample.ok


def test_stop_before_start_is_done_at_once():
    with monitor(make_plan()) as running:
        assert running.message() == {"type": "ready"}
        running.command("stop")
        assert running.rest() == []
        assert running.status() == 0


@pytest.mark.parametrize("started", [False, True])
def test_it_ends_when_the_coordinator_is_gone_even_in_the_middle_of_a_scrape(started):
    asked = threading.Event()

    async def hanging(_, writer):
        asked.set()
        await asyncio.sleep(2)

    with (
        serving(hanging) as server,
        monitor(plan_for(server, timeout_ns=60 * SECOND)) as running,
    ):
        running.message()
        if started:
            running.command("start")
            assert asked.wait(DEADLINE_S)
        running.close_stdin()
        assert running.status() == 0


def test_it_ends_when_no_spec_comes():
    process = subprocess.run(
        [sys.executable, "-m", "qosflood.monitor"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        timeout=DEADLINE_S,
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, b"", b"")


def test_an_interrupt_is_the_coordinators_business():
    with monitor(make_plan()) as running:
        running.message()
        os.kill(running.pid, signal.SIGINT)
        running.command("stop")
        assert running.message() == {"type": "done"}
        assert running.status() == 0


def test_a_header_that_cannot_be_had_is_one_line_and_status_two():
    headers = (HeaderRef(name="Authorization", source="env:QOSFLOOD_TEST_NOT_SET"),)
    with monitor(make_plan(target={"headers": headers})) as running:
        assert running.message() is None
        assert running.status() == 2
        assert running.last_words() == (
            "header Authorization: environment variable QOSFLOOD_TEST_NOT_SET is not set\n"
        )


def test_the_process_stays_lean():
    unwanted = ("pydantic", "rich", "plotly", "click", "uvloop", "numpy", "hdrh")
    code = (
        f"import sys, qosflood.monitor.__main__; print([m for m in {unwanted} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert out.stdout == "[]\n"
