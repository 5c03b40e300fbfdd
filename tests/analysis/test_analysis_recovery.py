"""How long after the flood the target was as good as before it."""

import random
from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import (
    MIB,
    WALL_NS,
    end,
    event,
    health,
    healthy_run,
    scrape,
    stopped_run,
    window,
)

from qosflood.analysis import analyse
from qosflood.base.units import MS, SECOND

PLAN = make_plan(phases=make_phases(make_load(), edge_ns=20 * SECOND, flood_ns=20 * SECOND))
FLOOD_END_S = 60


def recovery(records):
    return analyse(PLAN, WALL_NS, records).recovery_s


def after_the_flood(seconds, make):
    """A run in which the windows of some seconds after the flood are made anew."""
    chosen = {FLOOD_END_S + second for second in seconds}
    return healthy_run(PLAN, change=lambda w: make(w) if w.second in chosen else w)


def slow(ms):
    return lambda w: window(w.second, w.phase, response_ms=[ms] * 10)


def failing(count):
    return lambda w: window(
        w.second, w.phase, response_ms=[5.0] * (10 - count), failed={"timeout": count}
    )


def test_a_target_that_never_suffered_recovers_at_once():
    assert recovery(healthy_run(PLAN)) == 0.0


@pytest.mark.parametrize("make", [slow(500.0), failing(3)])
def test_recovery_lasts_until_the_last_bad_second(make):
    assert recovery(after_the_flood([0, 1, 4], make)) == 5.0


def test_a_target_that_stays_bad_never_recovers():
    assert recovery(after_the_flood(range(20), failing(10))) is None


def test_one_that_is_bad_again_at_the_end_has_not_recovered():
    assert recovery(after_the_flood([19], slow(500.0))) is None


def test_a_little_slower_than_the_baseline_is_good_enough():
    assert recovery(after_the_flood(range(10), slow(50.0))) == 0.0


def test_a_second_in_which_reports_are_due_and_none_ends_is_bad():
    def silent(same):
        return replace(same, outcomes={}, response=None, service=None)

    assert recovery(after_the_flood([0, 1], silent)) == 2.0


def test_seconds_in_which_the_generator_was_late_say_nothing_of_the_target():
    def late(same):
        slowed = window(same.second, same.phase, response_ms=[500.0] * 10)
        return replace(slowed, health=health(loop_stall_ns=400 * MS))

    assert recovery(after_the_flood([3], late)) == 0.0


def test_failing_scrapes_delay_recovery_until_the_next_good_one():
    assert recovery(healthy_run(PLAN, scrape_ok=lambda s: not 55 <= s < 64)) == 4.5


def test_scrapes_that_never_come_back_mean_no_recovery():
    assert recovery(healthy_run(PLAN, scrape_ok=lambda s: s < 55)) is None


def test_without_its_whole_recovery_phase_a_run_says_nothing():
    assert recovery(stopped_run(PLAN, 70, "interrupted")) is None


def test_without_a_baseline_there_is_nothing_to_compare_with():
    empty = healthy_run(PLAN, change=lambda w: window(w.second, w.phase) if w.second < 20 else w)
    assert recovery(empty) is None


FORTY = make_load(base_clients=40, clients=80)
AT_40 = make_plan(load=FORTY, phases=make_phases(FORTY, edge_ns=60 * SECOND, flood_ns=20 * SECOND))


def with_errors(share_at, seed):
    """40 reports a second at 1x, of which chance picks those that time out: of `share_at(second)`
    (since the flood's end)."""
    chance = random.Random(seed)

    def change(w):
        count = w.scheduled
        failed = sum(chance.random() < share_at(w.second - 140) for _ in range(count))
        return window(
            w.second, w.phase, response_ms=[5.0] * (count - failed), failed={"timeout": failed}
        )

    return analyse(AT_40, WALL_NS, healthy_run(AT_40, change=change)).recovery


@pytest.mark.parametrize("share", [0.005, 0.01, 0.02])
@pytest.mark.parametrize("seed", range(4))
def test_constant_errors_are_as_good_as_before_from_the_start(share, seed):
    found = with_errors(lambda _second: share, seed)
    assert (found.errors_s, found.response_s, found.seconds) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_errors_that_stay_high_are_seen_though_no_single_second_shows_them(seed):
    found = with_errors(lambda second: 0.08 if second >= -20 else 0.005, seed)
    assert found.seconds is None
    assert "errors" in found.reason


@pytest.mark.parametrize("seed", range(4))
def test_errors_that_end_after_a_while_end_the_recovery_there(seed):
    found = with_errors(lambda second: 0.25 if -20 <= second < 20 else 0.005, seed)
    assert 12.0 <= found.errors_s <= 24.0
    assert found.response_s == 0.0


