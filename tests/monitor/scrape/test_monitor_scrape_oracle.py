"""The packaged Prometheus and our scraper take and refuse the same answers, limits included."""

import asyncio

from exchange_cases import ACCEPTED, NAMES, PAGES, REFUSED
from plan_maker import make_plan
from prometheus import Page, judge, served

from qosflood.base.units import SECOND
from qosflood.monitor.scrape.scraper import open_scraper

LIMITS = {
    "": {},
    "sample_limit: 10": {"sample_limit": 10},
    "body_size_limit: 100B": {"body_size_limit_bytes": 100},
}


def test_prometheus_takes_and_refuses_the_same_answers(tmp_path):
    verdicts = judge(PAGES, tmp_path)
    samples = asyncio.run(scraped())
    wrong = [
        f"{name}: {verdict.error or 'up'}; ours: {sample.reason or 'up'}"
        for name, verdict, sample in zip(NAMES, verdicts, samples, strict=True)
        if verdict.up != sample.ok
    ]
    assert wrong == []


def test_the_table_of_answers_says_what_becomes_of_them():
    samples = dict(zip(NAMES, asyncio.run(scraped()), strict=True))
    assert {name for name in ACCEPTED if not samples[name].ok} == set()
    assert {name for name in REFUSED if samples[name].ok} == set()
    assert samples["9 redirects"].ok
    assert samples["10 redirects"].reason == "stopped after 10 redirects"


async def scraped():
    with served(PAGES) as port:
        return [await scrape(page, f"http://127.0.0.1:{port}/{n}") for n, page in enumerate(PAGES)]


async def scrape(page: Page, url: str):
    watch = {"scrape_url": url, "timeout_ns": 3 * SECOND, "dialect": "2"} | LIMITS[page.limits]
    async with open_scraper(make_plan(watch=watch)) as scraper:
        return await scraper.scrape(0)
