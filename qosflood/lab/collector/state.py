"""The collector's state: the last sample of each session, productions, joined sessions."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Clock(Protocol):
    """A monotonic clock in nanoseconds; only differences mean anything."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary moment."""


class ManualClock:
    """A clock that stands still until it is moved; ships with the package for tests."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """The moment it was last moved to."""
        return self._now_ns

    def advance(self, ns: int) -> None:
        """Move forward by `ns` nanoseconds."""
        self._now_ns += ns


class LastSeen:
    """When each key was last seen; times are nanoseconds that never go back."""

    def __init__(self, ttl_ns: int) -> None:
        self.ttl_ns = ttl_ns
        # An OrderedDict, because a plain dict slows down when its oldest keys go first.
        self._seen: OrderedDict[str, int] = OrderedDict()

    def touch(self, key: str, now_ns: int) -> None:
        """`key` was seen at `now_ns`."""
        self._seen[key] = now_ns
        self._seen.move_to_end(key)

    def forget(self, key: str) -> None:
        """`key` left by itself; an unknown key is no error."""
        self._seen.pop(key, None)

    def take_expired(self, now_ns: int) -> Iterator[str]:
        """Remove and yield each key that was not seen for the time to live, oldest first."""
        while self._seen:
            key, seen_ns = next(iter(self._seen.items()))
            if seen_ns + self.ttl_ns > now_ns:
                return
            del self._seen[key]
            yield key


Sample = dict[str, Any]


class SystemClock:
    """The machine's monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary moment."""
        return time.monotonic_ns()


def system_wall_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Means over the sessions held; all 0 when there are none, as in the reference."""

    mos: float
    packet_loss: float
    rtt_ms: float
    count: int


class State:
    """All that the collector keeps. `session_ttl_ns` None keeps sessions for ever.

    Samples stay the dicts they were parsed into: like the reference's, memory grows with the
    number of distinct sessions, by about 1 KB each. Means are computed on each request, so
    that an odd sample affects them only while it is kept.
    """

    def __init__(
        self,
        session_ttl_ns: int | None = None,
        clock: Clock | None = None,
        wall_ms: Callable[[], int] = system_wall_ms,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.wall_ms = wall_ms
        self.reports_total = 0
        self.samples: dict[str, Sample] = {}
        self.joined: set[str] = set()
        self.productions: dict[str, frozenset[str]] = {}
        self._reported = LastSeen(session_ttl_ns) if session_ttl_ns else None
        self._beating = LastSeen(session_ttl_ns) if session_ttl_ns else None

    def record(self, report: Sample) -> None:
        """Keep `report` as its session's last sample; one without `observedAt` gets it now."""
        self.reports_total += 1
        if "observedAt" not in report:
            report["observedAt"] = self.wall_ms()
        session = report["sessionId"]
        self.samples[session] = report
        if self._reported is not None:
            self._reported.touch(session, self.clock.now_ns())
            self.expire()

    def expire(self) -> None:
        """Drop each sample and each joined session that was not seen for the time to live."""
        if self._reported is None or self._beating is None:
            return
        now_ns = self.clock.now_ns()
        for session in self._reported.take_expired(now_ns):
            del self.samples[session]
        for session in self._beating.take_expired(now_ns):
            self.joined.discard(session)

    def snapshot(self) -> list[Sample]:
        """The last sample of each session."""
        self.expire()
        return list(self.samples.values())

    def aggregates(self) -> Aggregates:
        """Means over the last sample of each session."""
        samples = self.snapshot()
        mos = packet_loss = rtt = 0.0
        for sample in samples:
            mos += sample["mos"]
            packet_loss += sample["packetLoss"]
            rtt += sample["roundTripTime"]
        count = len(samples)
        divisor = count or 1
        return Aggregates(mos / divisor, packet_loss / divisor, rtt / divisor, count)

    def create_production(self, lines: int) -> str:
        """The id of a new production; its lines are called 1, 2, …"""
        production = str(len(self.productions) + 1)
        self.productions[production] = frozenset(str(line + 1) for line in range(lines))
        return production

    def has_line(self, production: str, line: str) -> bool:
        """Whether that production has that line."""
        return line in self.productions.get(production, ())

    def join(self) -> str:
        """The id of a new session."""
        session = str(uuid.uuid4())
        self.joined.add(session)
        self._beat(session)
        return session

    def heartbeat(self, session: str) -> bool:
        """Whether the session is still joined; it was seen now."""
        self.expire()
        if session not in self.joined:
            return False
        self._beat(session)
        return True

    def leave(self, session: str) -> bool:
        """End a session; False if no session of that id had joined."""
        self.expire()
        if session not in self.joined:
            return False
        self.joined.remove(session)
        if self._beating is not None:
            self._beating.forget(session)
        return True

    def _beat(self, session: str) -> None:
        if self._beating is not None:
            self._beating.touch(session, self.clock.now_ns())
