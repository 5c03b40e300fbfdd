"""The packaged Prometheus and our scraper read odd answers alike."""

import asyncio

from odd_answers import ODD
from plan_maker import make_plan
from prometheus import judge, served

from qosflood.base.units import SECOND
from qosflood.monitor.scrape.scraper import open_scraper


def test_prometheus_takes_and_refuses_the_same_odd_answers(tmp_path):
    verdicts = judge(list(ODD.values()), tmp_path)
    samples = asyncio.run(scraped())
    wrong = [
        f"{name}: {verdict.error or 'up'}; ours: {sample.reason or 'up'}"
        for name, verdict, sample in zip(ODD, verdicts, samples, strict=True)
        if verdict.up != sample.ok
    ]
    assert len(verdicts) > 100
    assert wrong == []


async def scraped():
    with served(list(ODD.values())) as port:
        return [await scrape(f"http://127.0.0.1:{port}/{n}") for n in range(len(ODD))]


async def scrape(url: str):
    watch = {"scrape_url": url, "timeout_ns": 3 * SECOND, "dialect": "2"}
    async with open_scraper(make_plan(watch=watch)) as scraper:
        return await scraper.scrape(0)
