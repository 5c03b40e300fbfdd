import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from collector_rig import json_of, running, status_of, text_of
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS
from qosflood.lab.collector.bridges import Bridge, choose_bridge, line_hash
from qosflood.lab.collector.options import BridgeOption

PRODUCTION = {"name": "show", "lines": [{"name": f"line {n}"} for n in range(20)]}


class FakeBridge:
    """A bridge that counts what it is asked; `health` and `conference` are its statuses."""

    def __init__(self) -> None:
        self.health = 200
        self.conference = 200
        self.body = b'{"id":"conference-1"}'
        self.hangs = False
        self.probes = 0
        self.conferences = 0
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.hangs:
            await asyncio.Event().wait()
        if request.method == "POST" and request.path == "/smb/conferences/":
            self.conferences += 1
            return web.Response(status=self.conference, body=self.body)
        self.probes += request.method == "GET" and request.path == "/smb/health"
        return web.Response(status=self.health)


@contextlib.asynccontextmanager
async def fake_bridge() -> AsyncIterator[FakeBridge]:
    bridge = FakeBridge()
    runner = web.ServerRunner(web.Server(bridge.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bridge.url = f"http://127.0.0.1:{runner.addresses[0][1]}/smb"
    try:
        yield bridge
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def join(http: Any, line: str = "1") -> int:
    body = {"productionId": "1", "lineId": line, "username": "u"}
    return await status_of(http, "POST", "/api/v1/session", json=body)


def bridges_of(*weights: int) -> list[Bridge]:
    return [Bridge(f"b{n}", f"http://b{n}", weight) for n, weight in enumerate(weights)]


@pytest.mark.parametrize(
    ("line", "value"),
    [("", 0), ("1", 49), ("hello", 99_162_322), ("polygenelubricants", 2**31), ("ü", 252)],
)
def test_a_line_is_hashed_as_java_hashes_strings(line: str, value: int) -> None:
    assert line_hash(line) == value


def test_three_failures_in_a_row_make_a_bridge_unhealthy_and_one_success_heals_it() -> None:
    bridge = Bridge("b", "http://b")
    seen = []
    for ok in (False, False, True, False, False, False, False, True):
        bridge.record_probe(ok, 3)
        seen.append(bridge.healthy)
    assert seen == [True, True, True, True, True, False, False, True]
    assert bridge.latency_ms == 3


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.text(max_size=10))
def test_a_line_always_lands_on_the_same_bridge(weights: list[int], line: str) -> None:
    assert (
        choose_bridge(bridges_of(*weights), line).id == choose_bridge(bridges_of(*weights), line).id
    )


def test_lines_spread_by_weight() -> None:
    bridges = bridges_of(1, 3)
    landed = Counter(choose_bridge(bridges, f"line-{n}").id for n in range(4000))
    assert landed["b1"] == pytest.approx(3000, rel=0.05)


def test_an_unhealthy_bridge_is_passed_over_unless_all_are() -> None:
    bridges = bridges_of(1, 1)
    bridges[0].failures = 3
    assert {choose_bridge(bridges, f"{n}").id for n in range(20)} == {"b1"}
    bridges[1].failures = 3
    assert {choose_bridge(bridges, f"{n}").id for n in range(20)} == {"b0", "b1"}


def test_a_session_is_created_over_the_bridge_of_its_line() -> None:
    async def scenario() -> None:
        async with fake_bridge() as one, fake_bridge() as two:
            options = (BridgeOption(url=one.url), BridgeOption(url=two.url, weight=3))
            async with running(bridges=options) as (_, http):
                await json_of(http, "POST", "/api/v1/production", json=PRODUCTION)
                assert [await join(http, str(n)) for n in range(1, 21)] == [201] * 20
            assert one.conferences + two.conferences == 20
            assert two.conferences > one.conferences > 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"{}"), (200, b"not JSON"), (200, b"{}"), (200, b"[]")]
)
def test_a_session_fails_when_its_bridge_does(status: int, body: bytes) -> None:
    async def scenario() -> None:
        async with fake_bridge() as bridge:
            bridge.conference, bridge.body = status, body
            async with running(bridges=(BridgeOption(url=bridge.url),)) as (_, http):
                await json_of(http, "POST", "/api/v1/production", json=PRODUCTION)
                assert await join(http) == 500

    asyncio.run(scenario())


def test_a_session_fails_when_its_bridge_is_gone() -> None:
    async def scenario() -> None:
        async with fake_bridge() as bridge:
            gone = BridgeOption(url=bridge.url)
        async with running(bridges=(gone,)) as (_, http):
            await json_of(http, "POST", "/api/v1/production", json=PRODUCTION)
            assert await join(http) == 500

    asyncio.run(scenario())


def test_probes_turn_a_failing_bridge_unhealthy_and_a_recovered_one_healthy() -> None:
    async def scenario() -> None:
        async with fake_bridge() as bridge:
            bridge.health = 503
            bridges = (BridgeOption(url=bridge.url),)
            async with running(bridges=bridges, probe_interval_ns=5 * MS) as (collector, http):
                known = collector.app.bridges.bridges[0]
                await until(lambda: not known.healthy)
                assert bridge.probes >= 3
                page = await text_of(http, "GET", "/metrics")
                assert f'bridge_id="bridge-1",base_url="{bridge.url}/"}} 0' in page
                assert "intercom_media_bridge_latency_ms{" in page
                bridge.health = 200
                await until(lambda: known.healthy)

    asyncio.run(scenario())


def test_a_bridge_that_accepts_and_never_answers_stays_healthy() -> None:
    async def scenario() -> None:
        async with fake_bridge() as frozen, fake_bridge() as sound:
            frozen.hangs = True
            bridges = (BridgeOption(url=frozen.url), BridgeOption(url=sound.url))
            async with running(bridges=bridges, probe_interval_ns=5 * MS) as (collector, _):
                await until(lambda: sound.probes >= 10)
                assert [bridge.healthy for bridge in collector.app.bridges.bridges] == [True, True]
                assert collector.app.bridges.bridges[0].latency_ms is None

    asyncio.run(scenario())
