"""`qosflood export [RUN]`: every series of a run as CSV files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qosflood.cli.latest import latest_runs
from qosflood.cli.lines import say
from qosflood.cli.params import RUN

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _Series(click.ParamType[str]):
    """The name of a table; the tables are imported when they are needed."""

    name = "NAME"

    def get_metavar(self, *_: object, **__: object) -> str:
        """All of them."""
        return f"[{'|'.join(self._names())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; fails with all that there are."""
        known = list(self._names())
        if value not in known:
            self.fail(f'got "{value}", expected one of {", ".join(known)}', param, ctx)
        return value

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]

    def _names(self) -> Iterable[str]:
        from qosflood.report.csv import TABLES

        return (table.name for table in TABLES)


@click.command("export")
@click.argument(
    "run",
    required=False,
    type=RUN,
    metavar="[RUN]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.csv",
    help="Folder, new or empty; or a new file for one series.  [default: RUN/csv]",
)
@click.option(
    "--series",
    type=_Series(),
    multiple=True,
    help="Only this one (repeatable).  [default: each that has rows]",
)
@click.option("--format", type=click.Choice(["csv"]), default="csv", help="What to write.")
def export_run(run: Path | None, out: Path | None, series: tuple[str, ...], **_: str) -> None:
    """Write every series of a run as CSV files.

    RUN is by default the latest run. Each kind gets a file; rows begin with UTC and seconds since
    the load's start, units stand in the headers. Works on merged runs, on killed ones, and on one
    that goes on, up to its last record. Prints the files it wrote; nothing is overwritten.
    """
    from qosflood.journal.run_directory import RUN_JSON
    from qosflood.report.csv import TABLES, export

    tables = [table for table in TABLES if not series or table.name in series]
    run = run or latest_runs(RUN_JSON)[0]
    for written in export(run, out, tables, empty=bool(series)):
        say(f"{written.path}  {written.rows:,} {'row' if written.rows == 1 else 'rows'}")
