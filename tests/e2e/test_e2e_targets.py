"""The targets of the end-to-end tests do on the wire what they say."""

import asyncio
import json
import ssl
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import behaviours
import pytest
from behaviours import ACCEPTED, BEHAVIOURS, Exchange, parse_spec
from certificates import Certificates, make_certificates
from fastify import fastify
from faulty import FaultyServer
from nginx import nginx_proxy, nginx_sink
from processes import accepts, faulty, wait_until
from prometheus_client.parser import text_string_to_metric_families

REPORT = {"sessionId": "s-1", "mos": 4.1, "packetLoss": 0.2, "roundTripTime": 38.5}
QOS = "/api/v1/metrics/qos"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def request_bytes(*, last: bool) -> bytes:
    body = json.dumps(REPORT).encode()
    lines = [f"POST {QOS} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += ["Connection: close"] if last else []
    return "\r\n".join((*lines, "", "")).encode() + body


def answer_bytes(spec: str, *, requests: int = 1, last: bool = True) -> bytes:
    """All that a connection carries back until the server closes it.

    The requests go out in one piece; with `last` the last of them asks for the close.
    """

    async def converse() -> bytes:
        async with FaultyServer(spec) as server, asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            pieces = [request_bytes(last=last and n == requests) for n in range(1, requests + 1)]
            writer.write(b"".join(pieces))
            answer = await reader.read()
            writer.close()
            return answer

    return asyncio.run(converse())


def statuses_of(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


async def fetch(
    url: str, *, post: bool = False, trust: Path | None = None, token: str = ""
) -> tuple[int, str]:
    """Status and text; TLS is verified against `trust` alone."""
    tls = ssl.create_default_context(cafile=str(trust)) if trust else True
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    deadline = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers=headers, timeout=deadline) as session:
        body = {"json": REPORT} if post else {}
        verb = "POST" if post else "GET"
        async with session.request(verb, url, ssl=tls, **body) as answer:
            return answer.status, await answer.text()


def series(page: str) -> dict[str, float]:
    families = text_string_to_metric_families(page)
    return {sample.name: sample.value for family in families for sample in family.samples}


@pytest.mark.parametrize(
    "spec",
    ["ok", "chunked", "bytewise", "continue100", "close", "close_delimited", "unique_header"],
)
def test_an_unusual_but_sound_answer_is_read_as_accepted_by_a_foreign_client(spec: str) -> None:
    async def post() -> tuple[int, str]:
        async with FaultyServer(spec) as server:
            return await fetch(server.url + QOS, post=True)

    assert asyncio.run(post()) == (202, ACCEPTED.decode())


@pytest.mark.parametrize("status", [503, 401, 302, 204])
def test_a_status_is_answered_as_asked(status: int) -> None:
    assert statuses_of(answer_bytes(f"status:{status}", requests=2)) == [status, status]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("half_503", [202, 503, 202, 503]),
        ("after:1+status:503", [202, 503, 503, 503]),
        ("until:1+status:503", [503, 202, 202, 202]),
        ("slow:1ms+status:500", [500, 500, 500, 500]),
    ],
)
def test_pipelined_reports_are_answered_in_order(spec: str, expected: list[int]) -> None:
    assert statuses_of(answer_bytes(spec, requests=4)) == expected


def test_garbage_is_no_http() -> None:
    assert not answer_bytes("garbage").startswith(b"HTTP/")


def test_half_a_head_ends_before_the_blank_line() -> None:
    answer = answer_bytes("half:head", last=False)
    assert answer.startswith(b"HTTP/1.1 202")
    assert b"\r\n\r\n" not in answer


def test_half_a_body_is_shorter_than_its_content_length() -> None:
    head, _, body = answer_bytes("half", last=False).partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(ACCEPTED) in head
    assert 0 < len(body) < len(ACCEPTED)


@pytest.mark.parametrize("spec", ["silent", "drop"])
def test_a_silent_server_sends_nothing(spec: str) -> None:
    assert answer_bytes(spec) == b""


def test_close_closes_although_the_client_did_not_ask() -> None:
    assert b"\r\nConnection: close\r\n" in answer_bytes("close", last=False)


def test_reset_ends_the_connection_with_a_reset() -> None:
    with pytest.raises(ConnectionResetError):
        answer_bytes("reset", last=False)


def test_an_idle_connection_is_closed_after_the_last_answer() -> None:
    answer = answer_bytes("keepalive:50ms", requests=2, last=False)
    assert statuses_of(answer) == [202, 202]
    assert b"Keep-Alive: timeout=1\r\n" in answer


def test_every_answer_has_a_request_id_of_its_own() -> None:
    answer = answer_bytes("unique_header", requests=3)
    ids = {line for line in answer.split(b"\r\n") if line.startswith(b"X-Request-Id: ")}
    assert len(ids) == 3


def test_a_huge_body_is_as_long_as_it_says() -> None:
    head, _, body = answer_bytes("huge_body:2").partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert len(body) == 2 << 20


def test_a_huge_head_never_comes_to_its_blank_line() -> None:
    answer = answer_bytes("huge_head:1", last=False)
    assert len(answer) > 1 << 20
    assert b"\r\n\r\n" not in answer


