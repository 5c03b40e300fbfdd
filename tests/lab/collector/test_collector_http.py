import asyncio
import json
from copy import copy
from typing import Any

import aiohttp
import pytest
from collector_rig import QOS, REPORT, json_of, running, status_of, text_of
from fastify import fastify

from qosflood.base.units import MS
from qosflood.lab.collector.app import App
from qosflood.lab.collector.state import ManualClock, State

MIB = 1024 * 1024


def body(**changes: Any) -> str:
    return json.dumps({**REPORT, **changes})


def without(field: str) -> str:
    return json.dumps({name: value for name, value in REPORT.items() if name != field})


def of_size(size: int) -> str:
    return body(padding="x" * (size - len(body(padding=""))))


JSON_TYPE = "application/json"
# Content type, body, status: what the reference answers to a report.
REPORTS = [
    (JSON_TYPE, body(), 202),
    ("application/json; charset=utf-8", body(), 202),
    ("Application/JSON", body(), 202),
    (JSON_TYPE, body(mos="4.1"), 202),
    (JSON_TYPE, body(mos=None), 202),
    (JSON_TYPE, body(mos=True), 202),
    (JSON_TYPE, body(mos=[4]), 202),
    (JSON_TYPE, body(sessionId=""), 202),
    (JSON_TYPE, body(sessionId=7), 202),
    (JSON_TYPE, body(extra={"a": [1]}), 202),
    (JSON_TYPE, body(bridgeId="b", productionId="1", lineId="2", observedAt=1.7e12), 202),
    (JSON_TYPE, body(direction="ingress"), 202),
    (JSON_TYPE, of_size(MIB), 202),
    (JSON_TYPE, body(direction="sideways"), 400),
    (JSON_TYPE, body(mos="good"), 400),
    (JSON_TYPE, body(mos=""), 400),
    (JSON_TYPE, body(mos=[1, 2]), 400),
    (JSON_TYPE, body(sessionId={}), 400),
    (JSON_TYPE, without("sessionId"), 400),
    (JSON_TYPE, without("mos"), 400),
    (JSON_TYPE, without("packetLoss"), 400),
    (JSON_TYPE, without("roundTripTime"), 400),
    (JSON_TYPE, body()[:-1], 400),
    (JSON_TYPE, "[]", 400),
    (JSON_TYPE, "null", 400),
    (JSON_TYPE, "", 400),
    ("text/plain", body(), 400),
    ("application/x-www-form-urlencoded", "sessionId=a&mos=4", 415),
    ("application/octet-stream", body(), 415),
    (JSON_TYPE, of_size(MIB + 1), 413),
]
OTHERS = [
    ("GET", QOS, None, 200),
    ("GET", f"{QOS}/", None, 200),
    ("GET", "/metrics", None, 200),
    ("GET", "/metrics?name=a", None, 200),
    ("HEAD", "/metrics", None, 200),
    ("POST", "/api/v1/production", {"name": "show", "lines": [{"name": "a"}]}, 200),
    ("POST", "/api/v1/production", {"name": "show"}, 400),
    ("POST", "/api/v1/session", {"productionId": "1", "lineId": "1", "username": "u"}, 201),
    ("POST", "/api/v1/session", {"productionId": "1", "lineId": "9", "username": "u"}, 500),
    ("POST", "/api/v1/session", {"productionId": "1", "lineId": "1"}, 400),
    ("GET", "/api/v1/heartbeat/unknown", None, 410),
    ("DELETE", "/api/v1/session/unknown", None, 500),
    ("POST", "/api/v1/sip/dial", {"conferenceId": "c", "phoneNumber": "1"}, 202),
    ("POST", "/api/v1/sip/dial", {"conferenceId": "c"}, 400),
    ("DELETE", "/api/v1/sip/call/call-1", None, 204),
    ("GET", "/api/v1/sip/health", None, 200),
    ("PUT", QOS, None, 404),
    ("GET", "/api/v1/heartbeat/", None, 404),
    ("GET", "/nowhere", None, 404),
]


async def post(http: aiohttp.ClientSession, content_type: str, text: str) -> int:
    return await status_of(http, "POST", QOS, data=text, headers={"Content-Type": content_type})


def test_a_report_is_answered_as_the_reference_does() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            for content_type, text, status in REPORTS:
                assert await post(http, content_type, text) == status, (content_type, text[:99])

    asyncio.run(scenario())


def test_fastify_itself_answers_the_reports_of_the_table_so() -> None:
    async def scenario(url: str) -> None:
        async with aiohttp.ClientSession(url) as http:
            for content_type, text, status in REPORTS:
                assert await post(http, content_type, text) == status, (content_type, text[:99])

    with fastify() as reference:
        asyncio.run(scenario(reference.url))


def test_every_other_request_is_answered_as_the_reference_does() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            for method, path, value, status in OTHERS:
                answer = await status_of(http, method, path, json=value)
                assert answer == status, (method, path, value)

    asyncio.run(scenario())


