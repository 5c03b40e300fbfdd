"""Counters read and sessions read back, from servers of every kind."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSession
from qosflood.journal.records import MemorySample
from qosflood.monitor.loss import audit as module
from qosflood.monitor.loss.audit import Auditor, LastMemory, headroom, look_at_metric, with_audit
from qosflood.monitor.loss.counting import Counting
from qosflood.plan.watching import Audit, Instance

MIB = 1 << 20


def held(*samples, **beside):
    """A snapshot's answer."""
    items = [{"sessionId": name, "observedAt": ms} for name, ms in samples]
    return page(json.dumps({"samples": items} | beside).encode(), type_="application/json")


def plan_for(server, *, planned_sessions=0, **audit):
    audit = {"readback": "/held"} | audit
    return make_plan(port=server.port, planned_sessions=planned_sessions, audit=Audit(**audit))


async def read(server, left=None, **plan):
    records = []
    auditor = Auditor(plan_for(server, **plan), time.monotonic_ns(), records.append, lambda: left)
    await auditor.read_back()
    assert all(isinstance(record, ReadBack) for record in records)
    assert all(record.t <= record.done_t for record in records)
    return records[0]


def reading(answer, left=None, **plan):
    async def run():
        async with raw_server(answer) as server:
            return await read(server, left, **plan), server

    return asyncio.run(run())


def test_the_sampled_sessions_are_found_among_all():
    answer = held(
        ("qosflood-test-3-0", 7), ("qosflood-test-100-0", 8), ("other", 9), ("qosflood-test-4-1", 5)
    )
    record, server = reading(answer)
    assert record.held == {"qosflood-test-3-0": 7, "qosflood-test-4-1": 5}
    assert (record.reason, record.status, record.samples) == (None, 200, 4)
    assert record.bytes == len(answer.partition(b"\r\n\r\n")[2])
    assert server.headers()["accept-encoding"] == "identity"
    assert server.requests[0].startswith(b"GET /held HTTP/1.1\r\n")


def test_of_a_clients_sessions_the_last_counts_and_of_its_samples_the_latest():
    names = [("qosflood-test-3-2", 5), ("qosflood-test-3-10", 9), ("qosflood-test-3-10", 8)]
    assert reading(held(*names, ("qosflood-test-3-9", 99)))[0].held == {"qosflood-test-3-10": 9}


def test_a_time_that_cannot_be_read_is_held_as_none():
    for value, shown in (("soon", "soon"), (1e300, "1e+300")):
        record, _ = reading(held(("qosflood-test-3-2", value)))
        assert (record.held, record.odd) == ({"qosflood-test-3-2": None}, shown)
    assert reading(held(("other", "soon"), ("qosflood-test-3-2", 5)))[0].odd is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(b"", status="404 Not Found"), "status 404"),
        (page(b"", "Location: /x", status="302 Found"), "status 302"),
        (page(b"<html>"), 'the answer has no list "samples"'),
        (page(b"x", "Content-Encoding: gzip"), "it is compressed, though that was not asked for"),
        (page(b'{"samples": ['), "the answer is cut short"),
        (page(b'{"samples": [], "next": "/held?from=20"}'), "it is one page of several"),
        (page(b'{"samples": []}', 'Link: </held?from=20>; rel="next"'), "it is one page of sev"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "bad response"),
    ],
)
def test_what_is_no_snapshot_says_why(answer, why):
    record, _ = reading(answer)
    assert record.reason is not None
    assert record.reason.startswith(why)


def test_nobody_there_is_a_reason():
    async def run():
        async with raw_server(b"") as server:
            pass
        return await read(server)

    assert asyncio.run(run()).reason == "connection refused"


def test_a_snapshot_too_large_for_the_memory_left_is_never_asked_for():
    record, server = reading(
        held(), left=10 * MIB, planned_sessions=30_000, before_bytes=MIB, each_bytes=100.0
    )
    assert record.reason == (
        "not read: about 3.9 MiB of sessions, and 4 times that is more than the 10.0 MiB of "
        "memory left"
    )
    assert (record.status, server.requests) == (None, [])


