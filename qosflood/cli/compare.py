"""`qosflood compare`: runs against the runs before a change, from report.json alone."""

from pathlib import Path

import click

from qosflood.base.errors import JournalError, RunDirectoryError
from qosflood.cli.params import MIN_EFFECT
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
_RUN = click.Path(exists=True, path_type=Path)


@click.command()
@click.option(
    "--base",
    "bases",
    multiple=True,
    required=True,
    type=_RUN,
    metavar="RUN",
    help="A run before the change: its directory or report.json. Three or more tell the noise "
    "between runs.",
)
@click.option(
    "--new",
    "news",
    multiple=True,
    required=True,
    type=_RUN,
    metavar="RUN",
    help="A run after the change.",
)
@click.option(
    "--min-effect",
    type=MIN_EFFECT,
    default="5%,1ms",
    show_default=True,
    help="The smallest change that matters; of times both must be exceeded.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Write compare.html, compare.md and compare.json into DIR, or one FILE ending in .html, "
    ".md or .json.",
)
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON on standard output.")
@click.option(
    "--allow-invalid",
    is_flag=True,
    help="Compare runs too that were cut short or whose generator did not do its part.",
)
@click.pass_context
def compare(
    ctx: click.Context,
    bases: tuple[Path, ...],
    news: tuple[Path, ...],
    min_effect: MinEffect,
    out: Path | None,
    as_json: bool,
    allow_invalid: bool,
) -> None:
    """Say of each figure whether it regressed, improved or stayed the same.

    Exits with 0 for same or improved, 1 for regressed, 2 if a RUN cannot be read, 3 if the runs
    are not comparable or nothing could be judged.
    """
    given = [_given(path) for path in (*bases, *news)]
    base, new = given[: len(bases)], given[len(bases) :]
    _refuse_twice(base)
    _refuse_twice(new)
    comparison = compare_runs(base, new, effect=min_effect, seed=SEED, allow_invalid=allow_invalid)
    written = [] if out is None else _write(out, comparison, base, new)
    if as_json:
        write_json(json_text(comparison).encode())
    else:
        console = PatientConsole(highlight=False)
        with patience(console):
            print_comparison(console, comparison)
    for path in written:
        click.echo(f"wrote {path}", err=True)
    ctx.exit(comparison.exit_code)


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
