"""Abort limits: when they break, when not, and what is said."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import at, load_started, memory, scrape, window

from qosflood.analysis.verdict.aborts import AbortJudge
from qosflood.base.units import SECOND
from qosflood.journal.records import OWN_ABSENCE, JournalRecord, Outcome, Window
from qosflood.plan.limit_language import METRICS, parse_abort
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance

MIB = 1 << 20


def plan_with(expr: str) -> Plan:
    return make_plan(aborts=(parse_abort(expr),))


def first_broken(plan: Plan, records: Iterable[JournalRecord], until_s: int) -> int | None:
    """The second of the load at which the abort limit breaks, asked once a second."""
    judge = AbortJudge(plan)
    pending = sorted([load_started(), *records], key=lambda record: record.t)
    for second in range(until_s):
        while pending and pending[0].t <= at(second):
            judge.feed(pending.pop(0))
        if judge.broken(at(second)) is not None:
            return second
    return None


def bad_from(start_s: int, end_s: int = 99, until_s: int = 19) -> list[Window]:
    """90% timeouts from `start_s` until `end_s`, none else."""
    return [
        window(s, "flood", response_ms=[1.0] * 10, failed={"timeout": 90})
        if start_s <= s < end_s
        else window(s, "flood", response_ms=[1.0] * 100)
        for s in range(until_s)
    ]


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.live])
def test_every_metric_that_may_abort_can_be_judged_while_running(metric: str) -> None:
    condition = {"ns": "> 1ns", "bytes": "> 1KiB", "ratio": "> 1%"}[METRICS[metric].unit]
    plan = plan_with(f"{metric} {condition} for 2s")
    records: list[JournalRecord] = [
        window(s, "flood", response_ms=[9.0] * 5, failed={"timeout": 1}) for s in range(19)
    ]
    records += [memory(s) for s in range(19)]
    assert first_broken(plan, records, 19) is not None


def test_errors_abort_once_they_fill_the_grace_period() -> None:
    assert first_broken(plan_with("errors > 50% for 5s"), bad_from(8), 19) == 13
    assert first_broken(plan_with("errors > 50% for 10s"), bad_from(0), 19) == 10


def test_a_short_burst_of_errors_does_not_abort() -> None:
    assert first_broken(plan_with("errors > 50% for 5s"), bad_from(8, 10), 19) is None


def outage(start_s: int, end_s: int, until_s: int, rate: int = 100) -> list[Window]:
    """Every report fails from `start_s` until `end_s`, none else."""
    return [
        window(s, "flood", failed={"connect_error": rate})
        if start_s <= s < end_s
        else window(s, "flood", response_ms=[1.0] * rate)
        for s in range(until_s)
    ]


def test_a_total_outage_aborts_after_the_whole_grace_period_and_not_before() -> None:
    assert first_broken(plan_with("errors > 50% for 15s"), outage(3, 99, 40), 40) == 18


@pytest.mark.parametrize("rate", [8, 100, 1000])
def test_a_restart_that_is_shorter_than_the_grace_period_does_not_abort(rate: int) -> None:
    for start_s in (0, 3, 20):
        records = outage(start_s, start_s + 10, 40, rate)
        assert first_broken(plan_with("errors > 50% for 15s"), records, 40) is None


def test_a_good_second_in_an_outage_begins_the_grace_period_anew() -> None:
    records = outage(1, 7, 8) + outage(8, 99, 19)[8:]
    assert first_broken(plan_with("errors > 50% for 8s"), records, 19) == 16


def test_silence_before_the_first_deadlines_is_no_part_of_the_grace_period() -> None:
    silent = [window(s, "flood") for s in range(3, 13)]
    records = [*outage(99, 99, 3), *silent, *outage(13, 23, 40)[13:]]
    assert first_broken(plan_with("errors > 50% for 15s"), records, 40) is None


def broken_at(plan: Plan, records: Iterable[JournalRecord], looks: Iterable[int]) -> list[int]:
    """The looks, in seconds of the load, at which the abort limit is broken."""
    judge = AbortJudge(plan)
    for record in [load_started(), *records]:
        judge.feed(record)
    return [second for second in looks if judge.broken(at(second)) is not None]


def test_a_run_that_stood_still_itself_has_seen_no_gap_meanwhile() -> None:
    plan = plan_with("scrape.gap > 4s")
    assert broken_at(plan, [scrape(0)], [1, 2, 15, 16, 17]) == []
    assert broken_at(plan, [scrape(0)], range(1, 7)) == [5, 6]


def test_a_level_that_was_not_looked_at_begins_anew() -> None:
    plan = plan_with("memory.max > 90MiB for 6s")
    assert broken_at(plan, [memory(0, 95 * MIB)], [1, 2, 14, 15, 16]) == []
    assert broken_at(plan, [memory(0, 95 * MIB)], range(1, 9)) == [7, 8]


def test_scrapes_that_the_monitor_itself_missed_make_no_gap() -> None:
    missed = [scrape(s, ok=False, own_fault=True) for s in range(1, 19)]
    assert first_broken(plan_with("scrape.gap > 4s"), [scrape(0), *missed], 19) is None


@pytest.mark.parametrize("outcome", [Outcome.UNSENT, Outcome.TIMEOUT])
def test_what_the_generators_own_absence_ended_aborts_nothing(outcome: Outcome) -> None:
    starved = [
        window(
            s,
            "flood",
            response_ms=[1.0] * 10,
            failed={outcome.label: 90},
            errors={OWN_ABSENCE[outcome]: 90},
        )
        for s in range(19)
    ]
    assert first_broken(plan_with("errors > 50% for 5s"), starved, 19) is None


def test_reports_that_a_late_generator_did_not_pick_up_abort_no_offered_rate() -> None:
    planned = [window(s, "flood", response_ms=[1.0] * 10, lag_ms=[900.0] * 10) for s in range(19)]
    assert first_broken(plan_with("offered < 50% for 5s"), planned, 19) is None
    on_time = [window(s, "flood", response_ms=[1.0] * 10) for s in range(19)]
    assert first_broken(plan_with("offered < 50% for 5s"), on_time, 19) is not None


@pytest.mark.parametrize(("refused", "aborts"), [(51, False), (60, True)])
def test_a_share_beyond_the_threshold_by_chance_does_not_abort(refused: int, aborts: bool) -> None:
    records = [
        window(s, "flood", response_ms=[1.0] * (100 - refused), failed={"rejected": refused})
        for s in range(19)
    ]
    broken = first_broken(plan_with("errors > 50% for 15s"), records, 19)
    assert (broken is not None) == aborts


def test_nothing_aborts_before_a_whole_grace_period_was_seen() -> None:
    broken = first_broken(plan_with("errors > 50% for 8s"), bad_from(0), 19)
    assert broken is not None
    assert broken >= 8


def test_seconds_in_which_nothing_ended_neither_break_nor_clear() -> None:
    silent = [window(s, "flood") for s in range(19)]
    assert first_broken(plan_with("errors > 50% for 3s"), silent, 19) is None


def test_a_limit_on_a_phase_waits_for_that_phase() -> None:
    plan = plan_with("flood:errors > 50% for 3s")
    start_s = plan.phase("flood").start_ns // SECOND
    assert first_broken(plan, bad_from(0), 19) == start_s + 3
    late = plan_with("recovery:errors > 50% for 1s")
    assert first_broken(late, bad_from(0, 14), 19) is None


def test_levels_must_have_held_at_every_look() -> None:
    plan = plan_with("response.p99 > 100ms for 4s")
    slow = [
        window(s, "flood", response_ms=[900.0 if s >= 5 and s != 7 else 1.0] * 20)
        for s in range(19)
    ]
    assert first_broken(plan, slow, 19) == 13


def test_seconds_without_an_answer_neither_break_nor_clear_a_level() -> None:
    plan = plan_with("response.p99 > 100ms for 10s")
    herds = [window(s, "flood", response_ms=[900.0] * 20 * (s % 5 == 2)) for s in range(19)]
    assert first_broken(plan, herds, 19) == 13


def test_a_percentile_with_too_few_values_above_it_aborts_only_where_its_bounds_say_so() -> None:
    plan = plan_with("response.p99 > 100ms for 2s")
    one_slow = [window(s, "flood", response_ms=[1.0] * 99 + [900.0]) for s in range(19)]
    assert first_broken(plan, one_slow, 19) is None
    half_slow = [window(s, "flood", response_ms=[1.0] * 40 + [900.0] * 60) for s in range(19)]
    assert first_broken(plan, half_slow, 19) == 3


def test_a_level_that_a_few_reports_a_second_break_is_seen_over_several_seconds() -> None:
    plan = plan_with("response.p99 > 100ms for 4s")
    slow = [window(s, "flood", response_ms=[900.0] * 6 * (s >= 5)) for s in range(19)]
    assert first_broken(plan, slow, 19) == 13


def test_memory_aborts_at_its_last_sample() -> None:
    plan = plan_with("memory.max > 90MiB")
    records = [memory(s, (80 + 2 * s) * 1024 * 1024) for s in range(19)]
    assert first_broken(plan, records, 19) == 6


def test_a_share_of_memory_aborts_by_the_limit_that_its_source_tells() -> None:
    plan = plan_with("memory.max > 90%")
    grown = [memory(s, (80 + 2 * s) * MIB, limit_bytes=100 * MIB) for s in range(19)]
    assert first_broken(plan, grown, 19) == 6
    assert first_broken(plan, [memory(s, 1000 * MIB) for s in range(19)], 19) is None
    named = make_plan(
        aborts=(parse_abort("memory.max > 90%"),), watch={"memory_limit_bytes": 200 * MIB}
    )
    assert first_broken(named, grown, 19) is None


def test_memory_aborts_by_the_instance_that_has_most() -> None:
    both = [memory(s, 95 * MIB, instance="b", limit_bytes=100 * MIB) for s in range(19)]
    both += [memory(s + 0.1, 5 * MIB, instance="a", limit_bytes=100 * MIB) for s in range(19)]
    assert first_broken(plan_with("memory.max > 90%"), both, 19) == 0


def test_memory_aborts_by_the_figure_that_is_judged() -> None:
    shared = {"rss_bytes": 500 * MIB, "processes": 4}
    tree = [memory(s, **shared) for s in range(1, 19)]
    tree += [memory(s, **shared, used_bytes=60 * MIB, figure="pss") for s in (0, 10)]
    assert first_broken(plan_with("memory.max > 90MiB"), tree, 19) is None


def test_a_scrape_gap_grows_until_the_next_good_scrape() -> None:
    plan = plan_with("scrape.gap > 4s for 2s")
    blind = [scrape(s, ok=s < 3) for s in range(19)]
    assert first_broken(plan, blind, 19) == 9
    seeing = [scrape(s, ok=s % 4 == 0) for s in range(19)]
    assert first_broken(plan, seeing, 19) is None


def test_a_gap_is_that_of_the_instance_that_waits_longest() -> None:
    pages = tuple(Instance(name=name, scrape_url=f"http://127.0.0.1/{name}") for name in "ab")
    plan = replace(plan_with("scrape.gap > 4s for 2s"), instances=pages)
    both = [scrape(s, ok=s < 3 or name == "a", instance=name) for s in range(19) for name in "ab"]
    assert first_broken(plan, both, 19) == 9


def test_a_gap_counts_from_the_loads_start_if_no_scrape_ever_worked() -> None:
    assert first_broken(plan_with("scrape.gap > 4s"), [], 19) == 5


def test_without_scrapes_a_gap_cannot_abort() -> None:
    plan = make_plan(aborts=(parse_abort("scrape.gap > 4s"),), watch={"interval_ns": None})
    assert first_broken(plan, [], 19) is None


def test_offered_is_taken_of_what_the_plan_asked_for_meanwhile() -> None:
    plan = plan_with("flood:offered < 50% for 3s")
    as_planned = [window(s, "flood", response_ms=[1.0] * 100) for s in range(19)]
    assert first_broken(plan, as_planned, 19) is None
    stuck = [window(s, "flood", response_ms=[1.0] * (100 if s < 10 else 20)) for s in range(19)]
    assert first_broken(plan, stuck, 19) == 13


def test_seconds_between_herds_are_not_held_against_what_was_offered() -> None:
    plan = plan_with("flood:offered < 50% for 3s")
    plan = replace(plan, load=replace(plan.load, clocks="synchronised"))

    def herds(sent: int) -> list[Window]:
        herd = {"response_ms": [1.0] * sent, "scheduled": 500}
        return [window(s, "flood", **(herd if s % 5 == 2 else {})) for s in range(19)]

    assert first_broken(plan, herds(500), 19) is None
    assert first_broken(plan, herds(100), 19) is not None


def test_what_was_seen_last_is_not_judged_for_ever() -> None:
    plan = plan_with("recovery:errors > 50% for 3s")
    windows = bad_from(18, until_s=19)
    assert first_broken(plan, windows, 30) is None


def test_the_value_is_said_in_words() -> None:
    plan = plan_with("errors > 50% for 2s")
    judge = AbortJudge(plan)
    for record in (load_started(), *bad_from(0, until_s=4)):
        judge.feed(record)
    broken = judge.broken(at(4))
    assert broken is not None
    limit, words = broken
    assert (limit.expr, words) == ("errors > 50% for 2s", "errors 90%")


def test_without_abort_limits_nothing_aborts() -> None:
    assert first_broken(make_plan(), bad_from(0), 19) is None
