"""What every view of a run on a terminal is, and how it prints what happened."""

import sys

from rich.console import Console
from rich.text import Text

from qosflood.analysis.current import LiveView
from qosflood.journal.records import JournalRecord
from qosflood.plan.plan import Plan
from qosflood.report.formats.wrapping import hanging


class RunView:
    """Shows a run while it goes on; silent by itself."""

    def __init__(self, plan: Plan) -> None:
        self.state = LiveView(plan)

    def feed(self, record: JournalRecord) -> None:
        """Take a record."""
        self.state.feed(record)

    def tick(self, t_ns: int) -> None:
        """Draw, if it is time; `t_ns` counts from the segment's start."""

    def waiting(self, left_ns: int) -> None:
        """Show how long it is until the load starts."""

    def close(self) -> None:
        """Show nothing more."""


def print_event(console: Console, text: str, *, indent: int = 2) -> None:
    """Print what happened, on a terminal broken at words, further lines indented; in a log, which
    tools read by the line, on one."""
    width = console.width if console.file.isatty() else sys.maxsize
    for line in hanging("", text, width, 0, indent):
        console.print(Text(line), soft_wrap=True)
