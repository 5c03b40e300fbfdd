"""The first look at the instances' pages, and at who answers there."""

import asyncio
import itertools

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.monitor.scrape.first_look import look_at_pages
from qosflood.plan.watching import Instance

PAGE = b"up 1\nprocess_start_time_seconds %d\n"


def seen(answer):
    """What is seen of a page, and how many connections that took."""

    async def run():
        async with raw_server(answer) as server:
            pages = await look_at_pages(make_plan(watch={"scrape_url": server.url}))
            return pages, server.connections

    return asyncio.run(run())


def starting(times):
    """An answer whose start time is the next of `times`, then the last for ever."""
    told = itertools.chain(times, itertools.repeat(times[-1]))

    async def answer(_, writer):
        writer.write(page(PAGE % next(told)))

    return answer


def test_one_process_is_not_accused():
    pages, _ = seen(page(PAGE % 100))
    assert pages.worst.ok
    assert pages.several == {}


def test_two_processes_that_answer_new_connections_are_told_before_the_load():
    pages, _ = seen(starting([100, 100, 200, 200, 100]))
    assert pages.several == {
        "target": "start times jump back and forth: several processes answer at one address"
    }


def test_a_restart_meanwhile_is_none_of_theirs():
    pages, connections = seen(starting([100, 100, 200]))
    assert pages.several == {}
    assert connections > 4


@pytest.mark.parametrize("body", [b"up 1\n", PAGE % 9 + b"# filler\n" * 200_000])
def test_a_page_without_a_start_time_or_a_large_one_is_fetched_once(body):
    assert seen(page(body))[1] == 1


def test_every_instance_is_looked_at_and_the_worst_is_the_one_that_failed():
    async def run():
        async with raw_server(page(b"up 1\n")) as good:
            instances = (
                Instance(name="a", scrape_url=good.url),
                Instance(name="b", scrape_url=good.url.replace("/metrics", "/b")),
                Instance(name="c", scrape_url="http://127.0.0.1:9/metrics"),
            )
            return await look_at_pages(make_plan(instances=instances))

    pages = asyncio.run(run())
    assert [sample.instance for sample in pages.scrapes] == ["a", "b", "c"]
    assert (pages.worst.instance, pages.worst.reason) == ("c", "connection refused")
