"""Connections over the event loop's own transports, for systems without epoll.

They cost more than Sockets, and TLS sessions are not resumed: asyncio gives none out.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from qosflood.base.tls import tls_context
from qosflood.load.client.client import WAITING
from qosflood.load.client.shared import Connectable
from qosflood.load.transport.sockets import Ended, open_socket
from qosflood.plan.plan import Target


class AsyncioSockets:
    """All connections of a shard, plain or TLS, being made or made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        self._loop = loop
        self._secure: dict[str, Any] = {}
        if target.scheme == "https":
            self._secure = {"ssl": tls_context(target), "server_hostname": target.host}
        self._tasks: set[asyncio.Task[None]] = set()

    def connect(
        self,
        client: Connectable,
        address: str,
        port: int,
        timeout_s: float,
        ended: Ended,
        source: str | None = None,
    ) -> None:
        """Connect `client` and call its `connection_made`; `ended` is called either way."""
        opening = self._open(client, address, port, source)
        task = self._loop.create_task(self._connect(client, opening, timeout_s, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(
        self,
        client: Connectable,
        opening: Coroutine[Any, Any, None],
        timeout_s: float,
        ended: Ended,
    ) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await opening
        except OSError as error:  # ssl.SSLError and TimeoutError are some
            # If it connected just as the time was up, the connection reports its own end.
            ended(error if client.state == WAITING else None)
        else:
            ended(None)

    async def _open(self, client: Connectable, address: str, port: int, source: str | None) -> None:
        protocol = cast(asyncio.Protocol, client)
        opened = open_socket(address, source)
        try:
            await self._loop.sock_connect(opened, (address, port))
            await self._loop.create_connection(lambda: protocol, sock=opened, **self._secure)
        except BaseException:
            opened.close()
            raise
