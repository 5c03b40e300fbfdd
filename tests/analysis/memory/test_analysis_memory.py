"""The memory verdict on simulated series: true leaks are named, other growth is not.

Rates of false alarms are those of the rule at 15 minutes with blocks of 60 s.
"""

from dataclasses import replace

import numpy as np
import pytest
from plan_maker import make_load, make_phases, make_plan
from populations import population
from record_maker import MIB, T0_NS, at, event, memory

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.memory import memory_finding
from qosflood.base.units import MINUTE, SECOND
from qosflood.plan.plan import Part, Sessions

FLOOD_S, EDGE_S = 900, 60
WHOLE_S = 3 * EDGE_S + FLOOD_S
HOLD_S = 2 * EDGE_S + FLOOD_S // 3
SIMULATIONS = 200


def fifteen_minutes(flood_s=FLOOD_S, **watch):
    phases = make_phases(make_load(), edge_ns=EDGE_S * SECOND, flood_ns=flood_s * SECOND)
    return make_plan(phases=phases, watch=watch)


def clock_of(plan, stop_ns=None):
    whole_ns = max(phase.end_ns for phase in plan.phases)
    return RunClock(wall_ns=0, t0=T0_NS, stop_ns=stop_ns or whole_ns, completed=stop_ns is None)


def sessions_at(second):
    """1,000 sessions at first, 9,000 more from the ramp's start to the flood's first third."""
    return 1000 + round(9000 * min(max(second - EDGE_S, 0) / (HOLD_S - EDGE_S), 1.0))


def judge(rss, plan=None, events=(), sessions=sessions_at, stop_ns=None, source="process"):
    plan = plan or fifteen_minutes()
    samples = [memory(second, value, source=source) for second, value in enumerate(rss)]
    counted = population(sessions, WHOLE_S)
    return memory_finding(plan, clock_of(plan, stop_ns), samples, list(events), counted)


def seconds():
    return np.arange(WHOLE_S, dtype=float)


def noise(rng, sigma=0.2 * MIB):
    return rng.normal(0, sigma, WHOLE_S)


def saw_tooth(rng):
    period, height = rng.uniform(5, 25), rng.uniform(5, 40) * MIB
    return 100 * MIB + height * ((seconds() + rng.uniform(0, period)) % period) / period


def warm_up(rng):
    return saw_tooth(rng) + 30 * MIB * (1 - np.exp(-seconds() / rng.uniform(20, 80)))


def autocorrelated(rng):
    values = np.zeros(WHOLE_S)
    for i, shock in enumerate(rng.normal(0, 0.5 * MIB, WHOLE_S)):
        values[i] = 0.9 * values[i - 1] + shock
    return 100 * MIB + values


def leaking(mib_in_15_min):
    return mib_in_15_min * MIB * seconds() / FLOOD_S


def alarms(make, count=SIMULATIONS):
    plan = fifteen_minutes()
    found = (judge(make(np.random.default_rng(seed)), plan) for seed in range(count))
    return sum(finding.verdict == "leak" for finding in found) / count


@pytest.mark.parametrize("make", [saw_tooth, warm_up, autocorrelated])
def test_what_does_not_leak_is_rarely_called_a_leak(make):
    assert alarms(make) <= 0.05


def test_a_leak_of_20_mb_in_15_minutes_is_always_named():
    assert alarms(lambda rng: saw_tooth(rng) + leaking(20) + noise(rng), 100) == 1.0


def test_growth_that_ends_with_the_joining_of_sessions_is_laid_to_sessions():
    grown = np.array([sessions_at(second) * 4096.0 for second in range(WHOLE_S)])
    finding = judge(60 * MIB + grown + noise(np.random.default_rng(1), 0.02 * MIB))
    assert finding.verdict == "grows_with_sessions"
    assert finding.bytes_per_session == pytest.approx(4096, rel=0.1)


