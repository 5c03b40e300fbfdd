"""The metrics page of a run: its meters, served to a Prometheus that scrapes it."""

import socket
from collections.abc import Iterator

from aiohttp import web
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from qosflood.base.listen import Address
from qosflood.base.units import SECOND
from qosflood.live.door import Door, Handler, Names
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.meters import BOUNDS_S, Buckets, Family

PATH = "/metrics"
MOST_CONNECTIONS = 32
_UNKNOWN_HOST = "forbidden: the Host header is no name of this machine; use its IP address\n"
_SHUTDOWN_S = 1.0


class MetersCollector(Collector):
    """A prometheus_client collector over a run's meters; each series has the label `run`."""

    def __init__(self, meters: RunMeters) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Metric]:
        """Every metric as it is now."""
        for family in self._meters.families():
            yield _metric(family, self._meters.plan.run_id)


def _metric(family: Family, run: str) -> Metric:
    metric = family.metric
    labels = ("run", *metric.labels)
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.about, labels=labels)
        for key, value in family.series:
            if isinstance(value, Buckets):
                histogram.add_metric((run, *key), _cumulated(value), value.sum_ns / SECOND)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    made: CounterMetricFamily | GaugeMetricFamily = kind(metric.name, metric.about, labels=labels)
    for key, value in family.series:
        if not isinstance(value, Buckets):
            made.add_metric((run, *key), value)
    return made


def _cumulated(buckets: Buckets) -> list[tuple[str, float]]:
    reached, cumulated = 0, []
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), buckets.counts, strict=True):
        reached += count
        cumulated.append((bound, float(reached)))
    return cumulated


class Exporter:
    """Serves the metrics page on a socket that listens; the page is made on each request."""

    def __init__(self, meters: RunMeters, address: Address) -> None:
        self._names = Names(address)
        self._registry = CollectorRegistry()
        self._registry.register(MetersCollector(meters))
        self._door: Door | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve from now on."""
        app = web.Application(middlewares=[self._check])
        app.router.add_get("/", self._index)
        app.router.add_get(PATH, self._page)
        self._door = Door(app, MOST_CONNECTIONS, shutdown_s=_SHUTDOWN_S)
        await self._door.open(listening)

    async def stop(self) -> None:
        """Stop serving."""
        if self._door is not None:
            await self._door.close()

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._names.expect(request.headers.get("Host", "")):
            return web.Response(status=403, text=_UNKNOWN_HOST)
        return await handler(request)

    async def _page(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        response = web.Response(body=encode(self._registry))
        response.headers["Content-Type"] = content_type
        response.enable_compression()
        return response

    async def _index(self, _: web.Request) -> web.Response:
        return web.Response(text=f"qosflood: metrics are at {PATH}\n")
