"""The side monitor: scrapes and memory samples on fixed grids, whatever the target does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from qosflood.base.header_values import redact
from qosflood.base.units import SECOND
from qosflood.journal.records import Event, Record, ScrapeSample
from qosflood.monitor.loss.counter import reading
from qosflood.monitor.memory.gauge import GaugeSampler
from qosflood.monitor.memory.loop import MemoryLoop, WatchedMemory
from qosflood.monitor.prometheus.client import open_planned
from qosflood.monitor.prometheus.otel import open_otel, poll_otel
from qosflood.monitor.prometheus.poll import PrometheusPoll
from qosflood.monitor.scrape.loop import ScrapeLoop
from qosflood.monitor.scrape.restarts import Answering
from qosflood.monitor.scrape.scraper import Scraper
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Plan
from qosflood.plan.watching import ONE_INSTANCE

Poll = Callable[[], Awaitable[None]]


async def open_others(
    plan: Plan, stack: AsyncExitStack, timer: Timer, emit: Callable[[Record], None]
) -> list[Poll]:
    """What is to be run until the timer is stopped; connections close with the stack. Raises
    PreflightError for bad headers or CA."""
    if not plan.watches:
        return []
    polls: list[Poll] = []
    for url in plan.otel:
        page = await stack.enter_async_context(open_otel(plan, url))
        polls.append(partial(poll_otel, page, timer, emit, plan.scrape_interval_ns))
    if (asked := plan.prometheus) is not None:
        client = await stack.enter_async_context(open_planned(plan, asked))
        polls.append(PrometheusPoll(plan, asked, client, timer, emit).run)
    return polls


_LAST_READ_NS = 2 * SECOND
"""How long, beyond its timeout, the last scrape may take to be read before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSpec:
    """What the coordinator asks for; `mono_ns` is the segment's start on the monotonic clock,
    `memories` say where each instance's memory is read, as the first look found it."""

    plan: Plan
    mono_ns: int
    memories: tuple[WatchedMemory, ...] = ()


def spec_from_builtins(data: Any) -> MonitorSpec:
    """A spec from its JSON form; raises msgspec.ValidationError."""
    return msgspec.convert(data, type=MonitorSpec)


class Monitor:
    """Emits ScrapeSamples, MemorySamples and Events from `run` until `stop`; one scraper for each
    instance."""

    def __init__(
        self, spec: MonitorSpec, scrapers: Sequence[Scraper], emit: Callable[[Record], None]
    ) -> None:
        self._spec = spec
        self._watch = spec.plan.watch
        self._scrapers = scrapers
        self._emit = emit
        self._timer = Timer(spec.mono_ns)
        self._reported: set[str] = set()
        self._answering: dict[str, Answering] = {}

    def stop(self) -> None:
        """Let running scrapes finish, then end `run`."""
        self._timer.stop()

    async def run(self) -> None:
        """Scrape and sample until `stop`; an error of the monitor's own never ends it."""
        work = [asyncio.create_task(loop.run()) for loop in self._memory_loops()]
        loops = []
        if (interval_ns := self._spec.plan.scrape_interval_ns) is not None:
            loops = [self._loop(scraper) for scraper in self._scrapers]
            work += [
                asyncio.create_task(loop.run(first_ns, interval_ns))
                for loop, first_ns in zip(loops, self._firsts(interval_ns), strict=True)
            ]
        work.append(asyncio.create_task(self._timer.stopped()))
        await self._timer.stopped()
        await asyncio.wait(work, timeout=(self._watch.timeout_ns + _LAST_READ_NS) / SECOND)
        for loop in loops:
            loop.abandon()
        for answering in self._answering.values():
            for event in answering.close():
                self._emit(event)

    def _memory_loops(self) -> Iterator[MemoryLoop]:
        for watched in self._spec.memories:
            if watched.source != "gauge":  # that one comes with the scrapes
                yield MemoryLoop(
                    self._spec.plan, watched, self._timer, self._emit_memory, self._memory_failed
                )

    def _firsts(self, interval_ns: int) -> Iterator[int]:
        """When each instance is scraped first: spread over the interval, as Prometheus does, so
        that no page is read while another is timed."""
        now, count = self._timer.now(), len(self._scrapers)
        return (now + index * interval_ns // count for index in range(count))

    def _loop(self, scraper: Scraper) -> ScrapeLoop:
        name = scraper.instance.name
        sources = [one.source for one in self._spec.memories if one.instance == name]
        answering = Answering(name, watched="process" in sources)
        self._answering[name] = answering
        gauge = GaugeSampler(self._watch.gauge) if "gauge" in sources else None
        audit = self._spec.plan.audit
        if audit.metric is not None:
            scraper.wanted.add(audit.metric)

        def taken(sample: ScrapeSample) -> None:
            for event in answering.note(sample.t, sample.process_start_s, scraper.change.fall):
                self._emit(event)
            if gauge is not None and (seen := gauge.note(sample, scraper.exposition)) is not None:
                self._emit(seen)
            if audit.metric is None:
                return
            counted = reading(audit, sample, scraper.exposition, self._timer.now())
            if counted is not None:
                self._emit(counted)

        return ScrapeLoop(scraper, self._timer, self._emit, taken, self._watch.timeout_ns)

    def _emit_memory(self, record: Record) -> None:
        if isinstance(record, Event) and record.kind == "restarted":
            answering = self._answering.get(record.evidence.get("instance", ONE_INSTANCE))
            if answering is not None:
                answering.process_restarted()
        self._emit(record)

    def _memory_failed(self, t: int, error: Exception) -> None:
        self._report(t, f"memory: {self._words(error)}")

    def _report(self, t: int, what: str) -> None:
        if what not in self._reported:
            self._reported.add(what)
            self._emit(Event(t=t, who="generator", kind="monitor_error", what=what))

    def _words(self, error: Exception) -> str:
        text = f"monitor error: {type(error).__name__}: {error}"
        for scraper in self._scrapers:
            text = redact(text, scraper.secrets)
        return text
