"""Several onlookers as one view: what they are shown, and that none of them can do harm."""

from collections.abc import Callable, Sequence

from qosflood.fleet.view import Onlooker, View
from qosflood.journal.records import JournalRecord
from qosflood.plan.plan import Limit


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
