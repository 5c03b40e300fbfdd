"""What shows a run while it goes on, as the supervisor knows it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from qosflood.journal.records import JournalRecord


class Observer(Protocol):
    """Whoever observes a run: a picture, a page, an exporter. `name` is what notices call it."""

    name: str

    def feed(self, record: JournalRecord) -> None:
        """Take a record, each one that the journal gets."""

    def tick(self, t_ns: int) -> None:
        """Draw, if it is time; `t_ns` counts from the segment's start. Called four times a second
        from the load's start on."""


class View(Protocol):
    """What shows the run to the user who started it."""

    def feed(self, record: JournalRecord) -> None:
        """Take a record."""

    def tick(self, t_ns: int) -> None:
        """Draw, if it is time; `t_ns` counts from the segment's start."""

    def waiting(self, left_ns: int) -> None:
        """Show that the load begins in so long; called once a second at most."""


class Observed:
    """A view and further observers of the same run.

    The view is the run's own: its errors are the supervisor's to deal with. An observer that raises
    is dropped with one `notice`; the run goes on without it.
    """

    def __init__(
        self, view: View, observers: Sequence[Observer], notice: Callable[[str], None]
    ) -> None:
        self._view = view
        self._observers = list(observers)
        self._notice = notice

    def feed(self, record: JournalRecord) -> None:
        """Show all of them a record."""
        self._view.feed(record)
        self._each(lambda observer: observer.feed(record))

    def tick(self, t_ns: int) -> None:
        """Let all of them draw; the observers also when the view's terminal has gone."""
        try:
            self._view.tick(t_ns)
        finally:
            self._each(lambda observer: observer.tick(t_ns))

    def waiting(self, left_ns: int) -> None:
        """Count down in the view."""
        self._view.waiting(left_ns)

    def _each(self, show: Callable[[Observer], None]) -> None:
        for observer in tuple(self._observers):
            try:
                show(observer)
            except Exception as error:  # whatever it is, the load must not notice
                self._observers.remove(observer)
                self._notice(
                    f"warning: the {observer.name} failed and is left out from here on: "
                    f"{type(error).__name__}: {error}"
                )
