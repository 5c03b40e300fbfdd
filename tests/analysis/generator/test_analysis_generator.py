"""Whether the generator and the monitor did their part."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import (
    WALL_NS,
    event,
    health,
    healthy_run,
    latency,
    memory,
    scrape,
    stopped_run,
    window,
)

from qosflood.analysis import analyse
from qosflood.analysis.generator.late import late_gate_ns
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OWN_ABSENCE, Outcome, ScrapeSample
from qosflood.plan.limit_language import parse_limit

LONG = make_plan(phases=make_phases(make_load(), edge_ns=20 * SECOND, flood_ns=60 * SECOND))
PLAN = make_plan()


def generator_of(records, plan=LONG):
    return analyse(plan, WALL_NS, records).generator


def change_seconds(seconds, **changes):
    return lambda same: replace(same, **changes) if same.second in seconds else same


STALLED = {"health": health(loop_stall_ns=40 * MS)}


def test_the_gate_is_ten_milliseconds_without_latency_limits():
    assert late_gate_ns(PLAN) == 10 * MS


@pytest.mark.parametrize(
    ("limits", "gate_ms"),
    [
        (("response.p99 < 100ms",), 10),
        (("response.p99 < 1s", "service.p50 < 400ms"), 20),
        (("recovery:response.max < 2s",), 100),
        (("response.p50 > 1s", "errors < 1%"), 10),
    ],
)
def test_the_gate_is_a_twentieth_of_the_tightest_latency_limit(limits, gate_ms):
    plan = make_plan(limits=tuple(parse_limit(text) for text in limits))
    assert late_gate_ns(plan) == gate_ms * MS


def test_an_on_time_generator_has_no_problems():
    generator = generator_of(healthy_run(LONG))
    assert (generator.verdict, generator.problems) == ("ok", ())
    assert (generator.late_windows, generator.windows) == (0, 100)
    assert generator.cpu_cores == pytest.approx(0.5)
    assert generator.cpu_per_report_ns == pytest.approx(SECOND / 2 / 100)
    assert generator.rss_max_bytes == 40 * 1024 * 1024


def test_five_percent_of_late_windows_are_forgiven():
    generator = generator_of(
        healthy_run(LONG, change=change_seconds({0, 50, 60, 70, 105}, **STALLED))
    )
    assert (generator.verdict, generator.late_windows, generator.problems) == ("ok", 5, ())


def test_a_single_late_window_is_forgiven_however_short_the_run():
    short = make_plan()
    records = healthy_run(short, change=change_seconds({8}, **STALLED))
    generator = generator_of(records, short)
    assert (generator.verdict, generator.late_windows, generator.problems) == ("ok", 1, ())
    late = generator_of(healthy_run(short, change=change_seconds({8, 9}, **STALLED)), short)
    assert late.verdict == "late"


def test_more_than_five_percent_of_late_windows_are_a_problem_with_its_figures():
    late = range(50, 56)
    generator = generator_of(healthy_run(LONG, change=change_seconds(late, **STALLED)))
    assert generator.verdict == "late"
    assert "late in 6 of 100 seconds (6%" in generator.problems[0]
    assert "6 of 60 in flood" in generator.problems[0]


@pytest.mark.parametrize("second", [0, 105])
def test_baseline_and_recovery_are_held_to_it_as_well(second):
    late = range(second, second + 6)
    generator = generator_of(healthy_run(LONG, change=change_seconds(late, **STALLED)))
    assert generator.verdict == "late"


def test_late_windows_of_the_ramp_are_not_held_against_the_run():
    generator = generator_of(healthy_run(LONG, change=change_seconds(range(20, 40), **STALLED)))
    assert (generator.verdict, generator.late_windows) == ("ok", 0)


def test_the_seconds_between_herds_do_not_make_late_ones_rarer():
    def herds(same):
        if same.second % 20:
            return replace(same, send_lag=None)
        return replace(same, send_lag=latency([40.0] * 50))

    together = replace(LONG, load=replace(LONG.load, clocks="synchronised"))
    assert generator_of(healthy_run(LONG, change=herds)).verdict == "ok"
    late = generator_of(healthy_run(together, change=herds), together)
    assert (late.verdict, late.late_windows, late.windows) == ("late", 5, 5)


def test_send_lag_alone_makes_a_window_late():
    lagging = latency([0.1] * 50 + [30.0])
    generator = generator_of(
        healthy_run(LONG, change=change_seconds(range(50, 60), send_lag=lagging))
    )
    assert generator.verdict == "late"


def test_a_few_lagging_reports_among_thousands_do_not():
    lagging = latency([0.1] * 5000 + [30.0] * 20)
    generator = generator_of(
        healthy_run(LONG, change=change_seconds(range(50, 60), send_lag=lagging))
    )
    assert generator.late_windows == 0


def test_a_throttled_shard_is_starved():
    throttled = health(throttled_ns=SECOND // 5)
    generator = generator_of(
        healthy_run(LONG, change=change_seconds(range(50, 60), health=throttled))
    )
    assert generator.verdict == "starved"


def test_reports_picked_after_their_phase_starve_the_run():
    generator = generator_of(healthy_run(LONG, change=change_seconds({99}, picked_late=90)))
    assert generator.verdict == "starved"
    assert any("picked up only after their phase" in line for line in generator.problems)


def test_a_single_report_picked_late_is_no_pattern_however_few_there_are():
    short = make_plan(phases=make_phases(make_load(), flood_ns=3 * SECOND))

    def picked_late(count):
        return lambda w: window(
            w.second, w.phase, response_ms=[5.0] * 10, picked_late=count * (w.second == 7)
        )

    assert generator_of(healthy_run(short, change=picked_late(1)), short).verdict == "ok"
    assert generator_of(healthy_run(short, change=picked_late(2)), short).verdict == "starved"


def test_a_missing_window_is_a_problem():
    records = healthy_run(LONG, change=lambda same: None if same.second == 42 else same)
    generator = generator_of(records)
    assert generator.problems == ("shard 0: windows are missing for 1 of 120 seconds",)
    assert generator.verdict == "starved"


def test_a_missing_shard_is_a_problem():
    plan = replace(LONG, load=replace(LONG.load, shards=2))
    records = [r for r in healthy_run(plan) if getattr(r, "shard", 0) == 0]
    assert generator_of(records, plan).problems == (
        "shard 1: windows are missing for 120 of 120 seconds",
    )


@pytest.mark.parametrize(("lost_s", "problems"), [(2, 0), (3, 1)])
def test_a_shard_may_end_two_seconds_before_the_others(lost_s, problems):
    plan = replace(LONG, load=replace(LONG.load, shards=2))
    records = healthy_run(
        plan, change=lambda w: None if w.shard == 1 and w.second >= 120 - lost_s else w
    )
    assert len(generator_of(records, plan).problems) == problems


def test_a_run_that_completed_without_its_last_windows_is_not_whole():
    records = healthy_run(LONG, change=lambda w: None if w.second >= 100 else w)
    assert "windows are missing for 20 of 120 seconds" in generator_of(records).problems[0]


def test_a_run_that_was_stopped_misses_nothing_after_its_stop():
    assert generator_of(stopped_run(LONG, 50, "interrupted")).problems == ()


def test_a_load_that_never_came_is_a_problem():
    silent = healthy_run(LONG, change=lambda w: replace(w, scheduled=0))
    assert any("no report came due" in line for line in generator_of(silent).problems)


def test_a_dead_shard_and_a_dead_monitor_are_named_in_their_last_words():
    extra = [
        event(50, "shard_died", "generator", "shard 0 died: MemoryError"),
        event(51, "monitor_died", "generator", "the monitor died: killed"),
    ]
    generator = generator_of(healthy_run(LONG, extra=extra))
    assert "shard 0 died: MemoryError" in generator.problems
    assert "the monitor died: killed" in generator.problems


def own_fault_scrapes(records, most):
    missed = 0
    for record in records:
        if isinstance(record, ScrapeSample) and missed < most and record.t > 5 * SECOND:
            missed += 1
            yield replace(record, ok=False, own_fault=True, reason="the monitor was late")
        else:
            yield record


@pytest.mark.parametrize(("missed", "problems"), [(12, 0), (13, 1)])
def test_a_tenth_of_the_scrapes_may_be_missed_by_the_monitors_own_fault(missed, problems):
    generator = generator_of(own_fault_scrapes(healthy_run(LONG), missed))
    assert len(generator.problems) == problems
    assert generator.verdict == "ok"


def test_pages_that_take_longer_to_read_than_scrapes_are_apart_are_told_as_the_cause():
    slow = [replace(scrape(2), parse_ns=7 * SECOND, bytes=20 << 20)]
    problems = generator_of([*own_fault_scrapes(healthy_run(LONG), 13), *slow]).problems
    assert problems[0].endswith(
        "it took 7s to read a page of 20.0 MiB, more than the 1s between two scrapes; "
        "use a longer --scrape-interval"
    )


def test_scrapes_that_never_came_are_missed_as_well():
    records = [r for r in healthy_run(LONG) if not isinstance(r, ScrapeSample)]
    problems = generator_of([*records, scrape(3)]).problems
    assert len(problems) == 1
    assert "of 119 scrapes" in problems[0]


def test_scrapes_that_failed_by_the_target_are_no_fault_of_the_monitor():
    assert generator_of(healthy_run(LONG, scrape_ok=lambda s: False)).problems == ()


def test_without_scraping_none_is_missed():
    plan = replace(LONG, watch=replace(LONG.watch, interval_ns=None))
    records = [r for r in healthy_run(plan) if not isinstance(r, ScrapeSample)]
    assert generator_of(records, plan).problems == ()


def test_memory_samples_missed_by_the_monitor_are_a_problem():
    missed = [memory(50 + i / 10, own_fault=True) for i in range(30)]
    problems = generator_of(healthy_run(LONG, extra=missed)).problems
    assert "30 of 151 memory samples" in problems[0]


DAY = make_plan(phases=make_phases(make_load(), edge_ns=20 * SECOND, flood_ns=3000 * SECOND))


@pytest.mark.parametrize(("absent_s", "verdict"), [(2.9, "ok"), (3.2, "late")])
def test_an_absence_of_over_a_thousandth_of_the_flood_is_never_diluted(absent_s, verdict):
    standing = {"health": health(loop_stall_ns=SECOND, absent_ns=round(absent_s / 4 * SECOND))}
    change = change_seconds(range(100, 104), **standing)
    generator = generator_of(healthy_run(DAY, change=change, rss=None), DAY)
    assert generator.verdict == verdict
    assert generator.absent_ns == pytest.approx(absent_s * SECOND)
    if verdict == "late":
        (problem,) = generator.problems
        assert "stood still" in problem
        assert "3.2s of the flood from +100s" in problem
        assert "no failure of the target" in problem


def test_failures_that_absence_brought_about_count_however_short_it_was():
    left = {"errors": {OWN_ABSENCE[Outcome.UNSENT]: 50}, "health": health(absent_ns=SECOND // 2)}
    generator = generator_of(healthy_run(LONG, change=change_seconds({60}, **left)))
    assert generator.absent_reports == 50
    assert generator.verdict == "late"


def test_a_shard_that_waits_for_a_core_most_of_the_flood_is_starved():
    hogged = health(run_queue_ns=round(0.6 * SECOND))
    generator = generator_of(healthy_run(LONG, change=change_seconds(range(120), health=hogged)))
    assert generator.verdict == "starved"
    assert generator.waited_share == pytest.approx(0.6)
    assert "waited for a core for 60% of the flood" in generator.problems[0]


def test_a_shard_that_waits_now_and_then_is_not():
    busy = health(run_queue_ns=round(0.4 * SECOND))
    generator = generator_of(healthy_run(LONG, change=change_seconds(range(120), health=busy)))
    assert (generator.verdict, generator.problems) == ("ok", ())
