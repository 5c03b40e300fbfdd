"""Connecting for real on loopback: how many at once, how soon again, and why it failed."""

import asyncio
import errno
import gc
import os
import random
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from certificates import Certificates, make_certificates
from faulty import FaultyServer
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_target

from qosflood.errors import PreflightError
from qosflood.load import connector as connector_module
from qosflood.load.connection import DOWN, IDLE, WAITING
from qosflood.load.connector import AT_ONCE, Connector, backoff_s, reason_of


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_a_share_of_a_fifth_of_a_second_doubled_up_to_five(failures, draw):
    assert backoff_s(failures, draw) == draw * min(5.0, 0.2 * 2.0 ** min(failures - 1, 20))


@pytest.mark.parametrize(("failures", "most"), [(1, 0.2), (2, 0.4), (3, 0.8), (6, 5.0), (99, 5.0)])
def test_the_longest_backoff_doubles(failures, most):
    assert backoff_s(failures, 1.0) == pytest.approx(most)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset while connecting"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to host"),
        (OSError(errno.ENETUNREACH, "x"), "network unreachable"),
        (OSError(errno.EMFILE, "x"), "generator: too many open files"),
        (OSError(errno.ENFILE, "x"), "generator: too many open files on this machine"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "generator: no free local port"),
        (TimeoutError(), "connect timed out"),
        (OSError(errno.EPERM, "Operation not permitted"),
         "PermissionError: Operation not permitted"),
        (ssl.SSLError(1, "made by hand"), "TLS: "),
        (ssl.SSLCertVerificationError(1, "made by hand"), "certificate: "),
    ],
)  # fmt: skip
def test_a_failure_is_named_by_its_cause(error, reason):
    assert reason_of(error).startswith(reason)


class Peer(asyncio.Protocol):
    """A client that only notes how connecting went."""

    def __init__(self) -> None:
        self.state = WAITING
        self.wanted = True
        self.reasons: list[str] = []
        self.transport = None
        self.ended = asyncio.Event()
        self.got = b""

    def connection_made(self, transport) -> None:
        self.state = IDLE
        self.transport = transport
        self.ended.set()

    def connect_failed(self, reason: str) -> None:
        self.reasons.append(reason)
        self.ended.set()

    def not_wanted(self) -> None:
        self.state = DOWN
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        self.got += data

    def connection_lost(self, exc) -> None:
        self.state = DOWN


def connector_to(port: int, timeout_s: float = 5.0, **target) -> Connector:
    return Connector(
        asyncio.get_running_loop(), make_target(port, **target), timeout_s, random.Random(1)
    )


