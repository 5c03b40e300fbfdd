"""Counters that are behind, stand still, or are those of several processes, read until final."""

import asyncio
import time

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample
from qosflood.monitor.loss import counting as module
from qosflood.monitor.loss.audit import Auditor
from qosflood.monitor.loss.counting import Counting
from qosflood.plan.watching import Audit


def final(values, *, accepted=100, heard=(), metric="counter", alive=True):
    """The values read after the load; `values` gives one for each request after the first. Of a
    page that is `alive` something else changes, too."""

    async def run():
        asked = []

        async def answer(_, writer):
            value = 0 if not asked else values(len(asked), time.monotonic())
            asked.append(value)
            other = f"b_total {len(asked)}\n" if alive else ""
            writer.write(page(f"a_total {value}\n{other}".encode()))

        async with raw_server(answer) as server:
            watch = {"scrape_url": server.url, "interval_ns": SECOND}
            plan = make_plan(port=server.port, watch=watch, audit=Audit(**{metric: "a_total"}))
            records = []
            counting = Counting(plan, time.monotonic_ns(), records.append)
            await counting.begin()
            now = time.monotonic_ns() - counting._mono_ns
            for after_ns, value in heard:
                t = now + after_ns
                counting.hear(
                    AuditSample(t=t, done_t=t, instance="target", value=value, reason=None)
                )
            await asyncio.sleep(max((ns for ns, _ in heard), default=0) / SECOND)
            await counting.finish()
            begun = len(records)
            await counting.count_final(accepted)
            return [record.value for record in records[begun:]]

    return asyncio.run(run())


def test_once_every_report_is_counted_nothing_is_waited_for():
    assert final(lambda *_: 100) == [100, 100]


def test_a_counter_that_is_behind_is_read_until_it_has_caught_up():
    read = final(lambda asked, _: min(30 + 10 * asked, 100))
    assert read[-1] == 100
    assert read == sorted(read)


def test_a_counter_that_stands_still_is_read_often_enough_to_meet_another_worker(monkeypatch):
    monkeypatch.setattr(module, "FINAL_WITHIN_NS", 5 * SECOND)
    read = final(lambda *_: 90)
    assert set(read) == {90}
    assert len(read) >= 8
    assert set(final(lambda asked, _: 40 + asked % 2 * 20)) == {40, 60}


def test_a_counter_is_final_only_after_it_stood_still_for_as_long_as_under_load():
    began = time.monotonic()
    steps = [(0, 1), (SECOND // 2, 1), (2 * SECOND, 50)]
    read = final(lambda *_: 90, heard=steps)
    assert set(read) == {90}
    assert time.monotonic() - began > 4


def test_a_page_that_stays_the_same_is_waited_for(monkeypatch):
    monkeypatch.setattr(module, "_STALE_NS", 3 * SECOND)
    began = time.monotonic()
    rendered = final(lambda *_: 90 if time.monotonic() < began + 2 else 100, alive=False)
    assert (rendered[0], rendered[-1]) == (90, 100)
    began = time.monotonic()
    assert set(final(lambda *_: 90, alive=False)) == {90}
    assert time.monotonic() - began >= 3


def test_a_counter_that_never_stands_still_is_left_after_a_while(monkeypatch):
    monkeypatch.setattr(module, "FINAL_WITHIN_NS", SECOND)
    read = final(lambda asked, _: asked, accepted=10**6)
    assert 2 <= len(read) <= 1 + 4 * 7


@pytest.mark.parametrize("metric", ["counter", "gauge"])
def test_pages_are_known_apart_by_their_checksums(monkeypatch, metric):
    monkeypatch.setattr(module, "_STALE_NS", SECOND)

    async def run():
        async with raw_server(page(b"a_total 1\n")) as server:
            watch = {"scrape_url": server.url, "interval_ns": SECOND}
            plan = make_plan(port=server.port, watch=watch, audit=Audit(**{metric: "a_total"}))
            records = []
            await Counting(plan, time.monotonic_ns(), records.append).count_final(1)
            return records

    pages = {record.page for record in asyncio.run(run())}
    assert len(pages) == 1
    assert None not in pages


def read_back(answers):
    """What is read back of a target that answers so in turn, the last one from then on."""

    async def run():
        left = list(answers)

        async def answer(_, writer):
            writer.write(left.pop(0) if len(left) > 1 else left[0])

        async with raw_server(answer) as server:
            plan = make_plan(port=server.port, audit=Audit(readback="/held"))
            records = []
            await Auditor(plan, time.monotonic_ns(), records.append, lambda: None).read_back()
            return records

    return asyncio.run(run())


def sessions(*numbers):
    items = ",".join(
        f'{{"sessionId": "qosflood-test-{one}-0", "observedAt": 5}}' for one in numbers
    )
    return page(f'{{"samples": [{items}]}}'.encode(), type_="application/json")


def test_a_small_snapshot_is_read_six_times_over_connections_of_their_own():
    records = read_back([sessions(1, 2)])
    assert [len(one.held) for one in records] == [2] * 6


def test_a_large_snapshot_is_read_twice(monkeypatch):
    monkeypatch.setattr("qosflood.monitor.loss.audit._CHEAP_BYTES", 10)
    assert len(read_back([sessions(1, 2)])) == 2


def test_each_snapshot_is_kept_as_it_was_read():
    disagreeing = read_back([sessions(1), sessions(2)])
    assert [sorted(one.held) for one in disagreeing][-1] == ["qosflood-test-2-0"]
    failing = read_back([sessions(1), page(b"", status="500 Oops")])
    assert [one.reason for one in failing] == [None, *["status 500"] * 5]
    assert len(read_back([page(b"", status="500 Oops")])) == 1
