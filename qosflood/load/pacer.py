"""The pacer: walks the due times of all clients in order and hands each report to its client.

One timer for everything. It may coalesce late (by the pacing quantum), never early.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from qosflood.load.client.factory import PacedClient
from qosflood.load.client.shared import NEVER
from qosflood.load.recorder import Bucket
from qosflood.load.schedule.due_times import Renewal, Schedule
from qosflood.load.turns import Turns

SENDS_PER_WAKE_UP = 256
"""After this many sends the loop reads answers, or their time stamps would be late."""
FIRST_SESSION_EVENTS = 8
MOST_SESSION_EVENTS = 64
"""Joins and leaves handled in one wake-up, as many as their time allows."""
CHUNK_NS = 100_000_000
AHEAD_NS = CHUNK_NS // 2
"""After an empty chunk the next is computed this long before it begins: computing takes
milliseconds where many reports are due at once."""


class Wakes(Protocol):
    """Calls the pacer's `tick` at or after a moment on its clock."""

    def set(self, at_ns: int) -> None:
        """Wake at `at_ns`."""


class Pacer:
    """Sends what is due. `zero_ns` is the load's start on `clock`; `soon` calls back right
    after the loop has read what came in."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        clients: Sequence[PacedClient],
        buckets: list[Bucket],
        zero_ns: int,
        quantum_ns: int,
        clock: Callable[[], int],
        timer: Wakes,
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self._schedule = schedule
        self._clients = clients
        self._buckets = buckets
        self._zero_ns = zero_ns
        self._quantum_ns = max(quantum_ns, 1)
        self._clock = clock
        self._timer = timer
        self._soon = soon
        self._phase = 0
        self._chunk_end_ns = 0
        self._load_end_ns = buckets[-1].end_ns
        self._dues: list[int] = []
        self._senders: list[PacedClient] = []
        self._position = 0
        self._joins = (schedule.join_s * 1e9).astype(np.int64).tolist()
        self._joined = 0
        leave_ns = (schedule.leave_s * 1e9).astype(np.int64)
        self._leave_order = np.argsort(leave_ns, kind="stable").tolist()
        self._leaves = leave_ns[self._leave_order].tolist()
        self._left = 0
        self._renewals: deque[Renewal] = deque()
        self._renewed = 0
        # When the next session joins, is replaced or leaves, since the load's start. Kept, because
        # every wake-up reads it.
        self._session_event_ns = NEVER
        self._turns = Turns(clock, FIRST_SESSION_EVENTS, MOST_SESSION_EVENTS)
        self.finished = False
        self._refill()

    def phase_at(self, since_ns: int) -> int:
        """The phase in force `since_ns` after the load's start, by index into the buckets."""
        for index, bucket in enumerate(self._buckets):
            if since_ns < bucket.end_ns:
                return index
        return len(self._buckets) - 1

    @property
    def sessions(self) -> int:
        """Distinct sessions that have begun so far."""
        return self._joined + self._renewed

    @property
    def behind_since_ns(self) -> int:
        """When the oldest report was due that is not picked yet, on the clock."""
        return self._next_due_ns if self._reports_left and not self.finished else NEVER

    def tick(self) -> None:
        """Send what is due, up to 256 reports, and set the timer for the next."""
        if self.finished:
            return
        busy = self._handle_session_events()
        busy = self._send_due() or busy
        if self._exhausted and self._more_chunks:
            # Ahead of time, so that computing a chunk delays none of its reports.
            self._refill()
            busy = self._next_due_ns <= self._clock() or busy
        if busy:
            self._soon(self.tick)
        else:
            self._sleep()

    def stop(self) -> None:
        """No report is picked any more; those due by now and not yet picked are picked, so that
        each ends in an outcome."""
        now_ns = self._clock()
        while not self.finished and self._next_due_ns <= now_ns:
            self._send_due()
            if self._exhausted and self._more_chunks:
                self._refill()
            elif self._exhausted:
                break
        self.finished = True

    @property
    def _exhausted(self) -> bool:
        return self._position == len(self._dues)

    @property
    def _more_chunks(self) -> bool:
        return self._chunk_end_ns < self._load_end_ns

    @property
    def _next_due_ns(self) -> int:
        """When the next report is due; in an empty chunk, when the next chunk begins."""
        if self._exhausted:
            return self._zero_ns + self._chunk_end_ns
        return self._dues[self._position]

    @property
    def _next_wake_ns(self) -> int:
        """When to wake for the next report or, in an empty chunk, to compute the next."""
        if self._exhausted:
            return self._zero_ns + self._chunk_end_ns - AHEAD_NS
        return self._dues[self._position]

    def _send_due(self) -> bool:
        """Whether reports are due that were left for the next turn."""
        clock = self._clock
        dues, senders, position = self._dues, self._senders, self._position
        size = len(dues)
        last = min(size, position + SENDS_PER_WAKE_UP)
        bucket = self._buckets[self._phase]
        note_lag = bucket.lag.append
        now_ns = clock()
        late = now_ns >= self._zero_ns + bucket.end_ns
        while position < last:
            due_ns = dues[position]
            if due_ns > now_ns:
                break
            note_lag(now_ns - due_ns)
            senders[position].report_due(due_ns, bucket, now_ns)
            position += 1
            now_ns = clock()
        if late:
            bucket.picked_late += position - self._position
        self._position = position
        return position < size and dues[position] <= now_ns

    def _refill(self) -> None:
        """Take the next chunk of the schedule; chunks never cross a phase's end."""
        bucket = self._buckets[self._phase]
        if self._chunk_end_ns == bucket.end_ns and self._phase + 1 < len(self._buckets):
            self._phase += 1
            bucket = self._buckets[self._phase]
        from_ns = self._chunk_end_ns
        self._chunk_end_ns = min(from_ns + CHUNK_NS, bucket.end_ns)
        due = self._schedule.between(from_ns, self._chunk_end_ns)
        self._dues = (due.due_ns + self._zero_ns).tolist()
        clients = self._clients
        self._senders = [clients[i] for i in due.client.tolist()]
        self._position = 0
        self._renewals.extend(due.renewals)
        self._session_event_ns = self._next_session_event_ns()

    def _handle_session_events(self) -> bool:
        """Let sessions join, be replaced and leave; whether some were left for the next turn."""
        until_ns = self._clock() - self._zero_ns
        if self._session_event_ns > until_ns:
            return False
        if self._reports_left:
            # Not before the next report: a session that ended first would close its
            # connection, and would have to connect again for its last report.
            until_ns = min(until_ns, self._next_due_ns - 1 - self._zero_ns)
        for _ in range(self._turns.begin()):
            if self._session_event_ns > until_ns:
                return False
            self._handle_session_event()
            if self._turns.spent:
                break
        return True

    def _handle_session_event(self) -> None:
        at_ns = self._session_event_ns
        if self._joined < len(self._joins) and self._joins[self._joined] == at_ns:
            self._clients[self._joined].join()
            self._joined += 1
        elif self._renewals and self._renewals[0].at_ns == at_ns:
            renewal = self._renewals.popleft()
            self._clients[renewal.client].renew(renewal.session)
            self._renewed += 1
        else:
            self._clients[self._leave_order[self._left]].leave()
            self._left += 1
        self._session_event_ns = self._next_session_event_ns()

    @property
    def _reports_left(self) -> bool:
        return not self._exhausted or self._more_chunks

    def _next_session_event_ns(self) -> int:
        join = self._joins[self._joined] if self._joined < len(self._joins) else NEVER
        renewal = self._renewals[0].at_ns if self._renewals else NEVER
        leave = self._leaves[self._left] if self._left < len(self._leaves) else NEVER
        return min(join, renewal, leave)

    def _sleep(self) -> None:
        wake_ns = self._next_wake_ns if self._reports_left else NEVER
        session_event_ns = self._session_event_ns
        if session_event_ns != NEVER:
            wake_ns = min(wake_ns, self._zero_ns + session_event_ns)
        if wake_ns == NEVER:
            self.finished = True
        else:
            self._timer.set(-(-wake_ns // self._quantum_ns) * self._quantum_ns)
