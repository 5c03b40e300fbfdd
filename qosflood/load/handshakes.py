"""TLS connections on an epoll of their own, whose handshakes take turns with due reports.

A full handshake costs its client some 0.6 ms of CPU, a report 8 us. Left to the loop, the answers
to all handshakes begun are worked through in one turn of it, as soon as the server sends them, and
every report that falls due meanwhile is late. So a socket whose handshake is not over is watched
for one answer at a time, and answers are worked through in slices: between two of them the loop
sees to whatever else is ready. Idle time is all theirs; nothing is set aside.
"""

import asyncio
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import aiofastnet

from qosflood.load.connection import WAITING, Client
from qosflood.load.resumption import Resumption
from qosflood.load.sockets import EVENTS_AT_ONCE, Ended, begin_connect
from qosflood.plan import Target
from qosflood.tls import tls_context

SLICE_NS = 500_000
"""Answers are taken up within a slice for so long; the one begun last ends later."""
HELLOS = 3
"""Handshakes begun in a slice that had no answer to work on; each costs some 0.15 ms."""
_IN = getattr(select, "EPOLLIN", 0)
_OUT = getattr(select, "EPOLLOUT", 0)
_ONCE = getattr(select, "EPOLLONESHOT", 0)


class _Attempt:
    """A connection being made; `read` works on what the server sent, until it is `made`."""

    __slots__ = ("client", "ended", "fd", "made", "read", "socket", "task", "timer")

    def __init__(self, client: Client, made: socket.socket, ended: Ended) -> None:
        self.client = client
        self.socket = made
        self.fd = made.fileno()
        self.ended: Ended | None = ended
        self.made = False
        self.read: Callable[[], object] | None = None
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None


class Handshakes:
    """All TLS connections of a shard, being made or made.

    Towards aiofastnet it stands for the event loop: it is asked to watch sockets, and passes
    everything else on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        self._loop = loop
        self._context = tls_context(target)
        self._host = target.host
        self._resumption = Resumption(keep=target.tls_resume)
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], object]] = {}
        self._making: dict[int, _Attempt] = {}
        self._connected: deque[_Attempt] = deque()
        self._answered: deque[_Attempt] = deque()
        self._slicing = False
        loop.add_reader(self._epoll.fileno(), self._ready)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def connect(
        self,
        client: Client,
        address: str,
        port: int,
        timeout_s: float,
        ended: Ended,
        source: str | None = None,
    ) -> None:
        """Connect `client`, which is told by `connection_made`; `ended` is told either way."""
        try:
            made = begin_connect(address, port, source)
        except OSError as error:
            self._loop.call_soon(ended, error)
            return
        attempt = _Attempt(client, made, ended)
        attempt.timer = self._loop.call_later(timeout_s, self._timed_out, attempt)
        self._making[attempt.fd] = attempt
        self._epoll.register(attempt.fd, _OUT | _ONCE)

    # What aiofastnet asks of the loop.

    def add_reader(self, fd: int, callback: Callable[[], object]) -> None:
        """Call `callback` when `fd` can be read; while its handshake lasts, in its turn."""
        attempt = self._making.get(fd)
        if attempt is None:
            self._readers[fd] = callback
            self._epoll.register(fd, _IN)
        else:
            attempt.read = callback
            self._epoll.modify(fd, _IN | _ONCE)

    def remove_reader(self, fd: int) -> bool:
        """Watch `fd` no more; whether it was watched."""
        attempt = self._making.get(fd)
        watched = self._readers.pop(fd, None) is not None
        if attempt is not None:
            watched, attempt.read = attempt.read is not None, None
        if watched:
            self._epoll.unregister(fd)
        return watched

    # What the epoll tells.

    def _ready(self) -> None:
        readers = self._readers
        for fd, _ in self._epoll.poll(0, EVENTS_AT_ONCE):
            read = readers.get(fd)
            if read is not None:
                read()
            elif (attempt := self._making.get(fd)) is not None:
                self._proceed(attempt)

    def _proceed(self, attempt: _Attempt) -> None:
        if attempt.read is not None:
            self._answered.append(attempt)
        elif attempt.task is None:
            code = attempt.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._fail(attempt, OSError(code, os.strerror(code)))
                return
            self._connected.append(attempt)
        if not self._slicing:
            self._slicing = True
            self._loop.call_soon(self._slice)

    def _slice(self) -> None:
        """Work on handshakes for a while: those that the server answered before new ones."""
        answered, connected = self._answered, self._connected
        if answered:
            until_ns = time.monotonic_ns() + SLICE_NS
            while answered and time.monotonic_ns() < until_ns:
                self._go_on(answered.popleft())
        else:
            for _ in range(min(HELLOS, len(connected))):
                self._greet(connected.popleft())
        self._slicing = bool(answered or connected)
        if self._slicing:
            self._loop.call_soon(self._slice)

    def _greet(self, attempt: _Attempt) -> None:
        if attempt.ended is not None:  # else its time was up
            attempt.task = self._loop.create_task(self._shake_hands(attempt))
            attempt.task.add_done_callback(partial(self._shaken, attempt))

    def _go_on(self, attempt: _Attempt) -> None:
        read = attempt.read
        if read is None:
            return  # given up meanwhile
        read()
        if attempt.read is None:
            return  # it failed, or the client closed it at once
        if attempt.client.state == WAITING:
            self._epoll.modify(attempt.fd, _IN | _ONCE)
            return
        del self._making[attempt.fd]
        attempt.made = True
        attempt.read = None
        self._resumption.slim(attempt.client, last=False)
        self._readers[attempt.fd] = partial(self._first_read, attempt.fd, attempt.client, read)
        self._epoll.modify(attempt.fd, _IN)

    def _first_read(self, fd: int, client: Client, read: Callable[[], object]) -> None:
        """Read what follows the handshake, which with TLS 1.3 are tickets."""
        self._readers[fd] = read
        read()
        self._resumption.slim(client, last=True)

    async def _shake_hands(self, attempt: _Attempt) -> None:
        def made() -> Client:
            self._resumption.begin(attempt.client)
            return attempt.client

        await aiofastnet.create_connection(
            cast(asyncio.AbstractEventLoop, self),
            made,
            sock=attempt.socket,
            ssl=self._context,
            server_hostname=self._host,
        )

    def _shaken(self, attempt: _Attempt, task: asyncio.Task[None]) -> None:
        error: BaseException | None = TimeoutError() if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, OSError):  # ssl.SSLError is one
            raise error
        if error is not None:
            # Its frames hold the connection, some 50 KB, and are held by it.
            error.__traceback__ = None
        # One that ended just as the time was up is the connection's affair; by now its client may
        # already be waiting for the next.
        making = not attempt.made and attempt.client.state == WAITING
        self._end(attempt, error if making else None)

    def _timed_out(self, attempt: _Attempt) -> None:
        if attempt.task is not None:
            attempt.task.cancel()
        else:
            self._fail(attempt, TimeoutError())

    def _fail(self, attempt: _Attempt, error: OSError) -> None:
        self._epoll.unregister(attempt.fd)
        self._end(attempt, error)

    def _end(self, attempt: _Attempt, error: OSError | None) -> None:
        ended, attempt.ended = attempt.ended, None
        assert ended is not None
        assert attempt.timer is not None
        attempt.timer.cancel()
        attempt.timer = attempt.task = None
        if self._making.get(attempt.fd) is attempt:
            del self._making[attempt.fd]
        if error is not None:
            attempt.socket.close()
        ended(error)
