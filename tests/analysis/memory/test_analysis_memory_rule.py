"""What the memory verdict weighs beside the trend: figures, heap, collections, what is freed."""

from dataclasses import replace

import numpy as np
import pytest
from plan_maker import make_load, make_phases, make_plan
from populations import population
from record_maker import MIB, T0_NS, event, memory, scrape

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.memory import memory_finding
from qosflood.base.units import MINUTE, SECOND
from qosflood.plan.plan import Sessions
from qosflood.plan.watching import WATCH

FLOOD_S, EDGE_S = 900, 60
WHOLE_S = 4 * EDGE_S + FLOOD_S
END_S = 2 * EDGE_S + FLOOD_S
HOLD_S = 2 * EDGE_S + FLOOD_S // 3
LEAK = [100 * MIB + 20 * MIB * s / FLOOD_S for s in range(WHOLE_S)]
FLAT = [80 * MIB] * WHOLE_S
KIB = 1024


def plan_of(sessions=None, **watch):
    load = make_load()
    edge, flood = EDGE_S * SECOND, FLOOD_S * SECOND
    phases = make_phases(load, edge_ns=edge, flood_ns=flood, settle_ns=edge)
    return replace(make_plan(phases=phases, watch=watch), sessions=sessions or Sessions())


def joining(second):
    """10,000 sessions from the ramp's start to the flood's first third."""
    return round(10_000 * min(max(second - EDGE_S, 0) / (HOLD_S - EDGE_S), 1.0))


def connected(second):
    """A thousand clients, most of which leave at the flood's end."""
    return 1000 if second < END_S else 100


def judge(samples, plan=None, scrapes=(), events=(), sessions=joining, acked=0):
    plan = plan or plan_of()
    clock = RunClock(wall_ns=0, t0=T0_NS, stop_ns=plan.phases[-1].end_ns, completed=True)
    if not hasattr(samples[0], "t"):
        samples = [memory(second, value) for second, value in enumerate(samples)]
    counted = population(sessions, WHOLE_S, connected)
    return memory_finding(plan, clock, samples, events, counted, scrapes, acked)


def pages(**values):
    """A scrape each 5 s whose fields are functions of the second."""
    return [
        scrape(second, **{name: value(second) for name, value in values.items()})
        for second in range(0, WHOLE_S, 5)
    ]


def heap(at):
    return pages(heap_bytes=lambda second: round(at[second]))


def test_a_heap_that_rises_too_confirms_a_leak():
    finding = judge(LEAK, scrapes=heap(LEAK))
    assert (finding.verdict, finding.heap) == ("leak", "agrees")
    assert finding.reason.endswith("the heap that the target exports rises too")


def test_a_heap_that_does_not_rise_makes_growth_inconclusive():
    finding = judge(LEAK, scrapes=heap(FLAT))
    assert (finding.verdict, finding.heap) == ("inconclusive", "disagrees")
    assert "the heap that the target exports did not" in finding.reason


def test_a_heap_that_was_hardly_seen_is_not_asked():
    finding = judge(LEAK, scrapes=heap(FLAT)[:20])
    assert (finding.verdict, finding.heap) == ("leak", "unseen")


