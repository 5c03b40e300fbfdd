"""A scrape asks as Prometheus does and fails where Prometheus fails."""

import asyncio
import gzip
import socket
import struct
import time

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server, redirecting

from qosflood.base.units import MS, SECOND
from qosflood.monitor.scrape import changes
from qosflood.monitor.scrape.scraper import open_scraper

BODY = b"a 1\nb 2\nprocess_resident_memory_bytes 4096\nprocess_start_time_seconds 1.5\n"
GZIP = "Content-Encoding: gzip"


async def scrape_once(plan):
    async with open_scraper(plan) as scraper:
        return await scraper.scrape(7)


async def against(answer, *, limit=0, timeout_ns=5 * SECOND):
    async with raw_server(answer) as server:
        watch = {
            "scrape_url": server.url,
            "body_size_limit_bytes": limit,
            "timeout_ns": timeout_ns,
        }
        return await scrape_once(make_plan(port=server.port, watch=watch))


def closing(data):
    """Answers with `data`, then closes."""

    async def answer(_, writer):
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


def chunked(*pieces, end=True):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + body + (b"0\r\n\r\n" if end else b"")


def test_a_healthy_page_is_a_sample_with_its_figures():
    sample = asyncio.run(against(page(BODY)))
    assert (sample.ok, sample.reason, sample.status, sample.t) == (True, None, 200, 7)
    assert (sample.bytes, sample.series) == (len(BODY), 4)
    assert (sample.rss_bytes, sample.process_start_s) == (4096, 1.5)
    assert sample.duration_ns > 0
    assert sample.parse_ns > 0
    assert sample.warnings == ()


