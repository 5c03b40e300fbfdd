"""What shows a run while it goes on, as the supervisor knows it."""

from typing import Protocol

from qosflood.journal.records import JournalRecord
from qosflood.plan.plan import Limit


class Onlooker(Protocol):
    """Whoever looks on at a run: a picture, a page, an exporter. `name` is what notices call it."""

    name: str

    def feed(self, record: JournalRecord) -> None:
        """Take a record, each one that the journal gets."""

    def tick(self, t_ns: int) -> None:
        """Draw, if it is time; `t_ns` counts from the segment's start. Comes four times a second
        from the load's start on."""


class View(Protocol):
    """What shows the run while it goes on, and knows whether an abort limit is broken."""

    def feed(self, record: JournalRecord) -> None:
        """Take a record."""

    def tick(self, t_ns: int) -> None:
        """Draw, if it is time; `t_ns` counts from the segment's start."""

    def broken_abort(self, t_ns: int) -> tuple[Limit, str] | None:
        """The abort limit that has been broken for its grace period, and the value in words."""

    def waiting(self, left_ns: int) -> None:
        """Show that the load begins in so long; called each second at most."""
