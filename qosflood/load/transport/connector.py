"""Making connections: a bounded number at once, in slices, with backoff after failures."""

import asyncio
import random
import select
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import cycle

from qosflood.base.failures import connect_failure
from qosflood.journal.records import Connects
from qosflood.load.client.shared import Connectable
from qosflood.load.transport.asyncio_sockets import AsyncioSockets
from qosflood.load.transport.sockets import Sockets
from qosflood.load.transport.tls_sockets import TlsSockets
from qosflood.plan.plan import Target

AT_ONCE = 256
SLICE = 8
SLICE_PAUSE_S = 0.001
"""Connects begun in one go, and the time until the next; between them due reports go out."""
BACKOFF_FIRST_S = 0.2
BACKOFF_MOST_S = 5.0
SLOW_NS = 500_000_000
"""A connect that took longer had its SYN sent again, which Linux does after a second, or waited
for a handshake."""


def backoff_s(failures: int, draw: float) -> float:
    """Full jitter: a uniform share `draw` of 0.2 s doubled per failure, at most 5 s."""
    return draw * min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 10))


class Connector:
    """Connects clients to a target's pinned addresses in turn."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        target: Target,
        timeout_s: float,
        rng: random.Random,
    ) -> None:
        self._loop = loop
        self._port = target.port
        self._timeout_s = timeout_s
        self._rng = rng
        self._addresses = cycle(target.addresses)
        self._wanted: deque[Connectable] = deque()
        self._making = 0
        self._opener = _opener(loop, target)
        self._sources = {
            address: _of_family(address, target.sources) for address in target.addresses
        }
        self._pumping = False
        self._took_ns: list[int] = []
        self._failed_before = 0
        self.attempts_failed = 0

    @property
    def connecting(self) -> int:
        """Connections being made or waiting for their turn."""
        return self._making + len(self._wanted)

    def want(self, client: Connectable) -> None:
        """Connect `client` soon."""
        self._wanted.append(client)
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def take_connects(self) -> Connects | None:
        """The connects that ended since the last call; None if there were none."""
        took_ns, failed = self._took_ns, self.attempts_failed - self._failed_before
        self._took_ns, self._failed_before = [], self.attempts_failed
        if not took_ns and not failed:
            return None
        return Connects(
            count=len(took_ns),
            failed=failed,
            sum_ns=sum(took_ns),
            max_ns=max(took_ns, default=0),
            slow=sum(ns > SLOW_NS for ns in took_ns),
        )

    def retry(self, client: Connectable, failures: int) -> None:
        """Call `client.retry()` after the backoff that follows `failures` failed attempts."""
        self._loop.call_later(backoff_s(failures, self._rng.random()), client.retry)

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after `seconds`."""
        self._loop.call_later(seconds, callback)

    def _pump(self) -> None:
        for _ in range(SLICE):
            if not self._wanted or self._making >= AT_ONCE:
                break
            client = self._wanted.popleft()
            if client.wanted:
                self._connect(client)
            else:
                client.not_wanted()
        self._pumping = bool(self._wanted)
        if self._pumping:
            self._loop.call_later(SLICE_PAUSE_S, self._pump)

    def _connect(self, client: Connectable) -> None:
        self._making += 1
        address = next(self._addresses)
        sources = self._sources[address]
        source = sources[client.index % len(sources)] if sources else None
        ended = partial(self._ended, client, time.monotonic_ns())
        self._opener.connect(client, address, self._port, self._timeout_s, ended, source)

    def _ended(self, client: Connectable, began_ns: int, error: OSError | None) -> None:
        self._making -= 1
        if error is None:
            self._took_ns.append(time.monotonic_ns() - began_ns)
        else:
            self.attempts_failed += 1
            client.connect_failed(connect_failure(error))


def _opener(loop: asyncio.AbstractEventLoop, target: Target) -> AsyncioSockets | Sockets:
    """The fastest sockets that this system supports."""
    if not hasattr(select, "epoll"):
        return AsyncioSockets(loop, target)
    return TlsSockets(loop, target) if target.scheme == "https" else Sockets(loop)


def _of_family(address: str, sources: tuple[str, ...]) -> tuple[str, ...]:
    """The local addresses that can reach `address`."""
    return tuple(source for source in sources if (":" in source) == (":" in address))
