"""Compares sessions read back from the target with the last reports that it accepted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qosflood.analysis.findings import LossFinding
from qosflood.analysis.loss.in_flood import seen_in_flood
from qosflood.analysis.loss.stored_times import held_at, too_coarse
from qosflood.base.units import MS, counted, format_count, format_duration, format_utc
from qosflood.journal.loss_records import ReadBack, SentSession, SentSessions
from qosflood.plan.plan import Plan
from qosflood.plan.readback import Sampled, alive

MOST_EXAMPLES = 10
_ORDER_MS = 250
"""A target may store, and so expire, sessions in another order than they were sent, by so much."""
_CLOCKS_APART_MS = 86_400_000
"""The report before the load, and clocks that are wrong, are of the same day."""
_LEAST_OF_ONE_MOMENT = 10
"""So many sessions that report by turns show at which moment a snapshot was made."""
_NOTICED_MS = 10_000
"""A restart may be noticed so long after it."""


@dataclass(slots=True)
class Found:
    """The sampled sessions, by what was read back of them.

    `absent` are those not found, by the time of their last accepted report; `ended` those of them
    that ended before the load did, which may have been forgotten; `earlier` hold a report before
    the last; `oldest_ms` and `newest_ms` are the times that sessions read back hold, `acked_ms` the
    oldest that one of them should. Times `later` than any
    report, `before` the run, and `unread` ones are not the run's own. `exact` hold a time that a
    report bore.
    """

    holding: int = 0
    exact: int = 0
    later: int = 0
    before: int = 0
    unread: int = 0
    oldest_ms: float = math.inf
    newest_ms: float = -math.inf
    acked_ms: float = math.inf
    absent: list[tuple[int, str]] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Sessions that hold their last accepted report, or do not."""
        return self.holding + len(self.earlier) + len(self.absent)

    @property
    def stands_still(self) -> bool:
        """Whether all that is held is older than all that should be: of one moment, as a page is
        that stands still."""
        enough = len(self.earlier) >= _LEAST_OF_ONE_MOMENT and not self.holding
        return enough and self.newest_ms + _ORDER_MS < self.acked_ms

    @property
    def expired(self) -> bool:
        """Whether the missing sessions may have expired: each was silent for longer than any that
        was found."""
        return all(ms <= self.oldest_ms + _ORDER_MS for ms, _ in self.absent)

    @property
    def lost(self) -> list[str]:
        """What is known to be missing, one line each."""
        return self.earlier if self.expired else [*self.earlier, *(text for _, text in self.absent)]

    def gone_at(self, restart_ms: int) -> list[str]:
        """The sessions that a restart took with it, one line each: all that are missing reported
        last before it, and no session that was found did."""
        gone = [*self.absent, *self.ended]
        newest_ms = max((ms for ms, _ in gone), default=0)
        oldest_held_ms = max(newest_ms, restart_ms - _NOTICED_MS)
        if newest_ms > restart_ms or self.oldest_ms + _ORDER_MS < oldest_held_ms:
            return []
        return [text for _, text in gone]


def readback_finding(
    plan: Plan,
    base: LossFinding,
    sent: Sequence[SentSessions],
    read: Sequence[ReadBack],
    restart_ms: int | None,
    begin_ms: int,
) -> LossFinding:
    """Each sampled session must hold the last report that was accepted, or one sent after it that
    may have been taken. `restart_ms`: when (epoch ms) the target restarted last, if it did;
    `begin_ms`: when the run began."""
    base = replace(base, method="readback")
    after = [one for one in read if one.look is None]
    if why := _unread(after):
        return replace(base, reason=why)
    whole = [one for one in after if one.reason is None]
    at_end = [one for one in sent if one.look is None]
    found = _compared(plan, at_end, whole, begin_ms)
    base = replace(base, checked=found.judged, seen=found.holding)
    if restart_ms is not None and (gone := found.gone_at(restart_ms)):
        return _lost_at_restart(base, found, gone)
    if found.lost:
        return _lost(base, found, _doubt(plan, whole) or _other_times(plan, found))
    if found.later or found.unread or found.before:
        return replace(base, verdict="inconclusive", reason=_odd(plan, found, whole))
    if found.absent:
        return replace(base, verdict="inconclusive", reason=_forgotten(found, at_end, whole))
    if not found.judged:
        return replace(base, seen=None, reason="no sampled session had a report accepted")
    in_flood = seen_in_flood(plan, sent, read)
    judged = format_count(found.judged)
    reason = f"{judged} of {judged} sampled sessions hold their last report"
    if doubt := too_coarse(plan) or in_flood.doubt:
        return replace(base, verdict="inconclusive", reason=f"{reason}, but {doubt}")
    reason = f"{reason}{in_flood.kept}; earlier reports were not checked"
    return replace(base, verdict="ok", reason=reason, missing=0)


def _unread(read: Sequence[ReadBack]) -> str:
    """Why there is nothing to compare with; empty if every source was read."""
    if not read:
        return "sessions were not read back"
    names = list(dict.fromkeys(one.instance for one in read))
    for name in names:
        reasons = [one.reason for one in read if one.instance == name]
        if None not in reasons:
            of = f" of {name}" if len(names) > 1 else ""
            return f"sessions{of} were not read back: {reasons[0]}"
    return ""


def _doubt(plan: Plan, read: Sequence[ReadBack]) -> str:
    """Why sessions that seem to be missing may be there; empty if they are not."""
    silent = len(plan.instances) - len({one.instance for one in read})
    if silent > 0:
        return f"{silent} of {len(plan.instances)} instances name no readback and may hold them"
    by_source: dict[str, list[dict[str, int | None]]] = {}
    for one in read:
        by_source.setdefault(one.instance, []).append(one.held)
    for name, snapshots in by_source.items():
        of = f" of {name}" if len(by_source) > 1 else ""
        if len(snapshots) < 2:
            return f"the snapshot{of} was read only once"
        if any(one != snapshots[0] for one in snapshots):
            return (
                f"{len(snapshots)} snapshots{of} disagree: several processes answer there, or it "
                "was still changing"
            )
    return ""


