"""The metrics page: judged by our own scanner and by promtool, its figures by the journal's."""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import numpy as np
import pytest
from findings_maker import LIMITS, make_limit
from hypothesis import given
from hypothesis import strategies as st
from part_maker import PLAN, whole_records
from parts import require
from plan_maker import make_plan
from prometheus_client.parser import text_string_to_metric_families
from record_maker import WALL_NS, at, health, healthy_run, latency, window

from qosflood.base.listen import Address, listen
from qosflood.journal.histograms import HIGHEST_NS, figures, fold, make_histogram
from qosflood.journal.prometheus_records import PrometheusSamples
from qosflood.journal.records import (
    OUTCOMES,
    Connects,
    ControlSample,
    End,
    Event,
    JournalRecord,
    MemorySample,
    ScrapeSample,
    Window,
)
from qosflood.live.metrics.catalogue import METRICS
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.meters import BOUNDS_S, Buckets
from qosflood.live.metrics.prometheus import Exporter
from qosflood.monitor.exposition.exposition import read_exposition
from qosflood.plan.plan import Plan
from qosflood.plan.without_load import as_watch

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
NASTY = 'a"b\\c\n<script>\x00\u202e'


def fed(plan: Plan, records: Iterator[JournalRecord] | list[JournalRecord]) -> RunMeters:
    """Meters that saw a run."""
    meters = RunMeters(plan, WALL_NS)
    for record in records:
        meters.feed(record)
    meters.tick(at(5))
    return meters


def all_kinds() -> RunMeters:
    """Every metric of the catalogue, with texts that a target may choose."""
    limits = (*LIMITS, make_limit("response.p99 < 250ms", "response.p99", 250e6, unit="ns"))
    plan = make_plan(limits=limits, profile=NASTY, watch={"memory_limit_bytes": 1 << 30})
    records = [
        *(record for record in healthy_run(plan) if not isinstance(record, End)),
        window(5, "flood", failed={"rejected": 4}, statuses={"503": 3, NASTY: 1}),
        replace(
            window(6, "flood", response_ms=[1.0], health=health(connected=7)),
            connects=Connects(count=3, failed=1, sum_ns=1, max_ns=1, slow=0),
        ),
        ScrapeSample(
            t=at(6),
            instance=NASTY,
            ok=False,
            reason=NASTY,
            duration_ns=None,
            parse_ns=None,
            status=None,
            bytes=None,
            series=None,
        ),
        MemorySample(
            t=at(6),
            instance="a",
            source="process",
            rss_bytes=9,
            used_bytes=7,
            figure="pss",
            cpu_ns=5,
        ),
        ControlSample(t=at(6), ok=True, reason=None, duration_ns=1_000_000),
        PrometheusSamples(
            t=at(6), metric="up", instance="a", labels={}, at_ms=(1, 2), values=(0.0, 1.0)
        ),
        Event(t=at(7), who="target", kind=NASTY, what=NASTY),
        End(t=at(8), reason="completed"),
    ]
    meters = fed(plan, records)
    meters.judged([("errors < 0.1%", True), ("offered >= 99%", False), ("loss == none", None)])
    meters.ended(0)
    return meters


def page(meters: RunMeters, accept: str = "") -> tuple[bytes, str]:
    """The page over HTTP, and its type."""

    async def ask() -> tuple[bytes, str]:
        with listen(Address(), "--metrics-port") as listening:
            exporter = Exporter(meters, Address())
            await exporter.start(listening)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
            async with (
                aiohttp.ClientSession() as session,
                session.get(url, headers={"Accept": accept}) as answer,
            ):
                found = await answer.read(), answer.headers["Content-Type"]
            await exporter.stop()
            return found

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        (Address(), "localhost:9464", 200),
        (Address(), "evil.example:9464", 403),
        (Address(), "192.0.2.7", 403),
        (Address("0.0.0.0", 9464), "192.0.2.7:9464", 200),
        (Address("0.0.0.0", 9464), "evil.example", 403),
    ],
)
def test_the_page_is_given_to_none_who_asks_for_another_host(
    address: Address, host: str, status: int
) -> None:
    async def ask() -> int:
        with listen(Address(), "--metrics-port") as listening:
            exporter = Exporter(all_kinds(), address)
            await exporter.start(listening)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
            async with (
                aiohttp.ClientSession() as session,
                session.get(url, headers={"Host": host}) as answer,
            ):
                met = answer.status
            await exporter.stop()
            return met

    assert asyncio.run(ask()) == status


def samples(meters: RunMeters) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of the page by name and labels, but for the run."""
    text = page(meters)[0].decode()
    return {
        (sample.name, frozenset((k, v) for k, v in sample.labels.items() if k != "run")): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one(found: object, name: str, **labels: str) -> float:
    """One sample's value."""
    assert isinstance(found, dict)
    return float(found[name, frozenset(labels.items())])


@pytest.mark.parametrize("accept", ["", OPEN_METRICS])
def test_every_metric_of_the_catalogue_is_on_a_page_that_prometheus_takes(accept: str) -> None:
    body, content_type = page(all_kinds(), accept)
    read = read_exposition(body, content_type, "qosflood_generator_memory_bytes")
    assert read.warnings == ()
    assert (read.series or 0) > 200
    assert content_type.startswith(OPEN_METRICS.split(";")[0] if accept else "text/plain")
    kinds = dict(
        line.split()[2:4] for line in body.decode().splitlines() if line.startswith("# TYPE ")
    )
    told = {name: metric.kind for name, metric in METRICS.items()}
    if accept:
        told = {name.removesuffix("_total"): kind for name, kind in told.items()}
    assert kinds == told


