"""Reading the loss audit's counter or gauge: before the load, on every page that is scraped anyway,
and after it until what it shows is final."""

import asyncio
import time
import zlib
from collections.abc import Callable, Iterator

from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample
from qosflood.journal.records import Record
from qosflood.journal.standstill import page_goes_on, settled_after_ns, still_since
from qosflood.monitor.loss.counter import named_series, no_value, with_labels
from qosflood.monitor.scrape.scraper import open_scraper
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance

FINAL_WITHIN_NS = 30 * SECOND
"""A counter that does not stand still by then is left."""
_LEAST_STILL_NS = SECOND
_STALE_NS = 16 * SECOND
"""A page that stays the same is waited for as long: some are rendered every 15 s."""
_READS = 8
"""Each over a connection of its own: of two workers behind one port, the other one answers too."""
_READS_OF_A_SLOW_PAGE = 2
_SLOW_NS = SECOND
_AT_ONCE = 4
"""A worker that is busy with one reading leaves the others to the next worker."""
_PAUSE_S = 0.15


class Counting:
    """Emits AuditSamples when asked to count; `hear` gets those of pages scraped meanwhile."""

    def __init__(self, plan: Plan, mono_ns: int, emit: Callable[[Record], None]) -> None:
        self._plan = plan
        self._mono_ns = mono_ns
        self._emit = emit
        self._readings: dict[str, list[AuditSample]] = {}
        self._began_t = 0
        self._finished_t = 0

    def hear(self, record: Record) -> None:
        """Take note of a reading that somebody else made."""
        if isinstance(record, AuditSample):
            self._readings.setdefault(record.instance, []).append(record)

    async def count(self) -> None:
        """Read the counter or gauge of every instance once."""
        if self._plan.audit.metric is not None and self._plan.scrape_interval_ns is not None:
            await asyncio.gather(*(self._count(instance) for instance in self._plan.instances))

    async def begin(self) -> None:
        """The load begins: read once."""
        await self.count()
        self._began_t = self._now()

    async def finish(self) -> None:
        """The load is over: read once, before the target forgets sessions for their silence."""
        self._finished_t = self._now()
        await self.count()

    async def count_final(self, accepted: int) -> None:
        """Read until every one of the `accepted` reports is counted, or what is shown is final: it
        has stood still for much longer than it ever did under load."""
        if self._plan.audit.metric is None or self._plan.scrape_interval_ns is None:
            return
        since, reads, at_once = self._now(), 0, 1
        while self._now() - since < FINAL_WITHIN_NS:
            began = self._now()
            await asyncio.gather(*(self.count() for _ in range(at_once)))
            reads += at_once
            slow, enough = self._now() - began > _SLOW_NS, self._enough(accepted)
            at_once = 1 if slow or enough else _AT_ONCE
            if enough and reads >= _READS_OF_A_SLOW_PAGE:
                return
            most = _READS_OF_A_SLOW_PAGE if slow else _READS
            if reads >= most and (self._now() - since >= _LEAST_STILL_NS) and self._is_final():
                return
            await asyncio.sleep(_PAUSE_S)

    def _now(self) -> int:
        return time.monotonic_ns() - self._mono_ns

    async def _count(self, instance: Instance) -> None:
        began = self._now()
        value, reason, page = await read_metric(self._plan, instance, began)
        sample = AuditSample(
            t=began,
            done_t=self._now(),
            instance=instance.name,
            value=value,
            reason=reason,
            page=page,
        )
        self.hear(sample)
        self._emit(sample)

    def _mine(self) -> Iterator[list[AuditSample]]:
        """Each instance's readings, in their order."""
        for instance in self._plan.instances:
            yield sorted(self._readings.get(instance.name, ()), key=lambda one: one.t)

    def _enough(self, accepted: int) -> bool:
        """Whether the counter grew by all that was accepted."""
        if self._plan.audit.counter is None:
            return False
        grown = 0.0
        for readings in self._mine():
            values = [one.value for one in readings if one.value is not None]
            before = [
                one.value for one in readings if one.value is not None and one.t <= self._began_t
            ]
            if not before:
                return False
            grown += values[-1] - before[-1]
        return grown >= accepted

    def _is_final(self) -> bool:
        if self._plan.audit.counter is None:
            return True
        return all(self._stands_still(readings) for readings in self._mine())

    def _stands_still(self, readings: list[AuditSample]) -> bool:
        first = still_since(readings)
        if first is None or readings[-1].value is None:
            return True  # it cannot be read, now or at all
        span = self._began_t, self._finished_t
        goes_on = page_goes_on(readings, *span)
        least_ns = _LEAST_STILL_NS if goes_on else _STALE_NS
        return readings[-1].t - first.t >= max(settled_after_ns(readings, *span), least_ns)


async def read_metric(
    plan: Plan, instance: Instance, t: int
) -> tuple[float | None, str | None, int | None]:
    """The audit's counter or gauge on an instance's page, its series added up; why there is none;
    and the page's checksum."""
    audit = plan.audit
    async with open_scraper(plan, instance) as scraper:
        scraper.wanted.add(audit.metric or "")
        page = await scraper.fetch()
        sample = await scraper.read(t, page)
        named = named_series(audit, scraper.exposition if sample.ok else None)
    checksum = None if page.body is None else await asyncio.to_thread(zlib.crc32, page.body)
    if (value := with_labels(audit, named)) is not None:
        return value, None, checksum
    return None, sample.reason or no_value(audit, named), checksum