def _other_times(plan: Plan, found: Found) -> str:
    """Why older times may not be those of the reports held last; empty if they are."""
    if plan.audit.held_off_ms is None and not found.exact and found.earlier:
        return (
            "no session read back holds a time that a report contained: the target may store its "
            "own times, from a clock that is behind"
        )
    if found.stands_still:
        newest = _utc(round(found.newest_ms))
        return f"nothing in it is later than {newest}: it stands still, or nothing was stored since"
    return ""


def _lost(base: LossFinding, found: Found, doubt: str) -> LossFinding:
    missing, gone = len(found.lost), len(found.absent)
    absent = f" ({format_count(gone)} of them are missing)" if gone else ""
    if gone and found.expired:
        absent = f"; {format_count(gone)} more are missing: expired or lost"
    reason = (
        f"{format_count(missing)} of {format_count(found.judged)} sampled sessions do not hold "
        f"their last accepted report{absent}"
    )
    if doubt:
        return replace(base, verdict="inconclusive", reason=f"{reason}, but {doubt}")
    examples = tuple(found.lost[:MOST_EXAMPLES])
    return replace(base, verdict="lost", reason=reason, missing=missing, examples=examples)


def _lost_at_restart(base: LossFinding, found: Found, gone: list[str]) -> LossFinding:
    checked = found.judged + len(found.ended)
    reason = (
        f"the target restarted, and {format_count(len(gone))} of {format_count(checked)} sampled "
        "sessions that last reported before that are missing"
    )
    return replace(
        base,
        verdict="lost",
        reason=reason,
        checked=checked,
        missing=len(gone),
        examples=tuple(gone[:MOST_EXAMPLES]),
    )


def _forgotten(found: Found, sent: Sequence[SentSessions], read: Sequence[ReadBack]) -> str:
    waited_ns = max(one.t for one in read) - min(one.t for one in sent)
    waited = format_duration(max(round(waited_ns, -8), 0))
    longer = (
        f"; the target was read {waited} after the load: set phases.settle shorter than the "
        "target keeps a silent session, or audit a counter"
    )
    if not found.holding:
        every = format_count(found.judged)
        what = f"none of the {every} sampled sessions was found: they expired, or were lost"
        return f"{what}{longer}"
    gone, judged = format_count(len(found.absent)), format_count(found.judged)
    what = (
        f"{gone} of {judged} sampled sessions are missing, each silent for longer than all that "
        "were found"
    )
    return f"{what}: the target seems to expire silent sessions{longer}"


def odd_times(plan: Plan, read: Sequence[ReadBack]) -> str:
    """The first time of observation that is none, in words; empty if all are times."""
    value = next((one.odd for one in read if one.odd is not None), None)
    return (
        "" if value is None else f"{'.'.join(plan.audit.observed)} is {value}, which is not a time"
    )


def _odd(plan: Plan, found: Found, read: Sequence[ReadBack]) -> str:
    if found.unread:
        why = odd_times(plan, read)
        but = f": {why}" if why else ""
        return f"{_hold(found.unread)} a time that cannot be parsed{but}"
    if found.before:
        return (
            f"{_hold(found.before)} a time long before the run: "
            f"{'.'.join(plan.audit.observed)} is not in ms since 1970, or the target's own time"
        )
    return (
        f"{_hold(found.later)} a time later than any report sent: the target stores its own times, "
        "or other clients use the same session ids"
    )


def _hold(count: int) -> str:
    return f"{counted(count, 'sampled session')} {'holds' if count == 1 else 'hold'}"


def _compared(
    plan: Plan, sent: Sequence[SentSessions], read: Sequence[ReadBack], begin_ms: int
) -> Found:
    held = held_at(plan, read)
    found, living, places = Found(), alive(plan), Sampled(plan)
    for session in _over_before(min(one.t for one in read), sent):
        place = places.place(session.session)
        over = place is not None and place[0] >= living
        _compare(found, session, held, begin_ms, ended=over)
    if plan.audit.own_times:
        found.holding, found.later = found.holding + found.later, 0
    return found


def _over_before(read_t: int, sent: Sequence[SentSessions]) -> Iterator[SentSession]:
    """The sessions with an accepted report that had stopped sending when reading began."""
    for shard in sent:
        if shard.t <= read_t:
            yield from (one for one in shard.sessions if one.acked_ms is not None)


def _compare(
    found: Found, sent: SentSession, held: dict[str, int | None], begin_ms: int, *, ended: bool
) -> None:
    acked_ms = sent.acked_ms or 0
    if sent.session not in held:
        absent = found.ended if ended else found.absent
        absent.append((acked_ms, f"{sent.session}: accepted {_utc(acked_ms)}, missing"))
        return
    ms = held[sent.session]
    if ms is None:
        found.unread += 1
        return
    if ms < begin_ms - _CLOCKS_APART_MS:
        found.before += 1
        return
    found.oldest_ms, found.newest_ms = min(found.oldest_ms, ms), max(found.newest_ms, ms)
    found.acked_ms = min(found.acked_ms, acked_ms)
    found.exact += ms in (acked_ms, sent.sent_ms)
    if ms > sent.sent_ms:
        found.later += 1
    elif ms >= acked_ms:
        found.holding += 1
    else:
        found.earlier.append(f"{sent.session}: accepted {_utc(acked_ms)}, holds {_utc(ms)}")


def _utc(ms: int) -> str:
    return format_utc(ms * MS)
