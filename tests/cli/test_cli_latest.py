"""`report`, `export` and `compare` without a run take the latest, and say so."""

import os
from pathlib import Path

import pytest
from command_line import qosflood
from findings_maker import make_limit
from journal_maker import write_run
from plan_maker import make_plan

from qosflood.base.errors import RunDirectoryError
from qosflood.cli.latest import latest_runs
from qosflood.report.build import build

OLD, MIDDLE, NEW = (f"2026010{day}T000000Z-intercom-10x" for day in (1, 2, 3))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "qosflood-runs").mkdir()
    return tmp_path / "qosflood-runs"


def make_run(path: Path, run_id: str = "test") -> Path:
    limits = (make_limit("errors < 0.1%", "errors", 0.001),)
    return write_run(path, make_plan(limits=limits, run_id=run_id))


def test_the_latest_runs_are_those_whose_names_are_latest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (MIDDLE, NEW, OLD):
        (folder / name).mkdir()
        (folder / name / "run.json").touch()
    (folder / f"{NEW}-unfinished").mkdir()
    assert [path.name for path in latest_runs("run.json")] == [NEW]
    assert [path.name for path in latest_runs("run.json", 2)] == [MIDDLE, NEW]
    assert capsys.readouterr().err.splitlines() == [
        f"the latest run: qosflood-runs/{NEW}",
        f"the latest 2 runs: qosflood-runs/{MIDDLE}, qosflood-runs/{NEW}",
    ]


def test_a_folder_of_another_name_counts_by_its_age(folder: Path) -> None:
    for name in (OLD, NEW, "mine"):
        (folder / name).mkdir()
        (folder / name / "run.json").touch()
    os.utime(folder / "mine", (1767312000.0, 1767312000.0))  # 2026-01-02
    assert [path.name for path in latest_runs("run.json", 3)] == [OLD, "mine", NEW]


def test_no_run_is_one_line(folder: Path) -> None:
    with pytest.raises(
        RunDirectoryError, match=r"got 0 runs with a run\.json, expected at least 1"
    ):
        latest_runs("run.json")
    for command in ("report", "export", "compare"):
        said = qosflood(command)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("qosflood: qosflood-runs: got 0 runs with a ")
        assert said.err.count("\n") == 1


def test_one_run_is_too_few_to_compare_and_the_way_to_name_two_is_said(folder: Path) -> None:
    (folder / NEW).mkdir()
    (folder / NEW / "report.json").touch()
    assert qosflood("compare").err == (
        "qosflood: qosflood-runs: got 1 run with a report.json, expected at least 2; "
        "name them with --base RUN and --new RUN\n"
    )


def test_report_builds_the_latest_run(folder: Path) -> None:
    make_run(folder / OLD)
    latest = make_run(folder / NEW)
    said = qosflood("report")
    assert said.code == build(latest).document.exit_code
    assert said.err.startswith(f"the latest run: qosflood-runs/{NEW}\n")
    assert (latest / "report.json").is_file()
    assert not (folder / OLD / "report.json").exists()


def test_export_writes_the_series_of_the_latest_run(folder: Path) -> None:
    make_run(folder / OLD)
    make_run(folder / NEW)
    said = qosflood("export")
    assert said.code == 0
    assert said.err == f"the latest run: qosflood-runs/{NEW}\n"
    assert said.out.startswith(f"qosflood-runs/{NEW}/csv/")
    assert not (folder / OLD / "csv").exists()


def test_compare_takes_the_latest_two_reports_and_the_older_as_base(folder: Path) -> None:
    for name in (OLD, MIDDLE, NEW):
        build(make_run(folder / name, name[:8]))
    (folder / f"{NEW}-2").mkdir()
    said = qosflood("compare", "--json", "--allow-invalid")
    assert said.err == f"the latest 2 runs: qosflood-runs/{MIDDLE}, qosflood-runs/{NEW}\n"
    explicit = qosflood(
        "compare", "--json", "--allow-invalid",
        "--base", f"qosflood-runs/{MIDDLE}", "--new", f"qosflood-runs/{NEW}",
    )  # fmt: skip
    assert said.out == explicit.out != ""


@pytest.mark.parametrize(("given", "missing"), [("--base", "--new"), ("--new", "--base")])
def test_compare_with_one_side_names_the_other(folder: Path, given: str, missing: str) -> None:
    make_run(folder / NEW)
    said = qosflood("compare", given, f"qosflood-runs/{NEW}")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"qosflood: {missing}: got none, expected a RUN, or neither side\n"


def test_an_unknown_series_is_answered_with_all_of_them(folder: Path) -> None:
    said = qosflood("export", "--series", "lode")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith('qosflood: --series: got "lode", expected one of load, ')
