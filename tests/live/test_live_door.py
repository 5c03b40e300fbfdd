"""Who is let in to a small server inside a run, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import web

from qosflood.base.listen import Address, listen
from qosflood.live import door
from qosflood.live.door import Door

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def behind_a_door(main: Callable[[int, asyncio.Event], Awaitable[None]], most: int = 3) -> None:
    """`main` gets the port of a server whose `/slow` is answered once the event is set."""

    async def run() -> None:
        go_on = asyncio.Event()

        async def slow(_: web.Request) -> web.Response:
            await go_on.wait()
            return web.Response(text="slow")

        async def quick(_: web.Request) -> web.Response:
            return web.Response(text="quick")

        app = web.Application()
        app.add_routes([web.get("/slow", slow), web.get("/", quick)])
        served = Door(app, most, shutdown_s=0.1)
        with listen(Address(), "--web") as taken:
            await served.open(taken)
            try:
                await main(taken.getsockname()[1], go_on)
            finally:
                await served.close()

    asyncio.run(asyncio.wait_for(run(), 30))


async def connected(port: int, count: int) -> list[Pipe]:
    return [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]


async def ended(pipe: Pipe) -> bool:
    with suppress(ConnectionError):
        return await asyncio.wait_for(pipe[0].read(), 10) == b""
    return True


async def answer(pipe: Pipe, request: bytes = ASK) -> bytes:
    pipe[1].write(request)
    return (await pipe[0].readuntil(b"\r\n\r\n")).split(b"\r\n")[0]


def test_who_has_been_idle_longest_makes_room_for_who_comes_next() -> None:
    async def main(port: int, _: asyncio.Event) -> None:
        first, second, third = await connected(port, 3)
        assert b"200" in await answer(first)
        (newcomer,) = await connected(port, 1)
        assert await ended(second)
        for one in (newcomer, third):
            assert b"200" in await answer(one)

    behind_a_door(main)


def test_a_thousand_idle_strangers_keep_nobody_out() -> None:
    async def main(port: int, _: asyncio.Event) -> None:
        crowd: list[Pipe] = []
        for _ in range(20):
            crowd += await connected(port, 10)
        (owner,) = await connected(port, 1)
        assert b"200" in await answer(owner)
        for _, writer in crowd:
            writer.transport.abort()

    behind_a_door(main, most=8)


def test_a_connection_in_use_is_not_given_up_for_a_newcomer() -> None:
    async def main(port: int, go_on: asyncio.Event) -> None:
        busy = await connected(port, 3)
        for _, writer in busy:
            writer.write(ASK.replace(b"/ ", b"/slow "))
        await asyncio.sleep(0.1)
        (newcomer,) = await connected(port, 1)
        assert await ended(newcomer)
        go_on.set()
        for reader, _ in busy:
            assert b"200" in await reader.readuntil(b"\r\n\r\n")

    behind_a_door(main)


@pytest.mark.parametrize("beginning", [b"", b"G", ASK[:-2]])
def test_who_sends_no_whole_request_in_time_is_disconnected(
    monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(door, "FIRST_REQUEST_S", 0.2)

    async def main(port: int, _: asyncio.Event) -> None:
        (one,) = await connected(port, 1)
        one[1].write(beginning)
        assert await ended(one)

    behind_a_door(main)


def test_a_connection_that_has_asked_once_may_wait_for_its_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "FIRST_REQUEST_S", 0.2)

    async def main(port: int, _: asyncio.Event) -> None:
        (one,) = await connected(port, 1)
        assert b"200" in await answer(one)
        assert await one[0].readexactly(5) == b"quick"
        await asyncio.sleep(0.4)
        assert b"200" in await answer(one)

    behind_a_door(main)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_400_and_nothing_is_printed(
    request_bytes: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def main(port: int, _: asyncio.Event) -> None:
        (first,) = await connected(port, 1)
        assert b"200" in await answer(first)
        (one,) = await connected(port, 1)
        one[1].write(request_bytes)
        met = await asyncio.wait_for(one[0].read(), 10)
        assert met.split(b" ")[1] == b"400"
        assert b"Traceback" not in met

    behind_a_door(main)
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")
