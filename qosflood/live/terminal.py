"""The run on a terminal: a picture that is redrawn, or plain lines where it would not fit."""

from typing import Literal

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.live import lines
from qosflood.live.limits_now import LimitsNow
from qosflood.live.picture import picture
from qosflood.live.run_view import RunView, print_event
from qosflood.live.so_far import LimitSoFar
from qosflood.live.trials import TrialView
from qosflood.plan.plan import Plan
from qosflood.report.formats.wrapping import side_by_side

Style = Literal["live", "plain", "quiet"]
LINE_EVERY_NS = 10 * SECOND
_WAIT_STEPS_NS = (10 * SECOND, 60 * SECOND, 600 * SECOND)
_LINE_INDENT = 7
"""Where the phase stands in a plain line, behind the time."""


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
        self._now = LimitsNow(plan, self.state)
        self._limits: tuple[LimitSoFar, ...] = ()
        self._next_ns = 0
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def feed(self, record: JournalRecord) -> None:
        """Take a record."""
        super().feed(record)
        self._now.feed(record)

    def waiting(self, left_ns: int) -> None:
        """Count down in the picture's place."""
        self._live.update(Text(_waiting(left_ns)), refresh=True)

    def tick(self, t_ns: int) -> None:
        """Draw; the limits are looked at once a second."""
        if t_ns >= self._next_ns:
            self._next_ns = (t_ns // SECOND + 1) * SECOND
            self._limits = self._now.look(t_ns)
        width, height = self._console.size
        seen = self.state.snapshot(t_ns)
        drawn = picture(self.state.plan, seen, self._limits, width, height)
        self._live.update(Group(*drawn), refresh=True)

    def close(self) -> None:
        """Take the picture away and give the cursor back."""
        self._live.stop()


def _waiting(left_ns: int) -> str:
    return f"the load starts in {lines.whole_seconds(left_ns + SECOND - 1)}; Ctrl-C to exit"


def make_view(plan: Plan, console: Console, style: Style) -> RunView:
    """`live` is the picture where `console` is a terminal that can redraw, else plain lines."""
    if style == "quiet":
        return RunView(plan)
    if plan.capacity is not None:
        return TrialView(plan, console)
    if style == "live" and console.is_terminal and not console.is_dumb_terminal:
        return PictureView(plan, console)
    return PlainView(plan, console)
