"""What a faulty server does on the wire, by name.

A spec is names joined by `+`, each with an argument after a colon: `slow:50ms+status:503`. Its
steps run in order until one has answered; what no step answers gets the 202 of a healthy
collector. Steps of EVERYWHERE also apply to `/metrics`.
"""

import asyncio
import itertools
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

ACCEPTED = b'{"status":"accepted"}'
_MIB = 1 << 20
_REQUEST_IDS = itertools.count(1)
_NO_BODY = (204, 304)


@dataclass(slots=True)
class Exchange:
    """One request waiting for its answer.

    `report` numbers the server's reports from 1, 0 is no report; `since_s` counts from when the
    spec came into force. Steps may add `headers`, ask for `close` after the answer, or set how
    long the connection may idle (`idle_s`).
    """

    writer: asyncio.StreamWriter
    statuses: Counter[int]
    report: int
    since_s: float
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False
    idle_s: float | None = None

    def head(self, status: int, *lines: str) -> bytes:
        """Status line and headers, with the blank line; counts the status as answered."""
        self.statuses[status] += 1
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        own = (f"{name}: {value}" for name, value in self.headers.items())
        return "\r\n".join((f"HTTP/1.1 {status} {phrase}", *lines, *own, "", "")).encode()

    def whole(
        self, status: int = 202, body: bytes = ACCEPTED, kind: str = "application/json"
    ) -> bytes:
        """A complete response with its Content-Length."""
        if status in _NO_BODY:
            return self.head(status)
        lines = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
        return self.head(status, *lines) + body

    async def write(self, data: bytes) -> None:
        """Write and wait until the transport took it; raises ConnectionError if the peer left."""
        self.writer.write(data)
        await self.writer.drain()


Step = Callable[[Exchange, str], Awaitable[bool]]
"""Takes the exchange and its argument; True if it has answered (or never will)."""


def seconds(text: str) -> float:
    """Seconds of `50ms`, `2s` or `2`."""
    if text.endswith("ms"):
        return float(text[:-2]) / 1000
    return float(text.removesuffix("s"))


async def ok(exchange: Exchange, arg: str) -> bool:
    await exchange.write(exchange.whole())
    return True


async def status(exchange: Exchange, arg: str) -> bool:
    code = int(arg)
    if 300 <= code < 400:
        exchange.headers["Location"] = "/elsewhere"
    await exchange.write(exchange.whole(code, b'{"status":%d}' % code))
    return True


async def half_503(exchange: Exchange, arg: str) -> bool:
    return exchange.report % 2 == 0 and await status(exchange, "503")


