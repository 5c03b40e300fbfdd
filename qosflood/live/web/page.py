"""The live page as an observer: collects a run's records and pushes every second what is new."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from qosflood.base.errors import QosfloodError
from qosflood.base.text import printable
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.live.web.ring import Ring
from qosflood.live.web.state import PageState
from qosflood.live.web.words import Json


@dataclass(frozen=True, slots=True)
class Controls:
    """`stop` ends the load as one Ctrl-C does; `mark` writes a text into the journal."""

    stop: Callable[[], None]
    mark: Callable[[str], None]


EVERY_NS = SECOND
MOST_MARKS = 500
LONGEST_MARK = 200


class RefusedError(QosfloodError):
    """The request cannot be carried out now; the text says why."""


class LivePage:
    """The state behind all open pages; `now_t` is the journal's clock, used between ticks."""

    name = "live page"

    def __init__(self, state: PageState, now_t: Callable[[], int]) -> None:
        self.state = state
        self.ring = Ring()
        self._now_t = now_t
        self._next_ns = 0
        self._controls: Controls | None = None
        self._marks = 0

    def steer(self, controls: Controls) -> None:
        """From now on the run may be stopped and marked."""
        self._controls = controls

    # Records and messages.

    def feed(self, record: JournalRecord) -> None:
        """Take in a record."""
        self.state.feed(record)

    def tick(self, t_ns: int) -> None:
        """Push what is new, once a second."""
        if t_ns >= self._next_ns:
            self._next_ns = (t_ns // EVERY_NS + 1) * EVERY_NS
            self._push(t_ns)

    def judged(self, line: bytes) -> None:
        """Take in the verdict so far, a line of JSON from the judge."""
        self.state.judged(orjson.loads(line))

    def end(self, over: Json) -> None:
        """The run is over; `over` holds the verdict."""
        self.state.end(over)
        self._push(self._now_t())

    def snapshot(self) -> tuple[int, bytes]:
        """The whole run so far as JSON, and the number of the last message it holds."""
        t_ns = self._now_t()
        self._push(t_ns)
        return self.ring.last, orjson.dumps(self.state.snapshot(t_ns))

    def _push(self, t_ns: int) -> None:
        self.ring.push(orjson.dumps(self.state.increment(t_ns)))

    # Requests.

    def stop(self) -> None:
        """End the load as one Ctrl-C does; raises RefusedError if no load runs."""
        self._controls_of_load().stop()

    def mark(self, text: object) -> None:
        """Write a text into the journal; raises RefusedError if it is empty or one too many."""
        if not isinstance(text, str) or not printable(text):
            raise RefusedError("a mark needs a text; type one")
        controls = self._controls_of_load()
        if self._marks >= MOST_MARKS:
            raise RefusedError(f"this run has {MOST_MARKS} marks already, the most it can hold")
        self._marks += 1
        controls.mark(printable(text, LONGEST_MARK))
        self._push(self._now_t())

    def _controls_of_load(self) -> Controls:
        if self._controls is None or self.state.view.t0 is None:
            raise RefusedError("the load has not begun yet")
        if not self.state.running:
            raise RefusedError("the run is over")
        return self._controls
