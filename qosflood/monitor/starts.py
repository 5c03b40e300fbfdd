"""Restarts seen from outside, by the start time a page exposes. Pure."""

from qosflood.records import Event

_SAME_S = 1.0
"""The kernel's boot time, which exporters add, may wobble by a second."""


class StartTimes:
    """Follows `process_start_time_seconds` from scrape to scrape.

    A later start is a restart. One seen before, or earlier than the last, cannot be: then several
    processes answer in turn, and from there on nothing can be said of restarts.
    """

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._several = False

    def note(self, t: int, start_s: float) -> Event | None:
        """The event that a page with this start time makes, if it makes one."""
        last = self._seen[-1] if self._seen else None
        if self._several or (last is not None and abs(start_s - last) <= _SAME_S):
            return None
        self._several = last is not None and start_s < last
        self._seen.append(start_s)
        if last is None:
            return None
        evidence = {"old_start_s": last, "new_start_s": start_s}
        if self._several:
            what = "start times jump back and forth: several processes answer at one address"
            return Event(t=t, who="target", kind="several_processes", what=what, evidence=evidence)
        what = "the target restarted: its page gives a later start time"
        return Event(t=t, who="target", kind="restarted", what=what, evidence=evidence)
