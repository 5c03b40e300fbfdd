"""Retries and shared connections against a server that keeps count of what it received."""

from typing import Any

import pytest
from floods import CLIENTS, Flooded, at_once, flood_faulty

pytestmark = pytest.mark.e2e

RETRY = (
    *("--set", "retries.most=3", "--set", "retries.backoff=100ms"),
    *("--limit", "amplification < 1.1"),
)
POOLED = ("--set", "report.connection=pooled:5", "--shards", "2")
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "some refused": ("half_503", RETRY),
    "all refused": ("after:1+status:503", (*RETRY, "--set", "retries.jitter=false")),
    "some lost": ("after:50+drop", RETRY),
    "too slow": (
        "after:1+slow:400ms",
        (*RETRY, "--set", "retries.attempt_timeout=150ms", "--timeout", "2s"),
    ),
    "pooled": ("ok", POOLED),
    "pooled and slow": ("slow:30ms", POOLED),
    "pooled and lost": ("after:50+drop", POOLED),
}


@pytest.fixture(scope="module")
def floods(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Flooded, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("attempts")

    def flooded(name: str) -> tuple[Flooded, dict[str, Any]]:
        behaviour, options = CASES[name]
        return flood_faulty(folder / name.replace(" ", "-"), behaviour, *options)

    return dict(zip(CASES, at_once(flooded, CASES), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_server_received_every_attempt_that_was_counted(name, floods):
    done, log = floods[name]
    totals = done.totals
    assert log["reports"] == 1 + totals["sent"] + totals["resent"] + totals["retries"]
    assert log["unreadable"] == 0
    assert len(log["sessions"]) == CLIENTS
    if totals["sent"]:
        more = totals["resent"] + totals["retries"]
        assert totals["amplification"] == pytest.approx(1 + more / totals["sent"])


def test_reports_refused_at_first_are_accepted_in_the_end(floods):
    totals = floods["some refused"][0].totals
    assert totals["retried"]["503"] == totals["retries"] > 0
    assert totals["acked_after_retry"] > 0
    assert totals["outcomes"]["acked"] > 0.8 * totals["scheduled"]


def test_attempts_end_where_the_policy_says(floods):
    done, _ = floods["all refused"]
    totals = done.totals
    assert totals["retries"] == totals["retried"]["503"]
    assert totals["retries"] <= 3 * totals["sent"]
    assert totals["acked_after_retry"] == 0
    assert done.limit("amplification < 1.1")["ok"] is False


def test_an_impatient_client_amplifies_the_load_of_a_slow_target(floods):
    totals = floods["too slow"][0].totals
    assert totals["retried"]["timeout"] > 0
    assert totals["amplification"] > 1.5
    assert totals["outcomes"]["acked"] <= 1


@pytest.mark.parametrize("name", ["pooled", "pooled and slow"])
def test_all_clients_share_the_connections_that_were_asked_for(name, floods):
    done, log = floods[name]
    assert set(done.outcomes) == {"acked"}
    # Besides the pool's: preflight's, those of the scrapes, and this log's.
    assert 5 <= log["connections"] < 25


def test_reports_wait_for_a_connection_and_count_from_their_due_time(floods):
    quick = floods["pooled"][0].flood["latency_ms"]
    slow = floods["pooled and slow"][0].flood["latency_ms"]
    assert slow["service"]["p50"] >= 29
    assert slow["response"]["p50"] >= slow["service"]["p50"]
    assert quick["response"]["count"] == slow["response"]["count"]


def test_failures_name_the_session_whose_report_it_was(floods):
    done, log = floods["pooled and lost"]
    assert done.failures
    assert {failure["session"] for failure in done.failures} <= set(log["sessions"])
    for failure in done.failures:
        assert failure["session"].split("-")[-2] == str(failure["client"])
