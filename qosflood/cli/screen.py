"""What a run shows on a terminal, from plan to verdict.

Progress goes to standard error; standard output gets the closing summary, report.json alone, or
the plan of a dry run.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from qosflood.base.text import harmless, printable
from qosflood.live.run_view import RunView, print_event
from qosflood.live.terminal import Style, make_view
from qosflood.plan.describe import describe
from qosflood.plan.describe_row import Row
from qosflood.plan.judgeable import unjudgeable
from qosflood.plan.plan import Plan
from qosflood.plan.summary import summarise
from qosflood.report.document.schema import Document
from qosflood.report.formats.terminal import Detail, print_summary
from qosflood.report.formats.wrapping import hanging
from qosflood.run.preflight.preflight import Preflight
from qosflood.run.preflight.resources import Needs


class PatientConsole(Console):
    """A console whose reader may go; the run and its exit code go on without it. Nothing that is
    printed on it moves a cursor, but what rich itself says to the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is printed, each harmless."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(harmless(segment.text), segment.style)

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
    """Write report.json, which ends in a newline, to standard output; one that takes no more
    changes neither verdict nor exit code, but is named."""
    try:
        sys.stdout.buffer.write(document)
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout.fileno())
    except OSError as error:
        discard(sys.stdout.fileno())
        with suppress(OSError):
            sys.stderr.write(f"qosflood: standard output: {error.strerror}; it lacks report.json\n")


INDENT = 11
"""Where the text beside a label begins, before a run."""


def detail_of(*, quiet: bool, verbose: bool) -> Detail:
    """How much of a run's end is shown."""
    return "verdict" if quiet else "all" if verbose else "short"


class TerminalScreen:
    """`live`: a picture that is redrawn, where standard error is a terminal. `quiet`: only
    warnings and the verdict. `verbose`: the whole plan and the whole end, else what fits a screen.
    `as_json`: report.json on standard output instead of the summary."""

    def __init__(self, *, live: bool, quiet: bool, as_json: bool, verbose: bool = False) -> None:
        self._console = PatientConsole(stderr=True, highlight=False)
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._as_json = as_json
        self._style: Style = "plain"
        if quiet:
            self._style = "quiet"
        elif live and self._console.file.isatty():  # FORCE_COLOR makes no terminal of a CI log
            self._style = "live"
        self._view: RunView | None = None
        self._unjudged: list[str] = []

    def plan(self, plan: Plan, needs: Needs) -> None:
        """Print the plan in a few lines, or all of it with where each value came from and what it
        needs of this machine; when quiet, only which of the user's limits cannot be judged."""
        self._unjudged = unjudgeable(plan)
        if self._verbose:
            _print_plan(self._console, plan, needs)
        elif self._quiet:
            self._note(unjudgeable(plan, only_named=True))
        else:
            for row in summarise(plan):
                _print_row(self._console, row)

    def dry_run(self, plan: Plan, needs: Needs) -> None:
        """All of the plan on standard output, being all that was asked for; what would refuse or
        warn a run goes to standard error."""
        console = PatientConsole(highlight=False)
        with patience(console):
            _print_plan(console, plan, needs)
        for line in (*needs.problems, *needs.warnings):
            self.notice(f"warning: {line}")

    def preflight(self, plan: Plan, seen: Preflight) -> None:
        """Print what can be seen of the target, and which limits cannot be judged because of it."""
        if not self._quiet:
            self._preflight(plan, seen)
        found = unjudgeable(plan, only_named=self._quiet)
        self._note([line for line in found if line not in self._unjudged])

    def _preflight(self, plan: Plan, seen: Preflight) -> None:
        _print_row(self._console, Row("preflight", seen.line(plan.report.expect), ""))
        if seen.command is not None and self._verbose:
            _print_row(self._console, Row("process", seen.command, ""))

    def _note(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.notice(f"note: {line}")

    def notice(self, line: str) -> None:
        """Print one line about what is going on."""
        with patience(self._console):
            print_event(self._console, printable(line))

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
            detail = detail_of(quiet=self._quiet, verbose=self._verbose)
            print_summary(console, Document.model_validate(document), page, detail=detail)


def _print_plan(console: Console, plan: Plan, needs: Needs) -> None:
    for row in (*describe(plan), *(Row("machine", line, "") for line in needs.lines)):
        _print_row(console, row)


def _print_row(console: Console, row: Row) -> None:
    """Label and value, and on the right, where there is room, the value's source."""
    width, source = console.width, printable(row.source)
    lines = hanging(row.label, printable(row.value), width, INDENT)
    if source:
        room = width - cell_len(source)
        if cell_len(lines[-1]) + 2 > room:
            lines.append("")
        lines[-1] += " " * (room - cell_len(lines[-1])) + source
    _print_lines(console, lines, bold=len(row.label), dim=len(source))


def _print_lines(console: Console, lines: list[str], *, bold: int = 0, dim: int = 0) -> None:
    """`bold`: how many characters of the first line; `dim`: of the last."""
    texts = [Text(line) for line in lines]
    texts[0].stylize("bold", 0, bold)
    texts[-1].stylize("dim", len(texts[-1]) - dim)
    for text in texts:
        console.print(text, soft_wrap=True)
