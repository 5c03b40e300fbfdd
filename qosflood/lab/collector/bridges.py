"""Media bridges: which one serves a line, which are healthy, and how conferences are created."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Protocol

import aiohttp
import orjson

from qosflood.base.errors import QosfloodError
from qosflood.lab.collector.options import BridgeOption

FAILURES_TO_UNHEALTHY = 3


class BridgeError(QosfloodError):
    """A bridge could not create a conference."""


class Bridge:
    """What is known of one bridge. `base_url` ends in a slash; `latency_ms` is its last probe's."""

    def __init__(self, bridge_id: str, base_url: str, weight: int = 1) -> None:
        self.id = bridge_id
        self.base_url = base_url if base_url.endswith("/") else base_url + "/"
        self.weight = weight
        self.failures = 0
        self.latency_ms: int | None = None

    @property
    def healthy(self) -> bool:
        """Three failures in a row make it unhealthy, one success makes it healthy."""
        return self.failures < FAILURES_TO_UNHEALTHY

    def record_probe(self, ok: bool, latency_ms: int) -> None:
        """A health probe ended after `latency_ms`."""
        self.latency_ms = latency_ms
        self.failures = 0 if ok else self.failures + 1


def line_hash(line_id: str) -> int:
    """|h| where h = 31 h + c over UTF-16 units in 32-bit two's complement (Java's string hash)."""
    units = line_id.encode("utf-16-le", "surrogatepass")
    value = 0
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFF_FFFF
    return abs(value - (1 << 32) if value >> 31 else value)


def choose_bridge(bridges: Sequence[Bridge], line_id: str) -> Bridge:
    """The healthy bridge that the line's hash selects by weight; any bridge if none is healthy."""
    candidates = [bridge for bridge in bridges if bridge.healthy] or list(bridges)
    place = line_hash(line_id) % sum(bridge.weight for bridge in candidates)
    for bridge in candidates:
        place -= bridge.weight
        if place < 0:
            break
    return bridge


class Bridges(Protocol):
    """Where sessions get their conferences from."""

    bridges: Sequence[Bridge]

    def start(self) -> None:
        """Begin to probe."""

    async def close(self) -> None:
        """Stop probing; the bridges themselves keep running."""

    async def create_conference(self, line_id: str, /) -> str:
        """The id of a new conference for a line; raises BridgeError."""


class InternalBridges:
    """The bridge that stands in when none is configured: always healthy, never probed."""

    def __init__(self) -> None:
        self.bridges: Sequence[Bridge] = (Bridge("internal", "internal:/"),)

    def start(self) -> None:
        """Nothing to probe."""

    async def close(self) -> None:
        """Nothing to stop."""

    async def create_conference(self, _line_id: str, /) -> str:
        """An id without a conference behind it."""
        return str(uuid.uuid4())


class RemoteBridges:
    """Bridges reached over HTTP, without timeouts: one that never answers stays healthy."""

    def __init__(
        self, options: Sequence[BridgeOption], interval_ns: int, http: aiohttp.ClientSession
    ) -> None:
        self.bridges: Sequence[Bridge] = tuple(
            Bridge(f"bridge-{index}", option.url, option.weight)
            for index, option in enumerate(options, start=1)
        )
        self._interval_s = interval_ns / 1e9
        self._http = http
        self._probers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to probe every bridge, each in a task of its own, first after one interval."""
        self._probers = [asyncio.create_task(self._keep_probing(b)) for b in self.bridges]

    async def close(self) -> None:
        """Stop probing."""
        for prober in self._probers:
            prober.cancel()
        await asyncio.gather(*self._probers, return_exceptions=True)

    async def create_conference(self, line_id: str, /) -> str:
        """Ask the line's bridge for a conference, each time anew; raises BridgeError."""
        bridge = choose_bridge(self.bridges, line_id)
        url = f"{bridge.base_url}conferences/"
        try:
            async with self._http.post(url, json={}) as answer:
                return _conference_id(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise BridgeError(f"Failed to allocate conference: {error}") from error

    async def probe(self, bridge: Bridge) -> None:
        """Request a bridge's health once, and record the answer."""
        started_ns = time.monotonic_ns()
        try:
            async with self._http.get(f"{bridge.base_url}health") as answer:
                ok = answer.ok
        except (aiohttp.ClientError, OSError):
            ok = False
        bridge.record_probe(ok, (time.monotonic_ns() - started_ns) // 1_000_000)

    async def _keep_probing(self, bridge: Bridge) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s = max(due_s + self._interval_s, loop.time())
            await asyncio.sleep(due_s - loop.time())
            await self.probe(bridge)


def _conference_id(status: int, body: bytes) -> str:
    if not 200 <= status < 300:
        raise ValueError(f"status {status}")
    conference = orjson.loads(body)
    if not isinstance(conference, dict) or "id" not in conference:
        raise ValueError("the answer has no id")
    return str(conference["id"])
