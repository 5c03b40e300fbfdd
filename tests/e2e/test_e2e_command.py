"""What a run answers on its streams, where it puts its folder, and how a report is made again."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from command_line import qosflood
from flooding import SMALL
from processes import read_report, run_qosflood

from qosflood.report.document.schema import Document

pytestmark = pytest.mark.e2e

SHORT = (*SMALL, "--duration", "2s", "--set", "phases.baseline=0s", "--set", "phases.recovery=0s")
Runs = dict[str, subprocess.CompletedProcess[str]]
ANY_VERDICT = (0, 3)
"""Of a healthy target; a machine that stalls makes it INVALID."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("command")


@pytest.fixture(scope="module")
def runs(folder: Path) -> Runs:
    """Runs that go on side by side, to save time; all but the last choose their own folder."""
    options = {
        "json": ("--json",),
        "quiet": ("--quiet",),
        "cadence": ("--set", "peak.scale=cadence"),
        "both": ("--clients", "40", "--out", str(folder / "asked/for")),
    }
    with ThreadPoolExecutor() as pool:
        waiting: dict[str, Future[subprocess.CompletedProcess[str]]] = {
            name: pool.submit(run_qosflood, *SHORT, *more, cwd=folder)
            for name, more in options.items()
        }
        return {name: future.result() for name, future in waiting.items()}


@pytest.fixture(scope="module")
def json_run(runs: Runs, folder: Path) -> Path:
    """The run directory of the run that was asked for JSON."""
    run_id = json.loads(runs["json"].stdout)["plan"]["run_id"]
    return next(
        path
        for path in (folder / "qosflood-runs").iterdir()
        if json.loads((path / "run.json").read_text())["run_id"] == run_id
    )


def test_json_is_one_valid_document_on_standard_output(runs: Runs, json_run: Path) -> None:
    done = runs["json"]
    document = Document.model_validate(json.loads(done.stdout), strict=False)
    assert done.returncode == document.exit_code
    assert done.returncode in ANY_VERDICT
    assert json.loads(done.stdout) == read_report(json_run)
    assert "preflight  post ✓ 202" in done.stderr


def test_quiet_leaves_the_verdict_alone_and_what_cannot_be_judged(runs: Runs) -> None:
    notes = runs["quiet"].stderr.splitlines()
    assert [line.partition(":")[0] for line in notes] == ["note", "note"]
    assert "memory.leak == none: not judged in a flood of 2s" in notes[0]
    assert "never aborts, because the run takes 2.5s" in notes[1]
    assert re.search(r"100 clients, 100 reports/s .*: (PASS|INVALID) - ", runs["quiet"].stdout)


def test_each_run_has_a_folder_of_its_own_named_by_time_profile_and_rate(
    runs: Runs, folder: Path
) -> None:
    made = [path.name for path in (folder / "qosflood-runs").iterdir()]
    assert len(made) == 3
    for name in made:
        assert re.fullmatch(r"20\d{6}T\d{6}Z-intercom-5x(-[23])?", name)
    assert all(done.returncode in ANY_VERDICT for done in runs.values())


def test_a_faster_cadence_keeps_the_clients(runs: Runs, folder: Path) -> None:
    reports = [read_report(path) for path in (folder / "qosflood-runs").iterdir()]
    clients = sorted(phase["clients"] for r in reports for phase in r["phases"][1:2])
    assert clients == [20, 100, 100]


def test_clients_and_rate_together_change_the_cadence(runs: Runs, folder: Path) -> None:
    report = read_report(folder / "asked" / "for")
    flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
    assert flood["clients"] == flood["sessions"] == 40
    assert flood["rate"]["planned"] == pytest.approx(100, rel=0.05)


def test_a_report_made_again_is_the_same_and_ends_with_the_run_s_code(
    runs: Runs, json_run: Path
) -> None:
    before = (json_run / "report.json").read_bytes()
    (json_run / "report.json").unlink()
    again, as_json = qosflood("report", str(json_run)), qosflood("report", "--json", str(json_run))
    assert again.code == as_json.code == runs["json"].returncode
    assert (json_run / "report.json").read_bytes() == before
    assert json.loads(as_json.out) == json.loads(before)
    assert again.err == as_json.err == ""


def test_a_reader_that_has_gone_changes_no_verdict(json_run: Path) -> None:
    for options in ((), ("--json",)):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "qosflood", "report", str(json_run), *options],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (read_report(json_run)["exit_code"], b"")


@pytest.fixture
def copy(json_run: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of what a run recorded, to spoil."""
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    for name in ("run.json", "journal.jsonl", "failures.jsonl"):
        shutil.copy(json_run / name, spoilt)
    return spoilt


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("run.json", None, "run.json: No such file or directory; expected a run directory"),
        ("run.json", b"", "expected qosflood/run/1"),
        ("run.json", b"[1, 2]", "expected qosflood/run/1"),
        ("run.json", b"{}", "expected qosflood/run/1"),
        ("run.json", b'{"plan": {"load": 5}}', "expected qosflood/run/1"),
        ("run.json", b"\xff\xfe\x00", "expected qosflood/run/1"),
        ("journal.jsonl", None, "journal.jsonl: No such file or directory"),
        ("journal.jsonl", b"", "has no first record; nothing was recorded"),
        ("journal.jsonl", b"\x00\xff\n", "journal.jsonl: line 1: "),
        ("journal.jsonl", b'{"type":"end","t":1,"reason":"x"}\n', "has no first record"),
        ("journal.jsonl", b'{"type":"unheard-of","t":1}\n', "journal.jsonl: line 1: got "),
        ("journal.jsonl", b'{"type":"segment","t":"x"}\n', "journal.jsonl: line 1: "),
    ],
)
def test_a_spoilt_run_directory_is_one_line_and_exit_2(
    copy: Path, name: str, content: bytes | None, says: str
) -> None:
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_bytes(content)
    said = qosflood("report", str(copy))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"qosflood: {copy}")
    assert says in said.err
    assert said.err.count("\n") == 1


def test_a_torn_last_line_costs_that_line_alone(copy: Path) -> None:
    journal = copy / "journal.jsonl"
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole[:-2]) + whole[-2][:20])
    said = qosflood("report", str(copy))
    assert said.code == 130
    assert "killed" in said.out


def test_a_file_is_no_run_directory(json_run: Path) -> None:
    said = qosflood("report", str(json_run / "run.json"))
    assert (said.code, said.out) == (2, "")
    assert "expected the folder of a run" in said.err


def test_the_installed_command_is_the_module(tmp_path: Path) -> None:
    command = shutil.which("qosflood", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("qosflood is not installed beside this interpreter")
    said = [
        subprocess.run([*words, "--version"], capture_output=True, text=True, timeout=60).stdout
        for words in ([command], [sys.executable, "-m", "qosflood"])
    ]
    assert said[0] == said[1] != ""
