"""`qosflood merge`: what it refuses, and what it says of parts that did not do their share."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import qosflood
from journal_maker import write_run
from part_maker import PLAN, part_plan, part_records, write_part
from record_maker import event

from qosflood.base.units import SECOND
from qosflood.journal.merge import merge, open_parts
from qosflood.journal.records import ClockMark, End, Window
from qosflood.journal.run_directory import JournalWriter
from qosflood.plan.plan import Plan


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    return [write_part(folder / f"p{index + 1}", index) for index in range(3)]


def merged(out: Path, *folders: Path) -> dict:
    """report.json of the merged run, which is all that standard output gets."""
    said = qosflood("merge", "--json", "--out", str(out), *map(str, folders))
    document = json.loads(said.out)
    assert said.code == document["exit_code"]
    assert "Traceback" not in said.err
    return document


def changed(tmp_path: Path, **changes) -> Path:
    """Part 2, of another plan."""
    return write_part(tmp_path / "changed", 1, plan=part_plan(1, **changes))


def test_three_parts_make_one_run_with_one_verdict(folders, tmp_path):
    document = merged(tmp_path / "out", *folders)
    assert document["verdict"] == "PASS"
    load = "100 clients, 100 reports/s (10x of a peak of 10 reports/s, 10 clients) for 10s"
    assert document["headline"].startswith(f"{load}: PASS")
    again = qosflood("report", "--json", str(tmp_path / "out"))
    assert (again.code, json.loads(again.out)) == (0, document)


def test_it_says_where_the_run_is_unless_it_is_to_be_quiet(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = qosflood("merge", *map(str, folders[:2]))
    (run_dir,) = (tmp_path / "qosflood-runs").iterdir()
    where = run_dir.relative_to(tmp_path)
    assert said.err == f"merged 2 of 3 parts into {where}, without part 3/3\n"
    assert run_dir.name.endswith("-test-10x")
    quiet = qosflood("merge", "--quiet", "--out", str(tmp_path / "quiet"), *map(str, folders))
    assert quiet.err == ""
    assert "PASS" in quiet.out


def test_a_missing_part_is_named(folders, tmp_path):
    document = merged(tmp_path / "out", folders[0], folders[2])
    assert (document["verdict"], document["exit_code"]) == ("INVALID", 3)
    assert "INVALID - part 2/3 is missing: it was not given to merge" in document["headline"]
    assert document["totals"]["balanced"]
    flood = next(phase for phase in document["phases"] if phase["name"] == "flood")
    assert flood["rate"]["offered"] == flood["scheduled"] / 10 > 0


def test_a_dead_part_is_named_with_how_far_it_came(folders, tmp_path):
    records = [
        record
        for record in part_records(1)
        if not isinstance(record, End) and record.t < (30 + 2 + 9) * SECOND
    ]
    dead = write_part(tmp_path / "dead", 1, records=records)
    document = merged(tmp_path / "out", folders[0], dead, folders[2])
    assert document["verdict"] == "INVALID"
    assert document["reasons"][0] == ("part 2/3 died 2s into flood: its journal has no end record")
    assert document["run"]["ended"] == "incomplete"
    assert document["next_steps"][0].startswith("give qosflood merge all 3 parts; run those")
    assert all(limit["ok"] is not False for limit in document["limits"])


@pytest.mark.parametrize(
    ("reason", "detail", "verdict", "first"),
    [
        ("shard_died", "shard 0 died: killed by SIGKILL", "INVALID", "part 2/3 ended too soon, "),
        ("interrupted", "by SIGINT", "INTERRUPTED", "interrupted: part 2/3 was interrupted "),
        ("aborted", "errors 70%", "ABORTED", "part 2/3 was aborted "),
    ],
)
def test_a_part_that_ended_too_soon_ends_the_run_so(
    folders, tmp_path, reason, detail, verdict, first
):
    *records, end = part_records(1)
    stopped = replace(event(12, "stopping", "operator"), t=(30 + 2 + 12) * SECOND)
    ended = replace(end, reason=reason, detail=detail)
    short = [record for record in records if record.t < stopped.t]
    part = write_part(tmp_path / "short", 1, records=[*short, stopped, ended])
    document = merged(tmp_path / "out", folders[0], part, folders[2])
    assert document["verdict"] == verdict
    assert document["reasons"][0].startswith(first)
    assert detail in document["reasons"][0]
    assert "6s into flood" in document["reasons"][0]
    flood = next(phase for phase in document["phases"] if phase["name"] == "flood")
    assert flood["seconds"] == 10.0


def test_a_part_that_began_late_by_its_own_clock_is_named(folders, tmp_path):
    first, *records = part_records(1)
    mark = ClockMark(t=0, wall_ns=late_wall_ns(folders[1]))
    late = write_part(tmp_path / "late", 1, records=[mark, first, *records])
    document = merged(tmp_path / "out", folders[0], late, folders[2])
    assert document["verdict"] == "INVALID"
    assert document["reasons"][0] == "part 2/3 began its load 3s late by its own clock"
    assert any("clock_jump: part 2/3: UTC jumped by 3s" in line for line in document["warnings"])


def late_wall_ns(folder: Path) -> int:
    segment = json.loads((folder / "journal.jsonl").read_text().splitlines()[0])
    return segment["wall_ns"] + 3 * SECOND


def test_hosts_and_versions_that_differ_are_warnings(folders, tmp_path):
    other = write_part(tmp_path / "other", 1, host={"name": "b"}, versions={"uvloop": "9"})
    third = write_part(tmp_path / "third", 2, versions={"uvloop": "8"})
    warnings = " ".join(merged(tmp_path / "out", folders[0], other, third)["warnings"])
    assert "the parts ran on 2 hosts (h, b), whose clocks are trusted" in warnings
    assert "versions_differ: uvloop is 9 and 8" in warnings


def test_parts_that_watch_are_instances_of_their_own(folders, tmp_path):
    watching = replace(part_plan(1).part, scrapes=True, memory=True)
    samples = [replace(r, t=r.t + 30 * SECOND) for r in part_records(0) if r.TAG != "window"]
    mine = [r for r in part_records(1) if isinstance(r, Window)]
    records = sorted([*mine, *samples[:-1]], key=lambda record: record.t)
    started = replace(records[0], evidence={"t0": 32 * SECOND})
    second = write_part(
        tmp_path / "second", 1, part_plan(1, part=watching), [started, *records[1:], samples[-1]]
    )
    document = merged(tmp_path / "out", folders[0], second, folders[2])
    names = [instance["name"] for instance in document["instances"]]
    assert names == ["target (part 1/3)", "target (part 2/3)"]
    assert document["restarts"] == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"run_id": "other"}, "run_id 'other' is not 'test'"),
        ({"seed": 2}, "seed 2 is not 1"),
        ({"version": "9"}, "version '9' is not '0.0.0'"),
        ({"load": replace(PLAN.load, clients=99)}, "load.clients 99 is not 100"),
    ],
)
def test_parts_of_different_runs_are_refused_with_what_differs(folders, tmp_path, changes, told):
    other = changed(tmp_path, **changes)
    said = qosflood("merge", "--out", str(tmp_path / "out"), str(folders[0]), str(other))
    assert (said.code, said.out) == (2, "")
    expected = f"qosflood: {other}: does not belong to the run in {folders[0]}: {told}\n"
    assert said.err == expected
    assert not (tmp_path / "out").exists()


def test_addresses_shards_and_watching_may_differ(folders, tmp_path):
    plan = part_plan(1)
    target = replace(plan.target, addresses=("127.0.0.2",), sources=("127.0.0.3",))
    other = changed(tmp_path, target=target, watch=replace(plan.watch, pid=9))
    merge(open_parts([folders[0], other, folders[2]]), tmp_path / "out", [])
    run: Plan = json.loads((tmp_path / "out" / "run.json").read_text())["plan"]
    assert run["target"]["addresses"] == ["127.0.0.1", "127.0.0.2"]
    assert run["target"]["sources"] == ["127.0.0.3"]
    assert run["watch"]["pid"] is None


def test_what_is_no_part_is_refused_in_one_line(folders, tmp_path):
    whole = write_run(tmp_path / "whole", PLAN)
    merge(open_parts(folders), tmp_path / "merged", [])
    (tmp_path / "empty").mkdir()
    torn = tmp_path / "torn"
    shutil.copytree(folders[0], torn)
    (torn / "journal.jsonl").write_bytes(b"")
    lines = {
        (whole,): f"{whole}: was run without --part, expected a part of a run",
        (tmp_path / "merged",): "is a merged run already, expected the folders of its parts",
        (tmp_path / "empty",): "expected a run directory",
        (torn,): "has no first record; nothing was recorded",
        (folders[0], folders[0]): f"part 1/3 was given twice: {folders[0]} and {folders[0]}",
        (tmp_path / "absent",): "expected the folder of a run",
        (): "Missing argument 'DIR…'",
    }
    for given, line in lines.items():
        said = qosflood("merge", *map(str, given))
        assert (said.code, said.out) == (2, ""), line
        assert said.err.startswith("qosflood: ")
        assert line in said.err
        assert said.err.count("\n") == 1


def test_a_folder_that_is_taken_is_refused(folders):
    said = qosflood("merge", "--out", str(folders[2]), *map(str, folders))
    assert said.code == 2
    assert "the folder is not empty, expected a new or empty one" in said.err


def test_a_part_that_still_runs_is_refused(tmp_path):
    folder = write_part(tmp_path / "part", 0)
    (folder / "journal.jsonl").rename(tmp_path / "kept")
    (folder / "failures.jsonl").unlink()
    journal = JournalWriter(folder)
    for line in (tmp_path / "kept").read_bytes().splitlines(keepends=True):
        journal.append_line(line)
    said = qosflood("merge", str(folder))
    journal.close()
    assert (said.code, said.err) == (
        2,
        f"qosflood: {folder}: this part still runs; merge it once it has ended\n",
    )


def test_a_part_that_never_began_is_named(folders, tmp_path):
    detail = "--start-at was 3s ago when this part was ready; give every part at least 10 s"
    refused = write_part(tmp_path / "r", 1, records=[End(t=5, reason="not_started", detail=detail)])
    document = merged(tmp_path / "out", folders[0], refused, folders[2])
    assert document["reasons"][0] == (
        f"part 2/3 ended too soon, before its load began (not_started): {detail}"
    )
    assert document["verdict"] == "INVALID"


def test_a_merge_of_nothing_but_refused_parts_has_no_figures(tmp_path):
    refused = write_part(tmp_path / "r", 0, records=[End(t=5, reason="not_started")])
    document = merged(tmp_path / "out", refused)
    assert document["verdict"] == "INVALID"
    assert document["totals"]["scheduled"] == 0
