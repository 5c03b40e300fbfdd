"""Reads the reports that `compare` is given, and shows and writes what came of them."""

from pathlib import Path

import click

from qosflood.base.errors import JournalError, RunDirectoryError
from qosflood.cli.lines import say
from qosflood.cli.screen import PatientConsole, patience, write_json
from qosflood.journal.run_directory import write_atomically
from qosflood.report.build import REPORT_JSON
from qosflood.report.compare import compare as compare_runs
from qosflood.report.compare import markdown, page
from qosflood.report.compare.document import json_text
from qosflood.report.compare.reading import document_from
from qosflood.report.compare.terminal import print_comparison
from qosflood.report.compare.values import Comparison, Given, MinEffect

SEED = 1
"""Of the bootstrap: the same reports give the same intervals."""
_NAMES = {".json": "compare.json", ".md": "compare.md", ".html": "compare.html"}


def compare_and_show(
    bases: tuple[Path, ...],
    news: tuple[Path, ...],
    effect: MinEffect,
    out: Path | None,
    as_json: bool,
    allow_invalid: bool,
) -> int:
    """Compare the runs, show the outcome and write it to `out`; returns the exit code."""
    base, new = ([_given(path) for path in paths] for paths in (bases, news))
    _refuse_twice(base)
    _refuse_twice(new)
    comparison = compare_runs(base, new, effect=effect, seed=SEED, allow_invalid=allow_invalid)
    written = [] if out is None else _write(out, comparison, base, new)
    if as_json:
        write_json(json_text(comparison).encode())
    else:
        console = PatientConsole(highlight=False)
        with patience(console):
            print_comparison(console, comparison)
    for path in written:
        say(f"wrote {path}", err=True)
    return comparison.exit_code


def _given(path: Path) -> Given:
    file = path / REPORT_JSON if path.is_dir() else path
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise JournalError(
            f"{path}: has no {REPORT_JSON}; build it with `qosflood report {path}`"
        ) from None
    except OSError as error:
        raise JournalError(f"{file}: {error.strerror}") from None
    return Given(name=_name(path), document=document_from(raw, str(path)))


def _name(path: Path) -> str:
    """What the run is called: its directory, as it was written where that says more."""
    folder = path.parent if path.name == REPORT_JSON else path
    return str(folder) if str(folder) not in (".", "..") else folder.resolve().name


def _refuse_twice(runs: list[Given]) -> None:
    ids = [run.document.run.id for run in runs]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice is not None:
        raise click.UsageError(f"run {twice} is given twice on one side; a run counts once")


def _write(out: Path, comparison: Comparison, base: list[Given], new: list[Given]) -> list[Path]:
    makers = {
        ".json": lambda: json_text(comparison),
        ".md": lambda: markdown.render(comparison),
        ".html": lambda: page.render(comparison, base, new),
    }
    alone = out.suffix in makers and not out.is_dir()
    paths = {out.suffix: out} if alone else {end: out / name for end, name in _NAMES.items()}
    try:
        (out.parent if alone else out).mkdir(parents=True, exist_ok=True)
        for end, path in paths.items():
            write_atomically(path, makers[end]().encode())
    except OSError as error:
        raise RunDirectoryError(f"--out {out}: {error.strerror}") from None
    return list(paths.values())