@pytest.mark.parametrize(
    ("since_s", "waits"), [(0.5, []), (3.75, []), (4.25, [0.75]), (9.0, [1.0]), (11.0, [])]
)
def test_a_freeze_holds_answers_until_the_period_ends(
    since_s: float, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(behaviours.asyncio, "sleep", sleep)
    exchange = Exchange(writer=None, statuses=None, report=1, since_s=since_s)
    coroutine = behaviours.freeze(exchange, "1/5")
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    assert stopped.value.value is False
    assert slept == waits


@pytest.mark.parametrize(
    ("spec", "status", "text"),
    [
        ("no_metrics", 404, ""),
        ("bad_metrics", 200, "no sample {"),
        ("slow_metrics:1ms", 200, "process_resident_memory_bytes"),
        ("status:503", 200, "process_resident_memory_bytes"),
    ],
)
def test_scrapes_misbehave_apart_from_reports(spec: str, status: int, text: str) -> None:
    async def scrape() -> tuple[int, str]:
        async with FaultyServer(spec) as server:
            return await fetch(server.url + "/metrics")

    answered, page = asyncio.run(scrape())
    assert answered == status
    assert text in page


def test_an_unknown_behaviour_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r'got "nice", expected one of .*after.*bytewise'):
        parse_spec("slow:1ms+nice")
    assert parse_spec("slow:1ms+ok") == [("slow", "1ms"), ("ok", "")]
    assert {"ok", "freeze", "keepalive"} < BEHAVIOURS.keys()


def test_a_faulty_process_keeps_count_and_changes_at_run_time() -> None:
    async def post() -> int:
        return (await fetch(server.url + QOS, post=True))[0]

    with faulty() as server:
        assert asyncio.run(post()) == 202
        server.behave("status:503")
        assert asyncio.run(post()) == 503
        with pytest.raises(urllib.error.HTTPError, match="400"):
            server.behave("nice")
        log = server.log()
        page = series(asyncio.run(fetch(server.url + "/metrics"))[1])
    assert log["sessions"] == {"s-1": 2}
    assert log["reports"] == page["faulty_reports_total"] == 2
    assert log["statuses"] == {"202": 1, "503": 1, "200": 1, "400": 1}
    assert page["process_resident_memory_bytes"] > 1 << 20
    assert not accepts(server.port)


def test_only_the_good_certificate_is_trusted(certificates: Certificates) -> None:
    for certificate in (certificates.good, certificates.expired, certificates.wrong_host):
        with faulty(cert=certificate.cert, key=certificate.key) as server:
            post = fetch(server.url + QOS, post=True, trust=certificates.authority)
            if certificate is certificates.good:
                assert asyncio.run(post)[0] == 202
            else:
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    asyncio.run(post)


def test_an_nginx_sink_accepts_reports(tmp_path: Path) -> None:
    with nginx_sink(tmp_path) as sink:
        assert asyncio.run(fetch(sink.url + QOS, post=True)) == (202, ACCEPTED.decode())
    assert sink.process.returncode == 0
    assert not accepts(sink.port)


def test_an_nginx_sink_accepts_reports_over_tls(tmp_path: Path, certificates: Certificates) -> None:
    with nginx_sink(tmp_path, certificate=certificates.good) as sink:
        url = f"https://localhost:{sink.port}{QOS}"
        answer = asyncio.run(fetch(url, post=True, trust=certificates.authority))
    assert answer[0] == 202


@pytest.fixture(scope="module")
def collector_port() -> Iterator[int]:
    with fastify() as collector:
        yield collector.port


def test_the_fastify_collector_takes_reports_and_measures_itself(collector_port: int) -> None:
    url = f"http://127.0.0.1:{collector_port}"
    before = series(asyncio.run(fetch(url + "/metrics"))[1])["intercom_qos_reports_total"]
    assert asyncio.run(fetch(url + QOS, post=True)) == (202, ACCEPTED.decode())
    page = series(asyncio.run(fetch(url + "/metrics"))[1])
    assert page["intercom_qos_reports_total"] == before + 1
    assert page["intercom_webrtc_active_sessions"] == 1
    assert page["process_resident_memory_bytes"] > 10 << 20


def test_the_proxy_wants_its_token_on_every_route(
    tmp_path: Path, certificates: Certificates, collector_port: int
) -> None:
    trust = certificates.authority
    good = certificates.good
    with nginx_proxy(tmp_path, collector_port, certificate=good, token="planted") as proxy:
        for path, post, expected in ((QOS, True, 202), ("/metrics", False, 200)):
            url = proxy.url + path
            refused = asyncio.run(fetch(url, post=post, trust=trust))
            allowed = asyncio.run(fetch(url, post=post, trust=trust, token="planted"))
            assert (refused[0], allowed[0]) == (401, expected)
    assert not accepts(proxy.port)


def test_the_collector_itself_can_want_a_token() -> None:
    with fastify(token="planted") as collector:
        assert asyncio.run(fetch(collector.url + "/metrics"))[0] == 401
        assert asyncio.run(fetch(collector.url + "/metrics", token="planted"))[0] == 200


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match="a blue moon"):
        wait_until(lambda: False, "a blue moon", deadline_s=0.0)
