"""One instance's memory on a grid of its own, wherever it is read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from qosflood.base.endpoint import is_loopback
from qosflood.journal.records import Event, MemoryKind, MemorySample, Record
from qosflood.monitor.memory.external_sampler import ExternalSampler
from qosflood.monitor.memory.judged_tree import PSS_EVERY_NS
from qosflood.monitor.memory.open_external import open_external
from qosflood.monitor.memory.process_sampler import ProcessSampler
from qosflood.monitor.ticks import Ticks, Timer
from qosflood.plan.plan import Plan, Target
from qosflood.plan.watching import ONE_INSTANCE, Instance, MemorySource

DEFAULT_PORTS = {"http": 80, "https": 443}
_PSS_PER_BLOCK = 4
"""A block of samples needs several, however short it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedMemory:
    """Where one instance's memory is read. A process is `pid`, or with `by_port` whoever listens
    on the instance's port; `elsewhere` says where any source but process and gauge is."""

    instance: str
    source: MemoryKind
    pid: int | None = None
    by_port: bool = False
    elsewhere: MemorySource | None = None


def address_of(plan: Plan, instance: Instance) -> Target:
    """The target at the port that an instance listens on: the load's for the only one, else that
    of its page."""
    target = plan.target
    if instance.name == ONE_INSTANCE and len(plan.instances) == 1:
        return target
    split = urlsplit(instance.scrape_url)
    host = split.hostname or ""
    at_home = host == "localhost" or is_loopback(host)
    addresses = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    port = split.port or DEFAULT_PORTS.get(split.scheme, 0)
    return replace(target, host=host, port=port, addresses=addresses, loopback=at_home)


class MemoryLoop:
    """Emits the samples and events of one source; `failed` gets errors of the monitor's own."""

    def __init__(
        self,
        plan: Plan,
        watched: WatchedMemory,
        timer: Timer,
        emit: Callable[[Record], None],
        failed: Callable[[int, Exception], None],
    ) -> None:
        self._plan, self._watched, self._timer = plan, watched, timer
        self._emit, self._failed = emit, failed

    async def run(self) -> None:
        """Sample until the timer is stopped; an error of the monitor's own never ends it."""
        watched = self._watched
        if watched.source == "process":
            watch = self._process()
            await self._sample_each(lambda t: asyncio.to_thread(watch.sample, t), watch.missed)
        elif watched.elsewhere is not None:
            async with AsyncExitStack() as stack:
                source = await stack.enter_async_context(
                    open_external(self._plan, watched.elsewhere, watched.instance)
                )
                sampler = ExternalSampler(source, watched.source, watched.instance)
                await self._sample_each(sampler.sample, lambda _tick: [])

    def _process(self) -> ProcessSampler:
        plan, watched = self._plan, self._watched
        instance = next((i for i in plan.instances if i.name == watched.instance), None)
        return ProcessSampler(
            plan.target if instance is None else address_of(plan, instance),
            watched.pid,
            by_port=watched.by_port,
            instance=watched.instance,
            pss_every_ns=min(PSS_EVERY_NS, plan.watch.memory_block_ns // _PSS_PER_BLOCK),
        )

    async def _sample_each(
        self,
        sample: Callable[[int], Awaitable[Sequence[MemorySample | Event]]],
        missed: Callable[[int], Sequence[MemorySample | Event]],
    ) -> None:
        ticks = Ticks(self._timer.now(), self._plan.watch.memory_interval_ns)
        while await self._timer.until(ticks.next_ns):
            for tick in ticks.missed(self._timer.now()):
                self._emit_all(missed(tick))
            if ticks.next_ns <= self._timer.now():
                tick = ticks.take()
                try:
                    self._emit_all(await sample(tick))
                except Exception as error:  # nothing one sample does may end the monitor
                    self._failed(tick, error)

    def _emit_all(self, records: Sequence[MemorySample | Event]) -> None:
        for record in records:
            self._emit(record)
