"""The first look: which source of memory is chosen, and why."""

import asyncio
import os

import psutil
import pytest
from listeners import listener, renamed_python
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.errors import PreflightError
from qosflood.monitor.first_look import look
from qosflood.plan.limit_language import parse_abort, parse_limit
from qosflood.plan.watching import MemorySource

MIB = 1024 * 1024
TELLING_A_LIMIT = MemorySource(kind="command", command=("echo", "1000 2000"))


async def _look(port, gauge_bytes, **overrides):
    body = b"up 1\n"
    if gauge_bytes is not None:
        body += b"process_resident_memory_bytes %d\n" % gauge_bytes
    async with raw_server(page(body)) as server:
        watch = {"scrape_url": server.url} | overrides.pop("watch", {})
        return await look(make_plan(port=port, watch=watch, **overrides))


def sight(port, gauge_bytes=None, **overrides):
    return asyncio.run(_look(port, gauge_bytes, **overrides))


def test_a_local_target_is_measured_by_its_process():
    with listener(megabytes=30) as target:
        seen = sight(target.port)
    assert (seen.memory_source, seen.process.pid) == ("process", target.pid)
    assert seen.pages.worst.ok
    assert f"(pid {target.pid})" in seen.memory_reason
    assert seen.warnings == ()


@pytest.mark.parametrize("which", ["rss_bytes", "root_rss_bytes"])
def test_a_gauge_that_agrees_with_the_tree_or_its_root_leaves_the_process_the_source(which):
    with listener(megabytes=60, children=2) as target:
        rss = getattr(sight(target.port).process, which)
        seen = sight(target.port, int(rss * 1.1))
    assert (seen.memory_source, seen.warnings) == ("process", ())


def test_a_gauge_that_disagrees_is_the_source_and_both_figures_are_named():
    with listener() as target:
        seen = sight(target.port, 900 * MIB)
    assert (seen.memory_source, seen.process.pid) == ("gauge", target.pid)
    (warning,) = seen.warnings
    assert "900.0 MiB" in warning
    assert f"(pid {target.pid}) has" in warning
    assert "the gauge is used" in warning


def test_a_forwarder_is_shown_but_its_memory_is_not_the_targets(tmp_path):
    with listener(program=renamed_python(tmp_path, "kubectl")) as target:
        blind, with_gauge = sight(target.port), sight(target.port, 5 * MIB)
    assert blind.process.forwarder
    assert blind.memory_source is None
    assert blind.memory_reason == (
        f"no source: add --pid (kubectl (pid {target.pid}) holds port {target.port} as a forwarder)"
    )
    assert (with_gauge.memory_source, with_gauge.warnings) == ("gauge", ())


def test_a_remote_target_is_measured_by_its_gauge_or_not_at_all():
    remote = {"target": {"loopback": False}}
    with_gauge, blind = sight(1, 5 * MIB, **remote), sight(1, **remote)
    assert (with_gauge.memory_source, with_gauge.process) == ("gauge", None)
    assert with_gauge.memory_reason.startswith("process_resident_memory_bytes of the scrape")
    assert blind.memory_source is None
    assert blind.memory_reason == "no source: add --pid (the target is on another host)"


def test_another_gauge_may_be_named():
    async def run():
        async with raw_server(page(b"heap_bytes 77\n")) as server:
            watch = {"scrape_url": server.url, "gauge": "heap_bytes"}
            return await look(make_plan(target={"loopback": False}, watch=watch))

    seen = asyncio.run(run())
    assert seen.memory_source == "gauge"
    assert seen.memory_reason.startswith("heap_bytes of the scrape")


def test_a_named_pid_is_the_source_even_where_a_gauge_disagrees():
    watch = {"watch": {"pid": os.getpid()}}
    with_gauge, alone = sight(1, 9000 * MIB, **watch), sight(1, **watch)
    assert (alone.memory_source, alone.process.pid) == ("process", os.getpid())
    assert with_gauge.memory_source == "process"
    assert "the process is used" in with_gauge.warnings[0]


def test_a_named_pid_that_is_not_there_cannot_start():
    with listener() as target:
        pid = target.pid
    with pytest.raises(PreflightError, match=f"--pid {pid}: no such process, expected"):
        sight(1, watch={"pid": pid})


