"""TLS connections of a shard: ssl's own objects over memory, on the descriptors of Sockets.

A report costs the handful of calls that encrypt, write, read and decrypt it. A full handshake costs
its client some 0.6 ms of CPU: handled as they come, the answers to all handshakes begun would be
read in one turn of the loop, and every report that falls due meanwhile would be late. So a
descriptor whose handshake is not over is watched for one event at a time, and handshakes run in
slices; between two slices the loop handles whatever else is ready. Handshakes may use all idle
time.
"""

import asyncio
import os
import ssl
import time
from collections import deque
from contextlib import suppress
from typing import Any

from qosflood.base.tls import tls_context
from qosflood.load.client.shared import Connectable
from qosflood.load.transport.sockets import (
    IN,
    ONCE,
    OUT,
    READ_BYTES,
    Attempt,
    Sockets,
    SocketTransport,
)
from qosflood.plan.plan import Target

SLICE_NS = 500_000
"""Length of a slice of handshakes; a step that has begun in it is completed."""
HELLOS = 3
"""Handshakes begun in a slice that had no answer to work on; each costs some 0.15 ms."""
_FLIGHT_BYTES = 16_384


class Handshake(Attempt):
    """A connection whose TLS handshake goes on, for the session `user` in its client's place;
    `unsent` is what the socket would not take yet."""

    __slots__ = ("incoming", "outgoing", "tls", "unsent", "user")

    def __init__(
        self, attempt: Attempt, context: ssl.SSLContext, host: str, session: ssl.SSLSession | None
    ) -> None:
        super().__init__(attempt.client, attempt.ended, attempt.timer)
        self.user = attempt.client.session
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname=host, session=session
        )
        self.unsent = b""


class TlsTransport(SocketTransport):
    """What a connected Client writes to. `user` is the session it was connected for."""

    __slots__ = ("_engine", "_incoming", "_outgoing", "tls", "user")

    def __init__(self, sockets: Sockets, fd: int, handshake: Handshake) -> None:
        super().__init__(sockets, fd, handshake.client)
        self._incoming = handshake.incoming
        self._outgoing = handshake.outgoing
        self._unsent = handshake.unsent
        self.tls = handshake.tls
        # What ssl.SSLObject passes reads and writes on to; a frame less each is 3% of a report.
        self._engine = getattr(handshake.tls, "_sslobj", handshake.tls)
        self.user = handshake.user

    def write(self, data: bytes) -> None:
        """Encrypt, and write now what the socket takes."""
        try:
            self._engine.write(data)
        except ssl.SSLError as error:
            self._sockets.lose_soon(self._fd, error)
        else:
            self.send(self._outgoing.read())

    def flush(self) -> None:
        """Send what the handshake left to be sent."""
        self._unsent += self._outgoing.read()
        if self._unsent:
            self.writable()

    def received(self, data: bytes) -> None:
        """Pass on what is in `data`, which may be the peer's close_notify or empty."""
        incoming, read = self._incoming, self._engine.read
        incoming.write(data)
        try:
            # Read on until nothing is left, unless that is known: it costs an exception.
            while plain := read(READ_BYTES):
                self.client.data_received(plain)
                if len(plain) < READ_BYTES and not incoming.pending:
                    return
            self._sockets.lose_soon(self._fd, None)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._sockets.lose_soon(self._fd, error)

    def send_close_notify(self) -> None:
        """Send the peer a close_notify; without it OpenSSL does not resume the session."""
        if self._unsent:
            return
        with suppress(OSError):  # ssl.SSLError is one; the peer's own is not waited for
            try:
                self.tls.unwrap()
            finally:
                os.write(self._fd, self._outgoing.read())

    def get_extra_info(self, name: str) -> Any:
        """Also `ssl_object`."""
        return self.tls if name == "ssl_object" else super().get_extra_info(name)


class TlsSockets(Sockets):
    """All TLS connections of a shard, being made or made; and, where sessions are resumed as
    browsers do, the last session of each client that is not connected. Another user in its place
    starts without one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        super().__init__(loop)
        self._context = tls_context(target)
        self._host = target.host
        self._resumes = target.tls_resume
        self._sessions: dict[Connectable, tuple[int, ssl.SSLSession]] = {}
        self._connected: deque[tuple[int, Attempt]] = deque()
        self._answered: deque[tuple[int, Handshake]] = deque()
        self._slicing = False

    def _made(self, fd: int) -> None:
        attempt = self._making.get(fd)
        if isinstance(attempt, Handshake):
            self._answered.append((fd, attempt))
        elif attempt is not None and self._is_connected(fd):
            self._connected.append((fd, attempt))
        if not self._slicing:
            self._slicing = True
            self._loop.call_soon(self._slice)

    def _slice(self) -> None:
        """Continue handshakes for one slice: first those that the peer answered, then new ones."""
        answered, connected = self._answered, self._connected
        if answered:
            until_ns = time.monotonic_ns() + SLICE_NS
            while answered and time.monotonic_ns() < until_ns:
                fd, handshake = answered.popleft()
                if self._making.get(fd) is handshake:
                    self._continue_handshake(fd, handshake)
        else:
            for _ in range(min(HELLOS, len(connected))):
                fd, attempt = connected.popleft()
                if self._making.get(fd) is attempt:
                    self._begin_handshake(fd, attempt)
        self._slicing = bool(answered or connected)
        if self._slicing:
            self._loop.call_soon(self._slice)

    def _begin_handshake(self, fd: int, attempt: Attempt) -> None:
        client = attempt.client
        user, session = self._sessions.pop(client, (0, None))
        if user != client.session:
            session = None
        handshake = self._making[fd] = Handshake(attempt, self._context, self._host, session)
        self._step_handshake(fd, handshake)

    def _continue_handshake(self, fd: int, handshake: Handshake) -> None:
        if handshake.unsent:
            self._send_flight(fd, handshake)
            return
        try:
            data = os.read(fd, _FLIGHT_BYTES)
        except BlockingIOError:
            self.watch(fd, IN | ONCE)
            return
        except OSError as error:
            self._fail(fd, error)
            return
        if not data:
            self._fail(fd, ssl.SSLEOFError())
            return
        handshake.incoming.write(data)
        self._step_handshake(fd, handshake)

    def _step_handshake(self, fd: int, handshake: Handshake) -> None:
        try:
            handshake.tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_flight(fd, handshake)
        except ssl.SSLError as error:
            with suppress(OSError):
                os.write(fd, handshake.outgoing.read())  # the alert that gives the peer the reason
            self._fail(fd, error)
        else:
            self._open_tls(fd, handshake)

    def _send_flight(self, fd: int, handshake: Handshake) -> None:
        """Send our part of the handshake, and wait for the peer's."""
        data = handshake.unsent + handshake.outgoing.read()
        try:
            written = os.write(fd, data) if data else 0
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._fail(fd, error)
            return
        handshake.unsent = data[written:]
        self.watch(fd, (OUT if handshake.unsent else IN) | ONCE)

    def _open_tls(self, fd: int, handshake: Handshake) -> None:
        transport = TlsTransport(self, fd, handshake)
        self._opened(fd, handshake, transport)
        transport.flush()
        # What came with the handshake's last flight; and asked for more than there is, OpenSSL
        # gives back the 17 KB that it read the handshake into.
        transport.received(b"")

    def _lose(self, fd: int, transport: TlsTransport, error: OSError | None) -> None:
        if error is None:
            transport.send_close_notify()
            session = transport.tls.session if self._resumes else None
            if session is not None and (session.has_ticket or session.id):
                self._sessions[transport.client] = (transport.user, session)
        super()._lose(fd, transport, error)
