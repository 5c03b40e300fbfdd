"""The run on a terminal: a picture that is redrawn, or plain lines where it would not fit."""

import sys
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qosflood.analysis.current import LiveView, Snapshot
from qosflood.base.text import printable
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.live import lines
from qosflood.plan.plan import Plan
from qosflood.report.formats.wrapping import hanging, side_by_side

Style = Literal["live", "plain", "quiet"]
LINE_EVERY_NS = 10 * SECOND
_WAIT_STEPS_NS = (10 * SECOND, 60 * SECOND, 600 * SECOND)
_BAR_LEAST = 10
_LINE_INDENT = 7
"""Where the phase stands in a plain line, behind the time."""


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


class PlainView(RunView):
    """A line every 10 s, for logs and pipes; its figures are those of all the time since the last
    line, for one second of them would sample the clients' cadence."""

    def __init__(self, plan: Plan, console: Console) -> None:
        super().__init__(plan)
        self._console = console
        self._next_ns = 0
        self._shown_s = -1
        self._waited_for: int | None = None

    def waiting(self, left_ns: int) -> None:
        """Print a line now and then: every 10 minutes, then every minute, then every 10 s."""
        step = next((step for step in _WAIT_STEPS_NS if left_ns < 10 * step), _WAIT_STEPS_NS[-1])
        mark = -(-left_ns // step) * step
        if mark != self._waited_for:
            self._waited_for = mark
            print_event(self._console, _waiting(left_ns))

    def tick(self, t_ns: int) -> None:
        """Print a line if 10 s of the load have passed since the last."""
        snapshot = self.state.snapshot(t_ns, self._shown_s)
        silent = self.state.plan.floods and self.state.complete_s < 0
        if silent or snapshot.elapsed_ns < self._next_ns:
            return
        self._next_ns = (snapshot.elapsed_ns // LINE_EVERY_NS + 1) * LINE_EVERY_NS
        self._shown_s = self.state.complete_s
        pieces = lines.plain_pieces if self.state.plan.floods else lines.watch_pieces
        print_event(self._console, side_by_side(pieces(snapshot)), indent=_LINE_INDENT)


class PictureView(RunView):
    """The picture, redrawn at each tick and gone when closed."""

    def __init__(self, plan: Plan, console: Console) -> None:
        super().__init__(plan)
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def waiting(self, left_ns: int) -> None:
        """Count down in the picture's place."""
        self._live.update(Text(_waiting(left_ns)), refresh=True)

    def tick(self, t_ns: int) -> None:
        """Draw."""
        snapshot = self.state.snapshot(t_ns)
        picture = render(snapshot, self._console.width, load=self.state.plan.floods)
        self._live.update(picture, refresh=True)

    def close(self) -> None:
        """Take the picture away and give the cursor back."""
        self._live.stop()


def print_event(console: Console, text: str, *, indent: int = 2) -> None:
    """Print what happened, on a terminal broken at words, further lines indented; in a log, which
    tools read by the line, on one."""
    width = console.width if console.file.isatty() else sys.maxsize
    for line in hanging("", text, width, 0, indent):
        console.print(Text(line), soft_wrap=True)


def _waiting(left_ns: int) -> str:
    return f"the load starts in {lines.whole_seconds(left_ns + SECOND - 1)}; Ctrl-C to exit"


def make_view(plan: Plan, console: Console, style: Style) -> RunView:
    """`live` is the picture where `console` is a terminal that can redraw, else plain lines."""
    if style == "quiet":
        return RunView(plan)
    if style == "live" and console.is_terminal and not console.is_dumb_terminal:
        return PictureView(plan, console)
    return PlainView(plan, console)


def render(snapshot: Snapshot, width: int, *, load: bool = True) -> RenderableType:
    """The picture; fits 60 columns. Without `load` it has no lines about reports."""
    figures = _figures(snapshot, load=load)
    return Group(_progress(snapshot, width), figures, *_alarms(snapshot))


def _progress(snapshot: Snapshot, width: int) -> Table:
    left = f"{lines.whole_seconds(snapshot.left_ns)} left"
    elapsed = lines.whole_seconds(snapshot.elapsed_ns)
    phase = f"{snapshot.phase:<8}"
    bar = max(_BAR_LEAST, width - len(phase) - len(elapsed) - len(left) - 8)
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(
        Text(phase, style="bold"),
        ProgressBar(total=1.0, completed=snapshot.share, width=bar),
        elapsed,
        left,
    )
    return row


def _figures(snapshot: Snapshot, *, load: bool) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if load:
        _add_load(table, snapshot)
    table.add_row("target", f"memory {lines.memory(snapshot, limit=True)}")
    table.add_row("scrape", _scrape(snapshot))
    return table


def _add_load(table: Table, snapshot: Snapshot) -> None:
    table.add_row(
        "reports",
        f"offered {lines.rate(snapshot.offered)}{lines.retries(snapshot)}   "
        f"answered {lines.rate(snapshot.acked)}   planned {lines.rate(snapshot.planned)}",
    )
    table.add_row("response", "   ".join(lines.percentiles(snapshot)))
    table.add_row("errors", _errors(snapshot))


def _errors(snapshot: Snapshot) -> Text:
    return Text(lines.errors(snapshot), style="red" if snapshot.errors else "")


def _scrape(snapshot: Snapshot) -> Text:
    last = snapshot.scrape
    text = lines.scrape(snapshot)
    if last is not None and last.series is not None:
        text += f"   {last.series:,} series"
    if snapshot.scrapes_failed:
        text += f"   {snapshot.scrapes_failed:,} failed so far"
    return Text(text, style="red" if last is not None and not last.ok else "")


def _alarms(snapshot: Snapshot) -> list[Text]:
    alarms = []
    if snapshot.late:
        alarms.append(
            Text("the generator is late: reports leave after they are due", style="yellow")
        )
    if snapshot.trouble is not None:
        alarms.append(Text(printable(snapshot.trouble, 200), style="yellow"))
    return alarms
