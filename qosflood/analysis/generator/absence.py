"""The generator's own absence in the flood: how long, and how many reports it concerns."""

from collections.abc import Iterator

from qosflood.base.units import SECOND, format_count, format_duration, format_ratio, text_beside
from qosflood.journal.records import Window, nobodys_failures
from qosflood.plan.plan import Plan

MOST_ABSENT = 0.001


class AbsenceTally:
    """Absence in the flood, added up window by window."""

    def __init__(self, plan: Plan) -> None:
        self._flood = plan.main_phase.name
        self._seconds = 0
        self._scheduled = self._nobodys = 0
        self._first_s: int | None = None
        self.ns = 0

    def add(self, window: Window) -> None:
        """Add a window; failures belong to the phase of their reports."""
        if window.phase != self._flood:
            return
        self._scheduled += window.scheduled
        self._nobodys += nobodys_failures(window.errors)
        if window.health is None:
            return
        self._seconds += 1
        if window.health.absent_ns:
            self.ns += window.health.absent_ns
            self._first_s = window.second if self._first_s is None else self._first_s

    @property
    def reports(self) -> int:
        """Reports that came due meanwhile, by the share of the time, or at least those that failed
        because of it."""
        if not self._seconds:
            return self._nobodys
        share = min(self.ns / (self._seconds * SECOND), 1.0)
        return max(round(share * self._scheduled), self._nobodys)

    def problems(self) -> Iterator[str]:
        """What makes the run INVALID, however long it is."""
        if not self._scheduled or self.reports <= MOST_ABSENT * self._scheduled:
            return
        since = "" if self._first_s is None else f" from +{format_duration(self._first_s * SECOND)}"
        yield (
            f"the generator itself stood still or was behind its schedule for "
            f"{format_duration(self.ns)} of the flood{since}: {format_count(self.reports)} of "
            f"{format_count(self._scheduled)} reports came due meanwhile "
            f"({text_beside(format_ratio, self.reports / self._scheduled, MOST_ABSENT)}, at most "
            f"{format_ratio(MOST_ABSENT)} allowed), which is no failure of the target"
        )
