"""TLS handshakes for real: who is trusted, what a failure is called, and what it leaves behind."""

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from certificates import Certificates, make_certificates
from connecting import Peer, all_ended, churned, connector_to, on_a_loop, until
from faulty import FaultyServer
from plan_maker import make_load, make_phases, make_plan, make_target
from shard_process import shard

from qosflood.base.errors import PreflightError
from qosflood.base.units import SECOND
from qosflood.load.client.client import DOWN
from qosflood.load.transport.sockets import Attempt
from qosflood.load.transport.tls_sockets import SLICE_NS, Handshake, TlsSockets


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


async def silent_server() -> asyncio.Server:
    """It accepts and says nothing. From Python 3.13 on a writer that nobody holds is closed."""
    held = []
    return await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)


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


def test_a_server_that_closes_in_the_handshake_is_named_and_ends_nothing_else(tmp_path):
    cert = make_certificates(tmp_path).authority
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = {"scheme": "https", "cacert": str(cert)}
        load = make_load(base_clients=3, clients=3, base_cadence_ns=SECOND // 5)
        phases = make_phases(load, edge_ns=SECOND // 5, flood_ns=SECOND // 5)
        plan = make_plan(port=listener.getsockname()[1], target=target, load=load, phases=phases)
        with shard(plan) as one, ThreadPoolExecutor() as pool:
            one.start()
            closing = pool.submit(close_what_greets, listener)
            try:
                assert one.finish() == 0
            finally:
                listener.shutdown(socket.SHUT_RDWR)
            assert closing.result() > 0
    assert one.total("scheduled") == sum(one.outcomes.values()) > 0
    reasons = {reason for window in one.windows for reason in window.errors}
    assert "TLS: closed by the peer in the handshake" in reasons


def test_a_server_that_says_goodbye_in_the_handshake_is_named_as_one_that_closes():
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(bytes.fromhex("15030300020100"))  # the alert close_notify
        await writer.drain()

    async def scenario() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connector = connector_to(port, scheme="https", insecure=True)
        peer = Peer()
        connector.want(peer)
        await all_ended([peer])
        assert peer.reasons == ["TLS: closed by the peer in the handshake"]
        server.close()

    on_a_loop(scenario)


def close_what_greets(listener: socket.socket) -> int:
    """How many clients said hello until the listener was shut down."""
    greeted = 0
    with contextlib.suppress(OSError):
        while True:
            with listener.accept()[0] as peer:
                greeted += bool(peer.recv(65536))
    return greeted


def test_a_server_that_never_shakes_hands_ends_in_a_timeout():
    async def scenario() -> None:
        silent = await silent_server()
        port = silent.sockets[0].getsockname()[1]
        connector = connector_to(port, timeout_s=0.2, scheme="https", insecure=True)
        peer = Peer()
        connector.want(peer)
        await all_ended([peer])
        assert peer.reasons == ["connect timed out"]
        assert connector.connecting == 0
        silent.close()

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
    context = server_tls(certificates.good)
    # Tickets that nobody read turn the end into a reset, whose traceback is the server's garbage.
    context.num_tickets = 0
    found = churned(context, scheme="https", insecure=True)
    assert found < 60


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_handshakes_that_failed_are_freed_without_garbage_collection(said):
    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connector = connector_to(port, scheme="https", insecure=True)
        gc.collect()
        gc.disable()
        try:
            for _ in range(40):
                peer = Peer()
                connector.want(peer)
                await all_ended([peer])
                assert peer.reasons[0].startswith("TLS: ")
            await asyncio.sleep(0.01)
            assert gc.collect() < 40
        finally:
            gc.enable()
        server.close()

    on_a_loop(scenario)


def test_answers_that_come_all_at_once_are_worked_through_in_turns():
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        turn, worked_in = 0, []

        class Busy(TlsSockets):
            def _continue_handshake(self, fd, handshake) -> None:
                worked_in.append(turn)
                time.sleep(2e-9 * SLICE_NS)  # CPU that one answer takes
                del self._making[fd]

        sockets = Busy(loop, make_target(scheme="https", insecure=True))
        context = ssl.create_default_context()
        attempt = Attempt(Peer(), lambda error: None, loop.call_later(60, print))
        for fd in range(5):
            sockets._making[fd] = Handshake(attempt, context, "localhost", None)
            sockets._made(fd)
        while len(worked_in) < 5:
            turn += 1
            await asyncio.sleep(0)
        assert worked_in == sorted(set(worked_in))

    on_a_loop(scenario)


def test_an_attempt_that_was_given_up_is_not_taken_for_the_next_with_its_descriptor():
    async def scenario() -> None:
        silent = await silent_server()
        port = silent.sockets[0].getsockname()[1]
        connector = connector_to(port, scheme="https", insecure=True)
        sockets = connector._opener
        given_up = Attempt(Peer(), lambda error: None, None)
        peer = Peer()
        connector.want(peer)
        await until(lambda: sockets._making)
        [fd] = sockets._making
        sockets._connected.appendleft((fd, given_up))
        sockets._answered.append((fd, given_up))
        sockets._slice()
        sockets._slice()
        assert sockets._making[fd].client is peer
        assert not peer.ended.is_set()
        silent.close()

    on_a_loop(scenario)


def test_bytes_of_a_handshake_that_the_socket_does_not_take_are_sent_when_it_does(
    certificates, monkeypatch
):
    real, written = os.write, []

    def sparing(fd: int, data: bytes) -> int:
        """Every other time nothing, else a little."""
        written.append(len(data))
        if len(written) % 2:
            raise BlockingIOError
        return real(fd, data[:100])

    async def scenario() -> None:
        async with FaultyServer(tls=server_tls(certificates.good)) as server:
            monkeypatch.setattr(os, "write", sparing)
            connector = connector_to(server.port, scheme="https", insecure=True)
            peer = Peer()
            connector.want(peer)
            await all_ended([peer])
            assert peer.reasons == []
            peer.transport.write(b"POST /r HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            await until(lambda: peer.got.startswith(b"HTTP/1.1 202"))
            monkeypatch.undo()

    on_a_loop(scenario)
    assert len(written) > 10


def test_a_connect_is_timed_to_the_end_of_its_handshake(certificates):
    async def scenario() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            connector = connector_to(listener.getsockname()[1], scheme="https", insecure=True)
            peer = Peer()
            connector.want(peer)
            accepted, _ = await loop.sock_accept(listener)
            # It is connected, but not yet greeted.
            assert connector.take_connects() is None
            server = loop.create_task(
                loop.connect_accepted_socket(
                    lambda: Greeter(begun), accepted, ssl=server_tls(certificates.good)
                )
            )
            await all_ended([peer])
            await begun.wait()
            await server
            told = connector.take_connects()
            assert told is not None
            assert (told.count, told.failed) == (1, 0)
            peer.transport.abort()
            await until(lambda: peer.state == DOWN)

    on_a_loop(scenario)


class Greeter(asyncio.Protocol):
    def __init__(self, begun: asyncio.Event) -> None:
        self.begun = begun

    def connection_made(self, transport) -> None:
        self.begun.set()


def test_a_long_answer_in_many_records_arrives_whole(certificates):
    body = bytes(range(256)) * 400

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for at in range(0, len(body), 1000):
            writer.write(body[at : at + 1000])
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(
            serve, "127.0.0.1", 0, ssl=server_tls(certificates.good)
        )
        connector = connector_to(server.sockets[0].getsockname()[1], scheme="https", insecure=True)
        peer = Peer()
        connector.want(peer)
        await all_ended([peer])
        peer.transport.write(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: peer.state == DOWN)
        assert peer.got == body
        server.close()

    on_a_loop(scenario)
