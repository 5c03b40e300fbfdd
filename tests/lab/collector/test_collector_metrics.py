import asyncio
import os
import re

import psutil
import pytest
from collector_rig import QOS, REPORT, running, status_of, text_of
from prometheus_client.parser import text_string_to_metric_families

from qosflood.lab.collector.bridges import Bridge
from qosflood.lab.collector.metrics import ProcessFigures, ProcessProbe, render_page
from qosflood.lab.collector.state import Aggregates

FIGURES = ProcessFigures(1.5, 40_000_000, 90_000_000, 1.7e9, 12, 1024)
MEANS = Aggregates(4.12345, 0.123456, 43.2, 2)


def samples(page: str) -> dict[str, float]:
    """Every sample's value by its name and labels."""
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def bridges() -> list[Bridge]:
    up, down, unprobed = Bridge("a", "http://a"), Bridge("b", 'http://"b"'), Bridge("c", "http://c")
    up.record_probe(True, 3)
    for _ in range(3):
        down.record_probe(False, 4)
    return [up, down, unprobed]


def test_the_page_holds_every_metric_of_the_reference_and_of_the_process() -> None:
    assert samples(render_page(MEANS, 7, bridges(), FIGURES)) == {
        "intercom_webrtc_mos_mean": 4.123,
        "intercom_webrtc_packet_loss_mean": 0.12346,
        "intercom_webrtc_rtt_mean": 43.2,
        "intercom_webrtc_active_sessions": 2,
        "intercom_webrtc_reports_total": 7,
        "intercom_media_bridge_health|a|http://a/": 1,
        'intercom_media_bridge_health|b|http://"b"/': 0,
        "intercom_media_bridge_health|c|http://c/": 1,
        "intercom_media_bridge_latency_ms|a|http://a/": 3,
        'intercom_media_bridge_latency_ms|b|http://"b"/': 4,
        "process_cpu_seconds_total": 1.5,
        "process_resident_memory_bytes": 40_000_000,
        "process_virtual_memory_bytes": 90_000_000,
        "process_start_time_seconds": 1.7e9,
        "process_open_fds": 12,
        "process_max_fds": 1024,
    }


def test_the_latency_family_repeats_its_head_per_bridge_amid_the_health_family() -> None:
    names = re.findall(
        r"^(?:# TYPE )?(intercom_media_\w+)",
        render_page(MEANS, 7, bridges(), FIGURES).replace("# HELP intercom_media", "#"),
        re.MULTILINE,
    )
    health, latency = "intercom_media_bridge_health", "intercom_media_bridge_latency_ms"
    assert names == [health, health, latency, latency, health, latency, latency, health]


def test_the_figures_are_those_of_this_process() -> None:
    figures = ProcessProbe().read()
    process = psutil.Process(os.getpid())
    assert figures.start_s == process.create_time()
    assert figures.resident_bytes == pytest.approx(process.memory_info().rss, rel=0.2)
    assert 0 < figures.open_fds <= figures.max_fds
    assert figures.cpu_s > 0


def test_a_running_collector_shows_what_it_took() -> None:
    async def scenario() -> dict[str, float]:
        async with running() as (_, http):
            for session, mos in (("a", 3.0), ("b", 4.0), ("b", 5.0)):
                report = {**REPORT, "sessionId": session, "mos": mos}
                await status_of(http, "POST", QOS, json=report)
            await status_of(http, "POST", QOS, json={})
            return samples(await text_of(http, "GET", "/metrics"))

    page = asyncio.run(scenario())
    assert page["intercom_webrtc_reports_total"] == 3
    assert page["intercom_webrtc_active_sessions"] == 2
    assert page["intercom_webrtc_mos_mean"] == 4.0
    assert page["intercom_media_bridge_health|internal|internal:/"] == 1