def test_promtool_finds_nothing_to_object_to() -> None:
    program = shutil.which("promtool")
    require(program, "apt-get install prometheus")
    body, _ = page(all_kinds())
    done = subprocess.run(
        [str(program), "check", "metrics"], input=body, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")


def test_counters_and_histograms_count_what_the_journal_holds() -> None:
    records = whole_records()
    found = samples(fed(PLAN, records))
    windows = [record for record in records if isinstance(record, Window)]
    for phase in {made.phase for made in windows}:
        mine = [made for made in windows if made.phase == phase]
        outcomes: Counter[str] = Counter()
        for made in mine:
            outcomes.update(made.outcomes)
        assert one(found, "qosflood_reports_scheduled_total", phase=phase) == sum(
            made.scheduled for made in mine
        )
        for outcome in OUTCOMES:
            labels = {"phase": phase, "outcome": outcome}
            assert one(found, "qosflood_reports_total", **labels) == outcomes[outcome]
        responses = [made.response for made in mine if made.response is not None]
        count = sum(each.count for each in responses)
        assert one(found, "qosflood_response_time_seconds_count", phase=phase) == count
        everything = {"phase": phase, "le": "+Inf"}
        assert one(found, "qosflood_response_time_seconds_bucket", **everything) == count
        total = sum(each.mean_ns * each.count for each in responses) / 1e9
        told = one(found, "qosflood_response_time_seconds_sum", phase=phase)
        assert told == pytest.approx(total)


@given(st.lists(st.integers(0, HIGHEST_NS), min_size=1, max_size=50))
def test_buckets_hold_every_value_on_the_right_side_within_a_thousandth(values: list[int]) -> None:
    histogram = make_histogram()
    told = figures(histogram, fold(histogram, np.array(values, dtype=np.int64)))
    assert told is not None
    buckets = Buckets()
    buckets.add(told)
    assert buckets.count == len(values)
    for index, bound in enumerate(BOUNDS_S):
        reached = sum(buckets.counts[: index + 1])
        surely = sum(value <= bound * 1e9 for value in values)
        maybe = sum(value <= bound * 1e9 * 1.001 + 1_000 for value in values)
        assert surely <= reached <= maybe


def test_a_value_on_a_bound_belongs_to_it() -> None:
    buckets = Buckets()
    told = latency([bound * 1_000 for bound in BOUNDS_S])
    assert told is not None
    buckets.add(told)
    assert buckets.counts == [*[1] * len(BOUNDS_S), 0]


def test_counters_stand_at_0_before_anything_happens() -> None:
    found = samples(RunMeters(make_plan(), WALL_NS))
    assert one(found, "qosflood_reports_total", phase="flood", outcome="timeout") == 0
    assert one(found, "qosflood_response_time_seconds_count", phase="flood") == 0
    assert one(found, "qosflood_scrapes_total", target="target", result="failed") == 0
    assert one(found, "qosflood_phase_active", phase="flood") == 0


def test_limits_stand_as_they_are_judged_and_unknown_ones_are_left_out() -> None:
    found = samples(all_kinds())
    assert one(found, "qosflood_limit_ok", limit="errors < 0.1%") == 1
    assert one(found, "qosflood_limit_ok", limit="offered >= 99%") == 0
    assert ("qosflood_limit_ok", frozenset({("limit", "loss == none")})) not in found
    assert one(found, "qosflood_limit_threshold", limit="response.p99 < 250ms") == 0.25


def test_the_target_is_told_by_instance() -> None:
    found = samples(all_kinds())
    assert one(found, "qosflood_target_memory_bytes", target="a", figure="pss") == 7
    assert one(found, "qosflood_target_memory_bytes", target="a", figure="rss") == 9
    assert one(found, "qosflood_target_memory_limit_bytes", target="a") == 1 << 30
    assert one(found, "qosflood_prometheus_up", target="a") == 1
    assert one(found, "qosflood_clients", state="connected") == 7
    assert one(found, "qosflood_responses_refused_total", phase="flood", status="other") == 1


def test_a_target_that_answers_with_ever_new_statuses_adds_no_series_without_end() -> None:
    statuses = {str(200 + number): 1 for number in range(300)}
    found = samples(
        fed(make_plan(), [window(5, "flood", failed={"rejected": 300}, statuses=statuses)])
    )
    told = {labels: value for (name, labels), value in found.items() if "refused" in name}
    assert len(told) == 31
    assert sum(told.values()) == 300


def test_the_phase_in_force_is_1_and_none_is_when_the_run_has_ended() -> None:
    plan = make_plan()
    meters = fed(plan, list(healthy_run(plan))[:-1])
    flood = plan.phase("flood")
    meters.tick(at(flood.start_ns / 1e9 + 0.1))
    found = samples(meters)
    assert {
        phase.name: one(found, "qosflood_phase_active", phase=phase.name)
        for phase in plan.phases
        if phase.name == "flood" or phase.name == "baseline"
    } == {"baseline": 0, "flood": 1}
    assert one(found, "qosflood_reports_planned_per_second") == pytest.approx(flood.rate)
    meters.feed(End(t=at(9), reason="interrupted"))
    found = samples(meters)
    assert one(found, "qosflood_phase_active", phase="flood") == 0
    assert one(found, "qosflood_run_ended", reason="interrupted") == 1


def test_a_watch_tells_of_the_target_and_of_no_reports() -> None:
    plan = as_watch(make_plan())
    records = [record for record in healthy_run(make_plan()) if not isinstance(record, Window)]
    meters = fed(plan, records)
    meters.tick(at(0.5))
    found = samples(meters)
    assert one(found, "qosflood_phase_active", phase="watch") == 1
    assert one(found, "qosflood_scrape_up", target="target") == 1
    assert not [name for name, _ in found if name.startswith("qosflood_report")]