async def all_ended(peers: list[Peer]) -> None:
    async with asyncio.timeout(20):
        for peer in peers:
            await peer.ended.wait()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def on_a_loop(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    uvloop.run(main())


def no_listener() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_clients_are_connected_to_the_addresses_in_turn():
    async def scenario() -> None:
        async with FaultyServer(host="127.0.0.1") as server:
            connector = connector_to(server.port, addresses=("127.0.0.1", "127.0.0.2"))
            peers = [Peer() for _ in range(6)]
            for peer in peers:
                connector.want(peer)
            assert connector.connecting == 6
            await all_ended(peers)
            # Nobody listens on the second address.
            assert [bool(peer.transport) for peer in peers] == [True, False] * 3
            assert peers[1].reasons == ["connection refused"]
            assert connector.connecting == 0
            assert connector.attempts_failed == 3
            for peer in peers[::2]:
                peer.transport.abort()

    on_a_loop(scenario)


def test_a_client_that_is_wanted_no_more_is_not_connected():
    async def scenario() -> None:
        async with FaultyServer() as server:
            connector = connector_to(server.port)
            peer = Peer()
            peer.wanted = False
            connector.want(peer)
            await all_ended([peer])
            assert (peer.state, peer.transport, server.log.connections) == (DOWN, None, 0)

    on_a_loop(scenario)


def test_no_more_than_256_are_being_made_at_once_and_everyone_gets_a_turn(monkeypatch):
    async def scenario() -> None:
        connector = connector_to(1)
        made: list[Peer] = []
        monkeypatch.setattr(connector, "_connect", lambda peer: start(peer))

        def start(peer: Peer) -> None:
            connector._making += 1
            made.append(peer)

        peers = [Peer() for _ in range(AT_ONCE + 50)]
        for peer in peers:
            connector.want(peer)
        await until(lambda: len(made) == AT_ONCE)
        await asyncio.sleep(0.02)
        assert made == peers[:AT_ONCE]
        assert connector.connecting == AT_ONCE + 50
        for peer in peers[:50]:
            connector._ended(peer, None)
        await until(lambda: len(made) == len(peers))
        assert made == peers

    on_a_loop(scenario)


def test_connections_are_begun_in_slices(monkeypatch):
    async def scenario() -> None:
        connector = connector_to(1)
        made: list[Peer] = []
        monkeypatch.setattr(connector, "_connect", made.append)
        for _ in range(3 * connector_module.SLICE):
            connector.want(Peer())
        await asyncio.sleep(0)
        assert len(made) <= connector_module.SLICE
        await until(lambda: len(made) == 3 * connector_module.SLICE)

    on_a_loop(scenario)


def test_a_retry_comes_after_its_backoff():
    class Retried(Peer):
        def retry(self) -> None:
            self.ended.set()

    async def scenario() -> None:
        connector = connector_to(1)
        peer = Retried()
        connector.retry(peer, 1)
        assert not peer.ended.is_set()
        await all_ended([peer])

    on_a_loop(scenario)


def test_a_listener_that_never_accepts_ends_in_a_timeout():
    async def scenario() -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            connector = connector_to(port, timeout_s=0.2)
            peers = [Peer() for _ in range(4)]
            for peer in peers:
                connector.want(peer)
            await all_ended(peers)
            assert {reason for peer in peers for reason in peer.reasons} == {"connect timed out"}
            for peer in peers:
                if peer.transport:
                    peer.transport.abort()
            await asyncio.sleep(0)

    on_a_loop(scenario)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_connects_that_fail_leave_no_open_file_behind():
    async def scenario() -> None:
        connector = connector_to(no_listener())
        first = [Peer() for _ in range(20)]
        for peer in first:
            connector.want(peer)
        await all_ended(first)
        before = open_files()
        more = [Peer() for _ in range(200)]
        for peer in more:
            connector.want(peer)
        await all_ended(more)
        assert {reason for peer in more for reason in peer.reasons} == {"connection refused"}
        assert open_files() <= before

    on_a_loop(scenario)


def churned(server_tls: ssl.SSLContext | None = None, **target) -> int:
    """Objects that only garbage collection frees, after 60 connections were made and ended."""
    found = 0

    async def scenario() -> None:
        nonlocal found
        async with FaultyServer(tls=server_tls) as server:
            connector = connector_to(server.port, **target)

            async def churn(count: int) -> None:
                for _ in range(count):
                    peer = Peer()
                    connector.want(peer)
                    await all_ended([peer])
                    assert peer.transport, peer.reasons
                    peer.transport.abort()
                    await until(lambda peer=peer: peer.state == DOWN)
                    peer.transport = None

            await churn(5)
            await until(lambda: not server._tasks)
            gc.collect()
            gc.disable()
            try:
                await churn(60)
                await until(lambda: not server._tasks)
                found = gc.collect()
            finally:
                gc.enable()

    on_a_loop(scenario)
    return found


def test_connections_that_ended_are_freed_without_garbage_collection():
    # Less than one object a connection: none was measured.
    assert churned() < 60


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


def shake_hands(certificate, **target) -> tuple[Peer, int]:
    """One attempt at a TLS server with that certificate; the peer, and reports it could send."""
    peer: Peer

    async def scenario() -> None:
        nonlocal peer
        peer = Peer()
        async with FaultyServer(tls=server_tls(certificate)) as server:
            connector = connector_to(server.port, scheme="https", **target)
            connector.want(peer)
            await all_ended([peer])
            if peer.transport:
                peer.transport.write(b"POST /r HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
                await until(lambda: peer.got)
                peer.transport.abort()
                await until(lambda: peer.state == DOWN)
            assert connector.connecting == 0

    on_a_loop(scenario)
    return peer, peer.got.startswith(b"HTTP/1.1 202")


def test_a_good_certificate_of_a_trusted_authority_connects(certificates):
    peer, answered = shake_hands(certificates.good, cacert=str(certificates.authority))
    assert (peer.reasons, answered) == ([], True)


@pytest.mark.parametrize(
    ("which", "trusted", "reason"),
    [
        ("expired", True, "certificate: certificate has expired"),
        ("wrong_host", True, "certificate: IP address mismatch"),
        ("good", False, "certificate: unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_must_not_be_trusted_fails_with_its_reason(
    certificates, which, trusted, reason
):
    cacert = str(certificates.authority) if trusted else None
    peer, answered = shake_hands(getattr(certificates, which), cacert=cacert)
    assert not answered
    assert peer.reasons[0].startswith(reason)
    assert peer.transport is None


@pytest.mark.parametrize("which", ["expired", "wrong_host", "good"])
def test_insecure_takes_any_certificate(certificates, which):
    peer, answered = shake_hands(getattr(certificates, which), insecure=True)
    assert (peer.reasons, answered) == ([], True)


def test_plain_http_behind_https_is_named():
    def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    async def scenario() -> None:
        plain = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = plain.sockets[0].getsockname()[1]
        connector = connector_to(port, scheme="https", insecure=True)
        peer = Peer()
        connector.want(peer)
        await all_ended([peer])
        assert peer.reasons == ["TLS: WRONG_VERSION_NUMBER"]
        plain.close()

    on_a_loop(scenario)


def test_a_server_that_never_shakes_hands_ends_in_a_timeout():
    async def scenario() -> None:
        silent = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        connector = connector_to(port, timeout_s=0.2, scheme="https", insecure=True)
        peer = Peer()
        connector.want(peer)
        await all_ended([peer])
        assert peer.reasons == ["connect timed out"]
        assert connector.connecting == 0
        silent.close()

    on_a_loop(scenario)


def test_a_connection_made_as_its_time_ran_out_is_not_booked_as_failed(monkeypatch):
    async def scenario() -> None:
        connector = connector_to(1, scheme="https", insecure=True)

        async def made_too_late(peer: Peer, address: str) -> None:
            peer.connection_made(None)
            raise TimeoutError

        monkeypatch.setattr(connector, "_open", made_too_late)
        peer = Peer()
        connector.want(peer)
        await until(lambda: peer.state == IDLE and connector.connecting == 0)
        assert peer.reasons == []

    on_a_loop(scenario)


def test_a_ca_file_that_is_none_is_refused_before_the_load(tmp_path):
    nothing = tmp_path / "ca.pem"
    nothing.write_text("not a certificate")

    async def scenario() -> None:
        for path in (nothing, tmp_path / "absent.pem"):
            with pytest.raises(PreflightError, match=r"--cacert .*expected a file of PEM"):
                connector_to(1, scheme="https", cacert=str(path))

    on_a_loop(scenario)


def test_tls_connections_that_ended_are_freed_without_garbage_collection(certificates):
    found = churned(server_tls(certificates.good), scheme="https", insecure=True)
    assert found < 60
