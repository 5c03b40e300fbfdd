"""Reconnect storms: the shards' records of each, added up, and how reports went meanwhile."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import TimelineEntry
from qosflood.analysis.findings_series import Second
from qosflood.base.units import MS, SECOND, format_count, format_duration
from qosflood.journal.records import Event

BEGAN, OVER = "storm", "storm_over"
KINDS = (BEGAN, OVER)
_BEFORE_S = 5
"""Seconds before a storm that it is compared with."""


@dataclass(slots=True)
class _Storm:
    """One storm, summed over the shards that reported it."""

    began_t: int
    over_t: int
    dropped: int = 0
    connected: int = 0
    back: int = 0
    silent: set[int] = field(default_factory=set)

    def began(self, event: Event) -> None:
        evidence = event.evidence
        self.began_t = min(self.began_t, event.t)
        self.dropped += evidence["dropped"]
        self.connected += evidence["connected"]
        self.silent.add(evidence["shard"])

    def ended(self, event: Event) -> None:
        self.over_t = max(self.over_t, event.t)
        self.back += event.evidence["back"]
        self.silent.discard(event.evidence["shard"])


def storm_entries(
    events: Iterable[Event], seconds: Sequence[Second], clock: RunClock
) -> Iterator[TimelineEntry]:
    """Two entries for each storm: its beginning, and its end with the figures of the time between.

    A shard that died reports no end: its clients count as not reconnected.
    """
    for index, storm in sorted(_storms(events).items()):
        of = f"{format_count(storm.dropped)} of {format_count(storm.connected)}"
        dropped = {"storm": index, "dropped": storm.dropped, "connected": storm.connected}
        began = f"reconnect storm: {of} connections dropped"
        yield _entry(clock, storm.began_t, BEGAN, began, dropped)
        took_s = (storm.over_t - storm.began_t) / SECOND
        evidence = {**dropped, "back": storm.back, "took_s": took_s}
        evidence |= _meanwhile(storm, seconds, clock)
        yield _entry(clock, storm.over_t, OVER, _ended(storm), evidence)


def _storms(events: Iterable[Event]) -> dict[int, _Storm]:
    storms: dict[int, _Storm] = {}
    for event in events:
        if event.kind not in KINDS:
            continue
        storm = storms.setdefault(event.evidence["storm"], _Storm(event.t, event.t))
        if event.kind == BEGAN:
            storm.began(event)
        else:
            storm.ended(event)
    return storms


def _ended(storm: _Storm) -> str:
    after = format_duration(storm.over_t - storm.began_t)
    missing = storm.dropped - storm.back
    of = f"{format_count(missing)} of {format_count(storm.dropped)} clients"
    if storm.silent:
        return f"reconnect storm: whether {of} reconnected is unknown, a shard stopped reporting"
    if missing:
        return f"reconnect storm: {of} had not reconnected when they left or the load ended"
    return f"reconnect storm: all {format_count(storm.dropped)} clients reconnected within {after}"


def _meanwhile(storm: _Storm, seconds: Sequence[Second], clock: RunClock) -> dict[str, Any]:
    """How reports went from the storm's first second to its last, and just before it."""
    first, last = (int(clock.t_s(t)) for t in (storm.began_t, storm.over_t))
    during = [second for second in seconds if first <= second.t_s <= last]
    before = [second for second in seconds if first - _BEFORE_S <= second.t_s < first]
    return {
        "response_p99_ms": _worst(second.response_p99_ns for second in during),
        "response_p99_ms_before": _worst(second.response_p99_ns for second in before),
        "response_max_ms": _worst(second.response_max_ns for second in during),
        "response_max_ms_before": _worst(second.response_max_ns for second in before),
        "errors": sum(sum(second.errors.values()) for second in during),
        "reconnects": sum(second.reconnects for second in during),
    }


def _worst(figures_ns: Iterable[int | None]) -> float | None:
    worst = max((ns for ns in figures_ns if ns is not None), default=None)
    return None if worst is None else worst / MS


def _entry(
    clock: RunClock, t: int, kind: str, what: str, evidence: dict[str, Any]
) -> TimelineEntry:
    return TimelineEntry(
        t_s=clock.t_s(t),
        wall_ns=clock.wall(t),
        who="operator",
        kind=kind,
        what=what,
        evidence=evidence,
    )
