"""The limits as they stand while the run goes on."""

from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import MIB, at, event, health, memory, stopped_run, window

from qosflood.analysis import analyse
from qosflood.analysis.current import LiveView
from qosflood.base.units import MS
from qosflood.live.limits_now import LimitsNow
from qosflood.live.so_far import LimitSoFar, so_far
from qosflood.plan.limit_language import METRICS, parse_limit

LIMITS = (
    *("errors < 0.1%", "offered >= 99%", "response.p99 < 250ms", "service.p50 < 100ms"),
    *("baseline:response.p50 < 1ms", "recovery:errors < 1%", "amplification < 1.5"),
)
LEVELS = ("memory.max < 100MiB", "scrape.gap < 5s", "restarts == 0")
LATER = ("memory.leak == none", "loss == none", "recovery.time < 1m", "scrape.success > 99%")


def plan_with(limits):
    return make_plan(limits=tuple(parse_limit(text) for text in limits))


def fed(plan, records):
    view = LiveView(plan)
    now = LimitsNow(plan, view)
    for record in records:
        view.feed(record)
        now.feed(record)
    return now


def seen(at_s, limits=LIMITS, change=lambda same: same, extra=()):
    plan = plan_with(limits)
    records = [change(record) for record in stopped_run(plan, at_s, "killed")]
    now = fed(plan, [record for record in (*records, *extra) if record is not None])
    return {limit.expr: limit for limit in now.look(at(at_s))}


def failing(record):
    if getattr(record, "phase", "") != "flood":
        return record
    return window(record.second, "flood", response_ms=[5.0] * 60, failed={"rejected": 40})


def slow(record):
    if getattr(record, "phase", "") != "flood":
        return record
    return window(record.second, "flood", response_ms=[431.0] * 100)


@pytest.mark.parametrize("change", [lambda same: same, failing, slow])
@pytest.mark.parametrize("at_s", [2, 5, 8, 12, 18])
def test_what_reports_show_is_what_the_judge_of_the_live_page_says(at_s, change):
    plan = plan_with(LIMITS)
    records = [change(record) for record in stopped_run(plan, at_s, "killed")]
    judged = so_far(plan, analyse(plan, 0, records)).limits
    # The judge knows the time from the journal's last record, a look from the clock.
    looked = fed(plan, records).look(max(record.t for record in records))
    assert looked == judged


def test_a_limit_that_holds_now_may_be_broken_a_second_later_and_says_by_what():
    assert seen(12)["response.p99 < 250ms"].ok is True
    broken = seen(12, change=slow)["response.p99 < 250ms"]
    assert (broken.ok, broken.value.startswith("431")) == (False, True)


def test_a_limit_waits_for_its_phase():
    waiting = seen(4)["errors < 0.1%"]
    assert (waiting.ok, waiting.note) == (None, "judged in the flood")


def test_a_limit_of_a_phase_that_is_over_keeps_its_last_state():
    assert seen(12)["baseline:response.p50 < 1ms"].ok is False


def test_a_latency_limit_that_only_late_seconds_broke_is_not_called_broken():
    def late(record):
        made = slow(record)
        if made is record:
            return record
        return replace(made, health=health(loop_stall_ns=900 * MS))

    found = seen(12, change=late)["response.p99 < 250ms"]
    assert found.ok is None
    assert "in which the generator was late" in found.note


def test_reports_in_flight_break_nothing_yet():
    def waiting(record):
        if getattr(record, "phase", "") != "flood":
            return record
        return replace(record, offered=60, outcomes=dict(record.outcomes) | {"acked": 50})

    found = seen(8, change=waiting)
    assert [found[expr].ok for expr in ("errors < 0.1%", "offered >= 99%")] == [None, None]
    assert found["errors < 0.1%"].note == "100 reports still without an outcome"


def test_levels_are_judged_by_the_worst_that_was_seen():
    plan = plan_with(LEVELS)
    records = stopped_run(plan, 12, "killed")
    now = fed(plan, records)
    assert [limit.ok for limit in now.look(at(12))] == [True, True, True]
    view = now._view
    view.feed(memory(12.1, 150 * MIB))
    assert [limit.ok for limit in now.look(at(12.2))] == [False, True, True]
    view.feed(memory(12.3, 80 * MIB))
    (most, _, _) = now.look(at(19))
    assert (most.ok, most.value) == (False, "150.0 MiB")


def test_a_gap_in_the_scrapes_shows_while_it_lasts():
    (gap,) = fed(plan_with(LEVELS[1:2]), stopped_run(plan_with(()), 12, "killed")).look(at(15))
    assert (gap.ok, gap.value, gap.note) == (True, "3.5s", "")


def test_a_restart_is_counted():
    (found,) = seen(12, LEVELS[2:], extra=[event(11, "restarted")]).values()
    assert (found.ok, found.value) == (False, "1")


def test_what_only_the_whole_journal_shows_is_judged_after_the_run():
    for limit in seen(12, LATER).values():
        assert (limit.ok, limit.value, limit.note) == (None, "–", "judged after the run")


@pytest.mark.parametrize("metric", METRICS)
def test_every_limit_can_be_looked_at_before_anything_is_known(metric):
    value = {"ns": "1s", "ratio": "1%", "bytes": "1MiB", "word": "none", "count": "0", "times": "2"}
    unit = METRICS[metric].unit
    op = "==" if unit in ("word", "count") else "<"
    plan = plan_with([f"{metric} {op} {value[unit]}"])
    (limit,) = fed(plan, ()).look(at(0))
    assert isinstance(limit, LimitSoFar)
    assert limit.ok is None
