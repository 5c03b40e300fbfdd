"""What a plan can never judge is said before the load, with what would make it judgeable."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from resolving import REMOTE, plan_of

from qosflood.base.units import MINUTE, SECOND
from qosflood.plan.describe import describe
from qosflood.plan.judgeable import flood_for, unjudgeable
from qosflood.plan.limit_language import parse_abort, parse_limit
from qosflood.plan.plan import Part
from qosflood.plan.summary import summarise
from qosflood.plan.without_load import as_watch

HERE = "http://127.0.0.1:1"


def notes(document=None, *exprs, **options) -> list[str]:
    return unjudgeable(plan_of(document or {}, limits=exprs, **options))


def note_on(metric, document=None, *exprs, **options) -> str:
    found = [line for line in notes(document, *exprs, **options) if metric in line]
    assert len(found) <= 1
    return found[0] if found else ""


def test_a_run_as_shipped_judges_all_its_limits():
    assert notes() == []
    assert [row for row in describe(plan_of()) if row.label == "note"] == []


def test_a_leak_in_ten_minutes_names_the_flood_that_it_takes():
    line = "memory.leak == none: not judged in a flood of 10m; it takes --duration 12m"
    assert notes(duration_ns=10 * MINUTE) == [line]
    plan = plan_of(duration_ns=10 * MINUTE)
    for said in (describe(plan), summarise(plan)):
        assert [row.value for row in said if row.label == "note"] == [line]


def test_the_flood_that_it_takes_does_do():
    assert notes(duration_ns=12 * MINUTE) == []
    assert notes(duration_ns=12 * MINUTE - SECOND) != []


@pytest.mark.parametrize("stretch_s", [1, 7, 480, 481, 10_000])
@pytest.mark.parametrize("warmup_s", [0, 60, 600])
def test_a_flood_of_that_length_leaves_the_stretch_and_a_shorter_one_does_not(stretch_s, warmup_s):
    watch = replace(make_plan().watch, memory_warmup_ns=warmup_s * SECOND)
    needed = flood_for(stretch_s * SECOND, watch)

    def stretch(flood_ns):
        return flood_ns - max(warmup_s * SECOND, flood_ns // 3)

    assert stretch(needed) >= stretch_s * SECOND
    assert stretch(needed - 2) < stretch_s * SECOND


def test_samples_further_apart_than_blocks_need_a_longer_flood():
    rare = {"memory": {"interval": "2m"}}
    assert "it takes --duration 24m" in note_on("memory.leak", rare, duration_ns=15 * MINUTE)
    assert note_on("memory.leak", rare, duration_ns=24 * MINUTE) == ""


def test_a_watch_that_is_too_short_speaks_of_itself():
    plan = as_watch(plan_of(target=HERE, duration_ns=5 * MINUTE))
    assert unjudgeable(plan) == [
        "memory.leak == none: not judged in a watch of 5m; it takes --duration 12m"
    ]


def test_loss_that_nothing_counts_names_what_could():
    line = note_on("loss", **REMOTE)
    assert "nothing shows what the target kept" in line
    assert "--set audit.counter=NAME" in line
    for audit in ({"counter": "seen_total"}, {"readback": "/sessions"}):
        assert note_on("loss", {"audit": audit}, **REMOTE) == ""


def test_a_share_of_time_to_an_unknown_limit_names_the_key():
    line = note_on("time_to_limit", None, "memory.time_to_limit > 7d")
    assert line.startswith("memory.time_to_limit > 7d: judged only if the memory's source reports")
    assert "--set memory.limit=512MiB" in line
    known = {"memory": {"limit": "1GiB"}}
    assert note_on("time_to_limit", known, "memory.time_to_limit > 7d") == ""


def test_all_that_a_limit_lacks_stands_in_its_one_line():
    line = note_on("time_to_limit", None, "memory.time_to_limit > 7d", duration_ns=MINUTE)
    assert "it takes --duration 12m; judged only if the memory's source reports a limit" in line


def test_memory_and_restarts_of_a_target_that_nothing_looks_at_are_not_judged():
    off = {"scrape_interval": "off", **REMOTE}
    limit = "memory.max < 1GiB"
    found = notes(None, limit, **off)
    assert any(line.startswith("memory.leak == none, memory.max < 1GiB: ") for line in found)
    assert any(line.startswith("restarts == 0: ") for line in found)
    here = notes(None, limit, scrape_interval="off", target=HERE)
    assert here == []


@pytest.mark.parametrize(
    ("phases", "word"),
    [
        ({"recovery": "0s"}, "not judged without a recovery phase; add --set phases.recovery=1m"),
        ({"baseline": "0s"}, "not judged without a baseline to compare with"),
        ({"recovery": "10s"}, "a recovery of over 10s is not judged"),
    ],
)
def test_recovery_needs_its_phase_a_baseline_and_enough_time(phases, word):
    assert word in note_on("recovery.time", {"phases": phases}, "recovery.time < 30s")
    assert note_on("recovery.time", None, "recovery.time < 30s") == ""


def test_a_percentile_of_too_few_reports_names_how_long_the_phase_must_be():
    limit = "baseline:response.p99_9 < 1s"
    line = note_on("p99_9", None, limit)
    assert "p99.9 needs 10,000 values and baseline has 6,000 reports" in line
    assert "holds only if the slowest is within it; it takes --set phases.baseline=100s" in line
    assert note_on("p99_9", {"phases": {"baseline": "100s"}}, limit) == ""
    assert note_on("response.p99 ", None, "response.p99 < 1s") == ""
    few = {"peak": {"clients": 1}}
    line = note_on("response.p99 ", few, "response.p99 < 1s", duration_ns=MINUTE)
    assert "flood has 120 reports" in line
    assert "it takes --duration 8m20s" in line


def test_scrapes_are_few_and_their_p99_says_so():
    line = note_on("scrape.p99", None, "scrape.p99 < 2s")
    assert "p99 needs 1,000 values and flood has 180 scrapes" in line
    assert "it takes --duration 1h23m20s" in line


def test_the_schedule_counts_the_reports_once_it_is_known():
    phases = make_phases(make_load(), edge_ns=SECOND, flood_ns=MINUTE)
    empty = tuple(replace(one, planned=0) for one in phases)
    plan = make_plan(phases=empty, limits=(parse_limit("baseline:errors < 1%"),))
    assert unjudgeable(plan) == []
    (line,) = unjudgeable(replace(plan, planned_sessions=1))
    assert line.startswith("baseline:errors < 1%: not judged, because no report is due in baseline")


def test_a_short_run_is_not_told_that_the_shipped_abort_needs_longer():
    assert not [line for line in notes(duration_ns=2 * SECOND) if "abort" in line]


def test_an_abort_that_has_to_hold_for_longer_than_its_phase_never_comes():
    plan = plan_of({"limits": {"abort": ["errors > 50% for 30m", "flood:errors > 5% for 16m"]}})
    assert unjudgeable(plan) == [
        "errors > 50% for 30m: never aborts, because the run lasts 18m; name a shorter time after "
        '"for"',
        "flood:errors > 5% for 16m: never aborts, because flood lasts 15m; name a shorter time "
        'after "for"',
    ]
    assert parse_abort("errors > 50% for 30m") in plan.aborts


def test_what_another_part_measures_is_left_to_the_merge():
    part = Part(index=2, of=3, start_at_ns=0, scrapes=False, memory=False)
    plan = replace(plan_of(duration_ns=MINUTE), part=part)
    assert not [line for line in unjudgeable(plan) if line.startswith("memory")]