def test_an_error_says_what_is_wrong_in_fastifys_shape() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            assert await json_of(http, "POST", QOS, json={}) == {
                "statusCode": 400,
                "code": "FST_ERR_VALIDATION",
                "error": "Bad Request",
                "message": "body must have required property 'sessionId'",
            }
            assert await json_of(http, "POST", QOS, json={"padding": "x" * MIB}) == {
                "statusCode": 413,
                "code": "FST_ERR_CTP_BODY_TOO_LARGE",
                "error": "Payload Too Large",
                "message": "Request body is too large",
            }
            assert await json_of(http, "GET", "/x?y=1") == {
                "statusCode": 404,
                "error": "Not Found",
                "message": "Route GET:/x?y=1 not found",
            }

    asyncio.run(scenario())


def test_the_last_sample_of_each_session_can_be_read_back() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            for mos, session in ((1, "a"), (3, "a"), (4, "b")):
                report = {**REPORT, "sessionId": session, "mos": mos, "observedAt": 5, "extra": 1}
                answer = await json_of(http, "POST", QOS, json=report)
                assert answer == {"status": "accepted"}
            page = await json_of(http, "GET", QOS)
            assert [(sample["sessionId"], sample["mos"]) for sample in page["samples"]] == [
                ("a", 3),
                ("b", 4),
            ]
            assert page["samples"][0] == {**REPORT, "sessionId": "a", "mos": 3} | {
                "observedAt": 5,
                "extra": 1,
            }
            assert page["aggregates"] == {
                "averageMos": 3.5,
                "averagePacketLoss": 0.5,
                "averageRtt": 40.0,
                "sampleCount": 2,
            }

    asyncio.run(scenario())


def test_a_session_is_joined_kept_alive_and_left() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            production = {"name": "show", "lines": [{"name": "a"}]}
            made = await json_of(http, "POST", "/api/v1/production", json=production)
            assert made == {"name": "show", "productionId": "1"}
            line = {"productionId": 1, "lineId": "1", "username": "u"}
            joined = await json_of(http, "POST", "/api/v1/session", json=line)
            assert sorted(joined) == ["sdp", "sessionId"]
            session = joined["sessionId"]
            assert await text_of(http, "GET", f"/api/v1/heartbeat/{session}") == "ok"
            assert await status_of(http, "DELETE", f"/api/v1/session/{session}") == 200
            assert await status_of(http, "GET", f"/api/v1/heartbeat/{session}") == 410
            assert await status_of(http, "DELETE", f"/api/v1/session/{session}") == 500

    asyncio.run(scenario())


def test_a_token_guards_every_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_TOKEN", "s3cret")
    right, wrong = {"Authorization": "Bearer s3cret"}, {"Authorization": "Bearer other"}

    async def scenario() -> None:
        async with running(token="env:COLLECTOR_TOKEN") as (_, http):
            for method, path in (("POST", QOS), ("GET", "/metrics"), ("GET", "/nowhere")):
                assert await status_of(http, method, path) == 401
                assert await status_of(http, method, path, headers=wrong) == 401
            answer = await json_of(http, "GET", "/metrics")
            assert (answer["statusCode"], answer["error"]) == (401, "Unauthorized")
            assert await status_of(http, "POST", QOS, json=REPORT, headers=right) == 202
            assert await status_of(http, "GET", "/metrics", headers=right) == 200

    asyncio.run(scenario())


class SlowClockApp(App):
    """Its clock stands still, and a pause is noted instead of waited for."""

    def make_state(self) -> State:
        self.pauses: list[int] = []
        return State(clock=ManualClock())

    async def pause(self, ns: int) -> None:
        self.pauses.append(ns)


def test_with_a_service_time_reports_wait_for_their_turn_and_scrapes_do_not() -> None:
    async def scenario() -> None:
        async with running(SlowClockApp, service_time_ns=2 * MS) as (collector, http):
            for _ in range(3):
                assert await status_of(http, "POST", QOS, json=REPORT) == 202
            assert await status_of(http, "POST", QOS, json={}) == 400
            assert await status_of(http, "GET", "/metrics") == 200
            assert collector.app.pauses == [2 * MS, 4 * MS, 6 * MS]

    asyncio.run(scenario())


class HeldApp(App):
    """Holds every report until it is let go."""

    async def pause(self, ns: int) -> None:
        await self.gate.wait()

    gate: asyncio.Event


def test_a_report_that_waits_is_not_counted_and_blocks_nobody() -> None:
    async def scenario() -> None:
        async with running(HeldApp, service_time_ns=MS) as (collector, http):
            app = collector.app
            app.gate = asyncio.Event()
            waiting = asyncio.create_task(status_of(http, "POST", QOS, json=REPORT))
            while copy(app.bucket).admit(0) == MS:
                await asyncio.sleep(0)
            page = await text_of(http, "GET", "/metrics")
            assert "\nintercom_webrtc_reports_total 0\n" in page
            app.gate.set()
            assert await waiting == 202
            assert app.state.reports_total == 1

    asyncio.run(scenario())


class BrokenApp(App):
    """Fails where nobody foresaw it."""

    def accept_report(self, report: dict[str, Any]) -> None:
        raise ZeroDivisionError("by zero")


def test_an_unforeseen_failure_is_a_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(BrokenApp) as (_, http):
            answer = await json_of(http, "POST", QOS, json=REPORT)
            assert (answer["statusCode"], answer["message"]) == (500, "by zero")

    asyncio.run(scenario())
    assert "POST /api/v1/metrics/qos failed" in caplog.text
