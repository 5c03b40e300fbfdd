"""What the loss audit compares: records of what was sent and of what the target kept.

`t` as in every record.
"""

from dataclasses import dataclass
from typing import ClassVar

ABSENT = "the page has no"
"""So begins the reason of an AuditSample whose page lacks the counter or gauge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSession:
    """A session that the loss audit samples, by the times of observation (epoch ms) that it sent:
    `acked_ms` of the last report that was accepted, `sent_ms` of the last one sent at all."""

    session: str
    acked_ms: int | None
    sent_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSessions:
    """What one shard's sampled sessions had sent when its load was over (`t`), or at a look in the
    flood, of which `look` is the number."""

    TAG: ClassVar[str] = "sent"
    t: int
    shard: int
    sessions: tuple[SentSession, ...]
    look: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSample:
    """The value of the loss audit's counter or gauge, its series added up, read between `t` and
    `done_t`; `reason` says why there is no value, None if there is one. `page` is a checksum of
    the whole page, None where none was made: pages that differ were not rendered at one time."""

    TAG: ClassVar[str] = "counted"
    t: int
    done_t: int
    instance: str
    value: float | None
    reason: str | None
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """A snapshot of the target's sessions, read from `t` on until `done_t`; every source is read
    several times, each time over a connection of its own.

    `held` are the sampled sessions found in it, with the time of observation (epoch ms) of the
    sample held, None for one that is no time, of which `odd` is the first value. `samples` counts
    all sessions in it. `reason` says why it could not be read to its end, None if it was. `look` is
    None after the load, the number of a look in the flood, and 0 for those in the baseline.
    """

    TAG: ClassVar[str] = "readback"
    t: int
    done_t: int
    instance: str
    reason: str | None
    status: int | None
    bytes: int
    samples: int
    held: dict[str, int | None]
    odd: str | None = None
    look: int | None = None