def test_a_snapshot_that_announces_too_much_is_not_read():
    record, _ = reading(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", left=30 * MIB)
    assert record.reason is not None
    assert record.reason.startswith("not read: about 8.6 MiB")


def test_an_endless_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "DEADLINE_NS", SECOND // 5)

    async def run():
        hung = asyncio.Event()

        async def answer(_, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
            await writer.drain()
            await hung.wait()

        async with raw_server(answer) as server:
            record = await read(server)
            hung.set()
            return record

    assert asyncio.run(run()).reason == "not read within 200ms"


def counting(answer, **audit):
    async def run():
        async with raw_server(answer) as server:
            records = []
            plan = plan_for(server, **audit)
            await Counting(plan, time.monotonic_ns(), records.append).count()
            return records

    return asyncio.run(run())


@pytest.mark.parametrize(("value", "shown"), [("NaN", "nan"), ("-3", "-3"), ("1e300", "1e+300")])
def test_a_counter_that_is_no_count_says_so(value, shown):
    (record,) = counting(page(f"a_total {value}\n".encode()), counter="a_total")
    assert (record.value, record.reason) == (None, f"a_total is {shown}, which is not a count")


def test_a_counters_series_with_the_labels_are_added_up():
    text = page(b'a_total{to="x"} 2\na_total{to="x",n="1"} 3\na_total{to="y"} 50\na 9\n')
    (record,) = counting(text, counter="a_total", labels=(("to", "x"),))
    assert isinstance(record, AuditSample)
    assert (record.value, record.reason, record.instance) == (5.0, None, "target")
    assert record.t <= record.done_t


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(b"b 1\n"), "the page has no a_total"),
        (page(b'a_total{to="x"} 1\n'), 'the page has no a_total with to="y"'),
        (page(b"a_total 1 2 3\n"), "line 1"),
        (page(b"", status="500 Oops"), "status 500"),
    ],
)
def test_a_counter_that_is_not_there_says_why(answer, why):
    (record,) = counting(answer, counter="a_total", labels=(("to", "y"),))
    assert record.value is None
    assert why in record.reason


def test_without_a_counter_nothing_is_scraped():
    assert counting(page(b"a 1\n")) == []


def looking(answer, **audit):
    async def run():
        async with raw_server(answer) as server:
            return await with_audit(plan_for(server, **audit))

    return asyncio.run(run())


def test_a_look_beforehand_tells_how_large_a_session_is():
    answer = held(("a", 1), ("b", 2))
    plan, said = looking(answer)
    size = len(answer.partition(b"\r\n\r\n")[2])
    assert said == "✓ 2 sessions"
    assert (plan.audit.before_bytes, plan.audit.each_bytes) == (size, size / 2)


def test_where_the_look_finds_no_snapshot_nothing_is_read_back_unless_it_was_asked_for():
    answer = page(b"", status="404 Not Found")
    plan, said = looking(answer)
    assert (plan.audit.readback, said) == (None, "✗ status 404")
    assert plan.audit.why.endswith("/held shows no sessions to read back: status 404")
    plan, said = looking(answer, asked=True)
    assert (plan.audit.readback, said) == ("/held", "✗ status 404")


def test_a_target_may_take_a_moment_to_show_what_it_accepted(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0.01)
    answers = [held(), held(), held(("a", 1))]

    async def run():
        async def answer(_, writer):
            writer.write(answers.pop(0))

        async with raw_server(answer) as server:
            return await with_audit(plan_for(server))

    plan, said = asyncio.run(run())
    assert (plan.audit.readback, said) == ("/held", "✓ 1 session")


def test_a_snapshot_that_never_shows_the_report_is_none(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0.001)
    plan, _ = looking(held())
    assert plan.audit.readback is None
    assert "not even of the report just sent" in plan.audit.why
    plan, _ = looking(held(("qosflood-test-3-2", "soon")))
    assert "observedAt is soon, which is not a time; expected ms since 1970" in plan.audit.why


