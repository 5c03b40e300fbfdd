"""Floods with bodies of one's own: the shipped getStats profile against a collector that keeps all
it gets, and templates that are refused."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from floods import Flooded, at_once, flood
from keeping_collector import Kept, keeping
from processes import run_qosflood

pytestmark = pytest.mark.e2e

OPTIONS = (
    *("--peak", "10@250ms", "--rate", "2x", "--seed", "5"),
    *("--set", "report.path=/v2/stats", "--set", "report.query.source=web rtc"),
    *("--set", "report.headers.X-Tenant=studio 3", "--set", "report.gzip=true"),
    *("--set", "report.expect=[200]", "--set", "network.mix=mixed"),
)
REFERENCES = (
    *("transportId", "codecId", "mediaSourceId", "remoteId", "localId", "localCandidateId"),
    *("remoteCandidateId", "selectedCandidatePairId", "localCertificateId"),
)
COUNTERS = {
    "outbound-rtp": ("packetsSent", "bytesSent", "headerBytesSent", "totalPacketSendDelay"),
    "inbound-rtp": (
        *("packetsReceived", "packetsLost", "bytesReceived", "jitterBufferDelay"),
        *("jitterBufferEmittedCount", "totalSamplesReceived", "concealedSamples"),
    ),
    "remote-inbound-rtp": ("packetsReceived", "packetsLost", "totalRoundTripTime"),
    "candidate-pair": ("requestsSent", "responsesReceived", "totalRoundTripTime", "bytesSent"),
    "transport": ("packetsSent", "packetsReceived", "bytesSent", "bytesReceived"),
    "media-source": ("totalSamplesDuration", "totalAudioEnergy"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A flood, what arrived of it, and each session's bodies in order; beside it, a flood of the
    embedded collector with the same profile."""

    done: Flooded
    embedded: Flooded
    kept: list[Kept]
    sessions: list[list[dict[str, Any]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with keeping() as collector:
        folder = tmp_path_factory.mktemp("bodies")
        options = (("--target", collector.url, *OPTIONS), OPTIONS[:6])
        done, embedded = at_once(
            lambda at: flood(folder / str(at), "webrtc-getstats", *options[at]), range(2)
        )
    # The first report is preflight's: its session is met again.
    by_session: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kept in collector.reports[1:]:
        body = orjson.loads(gzip.decompress(kept.body))
        by_session[body["sessionId"]].append(body)
    yield Told(done, embedded, collector.reports, list(by_session.values()))


def stats(body: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = (each for each in body["stats"] if each["type"] == kind)
    return found


def test_every_report_arrives_as_the_profile_says(told: Told) -> None:
    assert set(told.done.outcomes) == {"acked"}
    assert len(told.kept) == 1 + told.done.outcomes["acked"]
    assert {(kept.method, kept.location) for kept in told.kept} == {
        ("POST", "/v2/stats?source=web%20rtc")
    }
    for kept in told.kept:
        assert kept.headers["x-tenant"] == "studio 3"
        assert kept.headers["content-encoding"] == "gzip"
        assert kept.headers["content-type"] == "application/json"
        assert kept.headers["user-agent"].startswith("qosflood/")
        assert 2048 <= len(gzip.decompress(kept.body)) <= 6144


def test_the_plan_said_what_a_report_takes_on_the_wire(told: Told) -> None:
    body = sum(len(kept.body) for kept in told.kept) / len(told.kept)
    head = sum(len(f"{name}: {value}\r\n") for name, value in told.kept[-1].headers.items())
    head += len("POST /v2/stats?source=web%20rtc HTTP/1.1\r\n\r\n")
    assert told.done.report["plan"]["report"]["bytes_mean"] == pytest.approx(head + body, rel=0.02)


def test_counters_only_grow_in_every_session(told: Told) -> None:
    assert len(told.sessions) == 20
    for bodies in told.sessions:
        assert [body["sequence"] for body in bodies] == list(range(len(bodies)))
        for before, after in pairwise(bodies):
            for kind, names in COUNTERS.items():
                older, newer = stats(before, kind), stats(after, kind)
                assert all(older[name] <= newer[name] for name in names)


def test_rates_between_two_bodies_agree_with_their_clocks_and_their_loss(told: Told) -> None:
    lossy = 0
    for bodies in told.sessions:
        first, last = stats(bodies[0], "outbound-rtp"), stats(bodies[-1], "outbound-rtp")
        assert first["packetsSent"] == 0
        seconds = (last["timestamp"] - first["timestamp"]) / 1000
        assert last["packetsSent"] == pytest.approx(50 * seconds, abs=1)
        for before, after in pairwise(bodies):
            older, newer = (stats(body, "remote-inbound-rtp") for body in (before, after))
            lost = newer["packetsLost"] - older["packetsLost"]
            received = newer["packetsReceived"] - older["packetsReceived"]
            # Both are rounded down.
            assert abs(lost - newer["fractionLost"] * (lost + received)) <= 2
            lossy += newer["fractionLost"] > 0
            assert after["roundTripTime"] == pytest.approx(1000 * newer["roundTripTime"])
    assert lossy > 0


def test_ids_are_unique_and_lead_to_one_another(told: Told) -> None:
    for bodies in told.sessions:
        for body in bodies[:1]:
            ids = [each["id"] for each in body["stats"]]
            assert len(set(ids)) == len(ids)
            named = {each[name] for each in body["stats"] for name in REFERENCES if name in each}
            assert named <= set(ids)
    ssrcs = {stats(bodies[0], "outbound-rtp")["ssrc"] for bodies in told.sessions}
    assert len(ssrcs) == len(told.sessions)


def test_the_getstats_profile_runs_against_the_embedded_collector(told: Told) -> None:
    assert set(told.embedded.outcomes) == {"acked"}


def test_a_template_with_an_unknown_source_is_answered_in_one_line(tmp_path: Path) -> None:
    done = run_qosflood("--set", "report.body.mos=$network.moss", "--out", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert 'report.body.mos=$network.moss: got the unknown source "network.moss", expected' in line
    assert line.endswith("did you mean network.mos?")
    assert not (tmp_path / "run").exists()
