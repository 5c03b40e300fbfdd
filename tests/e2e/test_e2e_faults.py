"""Floods of servers that misbehave on the wire: outcomes, evidence, and the server's own log."""

from typing import Any

import pytest
from floods import CLIENTS, Flooded, at_once, flood_faulty

pytestmark = pytest.mark.e2e

TIMEOUT_NS = 10_000_000_000
KEPT_OF_A_KIND = 25

SOUND = (
    *("ok", "chunked", "bytewise", "continue100", "unique_header", "huge_body:1"),
    *("close", "close_delimited"),
)
UNSOUND = {
    "garbage": ("bad_response", "not HTTP"),
    "half:head": ("bad_response", "cut short"),
    "half": ("bad_response", "cut short"),
    "huge_head:1": ("bad_response", "response head over 64 KiB"),
    "drop": ("connection_lost", "closed by the peer before an answer"),
    "reset": ("connection_lost", "reset by the peer"),
    "silent": ("timeout", "no answer by the deadline"),
    "status:503": ("rejected", "status 503"),
    "status:302": ("rejected", "status 302"),
}
"""What every report of a flood ends in, and the reason."""
SOON = "after:50+"
"""The first fifty reports, preflight's among them, are answered well."""
LATER = {
    "status:503": ("rejected", "status 503"),
    "status:401": ("rejected", "status 401"),
    "drop": ("connection_lost", "closed by the peer before an answer"),
}
ABORTED = "after:30+status:401"
SCRAPES = {
    "no_metrics": "status 404",
    "bad_metrics": "parse: line 2",
    "slow_metrics:2s": "no answer within 1s",
}
ANYWAY = ("garbage", "huge_head:1", "status:302")
"""What no flood would begin with: the one report beforehand is answered so too."""
OPTIONS = {
    **dict.fromkeys(ANYWAY, ("--anyway",)),
    "silent": ("--timeout", "1s"),
    "half_503": ("--limit", "response.p99 < 250ms"),
    ABORTED: ("--duration", "20s", "--set", 'limits.abort=["errors > 20% for 1s"]'),
    "slow:50ms": ("--clients", "4", "--peak", "4@40ms", "--rate", "1x"),
    **dict.fromkeys(SCRAPES, ("--limit", "scrape.success >= 99%")),
}
BEHAVIOURS = (
    *SOUND,
    *UNSOUND,
    *(SOON + behaviour for behaviour in LATER),
    *SCRAPES,
    *(ABORTED, "keepalive:1s", "half_503", "slow:50ms"),
)

Floods = dict[str, tuple[Flooded, dict[str, Any]]]


@pytest.fixture(scope="module")
def floods(tmp_path_factory: pytest.TempPathFactory) -> Floods:
    """A flood of each behaviour, with the server's log."""
    folder = tmp_path_factory.mktemp("faults")

    def flooded(behaviour: str) -> tuple[Flooded, dict[str, Any]]:
        name = behaviour.replace(":", "-")
        return flood_faulty(folder / name, behaviour, *OPTIONS.get(behaviour, ()))

    return dict(zip(BEHAVIOURS, at_once(flooded, BEHAVIOURS), strict=True))


def assert_server_saw(log: dict[str, Any], done: Flooded) -> None:
    """The server received what the report says was sent, and preflight's one report."""
    assert log["reports"] == 1 + done.sent + done.totals["resent"]
    assert log["unreadable"] == 0
    assert len(log["sessions"]) == CLIENTS
    (agent,) = log["agents"]
    run_id = done.report["run"]["id"]
    assert agent.endswith(f"run={run_id}")
    assert all(session.startswith(f"qosflood-{run_id}-") for session in log["sessions"])


@pytest.mark.parametrize("behaviour", SOUND)
def test_an_odd_but_sound_answer_is_no_error(floods: Floods, behaviour: str) -> None:
    done, log = floods[behaviour]
    assert set(done.outcomes) == {"acked"}
    assert done.totals["resent"] == 0
    assert done.failures == []
    assert done.limit("errors < 0.1%")["ok"] is True
    assert_server_saw(log, done)
    assert done.code in (0, 3)


@pytest.mark.parametrize("behaviour", ["close", "close_delimited"])
def test_each_report_has_a_connection_of_its_own_where_the_server_closes(
    floods: Floods, behaviour: str
) -> None:
    done, log = floods[behaviour]
    assert log["connections"] >= done.sent


@pytest.mark.parametrize("behaviour", UNSOUND)
def test_a_broken_answer_has_its_outcome_and_its_reason(floods: Floods, behaviour: str) -> None:
    done, log = floods[behaviour]
    outcome, reason = UNSOUND[behaviour]
    assert done.outcomes == {outcome: done.totals["scheduled"]}
    (error,) = done.totals["errors"]
    assert reason in error
    assert_server_saw(log, done)
    assert done.code == 1
    assert done.limit("errors < 0.1%")["ok"] is False
    assert done.report["verdict"] == "FAIL"
    assert "was not accepted" in done.report["timeline"][0]["what"]


