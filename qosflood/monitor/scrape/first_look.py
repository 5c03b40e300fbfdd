"""A first look at every instance's page: is it there, and does one process answer?"""

import asyncio
from dataclasses import dataclass, field

from qosflood.journal.records import ScrapeSample
from qosflood.monitor.scrape.counters import NO_FALL
from qosflood.monitor.scrape.restarts import SEVERAL, Answering
from qosflood.monitor.scrape.scraper import open_scraper
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance

_PEEKS = 3
_MOST_PEEKS = 12
_SMALL_BYTES = 1 << 20
"""A larger page is not asked for again and again."""


@dataclass(frozen=True, slots=True)
class Pages:
    """One scrape of each instance; `several` says of which instances more than one process
    answers, and why that is known."""

    scrapes: tuple[ScrapeSample, ...] = ()
    several: dict[str, str] = field(default_factory=dict)

    @property
    def worst(self) -> ScrapeSample | None:
        """The first that failed, else the first of all."""
        return next((s for s in self.scrapes if not s.ok), next(iter(self.scrapes), None))


async def look_at_pages(plan: Plan) -> Pages:
    """Scrape every instance; a scrape that fails is a sample that says why. Raises PreflightError
    for headers and for a CA file."""
    if plan.scrape_interval_ns is None:
        return Pages()
    seen = await asyncio.gather(*(_look(plan, instance) for instance in plan.instances))
    several = {sample.instance: what for sample, what in seen if what is not None}
    return Pages(tuple(sample for sample, _ in seen), several)


async def _look(plan: Plan, instance: Instance) -> tuple[ScrapeSample, str | None]:
    sample = await _scrape(plan, instance)
    if sample.process_start_s is None or (sample.bytes or 0) > _SMALL_BYTES:
        return sample, None
    return sample, await _several(plan, instance, sample)


async def _several(plan: Plan, instance: Instance, sample: ScrapeSample) -> str | None:
    """Why it is known that several processes answer there.

    The monitor keeps its connection, as Prometheus does, and so may meet the same process for
    ever: each of these scrapes has a connection of its own.
    """
    answering, noticed = Answering(instance.name), False
    for peek in range(_MOST_PEEKS):
        if sample.process_start_s is not None:
            for event in answering.note(0, sample.process_start_s, NO_FALL):
                if event.kind == SEVERAL:
                    return event.what
                noticed = True
        if peek >= _PEEKS and not noticed:
            break
        sample = await _scrape(plan, instance)
    return None


async def _scrape(plan: Plan, instance: Instance) -> ScrapeSample:
    async with open_scraper(plan, instance) as scraper:
        return await scraper.scrape(0)
