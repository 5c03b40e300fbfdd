"""Stages of a search laid out as runs of their own."""

from record_maker import T0_NS, at, end, event, scrape, stray
from stage_maker import journal, make_search, make_stage, played

from qosflood.analysis.analyse import analyse
from qosflood.analysis.stages import staged_run
from qosflood.base.units import SECOND
from qosflood.journal.records import Event, ScrapeSample, Window
from qosflood.plan.plan import Plan

PLAN = make_search()


def laid(records, *parts) -> tuple[Plan, list]:
    plan, moved = staged_run(PLAN, records, parts)
    return plan, list(moved)


def test_a_stage_alone_is_a_flood_that_begins_with_the_run():
    stage = make_stage(clients=300, second=14)
    other = make_stage("trial-0", 700, 2)
    plan, records = laid(journal(played(other), played(stage)), ("flood", stage))
    windows = [record for record in records if isinstance(record, Window)]
    assert [window.second for window in windows] == [0, 1, 2, 3, 4]
    assert {window.phase for window in windows} == {"flood"}
    assert plan.load.clients == 300
    assert plan.load.multiple == 3.0
    assert plan.capacity is None
    findings = analyse(plan, 0, records)
    (flood,) = findings.phases
    assert (flood.scheduled, flood.acked, flood.seconds) == (1500, 300.0, 5.0)
    assert flood.scrapes.count == 5
    assert findings.generator.problems == ()


def test_what_ended_after_a_stage_still_counts_for_it():
    stage = make_stage()
    late = stray(11, "trial-1", response_ms=[6000.0] * 7, scheduled=0, offered=0)
    plan, records = laid(journal(played(stage), [late]), ("flood", stage))
    assert analyse(plan, 0, records).phases[0].response.max_ns >= 6 * SECOND - 5_000_000


def test_stages_are_moved_up_to_the_last_one_with_their_samples():
    first, trial = make_stage("rest-0", 10, 0), make_stage("trial-1", 200, 40)
    rest = make_stage("rest-1.2", 10, 60)
    records = journal(played(first), played(trial), played(rest))
    plan, moved = laid(records, ("baseline", first), ("flood", trial), ("recovery", rest))
    seconds = [r.second for r in moved if isinstance(r, Window)]
    assert seconds == list(range(15))
    begins = next(r.evidence["t0"] for r in moved if isinstance(r, Event))
    assert begins == T0_NS + 50 * SECOND
    scrapes = sorted(r.t for r in moved if isinstance(r, ScrapeSample))
    assert scrapes == [at(50.5 + second) for second in range(15)]
    assert [phase.name for phase in plan.phases] == ["baseline", "flood", "recovery"]


def test_what_ended_after_a_stage_that_is_moved_does_not_fall_into_the_next():
    first, trial = make_stage("rest-0", 10, 0), make_stage("trial-1", 200, 40)
    rest = make_stage("rest-1.2", 10, 60)
    late = stray(46, "trial-1", response_ms=[6000.0] * 7, scheduled=0, offered=0)
    records = journal(played(first), played(trial), [late], played(rest))
    _, moved = laid(records, ("baseline", first), ("flood", trial), ("recovery", rest))
    assert late.response not in [r.response for r in moved if isinstance(r, Window)]


def test_what_happened_in_other_stages_and_how_the_search_ended_is_left_out():
    stage = make_stage(second=14)
    records = journal(
        [event(3.0, "restarted"), scrape(3.5, ok=False)],
        played(stage),
        [event(15.0, "process_started"), event(1.0, "several_processes"), end(30, "interrupted")],
    )
    _, moved = laid(records, ("flood", stage))
    kinds = [record.kind for record in moved if isinstance(record, Event)]
    assert kinds == ["load_started", "process_started", "several_processes"]
    assert all(record.ok for record in moved if isinstance(record, ScrapeSample))
    assert moved[-1].reason == "completed"
