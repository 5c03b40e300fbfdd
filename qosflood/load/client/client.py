"""One client: its connection and the life of its reports.

A report is due, picked by the pacer, queued while its client's connection is busy or down, sent,
and done. One request at a time, no pipelining, no task, future or timer per report: deadlines are
found by a sweep over an array that holds each client's oldest open due time.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from qosflood.journal.records import CUT_OFF, NOT_SENT, Outcome
from qosflood.load.client.outcome import OutcomeRecorder
from qosflood.load.client.shared import NEVER, TOO_OLD, Shared, Transport
from qosflood.load.http1 import Response
from qosflood.load.recorder import Bucket

RENEWAL = -1
"""In a queue, instead of a due time: the session is replaced by the one that the entry names."""
DROP = -2
"""Likewise: the connection is closed, for the number of seconds in the entry."""

DOWN, WAITING, IDLE, BUSY, CLOSING, DELAYED, PAUSED = range(7)
"""Connection states. Bare ints: they are compared for every report, and enum members cost 3x.

DOWN: not connected, nothing wanted · WAITING: a connection is wanted or being made ·
IDLE: connected · BUSY: a report is out · CLOSING: aborted by us, not yet reported closed ·
DELAYED: dropped or backing off, connects after a delay · PAUSED: connected, the current report
waits to be tried again.
"""


class Client(OutcomeRecorder):
    """A session that reports over a connection of its own."""

    __slots__ = (
        "_body", "_failures", "_leaving", "_path", "_queue", "_rejoin", "_turn", "_was_connected",
        "_write", "index", "state",
    )  # fmt: skip

    def __init__(self, shared: Shared, index: int, number: int) -> None:
        super().__init__(shared, number)
        self.index = index
        self.state = DOWN
        self._write: Callable[[bytes], None] = _unconnected
        self._body = shared.builder.template(number)
        self._path, self._turn = shared.builder.walk(number)
        self._queue: deque[tuple[int, Any]] | None = None
        self._failures = 0
        self._leaving = False
        self._was_connected = False
        self._rejoin = False

    # Called by the pacer.

    def join(self) -> None:
        """Connect, if connections are kept; the first report follows a random part of a cadence
        later."""
        if self.state == DOWN and not self._shared.per_report:
            self._connect()

    def renew(self, session: int) -> None:
        """The session is replaced by the `session`-th: once none of its reports is open, the
        connection is closed, and the new session connects."""
        if self.state == BUSY or self._to_resend or self._queue:
            if self._queue is None:
                self._queue = deque()
            self._queue.append((RENEWAL, session))
            return
        self._begin_session(session)
        if self.state == IDLE:
            self._close()
        elif self.state == DOWN:
            self.join()

    def take_over(self, session: int, body: Any) -> Any | None:
        """Let another session, with its body, go on over the same connection; the body of the one
        before, None while a report of that is open."""
        if self.state not in (IDLE, DOWN) or self._to_resend or self._queue:
            return None
        before, self._body = self._body, body
        self._session = session
        return before

    def leave(self) -> None:
        """Close the connection once no report is open any more."""
        self._leaving = True
        if self.state == IDLE:
            self._close()

    def drop(self, reconnect_after_s: float) -> None:
        """Close the connection once no report is out on it, and reconnect `reconnect_after_s` later
        (0: at once) as the same session; reports due meanwhile wait."""
        if self._leaving or self._shared.per_report or self.state == DELAYED:
            return
        if self.state == BUSY or self._to_resend:
            if self._queue is None:
                self._queue = deque()
            self._queue.appendleft((DROP, reconnect_after_s))
            return
        self._shared.reconnect_after_s[self.index] = reconnect_after_s
        if self.state == IDLE:
            self._close()
        elif self.state == DOWN:
            self._reconnect_later()

    def report_due(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        """A report of this client was picked at `now_ns`: send it, or let it queue."""
        if self.state == IDLE:
            self._send(due_ns, bucket, now_ns)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append((due_ns, bucket))
        if self.state == BUSY:
            return
        shared = self._shared
        if shared.oldest[self.index] == NEVER:
            shared.oldest[self.index] = due_ns
        if self.state == DOWN:
            self._connect()

    def halt(self, now_ns: int) -> None:
        """The run stops: nothing more is sent; a report that is out may still be answered."""
        self._leaving = True
        if self._to_resend:
            self._to_resend = False
            self._fail(Outcome.CONNECTION_LOST, "closed by the peer, run stopped", now_ns)
        limit_ns = now_ns - self._shared.timeout_ns
        for due_ns, bucket in self._queue or ():
            if due_ns >= 0:
                self._unsent(due_ns, bucket, now_ns, NOT_SENT if due_ns >= limit_ns else TOO_OLD)
        self._queue = None
        self._rejoin = False
        self._shared.reconnect_after_s.pop(self.index, None)
        if self.state in (IDLE, PAUSED):
            self._close()
        elif self.state != BUSY:
            self._shared.oldest[self.index] = NEVER

    def expire(self, now_ns: int, limit_ns: int) -> None:
        """End everything that was due before `limit_ns`; its deadline has passed."""
        if self._due_ns < limit_ns and (self.state == BUSY or self._to_resend):
            self._to_resend = False
            in_time = now_ns - self._due_ns <= self._shared.timeout_ns
            reason = CUT_OFF if in_time else "no answer by the deadline"
            self._fail(Outcome.TIMEOUT, reason, now_ns)
            if self.state in (BUSY, PAUSED):
                self._close()
        if self.state == BUSY or self._to_resend:
            return  # every queued report was due later
        while self._oldest_queued() < limit_ns:
            due_ns, bucket = self._queue.popleft()  # type: ignore[union-attr]
            self._unsent(due_ns, bucket, now_ns, TOO_OLD)
        self._shared.oldest[self.index] = self._oldest_queued()

    # Called by the connector.

    @property
    def session(self) -> int:
        """The number of the client's current session; it distinguishes one user from the next."""
        return self._session

    @property
    def wanted(self) -> bool:
        """Whether the client still needs a connection."""
        if self.index in self._shared.reconnect_after_s:
            return False
        return self._to_resend or bool(self._queue) or not self._leaving

    def not_wanted(self) -> None:
        """The connector did not connect, because the client needs no connection any more."""
        if self.index in self._shared.reconnect_after_s:
            self._reconnect_later()
        else:
            self.state = DOWN

    def connect_failed(self, reason: str) -> None:
        """A connect attempt failed: it ends the oldest queued report, the others wait."""
        if self.index in self._shared.reconnect_after_s:
            self._reconnect_later()
            return
        now_ns = self._shared.clock()
        if self._to_resend:
            self._to_resend = False
            self._fail(Outcome.CONNECTION_LOST, f"lost, then {reason}", now_ns)
        elif self._oldest_queued() != NEVER:
            due_ns, bucket = self._queue.popleft()  # type: ignore[union-attr]
            self._failed(Outcome.CONNECT_ERROR, reason, bucket, due_ns, None, now_ns)
        self._shared.oldest[self.index] = self._oldest_queued()
        self._failures += 1
        self._back_off()

    def _back_off(self) -> None:
        self._shared.connector.retry(self, self._failures)

    def retry(self) -> None:
        """The backoff is over."""
        if self.index in self._shared.reconnect_after_s:
            self._reconnect_later()
        elif self._queue and not self._shared.stopping:
            self._shared.connector.want(self)
        else:
            self.state = DOWN

    def reconnect(self) -> None:
        """The delay before reconnecting is over."""
        if self.index in self._shared.reconnect_after_s:
            self._reconnect_later()
        elif self.wanted and not self._shared.stopping:
            self._connect()
        else:
            self.state = DOWN

    # Called by the transport.

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._write = transport.write
        # Write at once instead of at the end of the loop's turn, so that a report's time stamp
        # and its write do not drift apart in a batch.
        transport.set_write_buffer_limits(0)
        shared = self._shared
        shared.connected += 1
        if self._was_connected:
            shared.reconnects += 1
        self._was_connected = True
        self._rejoin = False
        self._reused = False
        self._failures = 0
        self.state = IDLE
        now_ns = shared.clock()
        if self._to_resend:
            self._to_resend = False
            self._resend(now_ns)
        elif self.index in shared.reconnect_after_s:
            self._close()
        else:
            self._next(now_ns)

    def data_received(self, data: bytes) -> None:
        shared = self._shared
        now_ns = shared.clock()
        if self.state != BUSY:
            # Bytes without a request (a 408 before an idle close, say): no report is lost,
            # but the connection's framing can no longer be trusted.
            self._close()
            return
        if self._reader is None and data in shared.accepting:
            took_ns = now_ns - self._due_ns
            if took_ns <= shared.timeout_ns:
                bucket = self._bucket
                bucket.response.append(took_ns)  # type: ignore[union-attr]
                bucket.service.append(now_ns - self._sent_ns)  # type: ignore[union-attr]
                self._reused = True
                if not self._acked:
                    self._note_session()
                if self._queue or self._leaving:
                    self._next(now_ns)
                else:
                    self.state = IDLE
                    shared.oldest[self.index] = NEVER
                return
        self._read(data, now_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        shared = self._shared
        shared.connected -= 1
        now_ns = shared.clock()
        if self.state == BUSY:
            self._lost_while_busy(exc, now_ns)
        self._transport = None
        self._write = _unconnected
        self._reader = None
        shared.oldest[self.index] = self._oldest_queued()
        joining = self._rejoin and not self._leaving and not shared.per_report
        if self.index in shared.reconnect_after_s:
            self._reconnect_later()
        elif self._to_resend or self._queue or joining:
            self._connect()
        else:
            self.state = DOWN

    def _connect(self) -> None:
        self.state = WAITING
        self._shared.connector.want(self)

    def _reconnect_later(self) -> None:
        self.state = DELAYED
        self._shared.connector.after(self._shared.reconnect_after_s.pop(self.index), self.reconnect)

    # The life of a report.

    def _send(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        shared = self._shared
        self._due_ns = due_ns
        self._bucket = bucket
        self._sent_ns = now_ns
        self.state = BUSY
        turn = self._turn = self._turn + 1
        bucket.offered += 1
        shared.oldest[self.index] = due_ns
        observed_ms = (now_ns + shared.wall_offset_ns) // 1_000_000
        self._write(shared.request(self._body, self._path, turn, observed_ms))

    def _resend(self, now_ns: int) -> None:
        """Send the same report once more, byte by byte the same, as a browser would."""
        self._repeat(self._sent_ns, now_ns)

    def _repeat(self, first_ns: int, now_ns: int) -> None:
        shared = self._shared
        observed_ms = (first_ns + shared.wall_offset_ns) // 1_000_000
        self._sent_ns = now_ns
        self.state = BUSY
        # A second loss is final: this connection counts as fresh until it has answered.
        self._write(shared.request(self._body, self._path, self._turn, observed_ms))

    def _next(self, now_ns: int) -> None:
        """The connection is free: send the oldest queued report that may still be sent."""
        queue = self._queue
        if queue:
            limit_ns = now_ns - self._shared.timeout_ns
            while queue:
                due_ns, bucket = queue.popleft()
                if due_ns < 0:
                    self._apply_order(due_ns, bucket)
                    self._close()
                    return
                if due_ns >= limit_ns:
                    self._send(due_ns, bucket, now_ns)
                    return
                self._unsent(due_ns, bucket, now_ns, TOO_OLD)
        self.state = IDLE
        self._shared.oldest[self.index] = NEVER
        if self._leaving:
            self._close()

    def _apply_order(self, order: int, value: Any) -> None:
        if order == RENEWAL:
            self._begin_session(value)
        else:
            self._shared.reconnect_after_s[self.index] = value

    def _begin_session(self, session: int) -> None:
        """The next session takes over; it has no connection yet."""
        self._session = session
        self._acked = False
        self._body = self._shared.builder.template(self.number, session)
        self._failures = 0
        self._was_connected = False
        self._rejoin = True

    def _oldest_queued(self) -> int:
        """When the report kept for another try or else the oldest queued one was due, NEVER if
        there is none; orders queued before it are carried out. Not to be called while BUSY."""
        if self._to_resend:
            return self._due_ns
        queue = self._queue
        while queue and queue[0][0] < 0:
            self._apply_order(*queue.popleft())
        due_ns: int = queue[0][0] if queue else NEVER
        return due_ns

    def _answered(self, response: Response, now_ns: int) -> None:
        """Record a complete response that came over the open connection, and go on."""
        self._record_answer(response, now_ns)
        self._reused = True
        ended = not response.keep_alive or self._shared.per_report
        if ended or now_ns - self._due_ns > self._shared.timeout_ns:
            self._close()
        else:
            self._next(now_ns)

    def _close(self) -> None:
        """Abort the connection; asyncio answers with connection_lost."""
        if self.state == CLOSING:
            return
        self.state = CLOSING
        self._reader = None
        self._shared.oldest[self.index] = self._oldest_queued()
        assert self._transport is not None
        self._transport.abort()


def _unconnected(_: bytes) -> None:
    raise AssertionError("a report was sent without a connection")
