"""What snapshots that were read during the flood show of the sessions that sent meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.loss.stored_times import held_at
from qosflood.base.units import format_count
from qosflood.journal.loss_records import ReadBack, SentSession, SentSessions
from qosflood.plan.plan import Plan
from qosflood.plan.readback import Sampled, sources

_ORDER_MS = 500
"""A target may store reports in another order than they were sent, by so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlood:
    """At how many `looks` sessions were found, how many were judged in all of them, and how many
    of these held an `older` report than they should, or none."""

    looks: int
    judged: int
    older: int

    @property
    def doubt(self) -> str:
        """What is wrong, in words; empty if nothing is."""
        if not self.older:
            return ""
        return (
            f"at {_moments(self.looks)} of the flood {format_count(self.older)} of "
            f"{format_count(self.judged)} sampled sessions held an older report than the last "
            "accepted one, though newer ones of other sessions were there: dropped, or stored late"
        )

    @property
    def kept(self) -> str:
        """That nothing is wrong, in words; empty if there was no look."""
        return f", as they did at {_moments(self.looks)} of the flood" if self.looks else ""


def seen_in_flood(plan: Plan, sent: Sequence[SentSessions], read: Sequence[ReadBack]) -> InFlood:
    """What all looks in the flood show together. Reports that were accepted must be there as soon
    as newer ones of other sessions are: the snapshot as a whole may be behind."""
    number_of = Sampled(plan)
    counts = [
        count
        for look in sorted({one.look for one in read if one.look})
        if (count := _look(plan, number_of, _marks(sent, look), _reads(read, look)))[0]
    ]
    return InFlood(
        looks=len(counts),
        judged=sum(judged for judged, _ in counts),
        older=sum(older for _, older in counts),
    )


def _marks(sent: Sequence[SentSessions], look: int) -> list[SentSessions]:
    return [one for one in sent if one.look == look]


def _reads(read: Sequence[ReadBack], look: int) -> list[ReadBack]:
    return [one for one in read if one.look == look and one.reason is None]


def _look(
    plan: Plan, places: Sampled, marks: Sequence[SentSessions], reads: Sequence[ReadBack]
) -> tuple[int, int]:
    """How many sessions one look judges, and how many of them it finds with an older report or
    without any; one that silence may have expired is not judged."""
    held = {name: ms or 0 for name, ms in held_at(plan, reads).items()}
    if not held or len(reads) < max(len(sources(plan)), len(plan.instances)):
        return 0, 0
    newest_ms = max(held.values()) - 2 * plan.audit.held_unsure_ms
    oldest_ms = min(held.values())
    numbers = {place[0] for name in held if (place := places.place(name)) is not None}
    judged = older = 0
    for session in _before(min(one.t for one in reads), marks):
        acked_ms, ms = session.acked_ms or 0, held.get(session.session)
        place = places.place(session.session)
        renewed = ms is None and place is not None and place[0] in numbers
        expired = ms is None and acked_ms <= oldest_ms + _ORDER_MS
        holds = ms is not None and ms >= acked_ms
        if renewed or expired or not (holds or acked_ms + _ORDER_MS <= newest_ms):
            continue
        judged += 1
        older += not holds
    return judged, older


def _before(read_t: int, marks: Sequence[SentSessions]) -> Iterator[SentSession]:
    for mark in marks:
        if mark.t <= read_t:
            yield from (one for one in mark.sessions if one.acked_ms is not None)


def _moments(count: int) -> str:
    return f"{count} moment{'s' * (count != 1)}"
