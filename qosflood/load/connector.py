"""Making connections: a bounded number at once, in slices, with backoff after failures."""

import asyncio
import errno
import random
import select
import ssl
from collections import deque
from functools import partial
from itertools import cycle

import aiofastnet

from qosflood.load.connection import WAITING, Client
from qosflood.load.sockets import Sockets, open_socket
from qosflood.plan import Target
from qosflood.tls import handshake_failure, tls_context

AT_ONCE = 256
SLICE = 8
SLICE_PAUSE_S = 0.001
"""A slice of handshakes costs a millisecond or two of CPU; between slices due reports go out."""
BACKOFF_FIRST_S = 0.2
BACKOFF_MOST_S = 5.0

_ERRNO_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset while connecting",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
    errno.EMFILE: "generator: too many open files",
    errno.ENFILE: "generator: too many open files on this machine",
    errno.EADDRNOTAVAIL: "generator: no free local port",
}


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
        self._target = target
        self._timeout_s = timeout_s
        self._rng = rng
        self._tls = tls_context(target) if target.scheme == "https" else None
        self._addresses = cycle(target.addresses)
        self._wanted: deque[Client] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._making = 0
        self._sockets = Sockets(loop) if self._tls is None and hasattr(select, "epoll") else None
        self._pumping = False
        self.attempts_failed = 0

    @property
    def connecting(self) -> int:
        """Connections being made or waiting for their turn."""
        return self._making + len(self._wanted)

    def want(self, client: Client) -> None:
        """Connect `client` soon."""
        self._wanted.append(client)
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def retry(self, client: Client, failures: int) -> None:
        """Call `client.retry()` after the backoff that follows `failures` failed attempts."""
        self._loop.call_later(backoff_s(failures, self._rng.random()), client.retry)

    def later(self, client: Client, seconds: float) -> None:
        """Call `client.come_back()` after `seconds`."""
        self._loop.call_later(seconds, client.come_back)

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

    def _connect(self, client: Client) -> None:
        self._making += 1
        address, port = next(self._addresses), self._target.port
        sources = self._target.sources
        source = sources[client.number % len(sources)] if sources else None
        if self._sockets is not None:
            ended = partial(self._ended, client)
            self._sockets.connect(client, address, port, self._timeout_s, ended, source)
            return
        task = self._loop.create_task(self._connect_by_loop(client, address, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ended(self, client: Client, error: OSError | None) -> None:
        self._making -= 1
        if error is not None:
            self.attempts_failed += 1
            client.connect_failed(reason_of(error))

    async def _connect_by_loop(self, client: Client, address: str, source: str | None) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._open(client, address, source)
        except OSError as error:  # ssl.SSLError and TimeoutError are some
            # One that ended just as the time was up is the connection's affair.
            self._ended(client, error if client.state == WAITING else None)
        else:
            self._ended(client, None)

    async def _open(self, client: Client, address: str, source: str | None) -> None:
        made = open_socket(address, source)
        try:
            await self._loop.sock_connect(made, (address, self._target.port))
            if self._tls is None:
                await self._loop.create_connection(lambda: client, sock=made)
            else:
                await aiofastnet.create_connection(
                    self._loop,
                    lambda: client,
                    sock=made,
                    ssl=self._tls,
                    server_hostname=self._target.host,
                )
        except BaseException:
            made.close()
            raise


def reason_of(error: OSError) -> str:
    """Why a connect failed, in words that are the same for the same cause."""
    if isinstance(error, ssl.SSLError):
        return handshake_failure(error)
    if isinstance(error, TimeoutError):
        return "connect timed out"
    if error.errno in _ERRNO_REASONS:
        return _ERRNO_REASONS[error.errno]
    return f"{type(error).__name__}: {error.strerror or error}"[:120]
