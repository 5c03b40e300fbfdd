"""What an event leaves behind in a target that keeps its sessions: their number and memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventMemory:
    """Memory once an event has registered so many distinct sessions, in a straight line from those
    that were registered here; `limit_bytes` is None where no limit is known."""

    sessions: int
    bytes: float
    limit_bytes: float | None

    @property
    def share(self) -> float | None:
        """What the event takes of the limit; above 1 it does not fit. None without a limit."""
        return self.bytes / self.limit_bytes if self.limit_bytes else None


def sessions_of(clients: int, event_s: float, lifetime_s: float) -> int:
    """Distinct sessions of an event: so many clients at any time, each session of that lifetime
    followed by another. 40,000 clients for 6 h at 20 min are 720,000."""
    return round(clients * max(event_s / lifetime_s, 1))


def memory_after(
    sessions: int, held: int, fresh_bytes: float, filled_bytes: float, limit_bytes: float | None
) -> EventMemory:
    """Memory after an event of so many sessions, from the target's memory before and after `held`
    sessions were registered."""
    each = max(filled_bytes - fresh_bytes, 0) / held
    return EventMemory(sessions, fresh_bytes + sessions * each, limit_bytes)
