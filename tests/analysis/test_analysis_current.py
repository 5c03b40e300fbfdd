"""What the live view knows, fed record by record."""

from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import at, event, latency, load_started, load_windows, memory, scrape, window

from qosflood.analysis.current import LiveView
from qosflood.base.percentiles import LIVE
from qosflood.base.units import SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.records import JournalRecord, Latency
from qosflood.plan.load_words import rate_at
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance


def of_live(latency: Latency) -> dict[str, int]:
    """The percentiles that are shown live."""
    return {name: latency.percentiles[name] for name in LIVE}


def view_of(plan: Plan, *records: JournalRecord) -> LiveView:
    view = LiveView(plan)
    for record in (load_started(), *records):
        view.feed(record)
    return view


def test_before_the_load_nothing_is_known_and_nothing_is_zero() -> None:
    seen = LiveView(make_plan()).snapshot(0)
    assert (seen.offered, seen.acked, *seen.response_ns.values()) == (None, None, None, None)
    assert (seen.rss_bytes, seen.scrape, seen.errors) == (None, None, {})
    assert (seen.elapsed_ns, seen.phase) == (0, "baseline")


@pytest.mark.parametrize(
    ("t_s", "phase", "planned", "left_s"),
    [
        (0.0, "baseline", 10, 20),
        (3.0, "ramp", 10, 17),
        (4.5, "ramp", 55, 15.5),
        (6.0, "flood", 100, 14),
        (18.9, "recovery", 10, 1.1),
        (19.5, "settle", 0, 0.5),
        (99.0, "settle", 0, 0),
    ],
)
def test_time_phase_and_planned_rate_follow_the_plan(
    t_s: float, phase: str, planned: float, left_s: float
) -> None:
    seen = view_of(make_plan()).snapshot(at(t_s))
    assert (seen.phase, seen.planned) == (phase, pytest.approx(planned))
    assert seen.left_ns == pytest.approx(left_s * SECOND)
    assert seen.share == pytest.approx(min(1.0, t_s / 20))


def test_rates_and_percentiles_are_those_of_the_last_second() -> None:
    slow = window(2, "baseline", response_ms=[5.0] * 900 + [200.0] * 100)
    seen = view_of(make_plan(), *load_windows(make_plan(), until_s=2), slow).snapshot(at(3.1))
    assert slow.response is not None
    assert (seen.offered, seen.acked) == (1000, 1000)
    assert seen.response_ns == of_live(slow.response)


def test_figures_after_a_second_are_those_of_all_seconds_since() -> None:
    quick = [window(s, "flood", response_ms=[5.0] * 1000) for s in range(4)]
    slow = window(4, "flood", response_ms=[5.0] * 400 + [200.0] * 100)
    view = view_of(make_plan(), *quick, slow)
    assert view.snapshot(at(5)).offered == 500
    seen = view.snapshot(at(5), after_s=2)
    assert (seen.offered, seen.acked) == (750, 750)
    assert seen.response_ns["p99"] == pytest.approx(200 * 1_000_000, rel=0.01)
    assert view.snapshot(at(5), after_s=-1).offered == 900
    assert view.snapshot(at(5), after_s=4).offered == 500


def test_a_percentile_is_one_of_as_many_seconds_as_have_ten_values_above_it() -> None:
    seconds = [window(s, "flood", response_ms=[5.0] * 95 + [200.0] * 5) for s in range(12)]
    assert view_of(make_plan(), *seconds[:9]).snapshot(at(9)).response_ns["p99"] is None
    seen = view_of(make_plan(), *seconds[:10]).snapshot(at(10))
    assert seen.response_ns["p99"] == pytest.approx(200 * 1_000_000, rel=0.01)
    quick = [window(s, "flood", response_ms=[5.0] * 1000) for s in range(12, 13)]
    assert view_of(make_plan(), *seconds, *quick).snapshot(at(13)).response_ns[
        "p99"
    ] == pytest.approx(5_000_000, rel=0.01)


def test_seconds_with_too_few_reports_have_no_percentile_at_all() -> None:
    few = [window(s, "baseline", response_ms=[5.0]) for s in range(12)]
    seen = view_of(make_plan(), *few).snapshot(at(12))
    assert seen.response_ns == dict.fromkeys(LIVE)


def test_between_two_herds_the_figures_are_those_of_a_cadence() -> None:
    herds = {"clocks": "synchronised", "cadence_ns": 5 * SECOND, "base_cadence_ns": 5 * SECOND}
    plan = make_plan(load=herds)
    herd = window(5, "baseline", response_ms=[5.0] * 900 + [200.0] * 100)
    quiet = [window(second, "baseline", response_ms=[]) for second in (*range(5), *range(6, 10))]
    seen = view_of(plan, *quiet, herd).snapshot(at(10.1))
    assert herd.response is not None
    assert (seen.offered, seen.acked) == (200, 200)
    assert seen.response_ns == of_live(herd.response)


