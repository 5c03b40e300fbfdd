"""Floods of collectors as others run them: Fastify plain and behind nginx, and one that dies."""

import contextlib
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from certificates import make_certificates
from fastify import Fastify, fastify
from floods import CLIENTS, Flooded, flood
from nginx import nginx_proxy
from processes import faulty, read_journal, wait_until
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.e2e

SECRET = "planted-7f3a91"
KEEP_ALIVE_MS = 1000
"""As long as the cadence of a small flood."""
KINDS = ("plain", "hasty", "proxied")


@dataclass(frozen=True, slots=True)
class Told:
    """A flood, and what the collector's own metrics said after it."""

    done: Flooded
    metrics: dict[str, float]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told]]:
    """Fastify flooded plain, with a short keep-alive timeout, and behind nginx with TLS and a
    token, all at once."""
    folder = tmp_path_factory.mktemp("collectors")
    certificates = make_certificates(folder)
    token = ("--header", "Authorization=env:COLLECTOR_TOKEN")
    secured = ("--cacert", str(certificates.authority), *token)
    with contextlib.ExitStack() as stack:
        servers = [fastify(), fastify(keep_alive_ms=KEEP_ALIVE_MS), fastify()]
        plain, hasty, hidden = (stack.enter_context(server) for server in servers)
        proxy = stack.enter_context(
            nginx_proxy(folder / "nginx", hidden.port, certificate=certificates.good, token=SECRET)
        )

        def flooded(kind: str, url: str, server: Fastify, *options: str) -> Told:
            env = {"COLLECTOR_TOKEN": f"Bearer {SECRET}"}
            done = flood(folder / kind, "--target", url, *options, env=env)
            return Told(done, metrics_of(server))

        with ThreadPoolExecutor() as pool:
            begun = {
                "plain": pool.submit(flooded, "plain", plain.url, plain),
                "hasty": pool.submit(flooded, "hasty", hasty.url, hasty),
                "proxied": pool.submit(flooded, "proxied", proxy.url, hidden, *secured),
            }
            yield {kind: future.result() for kind, future in begun.items()}


def metrics_of(server: Fastify) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_collector_accepts_every_report_and_counts_as_many(
    told: dict[str, Told], kind: str
) -> None:
    done, metrics = told[kind].done, told[kind].metrics
    assert done.code in (0, 3), done.report["headline"]
    assert set(done.outcomes) == {"acked"}
    assert done.failures == []
    assert metrics["intercom_qos_reports_total"] == 1 + done.outcomes["acked"]
    assert metrics["intercom_webrtc_active_sessions"] == CLIENTS
    assert done.limit("errors < 0.1%")["ok"] is True
    assert done.limit("restarts == 0")["ok"] is (None if kind == "proxied" else True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_collectors_metrics_page_is_scraped_and_counted(
    told: dict[str, Told], kind: str
) -> None:
    scrapes = told[kind].done.flood["scrapes"]
    assert scrapes["count"] > 0
    assert scrapes["failed"] == 0
    assert scrapes["series"] > 20
    assert scrapes["bytes"] > 1000


@pytest.mark.parametrize("kind", ["plain", "hasty"])
def test_memory_is_the_collectors(told: dict[str, Told], kind: str) -> None:
    done, metrics = told[kind].done, told[kind].metrics
    assert done.report["memory"]["source"] == "process"
    own = metrics["process_resident_memory_bytes"]
    assert (done.report["memory"]["verdict"] == "unmeasured") is (kind == "proxied")
    assert done.report["memory"]["max_bytes"] == pytest.approx(own, rel=0.5)


def test_behind_a_proxy_memory_and_loss_are_nobodys_and_that_is_warned_of(
    told: dict[str, Told],
) -> None:
    report = told["proxied"].done.report
    assert report["memory"]["verdict"] == report["loss"]["verdict"] == "unmeasured"
    assert any("several processes may answer behind it" in line for line in report["warnings"])


def test_no_byte_of_a_token_is_left_behind(told: dict[str, Told]) -> None:
    done = told["proxied"].done
    left = [path.name for path in done.folder.iterdir() if SECRET.encode() in path.read_bytes()]
    assert left == []
    assert SECRET not in done.out + done.err


def journal_tells(run_dir: Path, wanted: Callable[[dict[str, Any]], bool]) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return any(wanted(window) for window in read_journal(run_dir, "window"))
    return False


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flooded, dict[str, Any]]:
    """A flood whose target is killed in the middle and started again once that was felt; with
    the second target's log."""
    run_dir = tmp_path_factory.mktemp("restarted") / "run"
    with ThreadPoolExecutor() as pool:
        with faulty("slow:200ms") as first:
            options = ("--duration", "7s", "--target", first.url)
            begun = pool.submit(flood, run_dir, *options)
            acked = "acked in the flood"
            wait_until(lambda: journal_tells(run_dir, _acked_in_flood) or begun.done(), acked)
            first.process.kill()
        wait_until(lambda: journal_tells(run_dir, _refused) or begun.done(), "a refused connect")
        with faulty(port=first.port) as second:
            done = begun.result()
            return done, second.log()


def _acked_in_flood(window: dict[str, Any]) -> bool:
    return window["phase"] == "flood" and window["outcomes"].get("acked", 0) > 0


def _refused(window: dict[str, Any]) -> bool:
    return window["outcomes"].get("connect_error", 0) > 0


Restarted = tuple[Flooded, dict[str, Any]]


def test_the_books_balance_over_a_targets_death(restarted: Restarted) -> None:
    done, log = restarted
    assert done.outcomes["connect_error"] > 0
    assert done.outcomes["connection_lost"] > 0
    assert done.totals["errors"]["connection refused"] > 0
    assert 0 < log["reports"] < done.outcomes["acked"]
    assert len(log["sessions"]) == CLIENTS


def test_a_restart_breaks_its_limit_and_fails_the_run(restarted: Restarted) -> None:
    done, _ = restarted
    assert (done.code, done.report["verdict"]) == (1, "FAIL")
    restarts, errors = done.limit("restarts == 0"), done.limit("errors < 0.1%")
    assert (restarts["ok"], restarts["value"], errors["ok"]) == (False, 1, False)
    assert any("restarts" in reason for reason in done.report["reasons"])


def test_the_timeline_tells_the_death_and_the_return_in_order(restarted: Restarted) -> None:
    done, _ = restarted
    at = {entry["kind"]: entry for entry in reversed(done.report["timeline"])}
    assert at["process_gone"]["t_s"] < at["restarted"]["t_s"]
    assert at["scrapes_failing"]["t_s"] < at["scrapes_recovered"]["t_s"]
    assert "gave way to pid" in at["restarted"]["what"]
    first = done.report["first_failure"]
    assert first["who"] == "target"
    assert first["kind"] in (
        *("process_gone", "scrapes_failing", "first_connection_lost", "first_connect_error"),
    )
    assert at["first_connect_error"]["t_s"] < at["restarted"]["t_s"]
    assert "connection refused" in at["first_connect_error"]["what"]
