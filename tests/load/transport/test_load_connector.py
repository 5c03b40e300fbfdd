"""Connecting for real on loopback: how many at once, how soon again, and why it failed."""

import asyncio
import os
import socket

import pytest
from connecting import Peer, all_ended, churned, connector_to, on_a_loop, until
from faulty import FaultyServer
from hypothesis import given
from hypothesis import strategies as st

from qosflood.load.client.client import DOWN
from qosflood.load.transport import connector as connector_module
from qosflood.load.transport.connector import AT_ONCE, backoff_s


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_a_share_of_a_fifth_of_a_second_doubled_up_to_five(failures, draw):
    assert backoff_s(failures, draw) == draw * min(5.0, 0.2 * 2.0 ** min(failures - 1, 20))


@pytest.mark.parametrize(("failures", "most"), [(1, 0.2), (2, 0.4), (3, 0.8), (6, 5.0), (99, 5.0)])
def test_the_longest_backoff_doubles(failures, most):
    assert backoff_s(failures, 1.0) == pytest.approx(most)


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


def test_connects_are_told_once_with_what_they_took_and_how_many_failed():
    async def scenario() -> None:
        async with FaultyServer(host="127.0.0.1") as server:
            connector = connector_to(server.port, addresses=("127.0.0.1", "127.0.0.2"))
            assert connector.take_connects() is None
            peers = [Peer() for _ in range(6)]
            for peer in peers:
                connector.want(peer)
            await all_ended(peers)
            told = connector.take_connects()
            assert told is not None
            assert (told.count, told.failed) == (3, 3)
            assert 0 < told.max_ns < told.sum_ns <= 3 * told.max_ns
            assert connector.take_connects() is None
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
            connector._ended(peer, 0, None)
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


def test_connections_that_ended_are_freed_without_garbage_collection():
    # Less than one object a connection: none was measured.
    assert churned() < 60


def test_clients_connect_from_the_addresses_named_in_turn():
    async def scenario():
        async with FaultyServer() as server:
            connector = connector_to(server.port, sources=("127.0.0.2", "127.0.0.3"))
            # A part of two plays every other number, and must not miss every other address.
            peers = [Peer(number=2 * index, index=index) for index in range(4)]
            for peer in peers:
                connector.want(peer)
            await all_ended(peers)
            names = [peer.transport.get_extra_info("sockname")[0] for peer in peers]
            assert names == ["127.0.0.2", "127.0.0.3"] * 2

    on_a_loop(scenario)


def test_a_source_that_cannot_be_bound_fails_the_attempt():
    async def scenario():
        async with FaultyServer() as server:
            peer = Peer()
            connector_to(server.port, sources=("192.0.2.1",)).want(peer)
            await all_ended([peer])
            assert peer.reasons == ["generator: no free local port"]

    on_a_loop(scenario)
