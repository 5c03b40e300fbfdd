"""`qosflood merge DIR…`: one run of the parts that several commands played."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from qosflood.base.units import SECOND
from qosflood.cli.lines import say
from qosflood.cli.options import verbose_option
from qosflood.cli.params import RUN
from qosflood.cli.report import show_report


@click.command(params=[verbose_option])
@click.argument(
    "parts",
    nargs=-1,
    required=True,
    type=RUN,
    metavar="DIR…",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run directory, new or empty.  [default: qosflood-runs/<UTC time>-<profile>-<rate>]",
)
@click.option("--json", "as_json", is_flag=True, help="report.json on standard output.")
@click.option(
    "--quiet",
    is_flag=True,
    help="Print no progress: only warnings, the verdict and the report's path.",
)
@click.pass_context
def merge(
    ctx: click.Context,
    parts: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Merge the parts of a run into one run with one verdict.

    Each DIR is the run directory of a part (`--part 3/8`). A part that is missing, began late or
    died makes the run INVALID, and the reasons say which. Exits as a run does.
    """
    from qosflood.journal.merge import merge as merge_parts
    from qosflood.journal.merge import missing, open_parts
    from qosflood.run.run import claim_directory

    opened = open_parts(parts)
    first = opened[0]
    started = datetime.fromtimestamp(first.part.start_at_ns / SECOND, UTC)
    folder = out or claim_directory(first.plan, started)
    merge_parts(opened, folder, sys.argv[1:])
    if not quiet:
        absent = missing(opened)
        without = f", without {', '.join(absent)}" if absent else ""
        say(f"merged {len(opened)} of {first.part.of} parts into {folder}{without}", err=True)
    show_report(ctx, folder, as_json=as_json, quiet=quiet, verbose=verbose)
