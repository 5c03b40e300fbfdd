"""The monitor's own errors and slowness: told, never fatal, never the target's."""

import asyncio
import os
import threading
import time

import psutil
from monitor_process import memory_at
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.units import MS, SECOND
from qosflood.journal.loss_records import AuditSample
from qosflood.journal.records import Event, MemorySample, ScrapeSample
from qosflood.monitor.memory import process_sampler
from qosflood.monitor.monitor import Monitor, MonitorSpec
from qosflood.monitor.scrape import changes
from qosflood.monitor.scrape import scraper as scrape
from qosflood.monitor.scrape.scraper import Page, open_scraper
from qosflood.plan.watching import Audit, Instance

QUICK = {"interval_ns": 50 * MS, "memory_interval_ns": 50 * MS}
DEADLINE_S = 20


async def watch(plan, enough, *, scraper_of=lambda scraper: scraper, **spec):
    """Run a monitor until `enough` holds of its records; they are all returned."""
    records = []
    reached = asyncio.Event()

    def emit(record):
        records.append(record)
        if enough(records):
            reached.set()

    async with open_scraper(plan) as scraper:
        given = MonitorSpec(plan=plan, mono_ns=time.monotonic_ns(), **spec)
        monitor = Monitor(given, [scraper_of(scraper)], emit)
        running = asyncio.create_task(monitor.run())
        async with asyncio.timeout(DEADLINE_S):
            await reached.wait()
            monitor.stop()
            await running
    return records


def count(records, kind):
    return sum(isinstance(record, kind) for record in records)


class Failing:
    """A scraper whose every fetch raises."""

    instance = Instance(name="target", scrape_url="")

    def __init__(self, secrets):
        self.secrets = secrets

    async def fetch(self):
        raise RuntimeError("no idea about hunter2")


def test_an_error_in_a_scrape_is_a_failed_sample_of_our_own_fault_without_secrets():
    def failing(_):
        return Failing({"X-Key": "hunter2"})

    plan = make_plan(watch=QUICK)
    records = asyncio.run(
        watch(plan, lambda seen: len(seen) >= 2, scraper_of=failing, memories=memory_at("gauge"))
    )
    first = records[0]
    assert (first.ok, first.own_fault, first.gap) == (False, True, False)
    assert first.reason == "monitor error: RuntimeError: no idea about ***"
    assert count(records, ScrapeSample) == len(records)


def test_an_error_in_a_memory_sample_is_told_once_per_text(monkeypatch):
    asked = []

    def refuse(pid, **_options):
        asked.append(pid)
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(process_sampler, "JudgedTree", refuse)

    async def run():
        async with raw_server(page(b"up 1\n")) as server:
            plan = make_plan(watch=QUICK | {"scrape_url": server.url})
            return await watch(
                plan, lambda seen: len(asked) >= 3, memories=memory_at("process", os.getpid())
            )

    events = [record for record in asyncio.run(run()) if isinstance(record, Event)]
    (event,) = events
    assert (event.who, event.kind) == ("generator", "monitor_error")
    assert "AccessDenied" in event.what


def test_memory_is_sampled_on_while_a_large_page_is_parsed(monkeypatch):
    parsing, enough = threading.Event(), threading.Event()
    real = changes.read_exposition
    during = []

    def slow(*args, **wanted):
        parsing.set()
        assert enough.wait(DEADLINE_S)
        return real(*args, **wanted)

    def sampled(records):
        if parsing.is_set() and isinstance(records[-1], MemorySample):
            during.append(records[-1])
        if len(during) >= 3:
            enough.set()
        return count(records, ScrapeSample) >= 1 and len(during) >= 3

    monkeypatch.setattr(changes, "read_exposition", slow)

    async def run():
        async with raw_server(page(b"up 1\n")) as server:
            plan = make_plan(watch=QUICK | {"scrape_url": server.url})
            return await watch(plan, sampled, memories=memory_at("process", os.getpid()))

    records = asyncio.run(run())
    scrapes = [record for record in records if isinstance(record, ScrapeSample)]
    assert scrapes[0].ok
    assert not any(sample.gap for sample in scrapes)


def test_a_page_that_cannot_be_read_before_the_end_is_a_sample_of_our_own_fault(monkeypatch):
    monkeypatch.setattr("qosflood.monitor.monitor._LAST_READ_NS", 0)

    class Endless:
        instance = Instance(name="target", scrape_url="")

        def __init__(self):
            self.secrets, self.reading = {}, asyncio.Event()

        async def fetch(self):
            return Page(duration_ns=1)

        async def read(self, t, page):
            self.reading.set()
            await asyncio.sleep(3600)

    async def run():
        records, endless = [], Endless()
        plan = make_plan(watch=QUICK | {"timeout_ns": 100 * MS})
        spec = MonitorSpec(plan=plan, mono_ns=time.monotonic_ns())
        monitor = Monitor(spec, [endless], records.append)
        running = asyncio.create_task(monitor.run())
        await asyncio.wait_for(endless.reading.wait(), DEADLINE_S)
        monitor.stop()
        await asyncio.wait_for(running, DEADLINE_S)
        return records

    (sample,) = asyncio.run(run())
    assert (sample.own_fault, sample.reason) == (True, "its page was not read in time")


def test_an_exchange_longer_than_its_timeout_is_the_monitors_stall():
    class Stalled:
        instance = Instance(name="target", scrape_url="")
        secrets = {}  # noqa: RUF012

        async def fetch(self):
            return Page(duration_ns=9 * SECOND, reason="no answer within 1s")

        async def read(self, t, page):
            return scrape.ScrapeSample(
                t=t,
                instance="target",
                ok=False,
                reason=page.reason,
                duration_ns=page.duration_ns,
                parse_ns=None,
                status=None,
                bytes=None,
                series=None,
            )

    plan = make_plan(watch=QUICK)
    records = asyncio.run(watch(plan, lambda seen: seen, scraper_of=lambda _: Stalled()))
    assert records[0].own_fault


def test_a_counter_is_read_from_every_page_whether_or_not_it_goes_back():
    values = iter([1, 40, 3, 90, 5, 200])

    async def run():
        async def answer(_, writer):
            writer.write(page(b"a_total %d\n" % next(values, 900)))

        async with raw_server(answer) as server:
            watched = {"scrape_url": server.url} | QUICK
            plan = make_plan(port=server.port, watch=watched, audit=Audit(counter="a_total"))
            return await watch(plan, lambda records: count(records, ScrapeSample) > 7)

    told = [one.value for one in asyncio.run(run()) if isinstance(one, AuditSample)]
    assert told[:6] == [1.0, 40.0, 3.0, 90.0, 5.0, 200.0]


def test_a_target_that_executes_itself_again_restarts_in_the_same_process():
    typed = b"# TYPE a_total counter\na_total %d\n# TYPE b_total counter\nb_total %d\n"
    pages = iter([typed % (50, 40)] * 2)

    async def run():
        async def answer(_, writer):
            writer.write(page(next(pages, typed % (1, 2))))

        async with raw_server(answer) as server:
            watched = {"scrape_url": server.url, "pid": os.getpid()} | QUICK
            plan = make_plan(port=server.port, watch=watched)
            memories = memory_at("process", os.getpid())
            return await watch(
                plan, lambda records: count(records, ScrapeSample) > 5, memories=memories
            )

    events = [one for one in asyncio.run(run()) if isinstance(one, Event)]
    assert [event.kind for event in events] == ["restarted"]
    assert "in the same process" in events[0].what
