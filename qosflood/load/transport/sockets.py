"""Plain TCP without a transport: raw sockets on an epoll of their own, inside the event loop.

uvloop's transport costs some 1.2 us and 2 KB more per report and connection than reading and
writing the descriptor does. The epoll's own descriptor is watched by the loop, so timers, TLS
connections and sockets share one thread; what a client sees is asyncio's Protocol interface.
"""

import asyncio
import errno
import os
import select
import socket
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from qosflood.load.client.shared import Connectable

READ_BYTES = 4096
EVENTS_AT_ONCE = 256
_IP_BIND_ADDRESS_NO_PORT = 24
_IP_LOCAL_PORT_RANGE = 51
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IN = getattr(select, "EPOLLIN", 0)
OUT = getattr(select, "EPOLLOUT", 0)
ONCE = getattr(select, "EPOLLONESHOT", 0)

Ended = Callable[[OSError | None], None]
"""Called when an attempt to connect ended: with None if it is connected."""


def open_socket(address: str, source: str | None) -> socket.socket:
    """A socket to connect to `address` with, from `source` if one is named; raises OSError.

    The port is chosen only when it connects, by both ends: bound beforehand, one source address
    has no more ports than one target's worth, however many targets there are.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _take_any_port(made)
    if source is not None:
        try:
            made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((source, 0))
        except OSError:
            made.close()
            raise
    return made


def begin_connect(address: str, port: int, source: str | None) -> socket.socket:
    """A socket that is connecting, or has connected already; raises OSError."""
    made = open_socket(address, source)
    code = made.connect_ex((address, port))
    if code not in (0, errno.EINPROGRESS):
        made.close()
        raise OSError(code, os.strerror(code))
    return made


def _take_any_port(made: socket.socket) -> None:
    """Let the kernel choose among all ports of its range in one go.

    Of a range that is the system's, it tries all even ports before the first odd one: from the
    14,000th connection of a source address on, each connect looks at 14,000 ports that are taken.
    From a range set on the socket, even the same one, it takes the first free port.
    """
    if (packed := _port_range()) is not None:
        made.setsockopt(socket.IPPROTO_IP, _IP_LOCAL_PORT_RANGE, packed)


@cache
def _port_range() -> bytes | None:
    """The system's own range as the socket option wants it; None where there is no such option
    (before Linux 6.3)."""
    try:
        low, high = (int(word) for word in _PORT_RANGE.read_text(encoding="ascii").split())
        packed = struct.pack("=I", high << 16 | low)
        with socket.socket() as probe:
            probe.setsockopt(socket.IPPROTO_IP, _IP_LOCAL_PORT_RANGE, packed)
    except (OSError, ValueError):
        return None
    return packed


class Attempt:
    """A connection that is being made for `client`; `ended` gets how that ends."""

    __slots__ = ("client", "ended", "timer")

    def __init__(self, client: Connectable, ended: Ended, timer: asyncio.TimerHandle) -> None:
        self.client = client
        self.ended = ended
        self.timer = timer


class SocketTransport:
    """One end of a connection: what a connected Client writes to, over a descriptor."""

    __slots__ = ("_fd", "_sockets", "_unsent", "client")

    def __init__(self, sockets: "Sockets", fd: int, client: Connectable) -> None:
        self._sockets = sockets
        self._fd = fd
        self._unsent = b""
        self.client = client

    def send(self, data: bytes) -> None:
        """Write now what the socket takes, the rest when it takes more."""
        if not self._unsent:
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                written = 0
            except OSError as error:
                self._sockets.lose_soon(self._fd, error)
                return
            if written == len(data):
                return
            data = data[written:]
            self._sockets.watch(self._fd, IN | OUT)
        self._unsent += data

    def writable(self) -> None:
        """The socket takes more bytes."""
        data, self._unsent = self._unsent, b""
        self._sockets.watch(self._fd, IN)
        self.send(data)

    def abort(self) -> None:
        """Close at once; `connection_lost` follows."""
        self._sockets.lose_soon(self._fd, None)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing to limit: one report is out at a time."""

    def get_extra_info(self, name: str) -> Any:
        """`sockname` or `peername`; raises OSError if it is gone."""
        borrowed = socket.socket(fileno=self._fd)
        try:
            return borrowed.getsockname() if name == "sockname" else borrowed.getpeername()
        finally:
            borrowed.detach()


class RawTransport(SocketTransport):
    """What is written goes over the wire as it is; `received` takes what was read."""

    __slots__ = ("received",)

    def __init__(self, sockets: "Sockets", fd: int, client: Connectable) -> None:
        super().__init__(sockets, fd, client)
        self.received = client.data_received

    write = SocketTransport.send


class Sockets:
    """All plain connections of a shard, being made or made."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._open: dict[int, Any] = {}
        self._making: dict[int, Attempt] = {}
        loop.add_reader(self._epoll.fileno(), self._ready)

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
        try:
            made = begin_connect(address, port, source)
        except OSError as error:
            self._loop.call_soon(ended, error)
            return
        fd = made.detach()
        timer = self._loop.call_later(timeout_s, self._fail, fd, TimeoutError())
        self._making[fd] = Attempt(client, ended, timer)
        self._epoll.register(fd, OUT | ONCE)

    def watch(self, fd: int, events: int) -> None:
        """Change what a connection waits for."""
        self._epoll.modify(fd, events)

    def lose_soon(self, fd: int, error: OSError | None) -> None:
        """Close on the loop's next turn, never inside a call of the client's own."""
        transport = self._open.pop(fd, None)
        if transport is not None:
            self._loop.call_soon(self._lose, fd, transport, error)

    def _ready(self) -> None:
        connections = self._open
        read = os.read
        for fd, event in self._epoll.poll(0, EVENTS_AT_ONCE):
            transport = connections.get(fd)
            if transport is None:
                self._made(fd)
                continue
            if event & OUT:
                transport.writable()
                if event == OUT or fd not in connections:
                    continue
            try:
                data = read(fd, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                self._lose(fd, connections.pop(fd), error)
                continue
            if data:
                transport.received(data)
            else:
                self._lose(fd, connections.pop(fd), None)

    def _made(self, fd: int) -> None:
        attempt = self._making.get(fd)
        if attempt is not None and self._is_connected(fd):
            self._opened(fd, attempt, RawTransport(self, fd, attempt.client))

    def _is_connected(self, fd: int) -> bool:
        """Whether TCP's part of an attempt went well; if not, it has failed."""
        borrowed = socket.socket(fileno=fd)
        code = borrowed.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        borrowed.detach()
        if code:
            self._fail(fd, OSError(code, os.strerror(code)))
        return not code

    def _opened(self, fd: int, attempt: Attempt, transport: Any) -> None:
        del self._making[fd]
        attempt.timer.cancel()
        attempt.ended(None)
        self._open[fd] = transport
        self._epoll.modify(fd, IN)
        attempt.client.connection_made(transport)

    def _fail(self, fd: int, error: OSError) -> None:
        attempt = self._making.pop(fd)
        attempt.timer.cancel()
        os.close(fd)
        attempt.ended(error)

    def _lose(self, fd: int, transport: Any, error: OSError | None) -> None:
        # Closed last: the client still reads the connection's addresses, and until then no new
        # connection can get the same descriptor.
        transport.client.connection_lost(error)
        os.close(fd)
