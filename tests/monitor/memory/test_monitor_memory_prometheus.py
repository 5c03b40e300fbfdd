"""Memory as a real Prometheus tells it."""

import asyncio

import psutil
import pytest
from plan_maker import make_plan
from prometheus_server import prometheus_server
from sick_collectors import sick_collector

from qosflood.base.units import SECOND
from qosflood.monitor.memory.external_sampler import ExternalSampler
from qosflood.monitor.memory.open_external import open_external
from qosflood.plan.watching import MemorySource


def test_a_real_prometheus_tells_the_memory_at_the_time_of_its_scrape(tmp_path):
    with sick_collector("healthy") as collector:
        with prometheus_server(tmp_path / "prometheus", "qos", collector.port) as server:
            source = MemorySource(
                kind="promql",
                url=server.url,
                read='process_resident_memory_bytes{job="$instance"}',
                limit="vector(1e9)",
                restarts='changes(process_start_time_seconds{job="qos"}[1m])',
            )

            async def ask():
                async with open_external(make_plan(), source, "qos") as elsewhere:
                    reading = await elsewhere.read()
                    watch = ExternalSampler(elsewhere, "promql", "qos")
                    at_once = [await watch.sample(t * SECOND) for t in (1000, 1000, 1000)]
                    return reading, [len(records) for records in at_once]

            reading, counts = asyncio.run(ask())
        rss = psutil.Process(collector.process.pid).memory_info().rss
    assert reading.used_bytes == pytest.approx(rss, rel=0.2)
    assert (reading.limit_bytes, reading.restarts) == (1_000_000_000, 0)
    assert reading.at_ms is not None
    assert sum(counts) < 3
