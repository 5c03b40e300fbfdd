"""Embedded collectors whose metrics page is the illness, as processes of their own.

Each prints its port on the first line of its output::

    python tests/support/scraped_collectors.py starving --above 60
    python tests/support/scraped_collectors.py replica --port 3000
"""

import argparse
import asyncio
import contextlib
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web
from processes import first_line, started

from qosflood.lab.collector import server
from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions


class Starving(App):
    """Reports come first: above so many in a second its page is not answered."""

    above = 0

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self._times: deque[float] = deque()

    async def post_report(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        self._times.append(time.monotonic())
        return await super().post_report(request, rest)

    async def get_metrics(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        while self._rate() > self.above:
            await asyncio.sleep(0.05)
        return await super().get_metrics(request, rest)

    def _rate(self) -> int:
        while self._times and self._times[0] < time.monotonic() - 1:
            self._times.popleft()
        return len(self._times)


@contextlib.contextmanager
def starving_collector(above: int) -> Iterator[str]:
    """The URL of a collector whose page starves above so many reports in a second."""
    with _running("starving", "--above", str(above)) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def two_replicas() -> Iterator[str]:
    """The URL of two collectors that listen on one port."""
    with _running("replica") as port, _running("replica", "--port", str(port)):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _running(*words: str) -> Iterator[int]:
    with started([sys.executable, str(Path(__file__)), *words]) as process:
        yield int(first_line(process))


def _listen_too(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), backlog=1024, reuse_port=True)


async def _serve(kind: str, port: int, above: int) -> None:
    def make(options: CollectorOptions) -> App:
        if kind == "replica":
            return App(options)
        app = Starving(options)
        app.above = above
        return app

    if kind == "replica":
        server._listen = _listen_too
    collector = server.Collector(CollectorOptions(port=port), make)
    await collector.start()
    sys.stdout.write(f"{collector.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("starving", "replica"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--above", type=int, default=0)
    args = parser.parse_args()
    asyncio.run(_serve(args.kind, args.port, args.above))
