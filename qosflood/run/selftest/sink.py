"""`python -m qosflood.run.selftest.sink`: a child that accepts every report and keeps nothing.

It only finds the end of each request, so that it costs little beside the load: it answers as fast
as a shard sends.
"""

import asyncio
import os
import signal
from typing import cast

import orjson
import uvloop

from qosflood.base.child_pipe import ParentPipe, raise_open_files

_ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
    b'{"status":"accepted"}'
)
_BLANK = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Sink(asyncio.Protocol):
    """Answers each request of a connection once its body has come."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        held = self._held + data
        while (end := _request_end(held)) is not None:
            held = held[end:]
            self._transport.write(_ACCEPTED)
        self._held = held


def _request_end(held: bytes) -> int | None:
    """Where the first request in `held` ends; None if it is not whole yet."""
    head = held.find(_BLANK)
    if head < 0:
        return None
    named = held[:head].lower().partition(_LENGTH)[2]
    length = int(named.partition(b"\r\n")[0]) if named else 0
    end = head + len(_BLANK) + length
    return end if end <= len(held) else None


async def _serve(parent: ParentPipe) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    gone = asyncio.Event()
    parent.attach(loop, lambda _: None, gone.set)
    ready = {"type": "ready", "port": server.sockets[0].getsockname()[1]}
    parent.send(orjson.dumps(ready) + b"\n")
    await gone.wait()
    os._exit(0)


def main() -> None:
    """Serve until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = ParentPipe()
    parent.read_spec()
    raise_open_files()
    uvloop.run(_serve(parent))


if __name__ == "__main__":
    main()
