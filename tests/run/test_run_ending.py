"""A run whose report cannot be built ends with its verdict all the same, or with the one command
that makes the report."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from journal_maker import write_run
from plan_maker import make_plan
from record_maker import stopped_run

from qosflood.base.errors import JournalWriteError, ReportError
from qosflood.journal.run_directory import JOURNAL
from qosflood.run import run as run_module
from qosflood.run.supervisor import Ended

COMPLETED = Ended("completed", "", recorded=True)


class Screen:
    """What was shown of the end."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.shown: list[tuple[dict[str, Any], Path | None]] = []

    def notice(self, line: str) -> None:
        self.notices.append(line)

    def summary(self, document: dict[str, Any], page: Path | None) -> None:
        self.shown.append((document, page))


def ended_with(run_dir: Path, ended: Ended = COMPLETED) -> tuple[int, Screen]:
    screen = Screen()
    return asyncio.run(run_module.report(run_dir, ended, screen)), screen  # type: ignore[arg-type]


def builder(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Builders are run by `script`, which may go on with "$PYTHON" "$@"."""
    command = folder / "builder"
    command.write_text(f"#!/bin/sh\nPYTHON={sys.executable}\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setattr(run_module, "sys", SimpleNamespace(executable=str(command)))


def test_a_builder_that_was_killed_costs_the_pages_and_not_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    without_pages = '*verdict-only*) exec "$PYTHON" "$@";;'
    builder(tmp_path, monkeypatch, f'case "$*" in {without_pages} *) kill -9 $$;; esac')
    code, screen = ended_with(run_dir)
    assert code == 0
    ((document, page),) = screen.shown
    assert (document["verdict"], page) == ("PASS", None)
    assert screen.notices == [
        "the report could not be built: killed by SIGKILL; "
        f"build it again with: qosflood report {run_dir}"
    ]
    assert {path.name for path in run_dir.glob("report*")} == {"report.json"}


@pytest.mark.parametrize(
    ("reason", "code"),
    [("completed", 3), ("disk_full", 3), ("aborted", 4), ("interrupted", 130)],
)
def test_without_any_verdict_one_command_and_the_code_of_the_end_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, code: int
) -> None:
    plan = make_plan()
    run_dir = write_run(tmp_path / "run", plan, stopped_run(plan, 8, reason))
    builder(tmp_path, monkeypatch, "echo no memory >&2; exit 1")
    with pytest.raises(ReportError) as caught:
        ended_with(run_dir, Ended(reason, "", recorded=True))
    assert caught.value.exit_code == code
    assert str(caught.value) == (
        f"no verdict could be built: no memory; build it again with: qosflood report {run_dir}"
    )


def test_half_an_answer_of_a_builder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    builder(tmp_path, monkeypatch, """printf '{"exit_code": 0, "docu'; kill -9 $$""")
    with pytest.raises(ReportError, match="killed by SIGKILL"):
        ended_with(run_dir)


def test_a_disk_that_cannot_be_read_any_more_is_no_error_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    real = Path.exists

    def exists(path: Path, **options: Any) -> bool:
        if path.name == JOURNAL:
            raise OSError(5, "Input/output error")
        return real(path, **options)

    monkeypatch.setattr(Path, "exists", exists)
    with pytest.raises(JournalWriteError) as caught:
        ended_with(run_dir)
    assert caught.value.exit_code == 3
