"""The side monitor: scrapes and memory samples on fixed grids, whatever the target does."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from qosflood.headers import redact
from qosflood.monitor.memory_watch import MemoryWatch
from qosflood.monitor.scrape import INSTANCE, Scraper
from qosflood.monitor.starts import StartTimes
from qosflood.monitor.ticks import Ticks
from qosflood.plan import Plan
from qosflood.records import Event, MemorySample, Record, ScrapeSample
from qosflood.units import SECOND

_LAST_READ_NS = 2 * SECOND
"""How long, beyond its timeout, the last scrape may take to be read before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSpec:
    """What the coordinator asks for; `mono_ns` is the segment's start on the monotonic clock.

    `pid` None with `by_port`: whoever listens on the target's port.
    """

    plan: Plan
    mono_ns: int
    memory_source: Literal["process", "gauge"] | None = None
    pid: int | None = None
    by_port: bool = False


def spec_from_builtins(data: Any) -> MonitorSpec:
    """A spec from its JSON form; raises msgspec.ValidationError."""
    return msgspec.convert(data, type=MonitorSpec)


class Monitor:
    """Emits ScrapeSamples, MemorySamples and Events from `run` until `stop`."""

    def __init__(self, spec: MonitorSpec, scraper: Scraper, emit: Callable[[Record], None]) -> None:
        self._spec = spec
        self._watch = spec.plan.watch
        self._scraper = scraper
        self._emit = emit
        self._stopped = asyncio.Event()
        self._starts = StartTimes()
        self._told: set[str] = set()
        self._scraping: int | None = None
        self._fetched_ns = 0

    def stop(self) -> None:
        """Let a running scrape finish, then end `run`."""
        self._stopped.set()

    async def run(self) -> None:
        """Scrape and sample until `stop`; an error of the monitor's own never ends it."""
        work = [asyncio.create_task(self._memory())]
        if (interval_ns := self._spec.plan.scrape_interval_ns) is not None:
            work.append(asyncio.create_task(self._scrapes(interval_ns)))
        await self._stopped.wait()
        await asyncio.wait(work, timeout=(self._watch.timeout_ns + _LAST_READ_NS) / SECOND)
        if self._scraping is not None:
            self._emit(_failed(self._scraping, "its page was not read in time", own_fault=True))

    def _now(self) -> int:
        return time.monotonic_ns() - self._spec.mono_ns

    async def _until(self, due_ns: int) -> bool:
        """Wait for `due_ns`; False if the monitor was stopped before."""
        try:
            async with asyncio.timeout(max(0, due_ns - self._now()) / SECOND):
                await self._stopped.wait()
        except TimeoutError:
            return True
        return False

    async def _scrapes(self, interval_ns: int) -> None:
        ticks = Ticks(self._now(), interval_ns)
        while await self._until(ticks.next_ns):
            for tick in ticks.missed(self._now()):
                self._emit(self._skipped(tick, ticks.tolerance_ns))
            if ticks.next_ns <= self._now():
                await self._scrape(ticks.take(), ticks.tolerance_ns)

    def _skipped(self, tick: int, tolerance_ns: int) -> ScrapeSample:
        if self._fetched_ns - tick > tolerance_ns:
            return _failed(tick, "the scrape before it still ran", gap=True)
        return _failed(tick, "the monitor was late", own_fault=True)

    async def _scrape(self, tick: int, tolerance_ns: int) -> None:
        self._scraping = tick
        try:
            sample = await self._sample(tick, tolerance_ns)
        except Exception as error:  # nothing one scrape does may end the monitor
            sample = _failed(tick, self._words(error), own_fault=True)
        self._scraping = None
        self._emit(sample)
        if sample.ok:
            self._follow_up(sample)

    async def _sample(self, tick: int, tolerance_ns: int) -> ScrapeSample:
        page = await self._scraper.fetch()
        stalled = page.duration_ns > self._watch.timeout_ns + tolerance_ns
        # Only the target can make a gap: a fetch beyond its own timeout was the monitor's stall.
        self._fetched_ns = 0 if stalled else self._now()
        sample = await self._scraper.read(tick, page)
        return replace(sample, own_fault=True) if stalled else sample

    def _follow_up(self, sample: ScrapeSample) -> None:
        if self._spec.memory_source == "process":
            return
        if sample.process_start_s is not None:
            event = self._starts.note(sample.t, sample.process_start_s)
            if event is not None:
                self._emit(event)
        if self._spec.memory_source == "gauge" and sample.rss_bytes is not None:
            self._emit(
                MemorySample(
                    t=sample.t,
                    instance=INSTANCE,
                    source="gauge",
                    rss_bytes=sample.rss_bytes,
                    start_s=sample.process_start_s,
                )
            )

    async def _memory(self) -> None:
        if self._spec.memory_source != "process":
            return
        watch = MemoryWatch(self._spec.plan.target, self._spec.pid, by_port=self._spec.by_port)
        ticks = Ticks(self._now(), self._watch.memory_interval_ns)
        while await self._until(ticks.next_ns):
            for tick in ticks.missed(self._now()):
                self._emit_all(watch.missed(tick))
            if ticks.next_ns <= self._now():
                await self._sample_memory(watch, ticks.take())

    async def _sample_memory(self, watch: MemoryWatch, tick: int) -> None:
        try:
            self._emit_all(await asyncio.to_thread(watch.sample, tick))
        except Exception as error:  # nothing one sample does may end the monitor
            self._tell(tick, f"memory: {self._words(error)}")

    def _tell(self, t: int, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._emit(Event(t=t, who="generator", kind="monitor_error", what=what))

    def _words(self, error: Exception) -> str:
        return redact(f"monitor error: {type(error).__name__}: {error}", self._scraper.secrets)

    def _emit_all(self, records: list[MemorySample | Event]) -> None:
        for record in records:
            self._emit(record)


def _failed(t: int, reason: str, *, gap: bool = False, own_fault: bool = False) -> ScrapeSample:
    return ScrapeSample(
        t=t,
        instance=INSTANCE,
        ok=False,
        reason=reason,
        duration_ns=None,
        parse_ns=None,
        status=None,
        bytes=None,
        series=None,
        gap=gap,
        own_fault=own_fault,
    )
