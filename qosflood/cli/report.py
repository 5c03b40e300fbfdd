"""`qosflood report [RUN]`: build a run's report again from its journal."""

from pathlib import Path

import click

from qosflood.cli.latest import latest_runs
from qosflood.cli.lines import say
from qosflood.cli.options import verbose_option
from qosflood.cli.params import RUN


@click.command(params=[verbose_option])
@click.argument(
    "run",
    required=False,
    type=RUN,
    metavar="[RUN]",
)
@click.option("--json", "as_json", is_flag=True, help="report.json on standard output.")
@click.option(
    "--salvage", is_flag=True, help="Leave out damaged lines of the journal, and say which."
)
@click.pass_context
def report(
    ctx: click.Context, run: Path | None, as_json: bool, salvage: bool, verbose: bool
) -> None:
    """Build the report of a run again.

    It is made from run.json and the journal of RUN, by default of the latest run. Exits with the
    run's own code: 0 PASS, 1 FAIL, 3 INVALID, 4 ABORTED, 130 INTERRUPTED.
    """
    from qosflood.journal.run_directory import RUN_JSON

    show_report(
        ctx, run or latest_runs(RUN_JSON)[0], as_json=as_json, verbose=verbose, salvage=salvage
    )


def show_report(
    ctx: click.Context,
    run: Path,
    *,
    as_json: bool,
    verbose: bool,
    quiet: bool = False,
    salvage: bool = False,
) -> None:
    """Build and show the report of the run directory, and exit with the run's code."""
    from qosflood.cli.screen import PatientConsole, detail_of, patience, write_json
    from qosflood.report.build import REPORT_HTML, build, json_text
    from qosflood.report.formats.terminal import print_summary

    result = build(run, salvage=salvage)
    for problem in result.problems:
        say(problem, err=True)
    if as_json:
        write_json(json_text(result.document).encode())
    else:
        page = run / REPORT_HTML if run / REPORT_HTML in result.written else None
        detail = detail_of(quiet=quiet, verbose=verbose)
        console = PatientConsole(highlight=False)
        with patience(console):
            print_summary(console, result.document, page, detail=detail)
    ctx.exit(result.document.exit_code)