def test_a_share_of_a_memory_limit_that_nobody_tells_cannot_start():
    named = {"limits": (parse_limit("memory.max < 90%"),)}
    with listener() as target:
        with pytest.raises(PreflightError, match="needs the target's memory limit"):
            sight(target.port, **named)
        told = sight(target.port, **named, watch={"memory_sources": (TELLING_A_LIMIT,)})
        shipped = sight(target.port, aborts=(parse_abort("memory.max > 90%", "shipped"),))
    assert (told.memory_source, shipped.memory_source) == ("command", "process")


def test_a_failed_scrape_is_told_and_its_gauge_does_not_count():
    async def run():
        answer = page(b"process_resident_memory_bytes 4096\n", status="503 Busy")
        async with raw_server(answer) as server:
            watch = {"scrape_url": server.url}
            return await look(make_plan(target={"loopback": False}, watch=watch))

    seen = asyncio.run(run())
    assert (seen.pages.worst.ok, seen.pages.worst.reason) == (False, "status 503")
    assert seen.memory_source is None


def test_scrapes_that_are_off_are_not_made():
    with listener() as target:
        seen = asyncio.run(look(make_plan(port=target.port, watch={"interval_ns": None})))
    assert seen.pages.scrapes == ()
    assert seen.memory_source == "process"


def test_a_proxys_memory_is_never_taken_for_the_targets(tmp_path):
    with listener(program=renamed_python(tmp_path, "nginx")) as target:
        blind, with_gauge = sight(target.port), sight(target.port, 900 * MIB)
        named = sight(target.port, watch={"pid": target.pid})
        alike = sight(target.port, psutil.Process(target.pid).memory_info().rss)
    assert blind.memory_source is None
    (warning,) = blind.warnings
    assert "holds port" in warning
    assert "--pid" in warning
    assert (with_gauge.memory_source, alike.memory_source) == ("gauge", "gauge")
    assert named.memory_source == "process"


def unscraped(port, pid=None, page_port=None):
    """What is seen of a target whose own page is at its port, unless another is named."""
    url = f"http://127.0.0.1:{page_port or port}/metrics"
    return sight(port, watch={"scrape_url": url, "interval_ns": None, "pid": pid})


def test_behind_a_proxy_on_the_targets_port_it_is_not_known_who_answers(tmp_path):
    with listener(program=renamed_python(tmp_path, "nginx")) as target:
        behind, named = unscraped(target.port), unscraped(target.port, os.getpid())
        beside = unscraped(target.port, page_port=9)
    for seen in (behind, named):
        assert seen.pages.several["target"].startswith(f"nginx (pid {target.pid}) holds port")
    assert beside.pages.several == {}


def test_workers_that_share_the_targets_port_are_named():
    with listener(children=2, shared=True) as target:
        shared, named = unscraped(target.port), unscraped(target.port, target.pid)
        listed = ", ".join(str(pid) for pid in sorted(target.children))
    assert shared.workers == f"2 processes share port {target.port} (pids {listed})"
    assert named.workers == shared.workers
    assert shared.pages.several == {}
    with listener(children=1, shared=True) as target:
        assert unscraped(target.port).workers == ""


def started(port, gauge_bytes, start_s, **overrides):
    """A look at a page that also exposes when its process began."""

    async def at_page():
        body = b"process_resident_memory_bytes %d\nprocess_start_time_seconds %.2f\n" % (
            gauge_bytes,
            start_s,
        )
        async with raw_server(page(body)) as server:
            watch = {"scrape_url": server.url}
            return await look(make_plan(port=port, watch=watch, **overrides))

    return asyncio.run(at_page())


def test_memory_that_moved_between_two_reads_is_of_one_process_if_start_times_agree():
    with listener(megabytes=60) as target:
        began, rss = psutil.Process(target.pid).create_time(), sight(target.port).process.rss_bytes
        seen = started(target.port, round(1.4 * rss), began)
    assert (seen.memory_source, seen.warnings) == ("process", ())


def test_a_gauge_of_twice_what_its_own_process_has_is_warned_of_and_not_used():
    with listener(megabytes=60) as target:
        began, rss = psutil.Process(target.pid).create_time(), sight(target.port).process.rss_bytes
        seen = started(target.port, 2 * rss, began)
    assert seen.memory_source == "process"
    assert "which began at the same time" in seen.warnings[0]
    assert "not the same process" not in seen.warnings[0]


def test_a_gauge_of_a_process_that_began_at_another_time_is_used_as_before():
    with listener(megabytes=60) as target:
        began, rss = psutil.Process(target.pid).create_time(), sight(target.port).process.rss_bytes
        seen = started(target.port, 2 * rss, began - 500)
    assert seen.memory_source == "gauge"
    assert "not the same process" in seen.warnings[0]
