"""One instance's memory as another source reports it, over time: a value reported twice is one
sample."""

import time
from collections.abc import Callable

from qosflood.base.units import MINUTE, SECOND, format_duration
from qosflood.journal.records import Event, MemoryKind, MemorySample
from qosflood.monitor.memory.external_sources import ExternalSource, Reading, Unread

_STALE_NS = MINUTE
"""A newest value older than that is reported once: a Prometheus scrapes every minute at least."""
_OLDEST_NS = 5 * MINUTE
"""Older or future values are laid to clocks that differ, and count as of now."""
_MS = SECOND // 1000


def wall_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // _MS


class ExternalSampler:
    """Samples and events of one source; `kind` names it."""

    def __init__(
        self,
        source: ExternalSource,
        kind: MemoryKind,
        instance: str,
        *,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._source, self._kind, self._instance = source, kind, instance
        self._now_ms = now_ms
        self._at_ms: int | None = None
        self._restarts: int | None = None
        self._reported: str | None = None
        self._stale = False

    async def sample(self, t: int) -> list[MemorySample | Event]:
        """What the source reports at `t` that is new."""
        found = await self._source.read()
        records: list[MemorySample | Event] = [*self._restarted(t, found)]
        if isinstance(found, Unread):
            return [*records, *self._unread(t, found.words)]
        if found.missing:
            records += self._unread(t, "; ".join(found.missing))
        else:
            self._reported = None
        age_ns = 0 if found.at_ms is None else (self._now_ms() - found.at_ms) * _MS
        if found.at_ms is not None and self._at_ms is not None and found.at_ms <= self._at_ms:
            return [*records, *self._repeated(t, age_ns)]
        self._at_ms, self._stale = found.at_ms, False
        return [*records, self._sample(t, found, age_ns)]

    def _sample(self, t: int, found: Reading, age_ns: int) -> MemorySample:
        return MemorySample(
            t=t - age_ns if 0 <= age_ns <= min(_OLDEST_NS, t) else t,
            instance=self._instance,
            source=self._kind,
            figure="named",
            rss_bytes=found.used_bytes,
            used_bytes=found.used_bytes,
            limit_bytes=found.limit_bytes,
            source_ms=found.at_ms,
            restarts=found.restarts,
        )

    def _unread(self, t: int, words: str) -> list[Event]:
        """Reported once until it can be read again, or for another reason."""
        if words == self._reported:
            return []
        self._reported = words
        return [self._event(t, "memory_unread", f"{self._kind}: {words}")]

    def _repeated(self, t: int, age_ns: int) -> list[Event]:
        if self._stale or age_ns <= _STALE_NS:
            return []
        self._stale = True
        what = f"{self._kind}: its newest value is {format_duration(round(age_ns, -9))} old"
        return [self._event(t, "memory_stale", what)]

    def _restarted(self, t: int, found: Reading | Unread) -> list[Event]:
        """A count that went back began anew: the instance was replaced, which is one restart, and
        those counted since come on top."""
        before, now = self._restarts, found.restarts
        self._restarts = before if now is None else now
        if before is None or now is None or now == before:
            return []
        times = now - before if now > before else now + 1
        why = f" (it ended last by {found.termination})" if found.termination else ""
        what = f"the target restarted: {before} restarts became {now}{why}"
        evidence = {"restarts": now, "times": times, "termination": found.termination}
        return [
            Event(
                t=t,
                who="target",
                kind="restarted",
                what=what,
                evidence=evidence | {"instance": self._instance},
            )
        ]

    def _event(self, t: int, kind: str, what: str) -> Event:
        evidence = {"instance": self._instance}
        return Event(t=t, who="generator", kind=kind, what=f"memory: {what}", evidence=evidence)
