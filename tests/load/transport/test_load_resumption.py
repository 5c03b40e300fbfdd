"""TLS sessions that clients resume: by nginx's word, with TLS 1.2 and 1.3."""

import select
import ssl

import pytest
from certificates import Certificates, make_certificates
from connecting import Peer, all_ended, connector_to, on_a_loop, until
from faulty import FaultyServer
from nginx import nginx_telling

from qosflood.load.client.client import DOWN, WAITING
from qosflood.load.transport.asyncio_sockets import AsyncioSockets
from qosflood.load.transport.connector import Connector

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
REQUEST = b"POST /r HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def serving(certificates: Certificates, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.good.cert, certificates.good.key)
    context.minimum_version = context.maximum_version = version
    return context


async def connected(connector: Connector, peer: Peer) -> bool:
    """Connect, report, be answered and be cut off; whether a session was resumed."""
    peer.state, peer.got = WAITING, b""
    peer.ended.clear()
    connector.want(peer)
    await all_ended([peer])
    assert peer.transport, peer.reasons
    resumed: bool = peer.transport.get_extra_info("ssl_object").session_reused
    peer.transport.write(REQUEST)
    await until(lambda: peer.got)
    peer.transport.abort()
    await until(lambda: peer.state == DOWN)
    peer.transport = None
    return resumed


def resumed_by(certificates, version, scenario, **target):
    """What `scenario(connector)` says of a server of that version."""
    found = None

    async def run() -> None:
        nonlocal found
        async with FaultyServer(tls=serving(certificates, version)) as server:
            trusted = {"cacert": str(certificates.authority), **target}
            found = await scenario(connector_to(server.port, scheme="https", **trusted))

    on_a_loop(run)
    return found


async def three_times(connector: Connector) -> list[bool]:
    peer = Peer()
    return [await connected(connector, peer) for _ in range(3)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_comes_back_resumes_its_session(certificates, version):
    assert resumed_by(certificates, version, three_times) == [False, True, True]


@pytest.mark.parametrize("version", VERSIONS)
def test_another_user_in_a_clients_place_begins_afresh(certificates, version):
    async def scenario(connector: Connector) -> list[bool]:
        peer = Peer()
        first = await connected(connector, peer)
        peer.session = 1
        return [first, await connected(connector, peer), await connected(connector, peer)]

    assert resumed_by(certificates, version, scenario) == [False, False, True]


def test_no_client_resumes_the_session_of_another(certificates):
    async def scenario(connector: Connector) -> list[bool]:
        return [await connected(connector, Peer(number)) for number in range(2)]

    assert resumed_by(certificates, VERSIONS[1], scenario) == [False, False]


def test_resuming_can_be_turned_off(certificates):
    found = resumed_by(certificates, VERSIONS[1], three_times, tls_resume=False)
    assert found == [False, False, False]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_nginx_says_so_too(certificates, version, tmp_path):
    told = []

    async def run() -> None:
        connector = connector_to(server.port, scheme="https", cacert=str(certificates.authority))
        peer = Peer()
        for _ in range(3):
            await connected(connector, peer)
            told.append(peer.got.rpartition(b"\r\n\r\n")[2].decode())

    with nginx_telling(tmp_path, "$ssl_session_reused", certificates.good, version) as server:
        on_a_loop(run)
    assert told == [".", "r", "r"]


def test_a_session_is_kept_only_while_its_client_is_not_connected(certificates):
    async def scenario(connector: Connector) -> tuple[int, int]:
        peers = [Peer(number) for number in range(3)]
        for peer in peers * 2:
            await connected(connector, peer)
        waiting = len(connector._opener._sessions)
        peers[0].ended.clear()
        connector.want(peers[0])
        await all_ended(peers[:1])
        return waiting, len(connector._opener._sessions)

    assert resumed_by(certificates, VERSIONS[1], scenario) == (3, 2)


def test_without_epoll_clients_connect_all_the_same(certificates, monkeypatch):
    monkeypatch.delattr(select, "epoll")

    async def scenario(connector: Connector) -> list[bool]:
        assert isinstance(connector._opener, AsyncioSockets)
        return await three_times(connector)

    assert resumed_by(certificates, VERSIONS[1], scenario) == [False, False, False]
