"""How the Prometheus beside us is asked: at the end there is little time."""

import asyncio

from plan_maker import make_plan

from qosflood.journal.prometheus_records import PrometheusReading, PrometheusSamples
from qosflood.monitor.prometheus.client import ActiveTarget, Clock, Series
from qosflood.monitor.prometheus.poll import PrometheusPoll
from qosflood.plan.watching import Prometheus


class Slow:
    """Answers no question before those that may be asked beside it were asked too."""

    def __init__(self, scrape_url):
        self._url = scrape_url
        self._facts, self._queries = asyncio.Barrier(4), asyncio.Barrier(3)

    async def clock(self):
        await asyncio.sleep(0.002)  # of a run shorter than a millisecond no sample is asked for
        return Clock(ahead_ns=0, error_ns=0)

    async def version(self):
        await self._facts.wait()
        return "2.42.0"

    async def started_s(self):
        await self._facts.wait()
        return 1.0

    async def alerts(self):
        await self._facts.wait()
        return ()

    async def targets(self):
        await self._facts.wait()
        labels = {"job": "qos", "instance": "a:1"}
        return (
            ActiveTarget(
                url=self._url,
                labels=labels,
                health="up",
                last_error="",
                interval_ns=None,
                timeout_ns=None,
            ),
        )

    async def query(self, expr, _at_s):
        await self._queries.wait()
        labels = {"__name__": expr.partition("{")[0], "job": "qos", "instance": "a:1"}
        return (Series(labels=labels, at_ms=(1,), values=(1.0,)),)


class Stopped:
    """A timer of a run that is over."""

    def now(self):
        return 7

    async def until(self, _due):
        return False


async def last_reading():
    plan, told = make_plan(), []
    client = Slow(plan.watch.scrape_url)
    async with asyncio.timeout(20):
        await PrometheusPoll(plan, Prometheus(url="http://p"), client, Stopped(), told.append).run()
    return told


def test_what_can_be_asked_at_once_is_asked_at_once():
    told = asyncio.run(last_reading())
    (reading,) = [one for one in told if isinstance(one, PrometheusReading)]
    assert (reading.failure, reading.version, reading.started_s) == (None, "2.42.0", 1.0)
    samples = {one.metric for one in told if isinstance(one, PrometheusSamples)}
    assert samples == {"up", "scrape_duration_seconds", "ALERTS"}