@pytest.mark.parametrize("behaviour", UNSOUND)
def test_failures_are_kept_in_full_but_not_all_of_them(floods: Floods, behaviour: str) -> None:
    done, _ = floods[behaviour]
    outcome, reason = UNSOUND[behaviour]
    assert len(done.failures) == KEPT_OF_A_KIND
    for failure in done.failures:
        assert failure["outcome"] == outcome
        assert reason in failure["kind"]
        assert failure["due_t"] <= failure["sent_t"] <= failure["done_t"]
    assert done.report["first_failure"]["kind"] == f"first_{outcome}"
    assert reason in done.report["first_failure"]["what"]


@pytest.mark.parametrize(
    ("behaviour", "head", "body"),
    [
        ("garbage", "SSH-2.0-OpenSSH_9.2", ""),
        ("half:head", "HTTP/1.1 202 Accept", ""),
        ("half", "HTTP/1.1 202 Accepted", '{"status":"'),
        ("status:503", "HTTP/1.1 503 Service Unavailable", '{"status":503}'),
    ],
)
def test_a_kept_failure_shows_what_the_server_said(
    floods: Floods, behaviour: str, head: str, body: str
) -> None:
    for failure in floods[behaviour][0].failures:
        assert failure["head"].startswith(head)
        assert failure["body"] == body


def test_no_redirect_is_followed(floods: Floods) -> None:
    _, log = floods["status:302"]
    assert not any("elsewhere" in path for path in log["paths"])


@pytest.mark.parametrize("behaviour", LATER)
def test_a_server_that_breaks_in_the_flood_fails_it(floods: Floods, behaviour: str) -> None:
    done, log = floods[SOON + behaviour]
    outcome, reason = LATER[behaviour]
    assert set(done.outcomes) == {"acked", outcome}
    assert done.outcomes["acked"] == 49
    assert_server_saw(log, done)
    assert done.code == 1
    assert done.report["first_failure"]["kind"] == f"first_{outcome}"
    assert reason in done.report["first_failure"]["what"]


def test_a_token_refused_in_the_flood_is_named_in_the_headline(floods: Floods) -> None:
    done, _ = floods[SOON + "status:401"]
    assert "auth: " in done.report["headline"]
    assert "refused with 401" in done.report["headline"]
    assert any("--header" in step for step in done.report["next_steps"])


def test_an_abort_limit_stops_the_flood_with_balanced_books(floods: Floods) -> None:
    done, log = floods[ABORTED]
    totals = done.report["totals"]
    assert (done.code, done.report["verdict"]) == (4, "ABORTED")
    assert "errors > 20% for 1s" in done.report["headline"]
    assert "auth: " in done.report["headline"]
    assert totals["balanced"] is True
    assert log["reports"] == 1 + done.sent + totals["resent"]
    assert done.flood["seconds"] < 20


def test_a_report_on_a_kept_connection_that_is_dropped_is_sent_once_more(floods: Floods) -> None:
    done, _ = floods[SOON + "drop"]
    assert 0 < done.totals["resent"] <= CLIENTS


def test_a_keepalive_as_long_as_the_cadence_costs_no_report(floods: Floods) -> None:
    done, log = floods["keepalive:1s"]
    assert set(done.outcomes) == {"acked"}
    assert log["reports"] == 1 + done.outcomes["acked"]
    assert done.failures == []


def test_failing_fast_does_not_flatter_the_response_time(floods: Floods) -> None:
    done, log = floods["half_503"]
    limit = done.limit("response.p99 < 250ms")
    # Seconds in which the generator was late break no limit on latency, but never keep it.
    late = done.report["generator"]["late_windows"] > 0
    assert limit["ok"] is False or (limit["ok"] is None and late)
    assert limit["value"] >= TIMEOUT_NS
    assert done.code == 1
    assert done.outcomes == {
        "acked": log["statuses"]["202"] - 1,
        "rejected": log["statuses"]["503"],
    }
    assert_server_saw(log, done)


@pytest.mark.parametrize("behaviour", SCRAPES)
def test_a_metrics_page_that_fails_is_judged_and_leaves_the_load_alone(
    floods: Floods, behaviour: str
) -> None:
    done, log = floods[behaviour]
    assert set(done.outcomes) == {"acked"}
    scrapes = done.flood["scrapes"]
    assert scrapes["failed"] == scrapes["count"] > 0
    (reason,) = scrapes["reasons"]
    assert SCRAPES[behaviour] in reason
    assert done.limit("scrape.success >= 99%")["ok"] is False
    assert done.code == 1
    assert "scrape.success" in done.report["headline"]
    assert done.report["first_failure"]["kind"] == "scrapes_failing"
    assert "the scrape before the flood failed" in done.report["timeline"][0]["what"]
    assert_server_saw(log, done)


def test_a_report_that_waits_behind_an_earlier_one_counts_from_when_it_was_due(
    floods: Floods,
) -> None:
    done, _ = floods["slow:50ms"]
    assert set(done.outcomes) == {"acked"}
    latency = done.flood["latency_ms"]
    assert latency["service"]["p50"] >= 50
    assert latency["response"]["p50"] > 2 * latency["service"]["p50"]
