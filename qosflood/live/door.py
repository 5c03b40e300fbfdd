"""The door of a small HTTP server inside a run: who is let in, for how long, and under what name.

Anybody may connect, and the run needs its open files itself. Connections are bounded; the one that
has been idle longest makes room for a new one, so that strangers lock nobody out.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from qosflood.base.endpoint import is_address
from qosflood.base.listen import Address

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FIRST_REQUEST_S = 10.0
"""A connection without a whole request after this time is closed."""
KEEP_ALIVE_S = 90.0
"""How long a connection may wait for its next request: longer than Prometheus's usual minute."""
_BACKLOG = 64
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SILENT = logging.Logger("qosflood.live.door", level=logging.CRITICAL + 1)
"""aiohttp would print a traceback for each malformed request."""


class Names:
    """The names under which a server that listens on `address` may be asked for. A page elsewhere
    whose name was rebound to this address (DNS rebinding) is known by that name."""

    def __init__(self, address: Address) -> None:
        self._names = _LOCAL | {address.host.lower()}
        self._off_loopback = not address.loopback
        if self._off_loopback:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def expect(self, host: str) -> bool:
        """Whether a Host header names this server: an address or a name of this machine. Off
        loopback any IP address is accepted, which no name can be rebound to."""
        name = _host_of(f"//{host}")
        return name in self._names or (self._off_loopback and is_address(name))


class Door:
    """Serves `app` with at most `most` connections at once."""

    def __init__(self, app: web.Application, most: int, *, shutdown_s: float) -> None:
        app.middlewares.insert(0, self._in_use)
        self._most = most
        self._guests: dict[asyncio.BaseTransport, _Guest] = {}
        self._listening: asyncio.Server | None = None
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_SILENT,
            shutdown_timeout=shutdown_s,
            keepalive_timeout=KEEP_ALIVE_S,
        )

    async def open(self, taken: socket.socket) -> None:
        """Let in whoever connects to a socket that listens already."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: _Guest(self), sock=taken, backlog=_BACKLOG
        )

    def shut(self) -> None:
        """Let in nobody else."""
        if self._listening is not None:
            self._listening.close()

    async def close(self) -> None:
        """End what is being served."""
        self.shut()
        await self._runner.cleanup()

    def admit(self, guest: "_Guest", transport: asyncio.Transport) -> asyncio.Protocol | None:
        """The protocol that serves a new connection; None if every other one is in use."""
        if len(self._guests) >= self._most and not self._made_room():
            return None
        server = self._runner.server
        assert server is not None
        self._guests[transport] = guest
        return server()

    def left(self, transport: asyncio.BaseTransport | None) -> None:
        """A connection is over."""
        if transport is not None:
            self._guests.pop(transport, None)

    def _made_room(self) -> bool:
        idle = next((at for at, guest in self._guests.items() if not guest.in_use), None)
        if idle is None:
            return False
        # Aborted: a peer that reads nothing would hold its open file until it did.
        self._guests.pop(idle).leave()
        return True

    @web.middleware
    async def _in_use(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        at = request.transport
        guest = None if at is None else self._guests.get(at)
        if at is None or guest is None:
            return await handler(request)
        guest.asked()
        guest.in_use = True
        try:
            return await handler(request)
        finally:
            guest.in_use = False
            if self._guests.pop(at, None) is not None:
                self._guests[at] = guest  # now the one that was used last


class _Guest(asyncio.Protocol):
    """One connection: closed unless it sends a request in time, else aiohttp's to serve."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._served: asyncio.Protocol | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.in_use = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._served = self._door.admit(self, transport)
        if self._served is None:
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(FIRST_REQUEST_S, self.leave)
        self._served.connection_made(transport)

    def asked(self) -> None:
        """A whole request has come."""
        if self._patience is not None:
            self._patience.cancel()

    def leave(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._served is not None:
            self._served.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._served is None else self._served.eof_received()

    def pause_writing(self) -> None:
        if self._served is not None:
            self._served.pause_writing()

    def resume_writing(self) -> None:
        if self._served is not None:
            self._served.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.asked()
        self._door.left(self._transport)
        if self._served is not None:
            self._served.connection_lost(exc)


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
