"""The side monitor: scrapes and memory samples on fixed grids, whatever the target does."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from qosflood.headers import redact
from qosflood.monitor.memory_watch import MemoryWatch
from qosflood.monitor.scrape import Scraper
from qosflood.monitor.scrape_loop import ScrapeLoop
from qosflood.monitor.starts import Answering
from qosflood.monitor.ticks import Ticks
from qosflood.monitor.timer import Timer
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
        self._told: set[str] = set()

    def stop(self) -> None:
        """Let running scrapes finish, then end `run`."""
        self._timer.stop()

    async def run(self) -> None:
        """Scrape and sample until `stop`; an error of the monitor's own never ends it."""
        work = [asyncio.create_task(self._memory())]
        loops = []
        if (interval_ns := self._spec.plan.scrape_interval_ns) is not None:
            loops = [self._loop(scraper) for scraper in self._scrapers]
            work += [
                asyncio.create_task(loop.run(first_ns, interval_ns))
                for loop, first_ns in zip(loops, self._firsts(interval_ns), strict=True)
            ]
        await self._timer.stopped()
        await asyncio.wait(work, timeout=(self._watch.timeout_ns + _LAST_READ_NS) / SECOND)
        for loop in loops:
            loop.abandon()

    def _firsts(self, interval_ns: int) -> Iterator[int]:
        """When each instance is scraped first: spread over the interval, as Prometheus does, so
        that no page is read while another is timed."""
        now, count = self._timer.now(), len(self._scrapers)
        return (now + index * interval_ns // count for index in range(count))

    def _loop(self, scraper: Scraper) -> ScrapeLoop:
        answering = Answering(scraper.instance.name, watched=self._spec.memory_source == "process")

        def told(sample: ScrapeSample) -> None:
            for event in answering.note(sample.t, sample.process_start_s, scraper.change.fall):
                self._emit(event)
            self._maybe_gauge(sample)

        return ScrapeLoop(scraper, self._timer, self._emit, told, self._watch.timeout_ns)

    def _maybe_gauge(self, sample: ScrapeSample) -> None:
        if self._spec.memory_source == "gauge" and sample.rss_bytes is not None:
            self._emit(
                MemorySample(
                    t=sample.t,
                    instance=sample.instance,
                    source="gauge",
                    rss_bytes=sample.rss_bytes,
                    start_s=sample.process_start_s,
                )
            )

    async def _memory(self) -> None:
        if self._spec.memory_source != "process":
            return
        watch = MemoryWatch(self._spec.plan.target, self._spec.pid, by_port=self._spec.by_port)
        ticks = Ticks(self._timer.now(), self._watch.memory_interval_ns)
        while await self._timer.until(ticks.next_ns):
            for tick in ticks.missed(self._timer.now()):
                self._emit_all(watch.missed(tick))
            if ticks.next_ns <= self._timer.now():
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
        text = f"monitor error: {type(error).__name__}: {error}"
        for scraper in self._scrapers:
            text = redact(text, scraper.secrets)
        return text

    def _emit_all(self, records: list[MemorySample | Event]) -> None:
        for record in records:
            self._emit(record)
