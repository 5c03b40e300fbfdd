"""Restarts seen from outside, by what a page exposes of its process. Pure."""

from collections.abc import Iterator

from qosflood.base.units import SECOND
from qosflood.journal.records import Event
from qosflood.monitor.scrape.counters import Fall

SEVERAL = "several_processes"
_SAME_S = 1.0
"""The kernel's boot time, which exporters add, may wobble by a second."""
_SURELY = 3
"""A process that began anew since the last page does not reach the counts that the one before took
so many times as long for."""


class Answering:
    """Follows who answers for one instance: by `process_start_time_seconds`, or where a page has
    none by its counters.

    A later start is a restart. One seen before, or earlier than the last, cannot be: then several
    processes answer in turn, and from there on nothing can be said of restarts. With `watched` the
    process itself shows its restarts, and workers of it may answer by turns; but where all counters
    begin anew and it says nothing, until the next page or `close`, it has executed itself again.

    A start time that moves with the target's clock is neither: exporters add the boot time, which
    follows each step of that clock. A new process starts after the old one was last seen, and its
    counters begin anew.
    """

    def __init__(self, instance: str, *, watched: bool = False) -> None:
        self._instance = instance
        self._watched = watched
        self._last: float | None = None
        self._since = 0
        self._seen = 0
        self._several = False
        self._anew: Event | None = None
        self._restarted = False

    def process_restarted(self) -> None:
        """The watched process has said so itself."""
        self._anew = None
        self._restarted = True

    def close(self) -> Iterator[Event]:
        """The event that waited for the process to say it."""
        if self._anew is not None:
            yield self._anew
        self._anew = None

    def note(self, t: int, start_s: float | None, fall: Fall) -> Iterator[Event]:
        """The event that a page makes, if it makes one."""
        if self._several:
            return
        yield from self.close()
        known, self._restarted = self._restarted, False
        if self._watched and fall.anew and not known and not self._is_earlier(start_s):
            what = "the target restarted in the same process: its page's counters began anew"
            self._anew = self._event(t, "restarted", what, {"counters_fell": fall.resets})
        if start_s is not None:
            yield from self._started(t, start_s, fall)
        elif fall.several:
            yield self._event_of_several(
                t, "counters jump back and forth", {"counters_fell": fall.resets}
            )
        elif fall.anew and not self._watched:
            what = "the target restarted: its page's counters began anew"
            yield self._event(t, "restarted", what, {"counters_fell": fall.resets})

    def _is_earlier(self, start_s: float | None) -> bool:
        """Whether another process answers, which has been there for longer."""
        if start_s is None or self._last is None:
            return False
        return start_s < self._last - _SAME_S

    def _started(self, t: int, start_s: float, fall: Fall) -> Iterator[Event]:
        last, stepped = self._last, self._clock_stepped(t, start_s, fall)
        if last is not None and abs(start_s - last) <= _SAME_S:
            self._seen = t
            return
        self._last, self._seen = start_s, t
        if last is None or not stepped:
            self._since = t
        if last is None or stepped:
            return
        evidence = {"old_start_s": last, "new_start_s": start_s}
        if start_s < last:
            yield self._event_of_several(t, "start times jump back and forth", evidence)
        elif not self._watched:
            what = "the target restarted: its page gives a later start time"
            yield self._event(t, "restarted", what, evidence)

    def _clock_stepped(self, t: int, start_s: float, fall: Fall) -> bool:
        """Whether it is the same process as before, under a clock that was set."""
        if self._last is None:
            return False
        lived, moved_s = self._seen - self._since, start_s - self._last
        if fall.went_on and lived > _SURELY * (t - self._seen):
            return True
        return not fall.resets and 0 < moved_s < lived / SECOND - _SAME_S

    def _event_of_several(self, t: int, what: str, evidence: dict[str, float]) -> Event:
        self._several = True
        said = f"{what}: several processes answer at one address"
        return self._event(t, SEVERAL, said, evidence)

    def _event(self, t: int, kind: str, what: str, evidence: dict[str, float]) -> Event:
        return Event(
            t=t,
            who="target",
            kind=kind,
            what=what,
            evidence={"instance": self._instance} | evidence,
        )
