"""An OpenTelemetry Collector's metrics pages over the run: what it took, refused and passed on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from qosflood.base.foreign_numbers import is_count
from qosflood.base.units import SECOND
from qosflood.journal.prometheus_records import OtelSample
from qosflood.monitor.exposition.exposition import Exposition, Sample
from qosflood.monitor.scrape.scraper import Reader, Scraper, open_scraper
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance

LAST_SCRAPE_S = 1.0
_USUAL_NS = 5 * SECOND
_KINDS = {
    "accepted": "receiver_accepted",
    "refused": "receiver_refused",
    "failed": "receiver_failed",
    "sent": "exporter_sent",
    "send_failed": "exporter_send_failed",
    "not_queued": "exporter_enqueue_failed",
}
_SUFFIXES = ("", "_total", "__datapoints__total", "_{datapoints}_total", "__datapoints_")
"""What versions and settings of a Collector's own exporter put behind a counter's name."""
_COUNTERS = {
    f"otelcol_{name}_metric_points{suffix}": kind
    for kind, name in _KINDS.items()
    for suffix in _SUFFIXES
}
_COMPONENTS = ("receiver", "exporter")
_OF_UP = ("instance", "service_instance_id", "exported_instance", "job")
WANTED = frozenset((*_COUNTERS, "up"))
"""The metrics that are read."""


def points_of(samples: Iterable[Sample]) -> dict[str, float]:
    """The counters of metric points by `kind component`, e.g. `accepted prometheus`."""
    points: dict[str, float] = {}
    for sample in samples:
        kind = _COUNTERS.get(sample.name)
        if kind is not None and is_count(sample.value):
            key = f"{kind} {_first(sample.labels, _COMPONENTS)}".strip()
            points[key] = points.get(key, 0.0) + sample.value
    return points


def up_of(samples: Iterable[Sample]) -> dict[str, float]:
    """What the page exports as `up`, by the instance it is about."""
    return {
        _first(sample.labels, _OF_UP): sample.value
        for sample in samples
        if sample.name == "up" and is_count(sample.value)
    }


def odd_words(samples: Iterable[Sample]) -> str | None:
    """Which values are no counts, NaN and infinity among them; None if all are."""
    odd = [f"{one.name} is {one.value:g}" for one in samples if not is_count(one.value)]
    return f"{len(odd)} of its values are no counts and were left out: {odd[0]}" if odd else None


def _first(labels: dict[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if name in labels), "")


@asynccontextmanager
async def open_otel(plan: Plan, url: str) -> AsyncIterator["OtelPage"]:
    """A Collector's page, ready to be scraped; raises PreflightError for a bad CA."""
    # The limits in the profile are the target's.
    watch = replace(plan.watch, sample_limit=0, body_size_limit_bytes=0)
    instance = Instance(name="otel", scrape_url=url)
    samples: list[Sample] = []

    def keep(exposition: Exposition) -> dict[str, Any]:
        samples[:] = exposition.wanted
        return {}

    reader = Reader(names=WANTED, read=keep)
    async with open_scraper(replace(plan, watch=watch), instance, [reader]) as scraper:
        yield OtelPage(url, scraper, samples)


class OtelPage:
    """One page; `samples` holds what the last scrape that was taken said."""

    def __init__(self, url: str, scraper: Scraper, samples: list[Sample]) -> None:
        self._url = url
        self._scraper = scraper
        self._samples = samples

    async def look(self, t: int) -> OtelSample:
        """One scrape, due at `t`; never fails by raising."""
        self._samples.clear()
        sample = await self._scraper.scrape(t)
        return OtelSample(
            t=t,
            url=self._url,
            ok=sample.ok,
            reason=odd_words(self._samples) if sample.ok else sample.reason,
            points=points_of(self._samples),
            up=up_of(self._samples),
        )


async def poll_otel(
    page: OtelPage, timer: Timer, emit: Callable[[OtelSample], Any], interval_ns: int | None
) -> None:
    """Scrape the page on a grid until the timer is stopped, and once more."""
    due, every_ns = timer.now(), interval_ns or _USUAL_NS
    while await timer.until(due):
        emit(await page.look(timer.now()))
        due = max(due + every_ns, timer.now())
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_SCRAPE_S):
            emit(await page.look(timer.now()))