def test_slow_answers_of_a_minority_are_seen_in_seconds_too_short_for_a_p99():
    def slow_third(w):
        slow_ones = 13 if 140 <= w.second < 150 else 0
        return window(w.second, w.phase, response_ms=[5.0] * (40 - slow_ones) + [900.0] * slow_ones)

    records = healthy_run(AT_40, change=lambda w: slow_third(w) if w.second >= 140 else w)
    assert analyse(AT_40, WALL_NS, records).recovery.response_s == 10.0


def test_the_second_after_a_late_one_says_nothing_of_the_target_either():
    def late(same):
        if same.second == FLOOD_END_S + 3:
            return replace(same, health=health(loop_stall_ns=800 * MS))
        return slow(500.0)(same)

    assert recovery(after_the_flood([3, 4], late)) == 0.0


def test_what_recovered_means_is_said_with_the_reports_that_it_follows_from():
    reason = told(healthy_run(PLAN)).reason
    assert "errors at most 4.22% (what the baseline's 200 reports allow, and 1%)" in reason


def told(records, plan=PLAN):
    return analyse(plan, WALL_NS, records).recovery


def test_each_part_of_a_recovery_has_its_own_time():
    records = healthy_run(
        PLAN,
        change=lambda w: failing(3)(w) if w.second == FLOOD_END_S + 2 else w,
        scrape_ok=lambda s: not 55 <= s < 64,
    )
    found = told(records)
    assert (found.errors_s, found.scrapes_s, found.seconds) == (3.0, 4.5, 4.5)
    assert "recovered 4.5s after the flood; last: scrapes" in found.reason


def test_what_has_not_recovered_is_named():
    found = told(healthy_run(PLAN, scrape_ok=lambda s: s < 55))
    assert (found.judged, found.errors_s, found.scrapes_s) == (True, 0.0, None)
    assert found.reason.startswith("not recovered after 20s: scrapes")


def test_scrapes_as_bad_as_before_the_flood_are_waited_for_by_nobody():
    assert told(healthy_run(PLAN, scrape_ok=lambda s: s % 4 != 0)).scrapes_s <= 2.0


def test_memory_that_stays_is_told_and_not_waited_for():
    found = told(healthy_run(PLAN, rss=lambda s: (80 if s < 30 else 180) * MIB))
    assert (found.seconds, found.rss_before, found.rss_after) == (0.0, 80 * MIB, 180 * MIB)


def test_without_a_recovery_phase_there_is_a_reason_and_no_figure():
    phases = tuple(phase for phase in PLAN.phases if phase.name != "recovery")
    plan = replace(PLAN, phases=phases)
    found = told(healthy_run(plan), plan)
    assert (found.judged, found.seconds, found.reason) == (
        False,
        None,
        "the plan has no recovery phase",
    )


def test_the_moment_of_recovery_stands_in_the_timeline_if_it_was_not_at_once():
    late = analyse(PLAN, WALL_NS, after_the_flood([0, 1, 4], failing(3))).timeline
    entry = next(entry for entry in late if entry.kind == "recovered")
    assert (entry.t_s, entry.evidence["errors_s"]) == (FLOOD_END_S + 5.0, 5.0)
    at_once = analyse(PLAN, WALL_NS, healthy_run(PLAN)).timeline
    assert not any(entry.kind == "recovered" for entry in at_once)


def test_samples_of_a_long_drain_belong_to_settle():
    late_s = PLAN.load_ns // SECOND + 10
    settled = [r for r in healthy_run(PLAN) if getattr(r, "kind", "") != "settled"][:-1]
    run = [
        *settled,
        *(scrape(late_s + n) for n in range(5)),
        event(late_s + 6, "settled", "operator"),
    ]
    phase = analyse(PLAN, WALL_NS, [*run, end(late_s + 7)]).phases[-1]
    assert phase.name == "settle"
    assert phase.seconds == late_s + 6 - PLAN.load_ns / SECOND
    assert phase.scrapes.count >= 5


def test_a_baseline_that_failed_itself_is_nothing_to_come_back_to():
    failed = analyse(PLAN, WALL_NS, healthy_run(PLAN, change=failing(10))).recovery
    assert (failed.judged, failed.seconds) == (False, None)
    assert failed.reason == "100% of the baseline's reports failed, too many to compare with"
    some = analyse(PLAN, WALL_NS, healthy_run(PLAN, change=failing(3))).recovery
    assert (some.judged, some.seconds) == (True, 0.0)


def test_scrapes_that_failed_throughout_the_baseline_are_not_what_recovery_waits_for():
    never = analyse(PLAN, WALL_NS, healthy_run(PLAN, scrape_ok=lambda _s: False)).recovery
    assert (never.seconds, never.scrapes_s) == (0.0, None)
    assert "scrapes" not in never.reason
