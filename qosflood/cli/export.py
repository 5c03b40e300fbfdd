"""`qosflood export RUN`: every series of a run as CSV files."""

from pathlib import Path

import click

from qosflood.report.csv import TABLES, export


@click.command("export")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUN")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.csv",
    help="Folder, new or empty; or a new file for one series.  [default: RUN/csv]",
)
@click.option(
    "--series",
    type=click.Choice([table.name for table in TABLES]),
    multiple=True,
    help="Only this one (repeatable).  [default: each that has rows]",
)
@click.option("--format", type=click.Choice(["csv"]), default="csv", help="What to write.")
def export_run(run: Path, out: Path | None, series: tuple[str, ...], **_: str) -> None:
    """Write every series of RUN as CSV files, one for each kind.

    Rows begin with UTC and seconds since the load's start; units stand in the headers. Works on
    merged runs, on killed ones, and on one that goes on, up to its last record. Prints the files
    it wrote; nothing is overwritten.
    """
    tables = [table for table in TABLES if not series or table.name in series]
    for written in export(run, out, tables, empty=bool(series)):
        click.echo(f"{written.path}  {written.rows:,} {'row' if written.rows == 1 else 'rows'}")