def collections(each_s):
    return pages(major_gcs=lambda second: float(second // each_s))


def test_blocks_hold_two_major_collections_where_the_page_counts_them():
    rising_between = [100 * MIB + 10 * MIB * (second % 33) / 33 for second in range(WHOLE_S)]
    assert judge(rising_between, scrapes=collections(33)).verdict == "steady"


def test_growth_that_no_collection_had_a_chance_to_free_is_inconclusive():
    finding = judge(LEAK, scrapes=collections(10_000))
    assert finding.verdict == "inconclusive"
    assert "no major collection ran in that time" in finding.reason
    assert finding.needed_s is None


def test_growth_over_rare_collections_names_the_flood_that_would_decide():
    finding = judge(LEAK, scrapes=collections(200))
    assert finding.verdict == "inconclusive"
    assert finding.needed_s == pytest.approx(24 * 200, rel=0.2)
    assert "to judge it" in finding.reason


def test_flat_memory_needs_no_collection_to_be_steady():
    assert judge(FLAT, scrapes=collections(10_000)).verdict == "steady"


def test_a_tree_is_judged_by_its_pss_though_its_rss_rises():
    samples = [
        replace(
            memory(second, LEAK[second]),
            **({"figure": "pss", "used_bytes": 50 * MIB} if second % 10 == 0 else {}),
        )
        for second in range(WHOLE_S)
    ]
    finding = judge(samples)
    assert (finding.verdict, finding.figure) == ("steady", "pss")
    assert finding.max_bytes == 50 * MIB


def test_the_limit_that_a_source_tells_gives_the_time_to_it():
    samples = [
        replace(memory(s, v), figure="working_set", used_bytes=round(v), limit_bytes=500 * MIB)
        for s, v in enumerate(LEAK)
    ]
    finding = judge(samples)
    assert (finding.verdict, finding.limit_bytes) == ("leak", 500 * MIB)
    assert 0 < finding.time_to_limit_low_s <= finding.time_to_limit_high_s
    named = judge(samples, plan_of(memory_limit_bytes=900 * MIB))
    assert named.limit_bytes == 900 * MIB


def held(second, given_back=0.0):
    """4 KiB a session; a share of it is free once the flood is over."""
    grown = joining(second) * 4 * KIB
    return 60 * MIB + (grown * (1 - given_back) if second >= END_S else grown)


@pytest.mark.parametrize(("share", "words"), [(0.0, "less than 5% of it"), (0.75, "75% of it")])
def test_what_is_given_back_after_sessions_ended_is_told(share, words):
    finding = judge([held(second, share) for second in range(WHOLE_S)], acked=100_000)
    assert finding.verdict == "grows_with_sessions"
    assert finding.given_back == pytest.approx(share, abs=0.01)
    assert f"{words} was freed after they ended" in finding.reason
    kept = 40_000 * KIB * (1 - share)
    # Connections closed at the same moment, so what was freed may have been theirs.
    of_a_session = pytest.approx(kept / 10_000, rel=0.01) if share == 0.0 else None
    assert finding.retained_bytes_per_session == of_a_session
    assert finding.retained_bytes_per_1000_reports == pytest.approx(kept / 100, rel=0.01)


def test_growth_with_sessions_reaches_the_limit_by_the_churn_of_the_peak():
    sessions = Sessions(lifetime="exponential", lifetime_ns=10 * SECOND)
    plan = plan_of(sessions, memory_limit_bytes=200 * MIB)
    finding = judge([held(second) for second in range(WHOLE_S)], plan)
    left = 200 * MIB - held(HOLD_S)
    of_a_session = (finding.bytes_per_session_low, finding.bytes_per_session_high)
    assert of_a_session == pytest.approx((4 * KIB * 0.95, 4 * KIB * 1.05), rel=0.01)
    assert finding.time_to_limit_low_s == pytest.approx(left / of_a_session[1], rel=0.001)
    assert finding.time_to_limit_high_s == pytest.approx(left / of_a_session[0], rel=0.001)
    assert (
        "at the peak's 1 new sessions per second it reaches its memory limit after"
        in finding.reason
    )


def test_without_churn_growth_with_sessions_never_reaches_the_limit():
    finding = judge([held(s) for s in range(WHOLE_S)], plan_of(memory_limit_bytes=200 * MIB))
    assert finding.verdict == "grows_with_sessions"
    assert finding.time_to_limit_low_s is None


def test_a_restart_while_sessions_joined_leaves_nothing_to_say_of_them():
    finding = judge([held(s) for s in range(WHOLE_S)], events=[event(90, "restarted")])
    assert (finding.verdict, finding.bytes_per_session) == ("steady", None)
    assert "the process changed 90s after the load's start" in finding.reason


UNHELD = Sessions(lifetime="exponential", lifetime_ns=MINUTE, hold=False)


def in_bursts(second):
    """Sessions that join for three minutes and pause for three."""
    full, rest = divmod(second, 360)
    return full * 3600 + min(rest, 180) * 20


def test_growth_that_follows_unheld_sessions_and_not_time_is_laid_to_them():
    grown = [60 * MIB + in_bursts(s) * 4 * KIB for s in range(WHOLE_S)]
    plan = plan_of(UNHELD)
    finding = judge(grown, plan, sessions=lambda s: in_bursts(s))
    assert finding.verdict in ("grows_with_sessions", "inconclusive")
    if finding.verdict == "grows_with_sessions":
        assert finding.bytes_per_session == pytest.approx(4 * KIB, rel=0.2)


def test_a_rise_too_small_for_a_name_names_the_flood_that_would_tell():
    slow = [100 * MIB + 4 * MIB * second / FLOOD_S for second in range(WHOLE_S)]
    finding = judge(slow)
    assert finding.verdict == "steady"
    assert "memory did rise: flood for " in finding.reason
    assert "a leak slower than" in finding.reason
    assert finding.needed_s > FLOOD_S
    assert finding.clears_bytes_per_hour > 0


def test_memory_that_is_steady_says_which_leak_it_clears():
    finding = judge(FLAT)
    assert finding.clears_bytes_per_hour == pytest.approx(5 * MIB * 3600 / 540, rel=0.01)
    assert "a leak slower than 33.3 MiB per hour needs a longer run" in finding.reason


def test_a_saw_tooth_of_a_collector_is_no_leak_whatever_its_page_counts():
    rng = np.random.default_rng(3)
    teeth = [100 * MIB + 30 * MIB * ((s % 17) / 17) + rng.normal(0, MIB) for s in range(WHOLE_S)]
    assert judge(teeth, scrapes=collections(17)).verdict == "steady"


def watching(minutes):
    watch = replace(plan_of().phase("flood"), name=WATCH, start_ns=0, clients_from=0, clients_to=0)
    return replace(plan_of(), phases=(replace(watch, duration_ns=minutes * MINUTE),))


def test_a_watch_speaks_of_itself_and_not_of_a_flood():
    short = judge(FLAT[:120], watching(2), sessions=lambda _: None)
    assert (short.verdict, short.needed_s) == ("inconclusive", 720.0)
    assert short.reason.endswith("at least 8 are needed; watch for 12m")
    steady = judge(FLAT[: 15 * 60], watching(15), sessions=lambda _: None)
    assert steady.verdict == "steady"
    gone = judge(
        FLAT, watching(15), sessions=lambda _: None, events=[event(300, "restarted", what="new")]
    )
    assert gone.reason == "the target's process changed in the watch, 5m after its start: new"
    for finding in (short, steady, gone):
        assert "flood" not in finding.reason
        assert "constant sessions" not in finding.reason


def test_memory_that_rises_in_a_watch_is_not_called_a_leak_for_others_may_have_sent_more():
    found = judge(LEAK, watching(15), sessions=lambda _: None)
    assert (found.verdict, found.slope_low > 0) == ("inconclusive", True)
    assert (
        "though qosflood sent no load; a leak, unless other clients' sessions rose" in found.reason
    )


@pytest.mark.parametrize("flood_s", [18, 60, 720, 900, 3600])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.95, 1.0])
def test_a_flood_that_would_tell_is_longer_than_the_one_that_did_not(flood_s, share):
    """A rise of so large a share of the least that counts, over the stretch that is judged."""
    block_s = max(flood_s / 15, 1)
    phases = make_phases(make_load(), edge_ns=3 * SECOND, flood_ns=flood_s * SECOND)
    short = {"memory_block_ns": round(block_s * SECOND), "memory_warmup_ns": SECOND}
    plan = make_plan(phases=phases, watch=short)
    judged_s = flood_s * 2 / 3 - block_s
    rate = share * plan.watch.memory_growth_bytes / judged_s
    finding = judge([100 * MIB + rate * second for second in range(flood_s + 9)], plan)
    if finding.verdict == "steady":
        assert finding.needed_s > flood_s
        again = replace(plan.phase("flood"), duration_ns=round(finding.needed_s * SECOND))
        longer = replace(plan, phases=(*plan.phases[:2], again))
        grown = [100 * MIB + rate * second for second in range(round(finding.needed_s) + 9)]
        assert judge(grown, longer).verdict == "leak"


@pytest.mark.parametrize("hold", [True, False])
def test_sessions_that_join_throughout_are_not_called_constant(hold):
    plan = plan_of(replace(UNHELD, hold=hold))
    finding = judge(FLAT, plan, sessions=lambda second: second * 10)
    assert finding.verdict == "steady"
    assert ("at constant sessions" in finding.reason) is hold