def test_a_second_counts_once_every_shard_has_reported_it() -> None:
    plan = make_plan(load={"shards": 2})
    first = [window(0, "baseline", response_ms=[1.0] * 5, shard=shard) for shard in (0, 1)]
    half = window(1, "baseline", response_ms=[9.0] * 5, shard=0)
    view = view_of(plan, *first, half)
    assert (view.complete_s, view.snapshot(at(2)).offered) == (0, 10)
    view.feed(window(1, "baseline", response_ms=[2.0] * 7, shard=1))
    assert (view.complete_s, view.snapshot(at(2)).offered) == (1, 12)


def test_retries_are_those_of_the_last_second_over_all_shards() -> None:
    one = window(0, "baseline", response_ms=[1.0] * 5)
    windows = [replace(one, shard=shard, retries=3) for shard in (0, 1)]
    view = view_of(make_plan(load={"shards": 2}), *windows)
    assert view.snapshot(at(1)).retries == 6


def test_percentiles_over_shards_are_merged_and_not_averaged() -> None:
    plan = make_plan(load={"shards": 2})
    parts = [latency([1.0] * 1000), latency([80.0] * 30)]
    windows = [
        window(0, "baseline", response_ms=[1.0] * 1000, shard=0),
        window(0, "baseline", response_ms=[80.0] * 30, shard=1),
    ]
    whole = merge([part for part in parts if part is not None])
    assert whole is not None
    seen = view_of(plan, *windows).snapshot(at(1))
    assert seen.response_ns == of_live(whole)


def test_late_outcomes_of_another_phase_belong_to_the_second_they_came_in() -> None:
    stray = window(3, "baseline", response_ms=[7.0], health=None)
    own = window(3, "ramp", response_ms=[1.0] * 10)
    assert view_of(make_plan(), stray, own).snapshot(at(4)).acked == 11


def test_errors_add_up_by_kind_over_the_whole_run() -> None:
    failing = [
        window(s, "baseline", response_ms=[1.0] * 5, failed={"timeout": 2, "rejected": s})
        for s in range(3)
    ]
    assert view_of(make_plan(), *failing).snapshot(at(3)).errors == {"timeout": 6, "rejected": 3}


def test_memory_and_scrapes_show_the_last_of_each() -> None:
    bad = scrape(2.0, ok=False)
    view = view_of(make_plan(), memory(1, 5e6), memory(2, 6e6), scrape(1.0), bad)
    seen = view.snapshot(at(3))
    assert (seen.rss_bytes, seen.scrape, seen.scrapes_failed) == (6_000_000, bad, 1)


def test_of_several_instances_the_worst_is_shown() -> None:
    instances = tuple(Instance(name=name, scrape_url=f"http://127.0.0.1/{name}") for name in "ab")
    plan = make_plan(instances=instances)
    bad = scrape(1.0, ok=False, instance="b")
    records = [
        bad,
        scrape(1.5, instance="a"),
        memory(1, 9e6, instance="b"),
        memory(2, instance="a"),
    ]
    seen = view_of(plan, *records).snapshot(at(3))
    assert (seen.scrape, seen.failing, seen.instances) == (bad, 1, 2)
    assert (seen.rss_bytes, seen.rss_instance) == (80 << 20, "a")
    slow = scrape(2.0, instance="b", duration_ns=30_000_000)
    assert view_of(plan, *records, slow).snapshot(at(3)).scrape == slow


def test_a_scrape_that_the_monitor_missed_is_not_held_against_the_target() -> None:
    missed = scrape(2.0, ok=False, own_fault=True)
    good = scrape(1.0)
    seen = view_of(make_plan(), good, missed).snapshot(at(3))
    assert (seen.scrape, seen.scrapes_failed) == (good, 0)


def test_a_late_generator_is_flagged_while_it_is_late() -> None:
    late = window(0, "baseline", response_ms=[1.0] * 20, lag_ms=[40.0] * 20)
    view = view_of(make_plan(), late)
    assert view.snapshot(at(1)).late
    view.feed(window(1, "baseline", response_ms=[1.0] * 20))
    assert not view.snapshot(at(2)).late


def test_trouble_is_the_last_event_that_the_operator_did_not_cause() -> None:
    view = view_of(make_plan(), event(1, "restarted", "target", "the target restarted"))
    view.feed(event(2, "settled", "operator", "the target had time to settle"))
    assert view.snapshot(at(3)).trouble == "the target restarted"


def test_a_day_of_seconds_is_forgotten_as_it_passes() -> None:
    view = view_of(make_plan())
    for second in range(500):
        view.feed(window(second, "flood"))
    assert view.moments(499, 1) is not None
    assert len(view._moments) <= 61


def test_a_change_of_cadence_ramps_the_planned_rate_between_its_ends() -> None:
    plan = make_plan(load={"scale": "cadence", "clients": 10, "cadence_ns": SECOND // 10})
    ramp = plan.phase("ramp")
    assert rate_at(ramp, ramp.start_ns) == pytest.approx(10)
    assert rate_at(ramp, ramp.end_ns) == pytest.approx(100)
    assert rate_at(ramp, (ramp.start_ns + ramp.end_ns) // 2) == pytest.approx(55)
