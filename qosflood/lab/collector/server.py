"""Listening: sockets, limits, and a collector that can be started, stopped and waited for."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable

import uvloop
from aiohttp import web

from qosflood.base.child_pipe import raise_open_files
from qosflood.base.errors import StartError
from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions

BACKLOG = 8192
MakeApp = Callable[[CollectorOptions], App]
_GRACE_S = 0.1


class Collector:
    """One listening collector; `host` and `port` are where it listens once it was started."""

    def __init__(self, options: CollectorOptions, make_app: MakeApp = App) -> None:
        self.app = make_app(options)
        self.host = options.host
        self.port = options.port
        self._keepalive_s = options.keepalive_timeout_ns / 1e9

    @property
    def url(self) -> str:
        """Its base URL, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen; raises StartError if it cannot."""
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._http = web.Server(
            self.app.handle,
            access_log=None,
            logger=_silent_logger(),
            keepalive_timeout=self._keepalive_s,
            auto_decompress=False,
        )
        await self.app.start()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._http, sock=listener, backlog=BACKLOG)

    async def stop(self) -> None:
        """Close the port and every connection; reports that still wait stay unanswered."""
        self._listening.close()
        await self._http.shutdown(_GRACE_S)
        await self.app.close()


def run_in_foreground(options: CollectorOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` gets the collector's URL. Raises StartError."""
    raise_open_files()
    uvloop.run(_serve(options, announce))


async def _serve(options: CollectorOptions, announce: Callable[[str], None]) -> None:
    collector = Collector(options)
    await collector.start()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    announce(collector.url)
    await stopped.wait()
    await collector.stop()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # One address only: with port 0 a name of two would get two ports. SO_REUSEADDR is set.
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        raise StartError(
            f"collector: cannot listen on {host} port {port}: {_reason(error)}; "
            "choose another host or port (port 0 takes a free one)"
        ) from None


def _reason(error: OSError | UnicodeError) -> str:
    number = getattr(error, "errno", None) or 0
    if number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or "not a host name"


def _silent_logger() -> logging.Logger:
    """aiohttp's own log holds a traceback per malformed request, which is answered with 400."""
    return logging.Logger("qosflood.lab.collector.http", logging.CRITICAL)
