"""A connector on a loop of its own, and clients that only note how connecting went."""

import asyncio
import gc
import random
import ssl
from collections.abc import Awaitable, Callable

import uvloop
from faulty import FaultyServer
from plan_maker import make_target

from qosflood.load.client.client import DOWN, IDLE, WAITING
from qosflood.load.transport.connector import Connector


class Peer(asyncio.Protocol):
    """A client that only notes how connecting went."""

    def __init__(self, number: int = 0, index: int = 0) -> None:
        self.number = number
        self.index = index
        self.session = 0
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
