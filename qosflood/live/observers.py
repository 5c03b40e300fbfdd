"""What shows a run while it goes on, as the supervisor knows it."""

from collections.abc import Callable, Sequence
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


class Together:
    """A view and onlookers beside it.

    The view is the run's own: it judges the abort limits, and its errors are the supervisor's to
    deal with. An onlooker that raises is dropped with one `notice`; the run goes on without it.
    """

    def __init__(
        self, view: View, onlookers: Sequence[Onlooker], notice: Callable[[str], None]
    ) -> None:
        self._view = view
        self._onlookers = list(onlookers)
        self._notice = notice

    def feed(self, record: JournalRecord) -> None:
        """Show all of them a record."""
        self._view.feed(record)
        self._each(lambda onlooker: onlooker.feed(record))

    def tick(self, t_ns: int) -> None:
        """Let all of them draw; the onlookers also when the view's terminal has gone."""
        try:
            self._view.tick(t_ns)
        finally:
            self._each(lambda onlooker: onlooker.tick(t_ns))

    def broken_abort(self, t_ns: int) -> tuple[Limit, str] | None:
        """What the view says."""
        return self._view.broken_abort(t_ns)

    def waiting(self, left_ns: int) -> None:
        """Count down in the view."""
        self._view.waiting(left_ns)

    def _each(self, show: Callable[[Onlooker], None]) -> None:
        for onlooker in tuple(self._onlookers):
            try:
                show(onlooker)
            except Exception as error:  # whatever it is, the load must not notice
                self._onlookers.remove(onlooker)
                self._notice(
                    f"warning: the {onlooker.name} failed and is left out from here on: "
                    f"{type(error).__name__}: {error}"
                )
