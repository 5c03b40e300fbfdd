"""Merged parts give the figures that one journal with all their shards gives."""

from dataclasses import replace

import pytest
from journal_maker import write_run
from part_maker import BEGAN_S, PLAN, SHARDS, failure, whole_records, write_part
from record_maker import T0_NS, WALL_NS

from qosflood.analysis import analyse
from qosflood.base.units import SECOND
from qosflood.journal.merge import merge, open_parts
from qosflood.journal.records import Event, Rollup, Window
from qosflood.journal.run_directory import read_failures, read_records, read_run


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    return [write_part(folder / str(index), index) for index in range(3)]


def merged_findings(parts, out):
    merge(parts, out, [])
    run = read_run(out)
    return analyse(run.plan, run.segment.wall_ns, read_records(out))


def test_the_merged_figures_are_those_of_one_journal_with_all_shards(folders, tmp_path):
    merged = merged_findings(open_parts(folders[::-1]), tmp_path / "merged")
    once = write_run(tmp_path / "once", PLAN, whole_records())
    planned = read_run(tmp_path / "merged").plan
    whole = replace(PLAN, phases=planned.phases, planned_sessions=planned.planned_sessions)
    expected = analyse(whole, WALL_NS, read_records(once))
    for name in ("phases", "totals", "memory", "loss", "generator", "limited_by", "restarts"):
        assert getattr(merged, name) == getattr(expected, name), name
    for name in ("recovery_s", "instances", "seconds", "memory_points", "scrape_points", "curves"):
        assert getattr(merged, name) == getattr(expected, name), name
    assert merged.ended == "completed"
    assert merged.warnings == expected.warnings


def test_the_merged_plan_is_the_whole_runs(folders, tmp_path):
    merge(open_parts(folders), tmp_path / "out", ["merge", "…"])
    run = read_run(tmp_path / "out")
    assert run.plan.part is None
    assert run.plan.merged == 3
    assert run.plan.load == PLAN.load
    assert [phase.planned for phase in run.plan.phases] == [6 * p.planned for p in PLAN.phases]
    assert run.plan.planned_sessions == 6
    assert [part["shards"] for part in run.facts["parts"]] == list(SHARDS)


def test_rollups_are_made_anew_and_cover_every_window(folders, tmp_path):
    merge(open_parts(folders), tmp_path / "out", [])
    records = list(read_records(tmp_path / "out"))
    windows = [record for record in records if isinstance(record, Window)]
    rollups = [record for record in records if isinstance(record, Rollup)]
    assert sum(rollup.windows for rollup in rollups) == len(windows)
    assert {made.shard for made in windows} == set(range(6))
    assert [record.t for record in windows] == sorted(record.t for record in windows)
    assert len(rollups) < len(windows) / 4


def test_events_name_their_part(folders, tmp_path):
    merge(open_parts(folders), tmp_path / "out", [])
    events = [record for record in read_records(tmp_path / "out") if isinstance(record, Event)]
    kinds = [event.kind for event in events]
    assert (
        kinds.count("load_started") == kinds.count("load_finished") == kinds.count("settled") == 1
    )
    own = [event for event in events if event.kind == "part_load_started"]
    assert [event.evidence["part"] for event in own] == [1, 2, 3]
    assert own[0].what == "part 1/3: load_started"
    assert {event.evidence["t0"] for event in own} == {T0_NS - min(BEGAN_S) * SECOND}


def test_the_first_and_last_failures_are_those_of_all_parts(tmp_path):
    folders = []
    for index in range(3):
        lines = (failure(shard, n) for shard in range(SHARDS[index]) for n in range(40))
        folders.append(write_part(tmp_path / str(index), index, failures=b"".join(lines)))
    merge(open_parts(folders), tmp_path / "out", [])
    kept = read_failures(tmp_path / "out")
    seconds = [sample["done_t"] // SECOND for sample in kept]
    # The second part began 30 s before the first, so its failures came first.
    assert (len(kept), seconds[:3], seconds[-1]) == (25, [0, 0, 0], 40 + 30)
    assert {sample["shard"] for sample in kept[:20]} == {1, 2, 3}
    assert {sample["shard"] for sample in kept[20:]} == {0, 4, 5}
