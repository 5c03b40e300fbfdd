"""A server that freezes as a whole at set times: it then reads, answers and accepts nothing.

Frozen for the last part of each period of a grid on the monotonic clock. Otherwise it answers at
once: a POST with 202, `GET /__log` with what it received. It prints its port and the grid's zero::

    python benchmarks/freezing_server.py --frozen 1 --period 5 --keep
"""

import argparse
import asyncio
import gc
import re
import sys
import time

import orjson
import uvloop
from freezing import Script

_ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
    b'{"status":"accepted"}'
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SESSION = re.compile(rb'"sessionId":"([^"]*)"')
_BACKLOG = 4096


class Server:
    """Counts what it received and answered, and freezes.

    `kept` is None, or when each report was answered, with its bytes.
    """

    def __init__(self, script: Script, *, keep: bool) -> None:
        self._script = script
        self.kept: list[tuple[int, bytes]] | None = [] if keep else None
        self.received = 0
        self.answered = 0
        self.connections = 0

    def stand_still(self) -> None:
        """If this is a freeze, block the whole process to its end."""
        while (left_ns := self._script.residual_ns(time.monotonic_ns())) > 0:
            time.sleep(left_ns * 1e-9)

    async def freeze_on_time(self) -> None:
        """Freeze also while nothing arrives, so that no connection is accepted meanwhile."""
        while True:
            now_ns = time.monotonic_ns()
            await asyncio.sleep((self._script.next_freeze_ns(now_ns) - now_ns) * 1e-9)
            self.stand_still()

    def log(self) -> bytes:
        """The counts as an HTTP response."""
        counts = {
            "connections": self.connections,
            "reports": self.received,
            "statuses": {"202": self.answered},
            "answers": [(at_ns, _session(request)) for at_ns, request in self.kept or ()],
        }
        body = orjson.dumps(counts)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Connection(asyncio.Protocol):
    """Reads requests with a Content-Length and answers each."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        # An answer leaves when it is given, not at the end of the loop's turn.
        transport.set_write_buffer_limits(0)
        self._server.connections += 1

    def data_received(self, data: bytes) -> None:
        self._server.stand_still()
        data = self._rest + data
        while (end := _request_end(data)) is not None:
            self._answer(data[:end])
            data = data[end:]
        self._rest = data

    def _answer(self, request: bytes) -> None:
        server = self._server
        if not request.startswith(b"POST"):
            self._transport.write(server.log())
            return
        server.received += 1
        if server.kept is not None:
            server.kept.append((time.monotonic_ns(), request))
        self._transport.write(_ACCEPTED)
        server.answered += 1


def _session(request: bytes) -> str | None:
    found = _SESSION.search(request)
    return found[1].decode() if found else None


def _request_end(data: bytes) -> int | None:
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length = _LENGTH.search(data, 0, head_end)
    end = head_end + 4 + (int(length[1]) if length else 0)
    return end if len(data) >= end else None


async def _serve(options: argparse.Namespace) -> None:
    frozen_ns, period_ns = round(options.frozen * 1e9), round(options.period * 1e9)
    script = Script(time.monotonic_ns(), frozen_ns, period_ns)
    server = Server(script, keep=options.keep)
    # A pause of the garbage collector would be a freeze that is not in the script.
    gc.disable()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: Connection(server), "127.0.0.1", 0, backlog=_BACKLOG
    )
    sys.stdout.write(f"{listener.sockets[0].getsockname()[1]} {script.zero_ns}\n")
    sys.stdout.flush()
    await server.freeze_on_time()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frozen", type=float, default=1.0, help="seconds of each period")
    parser.add_argument("--period", type=float, default=5.0, help="seconds")
    parser.add_argument("--keep", action="store_true", help="log when each report was answered")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(_serve(_options()))