@pytest.mark.parametrize(
    ("plan", "events"),
    [
        ({"part": Part(index=1, of=4, start_at_ns=0, scrapes=True, memory=True)}, []),
        ({"merged": 4}, [event(0, "part_missing")]),
    ],
)
def test_growth_is_not_laid_to_the_sessions_of_some_parts_alone(plan, events):
    rss = 100 * MIB + 4096 * np.array([sessions_at(s) for s in range(WHOLE_S)], dtype=float)
    finding = judge(rss, replace(fifteen_minutes(), **plan), events)
    assert finding.verdict == "grows_with_sessions"
    assert finding.bytes_per_session is None
    assert "MiB while sessions joined, then stayed level" in finding.reason


def test_a_leak_beside_sessions_is_still_a_leak():
    grown = np.array([sessions_at(second) * 4096.0 for second in range(WHOLE_S)])
    finding = judge(60 * MIB + grown + leaking(20))
    assert finding.verdict == "leak"
    assert finding.slope_mid == pytest.approx(80 * MIB, rel=0.05)
    assert finding.slope_low <= finding.slope_mid <= finding.slope_high


def churning(second):
    """Sessions that give way to others from the first second to the last."""
    return 1000 + 10 * second


def test_growth_while_sessions_are_not_held_is_laid_neither_to_time_nor_to_them():
    plan = replace(fifteen_minutes(), sessions=Sessions(lifetime="exponential", hold=False))
    finding = judge(100 * MIB + leaking(20), plan, sessions=churning)
    assert finding.verdict == "inconclusive"
    assert "while 6,000 sessions began" in finding.reason
    assert finding.slope_mid == pytest.approx(80 * MIB, rel=0.05)


def test_flat_memory_is_steady_though_sessions_are_not_held():
    plan = replace(fifteen_minutes(), sessions=Sessions(lifetime="exponential", hold=False))
    assert judge([80 * MIB] * WHOLE_S, plan, sessions=churning).verdict == "steady"


def test_flat_memory_is_steady_and_says_what_it_cannot_clear():
    finding = judge([80 * MIB] * WHOLE_S)
    assert finding.verdict == "steady"
    assert "slower" in finding.reason
    assert finding.max_bytes == 80 * MIB


def test_few_new_sessions_give_no_bytes_per_session():
    grown = np.array([sessions_at(second) * 4096.0 for second in range(WHOLE_S)])
    finding = judge(60 * MIB + grown, sessions=lambda _second: 1000)
    assert finding.bytes_per_session is None
    assert finding.verdict == "steady"


def test_growth_below_one_percent_of_the_limit_is_no_leak():
    plan = fifteen_minutes(memory_limit_bytes=8 * 1024 * MIB)
    assert judge(100 * MIB + leaking(20), plan).verdict == "steady"


def test_time_to_the_limit_is_a_range_around_the_true_one():
    plan = fifteen_minutes(memory_limit_bytes=500 * MIB)
    noisy = noise(np.random.default_rng(2), 0.5 * MIB)
    finding = judge(100 * MIB + leaking(20) + noisy, plan)
    left_s = (500 - 100 - 20 * (HOLD_S + 600) / FLOOD_S) * FLOOD_S / 20
    assert finding.time_to_limit_low_s <= finding.time_to_limit_high_s
    assert finding.time_to_limit_low_s == pytest.approx(left_s, rel=0.1)
    assert finding.time_to_limit_high_s == pytest.approx(left_s, rel=0.1)


def test_without_a_known_limit_there_is_no_time_to_it():
    finding = judge(100 * MIB + leaking(20))
    assert (finding.time_to_limit_low_s, finding.time_to_limit_high_s) == (None, None)


def test_a_short_flood_is_inconclusive_and_names_the_length_that_would_decide():
    finding = judge([80 * MIB] * (180 + 300), fifteen_minutes(flood_s=300))
    assert finding.verdict == "inconclusive"
    assert "flood for 12m" in finding.reason


