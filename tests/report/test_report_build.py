"""From a run directory to its files, again and again, and on a full disk."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from findings_maker import make_limit
from journal_maker import write_run
from plan_maker import make_plan
from record_maker import healthy_run, stopped_run, window

from qosflood.base.errors import JournalError
from qosflood.cli.report import report
from qosflood.journal.records import End, Window
from qosflood.journal.run_directory import FAILURES, JOURNAL
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.watching import Audit
from qosflood.report import build as build_module
from qosflood.report.build import build

FILES = {"report.json", "report.html", "report.md", "summary.svg", "junit.xml", "latency.hlog"}


def test_a_run_directory_gets_its_five_files(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    result = build(run_dir)
    assert {path.name for path in result.written} == FILES
    assert result.problems == ()
    assert result.document.verdict == "PASS"
    assert json.loads((run_dir / "report.json").read_bytes())["verdict"] == "PASS"
    assert not [path for path in run_dir.iterdir() if path.suffix == ".tmp"]


def test_links_that_somebody_planted_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    run_dir, victim = write_run(tmp_path / "run", make_plan()), tmp_path / "victim"
    victim.write_text("precious")
    for name in FILES:
        (run_dir / f".{name}.tmp").symlink_to(victim)
        (run_dir / name).symlink_to(victim)
    assert build(run_dir).problems == ()
    assert victim.read_text() == "precious"
    assert not any((run_dir / name).is_symlink() for name in FILES)


def test_building_again_gives_the_same_files(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    build(run_dir)
    first = {name: (run_dir / name).read_bytes() for name in FILES}
    build(run_dir)
    assert {name: (run_dir / name).read_bytes() for name in FILES} == first


def test_a_journal_without_an_end_is_a_run_that_was_killed(tmp_path: Path) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, "killed"))
    document = build(run_dir).document
    assert (document.verdict, document.exit_code) == ("INTERRUPTED", 130)
    assert document.run.ended == "killed"


def test_the_space_that_a_killed_run_still_holds_is_given_back(tmp_path: Path) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, "killed"))
    (run_dir / ".reserve").write_bytes(b"0")
    build(run_dir)
    assert not (run_dir / ".reserve").exists()


def test_the_end_is_taken_from_the_caller_where_the_disk_was_too_full_for_it(
    tmp_path: Path,
) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, "killed"))
    document = build(run_dir, End(t=0, reason="disk_full", detail="no space")).document
    assert (document.verdict, document.run.ended) == ("INVALID", "disk_full")


def test_the_journals_own_end_wins_over_the_callers(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    document = build(run_dir, End(t=0, reason="disk_full")).document
    assert document.run.ended == "completed"


def test_a_full_disk_costs_the_files_that_do_not_fit_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    real = build_module.write_atomically

    def write(path: Path, content: bytes) -> None:
        if len(content) > 1_000_000:
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(build_module, "write_atomically", write)
    result = build(run_dir)
    assert {path.name for path in result.written} == FILES - {"report.html"}
    assert result.problems == (f"{run_dir / 'report.html'}: not written (No space left on device)",)


def test_failure_samples_appear_with_their_utc(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    sample = {"type": "failure", "t": 1_500_000_000, "kind": "timeout", "client": 3}
    torn = '{"type":"failure","t":'
    (run_dir / FAILURES).write_text(json.dumps(sample) + "\n" + torn)
    build(run_dir)
    page = (run_dir / "report.html").read_text()
    assert "2026-01-01T00:00:01.500Z" in page
    assert "1 of 1 samples" in page


def test_a_folder_that_is_no_run_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="expected a run directory"):
        build(tmp_path)
    done = built_in_a_process(tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_process_of_its_own_builds_and_answers_with_one_json_line(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    done = built_in_a_process(run_dir)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    answer: dict[str, Any] = json.loads(line)
    assert set(answer) == {"exit_code", "headline", "document", "problems"}
    assert answer["exit_code"] == 0
    assert answer["document"] == json.loads((run_dir / "report.json").read_bytes())


def test_the_process_takes_the_end_as_arguments(tmp_path: Path) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, "killed"))
    done = built_in_a_process(run_dir, "--ended", "disk_full", "--detail", "no space")
    assert json.loads(done.stdout)["exit_code"] == 3


def test_the_command_shows_the_summary_and_exits_with_the_runs_own_code(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    shown = CliRunner().invoke(report, [str(run_dir)])
    assert shown.exit_code == 0
    assert "PASS" in shown.stdout
    assert "report.html" in " ".join(shown.stdout.split())
    plan = make_plan()
    killed = write_run(tmp_path / "killed", plan, stopped_run(plan, 8, "killed"))
    assert CliRunner().invoke(report, [str(killed)]).exit_code == 130


def test_the_command_prints_report_json_alone_when_asked(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    shown = CliRunner().invoke(report, [str(run_dir), "--json"])
    assert json.loads(shown.stdout) == json.loads((run_dir / "report.json").read_bytes())


def test_a_run_with_failures_fails_and_says_so_everywhere(tmp_path: Path) -> None:
    plan = make_plan(limits=(make_limit("errors < 0.1%", "errors", 0.001),))
    records = healthy_run(plan, change=spoilt)
    run_dir = write_run(tmp_path / "run", plan, records)
    document = build(run_dir).document
    assert (document.verdict, document.exit_code) == ("FAIL", 1)
    assert document.first_failure is not None
    for name in ("report.md", "report.html", "report.json"):
        assert "FAIL" in (run_dir / name).read_text()


def damaged(run_dir: Path) -> Path:
    """The run with the tenth line of its journal damaged."""
    journal = run_dir / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:9], b"\x00" * 80 + b"\n", *lines[10:]]))
    return run_dir


def test_a_damaged_line_costs_the_report_unless_it_is_salvaged(tmp_path: Path) -> None:
    run_dir = damaged(write_run(tmp_path / "run", make_plan()))
    with pytest.raises(JournalError, match=r"line 10: .*qosflood report --salvage"):
        build(run_dir)
    shown = CliRunner().invoke(report, [str(run_dir), "--salvage"])
    assert shown.exit_code == 3
    words = " ".join(shown.stdout.split())
    assert "INVALID - journal: 1 of" in words
    assert "lines left out: line 10: " in words
    (gap,) = build(run_dir, salvage=True).document.gaps
    assert gap.section == "journal"


def test_lines_that_were_left_out_break_no_limit_and_accuse_nobody(tmp_path: Path) -> None:
    plan = make_plan(
        audit=Audit(counter="reports_total"),
        limits=(parse_limit("offered >= 99%"), parse_limit("scrape.gap < 3s")),
    )
    due: Counter[str] = Counter()
    for one in healthy_run(plan):
        due.update({one.phase: one.scheduled} if isinstance(one, Window) else {})
    phases = tuple(replace(phase, planned=due[phase.name]) for phase in plan.phases)
    run_dir = write_run(tmp_path / "run", replace(plan, phases=phases))
    journal = run_dir / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    gone = [line for line in lines if b'"scrape"' in line and b'"t":1' in line]
    gone.append(next(line for line in lines if b'"window"' in line and b'"flood"' in line))
    journal.write_bytes(b"".join(b"?\n" if line in gone else line for line in lines))
    document = build(run_dir, salvage=True).document
    assert document.verdict == "INVALID"
    for limit in document.limits:
        assert (limit.ok, limit.reason) == (
            None,
            "broken only with the lines of the journal that were left out",
        )
    assert (document.loss.verdict, document.loss.foreign) == ("unmeasured", None)
    assert "lines of the journal were left out" in document.loss.reason


def test_an_undamaged_run_is_salvaged_without_a_word(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    assert build(run_dir, salvage=True).document == build(run_dir).document


def test_what_is_no_failure_sample_is_left_out_of_the_page(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    sample = {"type": "failure", "t": 1_500_000_000, "kind": "timeout", "client": 3}
    odd = [[1], "text", 3, None, sample | {"t": 10**30}, sample | {"t": -1}, sample]
    (run_dir / FAILURES).write_text("".join(json.dumps(one) + "\n" for one in odd))
    assert build(run_dir).problems == ()
    assert "1 of 1 samples" in (run_dir / "report.html").read_text()


def spoilt(good: Window) -> Window:
    if good.phase != "flood":
        return good
    return window(good.second, good.phase, response_ms=[5.0] * 90, failed={"timeout": 10})


def built_in_a_process(run_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "qosflood.report", str(run_dir), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
