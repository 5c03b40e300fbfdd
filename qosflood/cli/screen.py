"""What a run shows on a terminal, from plan to verdict.

Progress goes to standard error; standard output gets the closing summary, report.json alone, or
the plan of a dry run.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qosflood.base.text import printable
from qosflood.live.terminal import RunView, Style, make_view
from qosflood.plan.describe import describe
from qosflood.plan.plan import Plan
from qosflood.report.document.schema import Document
from qosflood.report.formats.terminal import print_summary
from qosflood.run.preflight.preflight import Preflight
from qosflood.run.preflight.resources import Needs


class PatientConsole(Console):
    """A console whose reader may go; the run and its exit code go on without it."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from here on."""
        discard(self.file.fileno())


def discard(fd: int) -> None:
    """Send to nowhere what is written to `fd`, whose reader has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), fd)


@contextmanager
def patience(console: Console) -> Iterator[None]:
    """A terminal that went away is written to no more; the run and its report go on without it."""
    try:
        yield
    except OSError:
        discard(console.file.fileno())


def write_json(document: bytes) -> None:
    """Write report.json, which ends in a newline, to standard output."""
    try:
        sys.stdout.buffer.write(document)
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout.fileno())


class TerminalScreen:
    """`live`: a picture that is redrawn, where standard error is a terminal. `quiet`: only
    warnings and the verdict. `as_json`: report.json on standard output instead of the summary."""

    def __init__(self, *, live: bool, quiet: bool, as_json: bool) -> None:
        self._console = PatientConsole(stderr=True, highlight=False)
        self._quiet = quiet
        self._as_json = as_json
        self._style: Style = "plain"
        if quiet:
            self._style = "quiet"
        elif live and self._console.file.isatty():  # FORCE_COLOR makes no terminal of a CI log
            self._style = "live"
        self._view: RunView | None = None

    def plan(self, plan: Plan, needs: Needs) -> None:
        """Print the plan: what, how much, and where each value came from; then its needs."""
        if not self._quiet:
            self._print_plan(self._console, plan, needs)

    def dry_run(self, plan: Plan, needs: Needs) -> None:
        """The same on standard output, being all that was asked for; what would refuse or warn a
        run goes to standard error."""
        console = PatientConsole(highlight=False)
        with patience(console):
            self._print_plan(console, plan, needs)
        for line in (*needs.problems, *needs.warnings):
            self.notice(f"warning: {line}")

    @staticmethod
    def _print_plan(console: Console, plan: Plan, needs: Needs) -> None:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(style="dim", justify="right")
        for row in describe(plan):
            table.add_row(row.label, Text(printable(row.value)), Text(printable(row.source)))
        for line in needs.lines:
            table.add_row("machine", Text(line), "")
        console.print(table)

    def preflight(self, plan: Plan, seen: Preflight) -> None:
        """Print what can be seen of the target, in one line."""
        if not self._quiet:
            line = seen.line(plan.report.expect)
            self._console.print(Text(f"preflight  {line}"), soft_wrap=True)
            if seen.command is not None:
                self._console.print(Text(f"watching   {seen.command}"), soft_wrap=True)

    def notice(self, line: str) -> None:
        """Print one line about what is going on."""
        with patience(self._console):
            self._console.print(Text(printable(line)), soft_wrap=True)

    def view(self, plan: Plan) -> RunView:
        """The live view in the style that fits."""
        self._view = make_view(plan, self._console, self._style)
        return self._view

    def close_view(self) -> None:
        """Stop drawing."""
        if self._view is not None:
            with patience(self._console):
                self._view.close()

    def summary(self, document: dict[str, Any], page: Path | None) -> None:
        """Print the verdict; `page` is the report to open, None if it could not be written."""
        if self._as_json:
            write_json(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
            return
        console = PatientConsole(highlight=False)
        with patience(console):
            print_summary(console, Document.model_validate(document), page)
