"""A scripted HTTP/1.1 collector that misbehaves on purpose and keeps count of what it received.

As a process of its own it prints its port on the first line of its output::

    python tests/support/faulty.py --behaviour after:100+status:503

and in process: `async with FaultyServer("half:head") as server: … server.port`. Any POST is a
report, any GET that ends in `/metrics` a scrape. `GET /__log` answers what was received,
`POST /__behaviour` with a spec as its body changes the behaviour at run time.
"""

import argparse
import asyncio
import contextlib
import os
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import uvloop
from behaviours import BEHAVIOURS, EVERYWHERE, Exchange, parse_spec

_HEAD_LIMIT = 1 << 16
_LEFT = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was read."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_report(self) -> bool:
        return self.method == "POST" and not self.path.startswith("/__")

    @property
    def is_scrape(self) -> bool:
        return self.method == "GET" and self.path.endswith("/metrics")


@dataclass(slots=True)
class ReceiveLog:
    """Everything that arrived, counted. `statuses` are what was answered."""

    connections: int = 0
    reports: int = 0
    body_bytes: int = 0
    unreadable: int = 0
    sessions: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)

    def take(self, request: Request) -> None:
        """Count one request."""
        self.paths[f"{request.method} {request.path}"] += 1
        if not request.is_report:
            return
        self.reports += 1
        self.body_bytes += len(request.body)
        self.agents[request.headers.get("user-agent", "")] += 1
        try:
            self.sessions[orjson.loads(request.body)["sessionId"]] += 1
        except (ValueError, KeyError, TypeError):
            self.unreadable += 1

    def to_json(self) -> bytes:
        """The whole log as one JSON object."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in fields.items()}
        return orjson.dumps(plain, option=orjson.OPT_NON_STR_KEYS)


class FaultyServer:
    """The server; `log` is what it received, `behave(spec)` changes what it does."""

    def __init__(
        self,
        behaviour: str = "ok",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.log = ReceiveLog()
        self.port = port
        self._host = host
        self._tls = tls
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started_s = time.time()
        self.behave(behaviour)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    def behave(self, spec: str) -> None:
        """Behave as `spec` says from the next request on; raises ValueError."""
        self._steps = parse_spec(spec)
        self._since_s = time.monotonic()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self._host, self.port, ssl=self._tls, limit=_HEAD_LIMIT, backlog=4096
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.log.connections += 1
        with contextlib.suppress(*_LEFT, asyncio.LimitOverrunError):
            await self._converse(reader, writer)
        self._tasks.discard(task)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        idle_s: float | None = None
        while True:
            request = await read_request(reader, idle_s)
            self.log.take(request)
            count = self.log.reports if request.is_report else 0
            since_s = time.monotonic() - self._since_s
            exchange = Exchange(writer, self.log.statuses, count, since_s)
            await self._answer(request, exchange)
            idle_s = exchange.idle_s
            if exchange.close or request.headers.get("connection", "").lower() == "close":
                return

    async def _answer(self, request: Request, exchange: Exchange) -> None:
        if request.path.startswith("/__"):
            await self._control(request, exchange)
        elif request.is_report:
            if not await self._walk(BEHAVIOURS, exchange):
                await exchange.write(exchange.whole())
        elif request.is_scrape:
            if not await self._walk(EVERYWHERE, exchange):
                page = self._metrics()
                await exchange.write(exchange.whole(200, page, "text/plain; version=0.0.4"))
        else:
            await exchange.write(exchange.whole(404, b"{}"))

    async def _walk(self, table: dict[str, Any], exchange: Exchange) -> bool:
        for name, arg in self._steps:
            if name in table and await table[name](exchange, arg):
                return True
        return False

    async def _control(self, request: Request, exchange: Exchange) -> None:
        body, status = self.log.to_json(), 200
        if request.path == "/__behaviour":
            try:
                self.behave(request.body.decode())
                body = b"{}"
            except ValueError as error:
                body, status = orjson.dumps({"error": str(error)}), 400
        await exchange.write(exchange.whole(status, body))

    def _metrics(self) -> bytes:
        values = {
            ("gauge", "process_resident_memory_bytes"): _resident_bytes(),
            ("gauge", "process_start_time_seconds"): self._started_s,
            ("counter", "faulty_reports_total"): self.log.reports,
        }
        lines = (f"# TYPE {name} {kind}\n{name} {v}\n" for (kind, name), v in values.items())
        return "".join(lines).encode()


def _resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def read_request(reader: asyncio.StreamReader, idle_s: float | None = None) -> Request:
    """The next request with its Content-Length body; TimeoutError if none begins in `idle_s`."""
    async with asyncio.timeout(idle_s):
        first = await reader.readexactly(1)
    start, *lines = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = start.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def _main(options: argparse.Namespace) -> None:
    tls = None
    if options.cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.cert, options.key)
    server = FaultyServer(options.behaviour, host=options.host, port=options.port, tls=tls)
    async with server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A collector that misbehaves on purpose.")
    parser.add_argument("--behaviour", default="ok", help=", ".join(sorted(BEHAVIOURS)))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", help="serve TLS with this certificate chain")
    parser.add_argument("--key")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(_main(_options()))
