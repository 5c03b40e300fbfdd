"""A collector on the test's own loop, with a client that talks to it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import Collector

QOS = "/api/v1/metrics/qos"
REPORT: dict[str, Any] = {
    "sessionId": "session-1",
    "mos": 4.1,
    "packetLoss": 0.5,
    "roundTripTime": 40,
}


@contextlib.asynccontextmanager
async def running(
    make_app: Callable[[CollectorOptions], App] = App, **options: Any
) -> AsyncIterator[tuple[Any, aiohttp.ClientSession]]:
    """The collector and a client whose paths begin at its URL."""
    collector = Collector(CollectorOptions(**options), make_app)
    await collector.start()
    try:
        async with aiohttp.ClientSession(collector.url) as http:
            yield collector, http
    finally:
        await collector.stop()


async def status_of(http: aiohttp.ClientSession, method: str, path: str, **request: Any) -> int:
    """The status of one request."""
    async with http.request(method, path, **request) as answer:
        await answer.read()
        return answer.status


async def json_of(http: aiohttp.ClientSession, method: str, path: str, **request: Any) -> Any:
    """The JSON body of one request's answer."""
    async with http.request(method, path, **request) as answer:
        return await answer.json()


async def text_of(http: aiohttp.ClientSession, method: str, path: str, **request: Any) -> str:
    """The text of one request's answer."""
    async with http.request(method, path, **request) as answer:
        return await answer.text()
