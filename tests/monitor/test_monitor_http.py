"""What all who ask over HTTP share: bodies, waiting no longer than the run, words for failures."""

import asyncio
import gzip
import ssl
import time

import aiohttp
import pytest
from raw_server import page, raw_server

from qosflood.monitor.http import exchange_failure, open_session, receive, skim, unless_stopped
from qosflood.monitor.scrape.body import MIB, BodyError
from qosflood.monitor.ticks import Timer

ZIPPED = page(gzip.compress(b"a 1\n"), "Content-Encoding: gzip")


async def got(answer, use, **session):
    """What `use` makes of the response to one request."""
    async with raw_server(answer) as server:
        opened = open_session(ssl.create_default_context(), **session)
        async with opened as http, http.get(server.url, allow_redirects=False) as response:
            return await use(response)


def test_a_gzipped_body_is_inflated_where_it_is_wanted_and_left_alone_where_not():
    assert asyncio.run(got(ZIPPED, receive)) == b"a 1\n"
    assert gzip.decompress(asyncio.run(got(ZIPPED, skim))) == b"a 1\n"


def test_a_body_over_its_limit_is_refused():
    with pytest.raises(BodyError, match="body over 4 B"):
        asyncio.run(got(page(b"12345"), lambda response: receive(response, 4)))


def test_what_is_called_at_a_bodys_beginning_may_refuse_it_and_an_empty_one_has_none():
    calls = []

    def refuse():
        calls.append(1)
        raise BodyError("not that")

    with pytest.raises(BodyError, match="not that"):
        asyncio.run(got(page(b"a 1\n"), lambda response: receive(response, begun=refuse)))
    assert asyncio.run(got(page(b""), lambda response: receive(response, begun=refuse))) == b""
    assert calls == [1]


def test_an_endless_body_that_nobody_wants_is_left_soon():
    sent = 0

    async def endless(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(1 << 16))
            sent += 1 << 16
            await writer.drain()

    assert asyncio.run(got(endless, lambda response: skim(response, 1 << 16)))
    assert sent < 64 * MIB


def test_a_sessions_timeout_is_for_the_whole_exchange():
    async def slow(_, writer):
        await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        asyncio.run(got(slow, skim, timeout_ns=100_000_000))


def test_work_is_waited_for_until_the_timer_is_stopped():
    async def run():
        timer, cancelled = Timer(time.monotonic_ns()), asyncio.Event()

        async def endless():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        assert await unless_stopped(asyncio.sleep(0, "done"), timer) == "done"
        asyncio.get_running_loop().call_later(0.05, timer.stop)
        assert await unless_stopped(endless(), timer) is None
        assert cancelled.is_set()

    asyncio.run(run())


def test_work_that_fails_raises_what_it_raised():
    async def fail():
        raise ValueError("no")

    async def run():
        await unless_stopped(fail(), Timer(time.monotonic_ns()))

    with pytest.raises(ValueError, match="no"):
        asyncio.run(run())


def test_a_failed_exchange_never_quotes_the_answer():
    error = aiohttp.ClientPayloadError("secret")
    assert exchange_failure(error) == "cut short"
    assert exchange_failure(ValueError("bad\nsecret")) == "bad response: bad"