def test_only_one_of_several_instances_has_to_show_the_report(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0.001)

    async def run(*answers):
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(raw_server(one)) for one in answers]
            instances = tuple(
                Instance(name=str(n), scrape_url=one.url, readback=f"http://127.0.0.1:{one.port}/h")
                for n, one in enumerate(servers)
            )
            plan = make_plan(instances=instances, audit=Audit(readback="/held", asked=True))
            return (await with_audit(plan))[1]

    there, empty, refused = held(("a", 1)), held(), page(b"", status="404 Not Found")
    assert asyncio.run(run(there, empty)) == "✓ 1 session"
    assert asyncio.run(run(empty, there)) == "✓ 1 session"
    assert "not even of the report just sent" in asyncio.run(run(empty, empty))
    assert asyncio.run(run(there, refused)) == "✗ status 404"


def test_a_large_snapshot_is_only_looked_into(monkeypatch):
    monkeypatch.setattr(module, "_PEEK_BYTES", 1000)
    answer = held(*((f"s{number}", number) for number in range(100_000)))
    plan, said = looking(answer)
    assert plan.audit.before_bytes == len(answer.partition(b"\r\n\r\n")[2])
    assert 30 < plan.audit.each_bytes < 60
    assert said is not None


def memory(rss=40 * MIB, **changes):
    return MemorySample(t=1, instance="target", source="process", rss_bytes=rss, **changes)


def test_headroom_is_what_is_left_below_the_limit_and_on_this_machine(monkeypatch):
    class Machine:
        available = 500 * MIB

    monkeypatch.setattr(module.psutil, "virtual_memory", Machine)
    limited = make_plan(watch={"memory_limit_bytes": 100 * MIB})
    afar = make_plan(target={"loopback": False})
    assert headroom(limited, memory()) == 60 * MIB
    assert headroom(limited, None) == 500 * MIB
    assert headroom(make_plan(), memory()) == 500 * MIB
    assert headroom(make_plan(), memory(limit_bytes=50 * MIB)) == 10 * MIB
    assert headroom(afar, memory()) is None
    seen = []
    last = LastMemory(seen.append)
    last(memory(90 * MIB))
    assert last.headroom(limited)() == 10 * MIB
    assert seen == [memory(90 * MIB)]


def looking_for_a_counter(answer):
    async def run():
        async with raw_server(answer) as server:
            watch = {"scrape_url": server.url, "interval_ns": SECOND}
            audit = Audit(counter="a_total")
            return await look_at_metric(make_plan(port=server.port, watch=watch, audit=audit))

    return asyncio.run(run())


def test_a_look_beforehand_tells_whether_the_counter_is_there(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0.001)
    assert looking_for_a_counter(page(b"a_total 7\n")) == ("counter ✓ 7", ())
    said, (warning,) = looking_for_a_counter(page(b"b_total 7\n"))
    assert said == "counter ✗ the page has no a_total"
    assert "the page has no a_total; expected the counter that audit.counter names" in warning


@pytest.mark.parametrize(
    ("held_ms", "off_ms", "unsure_ms"),
    [
        (1_700_000_000_123, 0, 0),
        (1_699_999_997_120, -3_003, 6),
        (1_700_000_003_000, 2_877, 1_006),
        (1_700_000_000, None, 0),
    ],
)
def test_the_report_beforehand_shows_whether_the_target_stores_its_own_times(
    held_ms, off_ms, unsure_ms
):
    ms = 1_700_000_000_123
    sent = SentSession(session="qosflood-test-0-0", acked_ms=ms, sent_ms=ms)

    async def run():
        async with raw_server(held(("a", 1), ("qosflood-test-0-0", held_ms))) as server:
            return await with_audit(plan_for(server), sent, 5_000_000)

    plan, said = asyncio.run(run())
    assert (plan.audit.held_off_ms, plan.audit.held_unsure_ms) == (off_ms, unsure_ms)
    own = ", stored with the target's own times" if off_ms else ""
    assert said == f"✓ 2 sessions{own}"
