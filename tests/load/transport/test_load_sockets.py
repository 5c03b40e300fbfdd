"""Raw sockets on an epoll: what a client is told, also when the peer is slow or rude."""

import asyncio
import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from qosflood.load.transport import sockets as sockets_module
from qosflood.load.transport.sockets import Sockets

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")


class Peer:
    """A client that notes what it is told, and that it is told nothing inside its own calls."""

    def __init__(self) -> None:
        self.transport = None
        self.attempts: list[OSError | None] = []
        self.got = b""
        self.lost: list[Exception | None] = []
        self.names: list[object] = []
        self.calling = False
        self.hang_up = False

    def ended(self, error: OSError | None) -> None:
        self.attempts.append(error)

    def connection_made(self, transport) -> None:
        assert self.attempts == [None]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert not self.lost
        self.got += data
        if self.hang_up:
            self.call(self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        assert not self.calling
        self.lost.append(exc)
        with contextlib.suppress(OSError):  # after a reset the peer's name is gone
            self.names = [self.transport.get_extra_info(n) for n in ("sockname", "peername")]

    def call(self, what: Callable[..., None], *args: object) -> None:
        self.calling = True
        what(*args)
        self.calling = False


class Server:
    """The other end, by hand."""

    def __init__(self, backlog: int = 16) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.listener.getsockname()[1]
        self.accepted: list[socket.socket] = []

    def accept(self) -> socket.socket:
        made, _ = self.listener.accept()
        self.accepted.append(made)
        return made

    def close(self) -> None:
        for one in (self.listener, *self.accepted):
            one.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


Scenario = Callable[[Sockets, Server], Awaitable[None]]


def run(scenario: Scenario) -> None:
    async def main() -> None:
        loop, server = asyncio.get_running_loop(), Server()
        errors: list[dict] = []
        loop.set_exception_handler(lambda _, context: errors.append(context))
        try:
            await scenario(Sockets(loop), server)
            await asyncio.sleep(0.01)
            assert errors == []
        finally:
            server.close()

    uvloop.run(main())


async def connected(sockets: Sockets, server: Server) -> tuple[Peer, socket.socket]:
    peer = Peer()
    sockets.connect(peer, "127.0.0.1", server.port, 5.0, peer.ended)
    await until(lambda: peer.transport)
    return peer, server.accept()


def test_bytes_go_both_ways_and_the_ends_are_known():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        assert peer.transport.get_extra_info("sockname") == end.getpeername()
        assert peer.transport.get_extra_info("peername") == end.getsockname()
        peer.transport.write(b"ask")
        assert end.recv(10) == b"ask"
        end.sendall(b"x" * 10_000)
        await until(lambda: len(peer.got) == 10_000)

    run(scenario)


@pytest.mark.parametrize(("close", "kind"), [(socket.socket.close, None),
                                             (reset, ConnectionResetError)])  # fmt: skip
def test_a_peer_that_leaves_is_told_once_with_how_and_who_it_was(close, kind):
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        names = [end.getpeername(), end.getsockname()]
        close(end)
        await until(lambda: peer.lost)
        assert [type(exc) for exc in peer.lost] == [type(None) if kind is None else kind]
        if kind is None:
            assert peer.names == names

    run(scenario)


def test_an_abort_closes_and_is_told_afterwards_once():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        peer.call(peer.transport.abort)
        peer.call(peer.transport.abort)
        assert peer.lost == []
        await until(lambda: peer.lost)
        assert (peer.lost, end.recv(10)) == ([None], b"")

    run(scenario)


def test_an_abort_while_reading_leaves_the_rest_unread():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        peer.hang_up = True
        end.sendall(b"x" * (3 * sockets_module.READ_BYTES))
        await until(lambda: peer.lost)
        assert len(peer.got) <= sockets_module.READ_BYTES

    run(scenario)


def stuff(peer: Peer) -> int:
    """Write more than both ends' buffers take; how much."""
    data = b"y" * 65536
    for _ in range(200):
        peer.call(peer.transport.write, data)
    assert peer.transport._unsent
    return 200 * 65536


def test_what_the_socket_does_not_take_at_once_is_written_later_in_order():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        total = stuff(peer)
        peer.call(peer.transport.write, b"end")
        end.setblocking(False)
        got = bytearray()

        def read_all() -> bool:
            with contextlib.suppress(BlockingIOError):
                got.extend(end.recv(1 << 20))
            return len(got) == total + 3

        await until(read_all)
        assert got.endswith(b"yend")
        end.sendall(b"still there")
        await until(lambda: peer.got == b"still there")

    run(scenario)


def test_a_peer_that_resets_while_bytes_wait_ends_the_connection_once():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, end = await connected(sockets, server)
        stuff(peer)
        reset(end)
        await until(lambda: peer.lost)
        await asyncio.sleep(0.01)
        assert len(peer.lost) == 1
        assert isinstance(peer.lost[0], ConnectionError)

    run(scenario)


def test_a_number_in_use_is_not_given_away_before_its_client_was_told():
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer, _ = await connected(sockets, server)
        fd = peer.transport._fd
        peer.call(peer.transport.abort)
        other = socket.socket()
        try:
            assert other.fileno() != fd
        finally:
            other.close()
        await until(lambda: peer.lost)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)

    run(scenario)


