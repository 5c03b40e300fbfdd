"""Whatever a metrics page does becomes a failed scrape with its reason or a warning, and the next
good page is taken as if nothing had been."""

import asyncio
import gzip

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.units import SECOND
from qosflood.monitor.scrape.scraper import open_scraper

MIB = 1 << 20
GOOD = page(b"# TYPE a counter\na 1\n# TYPE b counter\nb 1\n")
OPENMETRICS = page(b"a 1\n# EOF\n", type_="application/openmetrics-text; version=1.0.0")


async def _html(writer):
    writer.write(page(b"<html></html>", type_="text/html"))


async def _html_that_says_text(writer):
    writer.write(page(b"<html></html>"))


async def _huge(writer):
    writer.write(page(b"").replace(b"Content-Length: 0", b"Content-Length: 314572800"))
    for _ in range(300):
        writer.write(b"a 1\n" * (MIB // 4))
        await writer.drain()


async def _bomb(writer):
    body = gzip.compress(bytes(MIB)) * 300
    writer.write(page(body, "Content-Encoding: gzip"))


async def _endless(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"a 1\n" * 65_536)
        await writer.drain()


async def _byte_by_byte(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"#")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _gone(writer):
    writer.write(page(b"no such page", status="404 Not Found"))


async def _cut_short(writer):
    writer.write(GOOD[:-5])
    writer.close()


async def _too_many(writer):
    writer.write(page(b"".join(b"a%d 1\n" % n for n in range(11))))


FAULTS = {
    _html: "content type text/html",
    _html_that_says_text: "parse: line 1: ",
    _huge: "body over 256 MiB",
    _bomb: "body over 256 MiB",
    _endless: "body over 256 MiB",
    _byte_by_byte: "no answer within 2s",
    _gone: "status 404",
    _cut_short: "cut short",
    _too_many: "11 samples, over sample_limit 10",
}


def scraped(*answers):
    """One sample for each answer, over one scraper."""
    left = iter(answers)

    async def answer(_, writer):
        following = next(left)
        if isinstance(following, bytes):
            writer.write(following)
        else:
            await following(writer)

    async def run():
        async with raw_server(answer) as server:
            watch = {"scrape_url": server.url, "timeout_ns": 2 * SECOND, "sample_limit": 10}
            async with open_scraper(make_plan(watch=watch)) as scraper:
                return [await scraper.scrape(number) for number in range(len(answers))]

    return asyncio.run(run())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_a_fault_fails_one_scrape_with_its_reason(fault):
    before, during, after = scraped(GOOD, fault, GOOD)
    assert before.ok
    assert not during.ok
    assert during.reason.startswith(FAULTS[fault])
    assert (after.ok, after.added, after.removed, after.resets) == (True, 0, 0, 0)


def test_a_page_that_changes_its_type_is_taken_with_a_warning():
    first, second, third = scraped(GOOD, OPENMETRICS, OPENMETRICS)
    assert second.ok
    assert second.warnings == (
        "the page's type went from text/plain to application/openmetrics-text",
    )
    assert (first.warnings, third.warnings) == ((), ())


def test_series_that_come_and_go_are_counted_from_page_to_page():
    pages = [page(body) for body in (b"a 1\nb 1\n", b"a 1\nc 1\nd 1\n", b"a 1\n")]
    samples = scraped(*pages)
    assert [(s.added, s.removed) for s in samples] == [(None, None), (2, 1), (0, 2)]
    assert [(s.series, s.samples) for s in samples] == [(2, 2), (3, 3), (1, 1)]


def test_counters_that_fell_are_counted():
    lower = page(b"# TYPE a counter\na 0\n# TYPE b counter\nb 3\n")
    assert [sample.resets for sample in scraped(GOOD, lower, lower)] == [0, 1, 0]


def test_as_many_samples_as_the_limit_allows_are_taken():
    ten, eleven = (page(b"".join(b"a%d 1\n" % n for n in range(count))) for count in (10, 11))
    assert [sample.ok for sample in scraped(ten, eleven)] == [True, False]
