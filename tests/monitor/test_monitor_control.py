"""The control is asked as the path is used, and answers for the path alone."""

import asyncio
import time
from itertools import pairwise

import pytest
from plan_maker import make_plan
from processes import free_port
from raw_server import raw_server

from qosflood.base.units import MS, SECOND
from qosflood.monitor import control as module
from qosflood.monitor.control import (
    ask_control,
    open_control,
    poll_control,
    poll_tcp,
    read_tcp,
    table,
)
from qosflood.monitor.ticks import Timer
from qosflood.plan.watching import Control

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNWELL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * (1 << 17)
SNMP = "Tcp: RtoMin OutSegs RetransSegs\nTcp: 200 1000 7\nUdp: InDatagrams\nUdp: 3\n"


def plan_with(url, timeout_ms=1000, **target):
    control = Control(url=url, interval_ns=50 * MS, timeout_ns=timeout_ms * MS)
    return make_plan(control=control, **({"target": target} if target else {}))


def asked(answer, timeout_ms=1000):
    async def ask():
        async with raw_server(answer) as server:
            sample = await ask_control(plan_with(server.url, timeout_ms))
            return sample, server

    return asyncio.run(ask())


@pytest.mark.parametrize(("answer", "status"), [(OK, 200), (UNWELL, 503), (ENDLESS, 200)])
def test_any_answer_shows_that_the_path_is_whole(answer, status):
    sample, _ = asked(answer)
    assert (sample.ok, sample.status, sample.reason) == (True, status, None)
    assert 0 < sample.duration_ns < SECOND


def test_silence_is_a_failure_after_the_timeout():
    sample, _ = asked(b"", timeout_ms=100)
    assert (sample.ok, sample.reason) == (False, "no answer within 100ms")


def test_a_closed_port_is_a_failure():
    plan = plan_with(f"http://127.0.0.1:{free_port()}/")
    assert asyncio.run(ask_control(plan)).reason == "connection refused"


def test_without_a_control_nobody_is_asked():
    assert asyncio.run(ask_control(make_plan())) is None


def test_the_control_gets_none_of_the_targets_secrets():
    from qosflood.base.endpoint import HeaderRef

    async def ask():
        async with raw_server(OK) as server:
            header = HeaderRef(name="Authorization", source="env:NOT_SET_ANYWHERE")
            await ask_control(plan_with(server.url, headers=(header,)))
            return server.headers()

    headers = asyncio.run(ask())
    assert "authorization" not in headers
    assert headers["user-agent"] == "qosflood/0.0.0 run=test"


def watched(answer, enough=3, **changes):
    async def watch():
        async with raw_server(answer) as server:
            plan = plan_with(server.url, **changes)
            timer = Timer(time.monotonic_ns())
            samples = []

            def emit(sample):
                samples.append(sample)
                if len(samples) == enough:
                    timer.stop()

            async with open_control(plan, plan.control) as asker, asyncio.timeout(20):
                await poll_control(asker, plan.control, timer, emit)
            return samples, server

    return asyncio.run(watch())


def test_each_request_has_a_tick_and_a_connection_of_its_own():
    samples, server = watched(OK)
    assert [sample.ok for sample in samples] == [True] * 3
    assert server.connections == 3
    gaps = {after.t - before.t for before, after in pairwise(samples)}
    assert all(gap % (50 * MS) == 0 for gap in gaps)


def test_a_stop_waits_for_no_answer():
    async def watch():
        async with raw_server(b"") as server:
            plan = plan_with(server.url, timeout_ms=60_000)
            timer = Timer(time.monotonic_ns())
            samples = []
            async with open_control(plan, plan.control) as asker, asyncio.timeout(20):
                watching = asyncio.create_task(
                    poll_control(asker, plan.control, timer, samples.append)
                )
                while not server.requests:
                    await asyncio.sleep(0.01)
                timer.stop()
                await watching
            return samples

    assert asyncio.run(watch()) == []


def test_counters_are_read_by_their_names():
    assert table(SNMP, "Tcp") == {"RtoMin": 200, "OutSegs": 1000, "RetransSegs": 7}
    assert table(SNMP, "TcpExt") == {}
    assert table("Tcp: A B\nTcp: 1\n", "Tcp") == {}


def test_a_machine_without_counters_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SNMP", tmp_path / "none")
    assert read_tcp(5) is None

    async def watch():
        await poll_tcp(Timer(time.monotonic_ns()), lambda _sample: None)

    asyncio.run(asyncio.wait_for(watch(), 20))


def test_this_machines_counters_only_grow(tmp_path, monkeypatch):
    (tmp_path / "snmp").write_text(SNMP)
    monkeypatch.setattr(module, "_SNMP", tmp_path / "snmp")
    monkeypatch.setattr(module, "_NETSTAT", tmp_path / "none")
    sample = read_tcp(5)
    assert (sample.t, sample.sent, sample.resent, sample.dropped) == (5, 1000, 7, None)
