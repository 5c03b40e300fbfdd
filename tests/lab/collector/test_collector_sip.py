import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web
from collector_rig import json_of, running, status_of

DIAL = "/api/v1/sip/dial"
CALL = {"conferenceId": "c", "phoneNumber": "+4670"}


@contextlib.asynccontextmanager
async def controller(
    dial_answer: bytes = b'{"callId":"x-7","provider":"asterisk"}',
) -> AsyncIterator[tuple[str, list[tuple[str, str, Any]]]]:
    """A SIP controller's URL and what it was asked; it knows every call but `unknown`."""
    asked: list[tuple[str, str, Any]] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        asked.append((request.method, request.raw_path, orjson.loads(body) if body else None))
        unknown = request.path.endswith("unknown")
        return web.Response(body=dial_answer, status=404 if unknown else 200)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def test_without_a_controller_calls_are_numbered() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            calls = [await json_of(http, "POST", DIAL, json=CALL) for _ in range(2)]
            assert calls == [
                {"callId": "call-1", "provider": "freeswitch"},
                {"callId": "call-2", "provider": "freeswitch"},
            ]
            assert await status_of(http, "DELETE", "/api/v1/sip/call/call-1") == 204
            assert await json_of(http, "GET", "/api/v1/sip/health") == {"healthy": True}

    asyncio.run(scenario())


def test_a_controller_is_asked_and_its_answer_passed_on() -> None:
    async def scenario() -> None:
        async with controller() as (url, asked), running(sip=url) as (_, http):
            call = await json_of(http, "POST", DIAL, json={**CALL, "callerId": "me"})
            assert call == {"callId": "x-7", "provider": "asterisk"}
            assert await status_of(http, "DELETE", "/api/v1/sip/call/a%2Fb") == 204
            assert await json_of(http, "GET", "/api/v1/sip/health") == {"healthy": True}
            body = {"conferenceId": "c", "destination": "+4670", "callerId": "me", "metadata": {}}
            assert asked == [
                ("POST", "/dial", body),
                ("DELETE", "/calls/a%2Fb", None),
                ("GET", "/health", None),
            ]

    asyncio.run(scenario())


def test_a_refusal_by_the_controller_is_a_server_error() -> None:
    async def scenario() -> None:
        async with controller(b"not JSON") as (url, _), running(sip=url) as (_, http):
            assert await status_of(http, "DELETE", "/api/v1/sip/call/unknown") == 500
            assert await status_of(http, "POST", DIAL, json=CALL) == 500

    asyncio.run(scenario())


def test_a_dead_controller_fails_calls_but_its_health_is_still_answered() -> None:
    async def scenario() -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{held.getsockname()[1]}"
            async with running(sip=url) as (_, http):
                assert await status_of(http, "POST", DIAL, json=CALL) == 500
                assert await status_of(http, "DELETE", "/api/v1/sip/call/call-1") == 500
                async with http.get("/api/v1/sip/health") as answer:
                    assert (answer.status, await answer.json()) == (200, {"healthy": False})

    asyncio.run(scenario())