ACCEPTED = {
    "gzip": page(gzip.compress(BODY), GZIP),
    "chunked": chunked(BODY[:9], BODY[9:]),
    "chunked gzip": chunked(gzip.compress(BODY)).replace(
        b"\r\n", b"\r\n" + GZIP.encode() + b"\r\n", 1
    ),
    "until the end of the connection": closing(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + BODY
    ),
    "HTTP/1.0": closing(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + BODY),
    "openmetrics": page(BODY + b"# EOF\n", type_="application/openmetrics-text; version=1.0.0"),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_page_is_accepted_however_it_is_carried(kind):
    sample = asyncio.run(against(ACCEPTED[kind]))
    assert (sample.ok, sample.reason, sample.series) == (True, None, 4)


FAILED = {
    "status 503": page(b"busy", status="503 Service Unavailable"),
    "status 204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "status 302": page(b"", status="302 Found"),
    "content type text/html": page(b"<html>", type_="text/html; charset=utf-8"),
    "content type missing": page(BODY, type_=None),
    "cut short": closing(page(BODY)[:-5]),
    "bad gzip": page(BODY, GZIP),
    ('parse: line 2: expected a metric name, a comment or a blank line, got "<b>"'): page(
        b"a 1\n<b>\n"
    ),
    "closed by the peer before an answer": closing(b""),
}


@pytest.mark.parametrize("reason", FAILED)
def test_an_answer_prometheus_refuses_is_a_failed_scrape_with_its_reason(reason):
    sample = asyncio.run(against(FAILED[reason]))
    assert (sample.ok, sample.reason) == (False, reason)
    assert (sample.gap, sample.own_fault) == (False, False)
    assert sample.duration_ns > 0
    assert sample.series is None


def test_a_chunked_body_without_its_end_is_cut_short():
    assert asyncio.run(against(closing(chunked(BODY, end=False)))).reason == "cut short"


def test_a_gzip_page_cut_short_inside_an_honest_length_is_bad_gzip():
    assert asyncio.run(against(page(gzip.compress(BODY)[:-9], GZIP))).reason == "bad gzip"


def test_no_http_at_all_is_a_bad_response():
    sample = asyncio.run(against(closing(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")))
    assert sample.reason.startswith("bad response")
    assert "\n" not in sample.reason


@pytest.mark.parametrize("type_", ["text/plain", "text/html", None])
def test_an_empty_page_of_any_type_is_up_with_a_warning(type_):
    sample = asyncio.run(against(page(b"", type_=type_)))
    assert (sample.ok, sample.series, sample.warnings) == (True, 0, ("the page is empty",))


def test_the_request_carries_the_headers_of_prometheus_and_our_name():
    async def run():
        async with raw_server(page(BODY)) as server:
            watch = {"scrape_url": server.url, "timeout_ns": 2500 * MS}
            await scrape_once(make_plan(port=server.port, watch=watch, run_id="r1"))
            return server

    server = asyncio.run(run())
    assert server.requests[0].startswith(b"GET /metrics HTTP/1.1\r\n")
    assert server.headers() == {
        "host": f"127.0.0.1:{server.port}",
        "accept": (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2"
        ),
        "accept-encoding": "gzip",
        "user-agent": "qosflood/0.0.0 run=r1",
        "x-prometheus-scrape-timeout-seconds": "2.5",
    }


def test_in_the_dialect_of_prometheus_2_it_asks_and_judges_as_that_does():
    async def run():
        async with raw_server(page(b"a 1\n", type_=None)) as server:
            watch = {"scrape_url": server.url, "dialect": "2"}
            sample = await scrape_once(make_plan(port=server.port, watch=watch))
            return sample, server.headers()

    sample, headers = asyncio.run(run())
    assert (sample.ok, sample.series) == (True, 1)
    assert headers["accept"] == (
        "application/openmetrics-text;version=1.0.0,"
        "application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    )


def test_the_connection_is_kept_from_scrape_to_scrape():
    async def run():
        async with raw_server(page(BODY)) as server:
            plan = make_plan(watch={"scrape_url": server.url})
            async with open_scraper(plan) as scraper:
                samples = [await scraper.scrape(t) for t in range(3)]
            return samples, server.connections

    samples, connections = asyncio.run(run())
    assert all(sample.ok for sample in samples)
    assert connections == 1


def test_bytes_behind_a_page_cost_the_connection_but_not_the_scrape():
    async def run():
        async with raw_server(page(BODY) + b"other 2\n") as server:
            plan = make_plan(watch={"scrape_url": server.url})
            async with open_scraper(plan) as scraper:
                samples = [await scraper.scrape(t) for t in range(3)]
            return samples, server.connections

    samples, connections = asyncio.run(run())
    assert all(sample.ok and sample.bytes == len(BODY) for sample in samples)
    assert connections == 3


def test_a_connection_that_was_closed_as_idle_is_opened_anew():
    async def answer_and_close(_, writer):
        writer.write(page(BODY))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()

    async def run():
        async with raw_server(answer_and_close) as server:
            plan = make_plan(watch={"scrape_url": server.url})
            async with open_scraper(plan) as scraper:
                first = await scraper.scrape(0)
                await asyncio.sleep(0.2)
                second = await scraper.scrape(1)
                third = await scraper.scrape(2)
            return first, second, third

    assert all(sample.ok for sample in asyncio.run(run()))


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_kept_connection_that_is_reset_is_opened_anew_unless_an_answer_had_begun(begun):
    """As a middlebox does that has forgotten it."""
    answered = set()

    async def answer(_, writer):
        if writer not in answered:
            answered.add(writer)
            writer.write(page(BODY))
            return
        writer.write(begun)
        await asyncio.sleep(0.05)
        reset_on_close = struct.pack("ii", 1, 0)
        at = writer.get_extra_info("socket")
        at.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
        writer.transport.abort()

    async def run():
        async with raw_server(answer) as server:
            plan = make_plan(watch={"scrape_url": server.url})
            async with open_scraper(plan) as scraper:
                return [await scraper.scrape(t) for t in range(2)]

    first, second = asyncio.run(run())
    assert first.ok
    assert (second.ok, second.reason) == ((False, "reset by the peer") if begun else (True, None))


def test_a_name_is_answered_with_the_pinned_address():
    async def run():
        async with raw_server(page(BODY)) as server:
            url = f"http://collector.invalid:{server.port}/metrics"
            plan = make_plan(
                target={"host": "collector.invalid", "addresses": ("127.0.0.1",)},
                watch={"scrape_url": url},
            )
            return await scrape_once(plan), server

    sample, server = asyncio.run(run())
    assert sample.ok
    assert server.headers()["host"] == f"collector.invalid:{server.port}"


def test_a_name_that_is_not_the_targets_is_asked_of_the_system():
    plan = make_plan(watch={"scrape_url": "http://nowhere.invalid/metrics"})
    assert asyncio.run(scrape_once(plan)).reason == "host not found"


def test_a_refused_connection_is_named():
    with socket.socket() as bound:  # bound but not listening: the port stays ours and refuses
        bound.bind(("127.0.0.1", 0))
        plan = make_plan(port=bound.getsockname()[1])
        sample = asyncio.run(scrape_once(plan))
    assert (sample.ok, sample.reason, sample.status) == (False, "connection refused", None)


async def _never(_, writer):
    await asyncio.sleep(60)


async def _slowly(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"a 1\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", [_never, _slowly])
def test_the_timeout_covers_answer_and_body(answer):
    sample = asyncio.run(against(answer, timeout_ns=200 * MS))
    assert (sample.ok, sample.reason) == (False, "no answer within 200ms")
    assert sample.duration_ns >= 200 * MS
    assert sample.parse_ns is None


def test_parsing_is_not_part_of_the_timeout(monkeypatch):
    real = changes.read_exposition

    def slow(*args, **wanted):
        time.sleep(0.3)
        return real(*args, **wanted)

    monkeypatch.setattr(changes, "read_exposition", slow)
    sample = asyncio.run(against(page(BODY), timeout_ns=200 * MS))
    assert sample.ok
    assert sample.parse_ns >= 300 * MS
    assert sample.duration_ns < sample.parse_ns


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_body_that_reaches_the_limit_fails(gzipped):
    body = b"a 1\n" * 256
    answer = page(gzip.compress(body), GZIP) if gzipped else page(body)
    assert asyncio.run(against(answer, limit=1025)).ok
    sample = asyncio.run(against(answer, limit=1024))
    assert (sample.ok, sample.reason, sample.bytes) == (False, "body over 1 KiB", None)


def test_an_endless_body_is_left_at_the_limit():
    async def endless(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"a 1\n" * 10_000)
            await writer.drain()

    assert asyncio.run(against(endless, limit=1024 * 1024)).reason == "body over 1 MiB"


def test_a_gzip_bomb_fails_at_the_hard_limit():
    bomb = gzip.compress(bytes(1024 * 1024)) * 300
    sample = asyncio.run(against(page(bomb, GZIP), timeout_ns=60 * SECOND))
    assert (sample.ok, sample.reason) == (False, "body over 256 MiB")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
def test_a_redirect_is_followed(status):
    sample = asyncio.run(against(redirecting("/elsewhere", page(BODY), status)))
    assert (sample.ok, sample.status, sample.series) == (True, 200, 4)


def test_redirects_without_end_fail():
    sample = asyncio.run(against(redirecting("/metrics", b"")))
    assert (sample.ok, sample.reason) == (False, "stopped after 10 redirects")


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "http://[no"])
def test_a_redirect_to_what_is_no_http_address_fails(location):
    sample = asyncio.run(against(redirecting(location, b"")))
    assert (sample.ok, sample.reason) == (False, "redirected to what is no http address")