def test_the_length_named_does_decide():
    assert judge([80 * MIB] * (180 + 720), fifteen_minutes(flood_s=720)).verdict == "steady"


def test_short_blocks_decide_short_floods():
    plan = fifteen_minutes(
        flood_s=30, memory_block_ns=2 * SECOND, memory_warmup_ns=SECOND, memory_growth_bytes=MIB
    )
    rss = 80 * MIB + 0.5 * MIB * np.arange(210)
    assert judge(rss, plan).verdict == "leak"


def test_holes_in_the_samples_are_not_taken_for_a_short_flood():
    plan = fifteen_minutes()
    samples = [memory(second) for second in range(0, WHOLE_S, 200)]
    finding = memory_finding(plan, clock_of(plan), samples, [], population(sessions_at, WHOLE_S))
    assert finding.verdict == "inconclusive"
    assert "samples in only" in finding.reason


@pytest.mark.parametrize("kind", ["restarted", "process_gone"])
def test_a_process_that_changed_in_the_flood_makes_it_inconclusive(kind):
    finding = judge([80 * MIB] * WHOLE_S, events=[event(400, kind, what="pid 7 gave way")])
    assert finding.verdict == "inconclusive"
    assert "pid 7 gave way" in finding.reason


def test_a_restart_before_the_flood_leaves_the_hold_to_judge_and_nothing_to_lay_to_sessions():
    rss = 100 * MIB + 4096 * np.array([sessions_at(s) for s in range(WHOLE_S)], dtype=float)
    finding = judge(rss, events=[event(20, "restarted")])
    assert (finding.verdict, finding.bytes_per_session) == ("steady", None)
    assert "the process changed 20s after the load's start" in finding.reason


def test_several_processes_at_one_address_leave_memory_unmeasured():
    finding = judge([80 * MIB] * WHOLE_S, events=[event(20, "several_processes")])
    assert (finding.verdict, finding.reason) == ("unmeasured", "several_processes")


def test_a_process_that_was_named_is_judged_whichever_of_its_workers_answers():
    plan = fifteen_minutes()
    named = replace(plan, watch=replace(plan.watch, pid=77))
    turns = [event(20, "several_processes")]
    assert judge([80 * MIB] * WHOLE_S, named, turns).verdict == "steady"
    assert judge([80 * MIB] * WHOLE_S, named, turns, source="gauge").verdict == "unmeasured"


def test_without_samples_memory_is_unmeasured():
    finding = judge([])
    assert (finding.verdict, finding.source, finding.max_bytes) == ("unmeasured", None, None)


def test_a_stopped_flood_is_judged_on_the_blocks_it_had():
    stop_ns = (HOLD_S + 120) * SECOND
    finding = judge([80 * MIB] * (HOLD_S + 120), stop_ns=stop_ns)
    assert finding.verdict == "inconclusive"
    assert "2 blocks" in finding.reason


def test_a_flood_that_was_cut_short_needs_no_longer_one_but_its_end():
    stop_ns = (2 * EDGE_S + 750) * SECOND
    finding = judge([80 * MIB] * (2 * EDGE_S + 750), stop_ns=stop_ns)
    assert (finding.verdict, finding.needed_s) == ("inconclusive", None)
    assert finding.reason.startswith("the flood was cut short: 7 blocks of 1m after the warm-up")


def test_a_day_is_judged_in_blocks_long_enough_for_slow_cycles():
    day_s = 86_400
    plan = fifteen_minutes(flood_s=day_s, memory_interval_ns=20 * SECOND)
    slow_cycle = [
        replace(memory(s), rss_bytes=round(100 * MIB + 50 * MIB * (s % 1500) / 1500), t=at(s))
        for s in range(0, day_s, 20)
    ]
    finding = memory_finding(plan, clock_of(plan), slow_cycle, [], population(sessions_at, WHOLE_S))
    assert finding.verdict == "steady"
    assert plan.watch.memory_block_ns == MINUTE