def test_a_refused_attempt_is_told_with_its_error():
    async def scenario(sockets: Sockets, server: Server) -> None:
        server.listener.close()
        peer = Peer()
        sockets.connect(peer, "127.0.0.1", server.port, 5.0, peer.ended)
        assert peer.attempts == []
        await until(lambda: peer.attempts)
        assert [error.errno for error in peer.attempts] == [errno.ECONNREFUSED]

    run(scenario)


def test_an_attempt_that_fails_at_once_is_told_on_a_later_turn(monkeypatch):
    async def scenario(sockets: Sockets, server: Server) -> None:
        peer = Peer()
        # Broadcast is no address to connect to.
        sockets.connect(peer, "255.255.255.255", server.port, 5.0, peer.ended)
        assert peer.attempts == []
        await until(lambda: peer.attempts)
        assert peer.attempts[0].errno in (errno.EACCES, errno.ENETUNREACH)

    run(scenario)


def test_no_open_file_left_is_told_on_a_later_turn(monkeypatch):
    def none_left(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    async def scenario(sockets: Sockets, server: Server) -> None:
        peer = Peer()
        with monkeypatch.context() as patch:
            patch.setattr(sockets_module.socket, "socket", none_left)
            sockets.connect(peer, "127.0.0.1", server.port, 5.0, peer.ended)
        assert peer.attempts == []
        await until(lambda: peer.attempts)
        assert peer.attempts[0].errno == errno.EMFILE

    run(scenario)


def test_ipv6_is_connected_to():
    async def scenario(sockets: Sockets, server: Server) -> None:
        try:
            six = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6 on loopback here")
        peer = Peer()
        sockets.connect(peer, "::1", six.getsockname()[1], 5.0, peer.ended)
        await until(lambda: peer.transport)
        assert peer.transport.get_extra_info("peername")[0] == "::1"
        six.close()

    run(scenario)


def test_many_connections_that_come_and_go_share_the_epoll():
    async def scenario(sockets: Sockets, server: Server) -> None:
        server.listener.listen(256)
        peers = [Peer() for _ in range(100)]
        for peer in peers:
            sockets.connect(peer, "127.0.0.1", server.port, 5.0, peer.ended)
        await until(lambda: all(peer.transport for peer in peers))
        ends = [server.accept() for _ in peers]
        for peer in peers[::2]:
            peer.transport.abort()
        for end in ends:
            end.close()
        await until(lambda: all(peer.lost for peer in peers))
        assert sockets._open == {}

    run(scenario)
