"""What a snapshot of the target's sessions says of the last reports that it accepted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qosflood.analysis.findings import LossFinding
from qosflood.audit_records import ReadBack, SentSession, SentSessions
from qosflood.resolve import format_utc
from qosflood.units import MS, format_count

MOST_EXAMPLES = 10


@dataclass(slots=True)
class Found:
    """The sampled sessions, by what the snapshot has of them."""

    holding: int = 0
    later: int = 0
    unread: int = 0
    absent: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Sessions that do not hold their last accepted report."""
        return len(self.examples)


def readback_finding(
    base: LossFinding, sent: Sequence[SentSessions], read: Sequence[ReadBack]
) -> LossFinding:
    """Each sampled session must hold the last report that was accepted, or one sent after it that
    may have been taken."""
    base = replace(base, method="readback")
    failed = next((one for one in read if one.reason is not None), None)
    if not read:
        return replace(base, reason="sessions were not read back")
    if failed is not None:
        of = f" of {failed.instance}" if len(read) > 1 else ""
        return replace(base, reason=f"sessions{of} were not read back: {failed.reason}")
    found = _compared(sent, read)
    judged = found.holding + found.missing
    base = replace(base, checked=judged)
    if found.missing:
        gone = f" ({format_count(found.absent)} of them are not there)" if found.absent else ""
        reason = (
            f"{format_count(found.missing)} of {format_count(judged)} sampled sessions do not hold "
            f"their last accepted report{gone}"
        )
        return replace(
            base,
            verdict="lost",
            reason=reason,
            seen=found.holding,
            missing=found.missing,
            examples=tuple(found.examples[:MOST_EXAMPLES]),
        )
    if found.later or found.unread:
        return replace(base, verdict="inconclusive", reason=_odd(found))
    if not judged:
        return replace(base, reason="no sampled session had a report accepted")
    reason = (
        f"{format_count(judged)} of {format_count(judged)} sampled sessions hold their last "
        "accepted report; earlier ones cannot be seen here"
    )
    return replace(base, verdict="ok", reason=reason, seen=judged, missing=0)


def _odd(found: Found) -> str:
    if found.unread:
        return f"{format_count(found.unread)} sampled sessions hold a time that cannot be read"
    return (
        f"{format_count(found.later)} sampled sessions hold a time later than any report sent: "
        "the target writes times of its own, or others report as these sessions"
    )


def _compared(sent: Sequence[SentSessions], read: Sequence[ReadBack]) -> Found:
    held: dict[str, int | None] = {}
    for reading in read:
        for name, ms in reading.held.items():
            held[name] = max(held.get(name) or 0, ms or 0) or None
    found = Found()
    for session in _over_before(min(one.t for one in read), sent):
        _compare(found, session, held)
    return found


def _over_before(read_t: int, sent: Sequence[SentSessions]) -> Iterator[SentSession]:
    """The sessions with an accepted report that sent nothing any more when reading began."""
    for shard in sent:
        if shard.t <= read_t:
            yield from (one for one in shard.sessions if one.acked_ms is not None)


def _compare(found: Found, sent: SentSession, held: dict[str, int | None]) -> None:
    acked_ms = sent.acked_ms or 0
    if sent.session not in held:
        found.absent += 1
        found.examples.append(f"{sent.session}: accepted {_utc(acked_ms)}, is not there")
        return
    ms = held[sent.session]
    if ms is None:
        found.unread += 1
    elif ms > sent.sent_ms:
        found.later += 1
    elif ms >= acked_ms:
        found.holding += 1
    else:
        found.examples.append(f"{sent.session}: accepted {_utc(acked_ms)}, holds {_utc(ms)}")


def _utc(ms: int) -> str:
    return format_utc(ms * MS)