async def garbage(exchange: Exchange, arg: str) -> bool:
    await exchange.write(b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\xfe\r\n\r\n")
    return True


async def half(exchange: Exchange, arg: str) -> bool:
    """Cut in the `head` or in the `body` (default), then closed."""
    response = exchange.whole()
    cut = 20 if arg == "head" else len(response) - len(ACCEPTED) // 2
    await exchange.write(response[:cut])
    exchange.close = True
    return True


async def silent(exchange: Exchange, arg: str) -> bool:
    return True


async def close(exchange: Exchange, arg: str) -> bool:
    exchange.headers["Connection"] = "close"
    exchange.close = True
    return False


async def drop(exchange: Exchange, arg: str) -> bool:
    """Closed without a byte of an answer."""
    exchange.close = True
    return True


async def reset(exchange: Exchange, arg: str) -> bool:
    raw = exchange.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.writer.transport.abort()
    exchange.close = True
    return True


async def chunked(exchange: Exchange, arg: str) -> bool:
    await exchange.write(exchange.head(202, "Transfer-Encoding: chunked"))
    for piece in (ACCEPTED[:7], ACCEPTED[7:]):
        await exchange.write(b"%x;part=1\r\n%s\r\n" % (len(piece), piece))
        await asyncio.sleep(0)
    await exchange.write(b"0\r\nX-Trailer: end\r\n\r\n")
    return True


async def bytewise(exchange: Exchange, arg: str) -> bool:
    for byte in exchange.whole():
        await exchange.write(bytes((byte,)))
        await asyncio.sleep(0)
    return True


async def unique_header(exchange: Exchange, arg: str) -> bool:
    exchange.headers["X-Request-Id"] = f"{next(_REQUEST_IDS):016x}"
    return False


async def keepalive(exchange: Exchange, arg: str) -> bool:
    exchange.idle_s = seconds(arg)
    exchange.headers["Connection"] = "keep-alive"
    exchange.headers["Keep-Alive"] = f"timeout={max(1, int(exchange.idle_s))}"
    return False


async def close_delimited(exchange: Exchange, arg: str) -> bool:
    head = exchange.head(202, "Content-Type: application/json")
    await exchange.write(head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + ACCEPTED)
    exchange.close = True
    return True


async def continue100(exchange: Exchange, arg: str) -> bool:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    await exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n" + hints)
    return False


async def huge_body(exchange: Exchange, arg: str) -> bool:
    """A body of `arg` MiB."""
    await exchange.write(exchange.head(202, f"Content-Length: {int(arg) * _MIB}"))
    for _ in range(int(arg)):
        await exchange.write(b"x" * _MIB)
    return True


async def huge_head(exchange: Exchange, arg: str) -> bool:
    """Header lines until the peer leaves, at most `arg` MiB (16), and never a blank line."""
    line = b"X-Filler: " + b"y" * 1012 + b"\r\n"
    await exchange.write(b"HTTP/1.1 202 Accepted\r\n")
    for _ in range(int(arg or 16) * 1024):
        await exchange.write(line)
    exchange.close = True
    return True


async def slow(exchange: Exchange, arg: str) -> bool:
    await asyncio.sleep(seconds(arg))
    return False


async def freeze(exchange: Exchange, arg: str) -> bool:
    """`1/5`: nothing is answered in the last second of every five."""
    frozen, period = (seconds(part) for part in arg.split("/"))
    into = exchange.since_s % period
    if into >= period - frozen:
        await asyncio.sleep(period - into)
    return False


async def after(exchange: Exchange, arg: str) -> bool:
    """The first `arg` reports since the server started are answered well; then what follows."""
    return exchange.report <= int(arg) and await ok(exchange, "")


async def until(exchange: Exchange, arg: str) -> bool:
    """What follows holds for the first `arg` reports; the others are answered well."""
    return exchange.report > int(arg) and await ok(exchange, "")


async def no_metrics(exchange: Exchange, arg: str) -> bool:
    return exchange.report == 0 and await status(exchange, "404")


async def slow_metrics(exchange: Exchange, arg: str) -> bool:
    return exchange.report == 0 and await slow(exchange, arg)


async def bad_metrics(exchange: Exchange, arg: str) -> bool:
    if exchange.report == 0:
        page = b"up 1\nthis line is no sample {\n"
        await exchange.write(exchange.whole(200, page, "text/plain; version=0.0.4"))
    return exchange.report == 0


EVERYWHERE: dict[str, Step] = {
    step.__name__: step for step in (keepalive, freeze, no_metrics, slow_metrics, bad_metrics)
}
BEHAVIOURS: dict[str, Step] = EVERYWHERE | {
    step.__name__: step
    for step in (
        *(ok, status, half_503, garbage, half, silent, close, drop, reset),
        *(chunked, bytewise, unique_header, close_delimited, continue100),
        *(huge_body, huge_head, slow, after, until),
    )
}


def parse_spec(spec: str) -> list[tuple[str, str]]:
    """Names and arguments of a spec such as `slow:50ms+status:503`; raises ValueError."""
    steps = [(name, arg) for name, _, arg in (part.partition(":") for part in spec.split("+"))]
    for name, _ in steps:
        if name not in BEHAVIOURS:
            raise ValueError(f'got "{name}", expected one of {", ".join(sorted(BEHAVIOURS))}')
    return steps
