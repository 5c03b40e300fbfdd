"""A raw asyncio server for tests: it answers each request with exactly the bytes it is given."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Where it listens and what it saw; `answer` writes the reply to a request's head."""

    answer: Answer
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"

    def headers(self, request: int = -1) -> dict[str, str]:
        """Header names (lower case) and values of one request."""
        lines = self.requests[request].decode().split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.lower(): value.strip() for name, _, value in pairs}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                await self.answer(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_server(
    answer: Answer | bytes, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """A listening RawServer; fixed bytes as `answer` are sent and the connection is kept."""

    async def fixed(_: bytes, writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, bytes)
        writer.write(answer)

    server = RawServer(fixed if isinstance(answer, bytes) else answer)
    listening = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def page(
    body: bytes, *headers: str, status: str = "200 OK", type_: str | None = "text/plain"
) -> bytes:
    """An answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    if type_ is not None:
        lines.append(f"Content-Type: {type_}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirecting(
    location: str | Callable[[], str], then: bytes, status: str = "302 Found"
) -> Answer:
    """Sends /metrics to `location`, answers everything else with `then`."""

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        there = location() if callable(location) else location
        moved = page(b"", f"Location: {there}", status=status)
        writer.write(moved if head.startswith(b"GET /metrics ") else then)

    return answer
