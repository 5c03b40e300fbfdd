"""Connections that all clients share, as behind a reverse proxy.

A report that is due takes an idle connection, the one used last, or waits in one queue with all
others. Connections are the pool's own: sessions come and go without opening or closing any.
"""

from collections import deque
from typing import Any, NamedTuple

from qosflood.journal.records import NOT_SENT, Outcome
from qosflood.load.body.figures import Path
from qosflood.load.client.client import DOWN, IDLE, WAITING, Client
from qosflood.load.client.shared import NEVER, TOO_OLD, Shared, Transport
from qosflood.load.failures import Failed
from qosflood.load.recorder import Bucket


class WaitingReport(NamedTuple):
    """A report that is due and not yet sent, and the session it was due in."""

    due_ns: int
    bucket: Bucket
    member: "PoolMember"
    session: int
    body: Any


class PoolMember:
    """A client without a connection of its own."""

    __slots__ = ("_body", "_pool", "_session", "acked_session", "number", "path", "turn")

    def __init__(self, pool: "Pool", number: int) -> None:
        builder = pool.shared.builder
        self._pool = pool
        self._session = 0
        self.acked_session = -1
        self._body = builder.template(number)
        self.number = number
        self.path: Path
        self.path, self.turn = builder.walk(number)

    def join(self) -> None:
        """Nothing to connect."""

    def renew(self, session: int) -> None:
        """The session is replaced by the `session`-th; reports already due stay the old one's."""
        self._session = session
        self._body = self._pool.shared.builder.template(self.number, session)

    def take_over(self, session: int, body: Any) -> Any:
        """Let another session, with its body, go on; the body of the one before."""
        before, self._body = self._body, body
        self._session = session
        return before

    def leave(self) -> None:
        """Nothing to close."""

    def report_due(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        """A report of this client was picked at `now_ns`."""
        report = WaitingReport(due_ns, bucket, self, self._session, self._body)
        self._pool.report_due(report, now_ns)


class Pool:
    """The connections of one shard and the reports that wait for one. The array of oldest due
    times has a place for each connection, then one for the oldest waiting report."""

    def __init__(self, shared: Shared, size: int) -> None:
        self.shared = shared
        self.idle: list[PooledConnection] = []
        self._waiting: deque[WaitingReport] = deque()
        self._place = size
        self.connections = [PooledConnection(shared, index, self) for index in range(size)]

    def open(self) -> None:
        """Connect all."""
        for connection in self.connections:
            connection.join()

    def report_due(self, report: WaitingReport, now_ns: int) -> None:
        """Send it over an idle connection, or let it wait."""
        if self.idle:
            self.idle.pop().carry(report, now_ns)
            return
        if not self._waiting:
            self.shared.oldest[self._place] = report.due_ns
        self._waiting.append(report)

    def take(self, now_ns: int) -> WaitingReport | None:
        """The oldest waiting report that may still be sent."""
        self.expire(now_ns, now_ns - self.shared.timeout_ns)
        return self._pop() if self._waiting else None

    def expire(self, now_ns: int, limit_ns: int) -> None:
        """End every waiting report that was due before `limit_ns`; its deadline has passed."""
        while self._waiting and self._waiting[0].due_ns < limit_ns:
            self._fail(Outcome.UNSENT, TOO_OLD, now_ns)

    def halt(self, now_ns: int) -> None:
        """The run stops: nothing is sent any more."""
        self.expire(now_ns, now_ns - self.shared.timeout_ns)
        while self._waiting:
            self._fail(Outcome.UNSENT, NOT_SENT, now_ns)

    def connect_failed(self, reason: str, now_ns: int) -> None:
        """A connect attempt failed: it ends the oldest waiting report, the others wait."""
        if self._waiting:
            self._fail(Outcome.CONNECT_ERROR, reason, now_ns)

    def _pop(self) -> WaitingReport:
        report = self._waiting.popleft()
        self.shared.oldest[self._place] = self._waiting[0].due_ns if self._waiting else NEVER
        return report

    def _fail(self, outcome: Outcome, reason: str, now_ns: int) -> None:
        report = self._pop()
        who = (report.member.number, report.session)
        phase, due_ns = report.bucket.name, report.due_ns
        failed = Failed(outcome, reason, phase, *who, due_ns, None, now_ns, None)
        self.shared.record_failure(failed, report.bucket, None)


class PooledConnection(Client):
    """One of the pool's connections; it plays the session whose report it carries."""

    __slots__ = ("_carried", "_member", "_pool")

    def __init__(self, shared: Shared, index: int, pool: Pool) -> None:
        super().__init__(shared, index, index)
        self._pool = pool
        self._member: PoolMember | None = None
        self._carried = False

    @property
    def session(self) -> int:
        """Always the same: the TLS session that is resumed is the proxy's, not a user's."""
        return 0

    def carry(self, report: WaitingReport, now_ns: int) -> None:
        """Send a member's report."""
        member = report.member
        self.number = member.number
        self._session = report.session
        self._member = member
        self._acked = report.session <= member.acked_session
        self._body = report.body
        self._path = member.path
        self._turn = member.turn
        self._carried = True
        self._send(report.due_ns, report.bucket, now_ns)
        member.turn = self._turn

    def _note_session(self) -> None:
        """Another connection may have carried a report of the same session meanwhile."""
        assert self._member is not None
        if self._session > self._member.acked_session:
            self._member.acked_session = self._session
            super()._note_session()

    def connect_failed(self, reason: str) -> None:
        if not self._to_resend:
            self._pool.connect_failed(reason, self._shared.clock())
        super().connect_failed(reason)

    def retry(self) -> None:
        self.reconnect()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        failures = self._failures
        self._carried = self._to_resend
        super().connection_made(transport)
        self._failures = failures
        self._send_waiting()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._send_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_longer_idle()
        super().connection_lost(exc)
        if self.state != DOWN or self._leaving:
            return
        if self._carried:
            self._failures = 0
            self._connect()
        else:
            # Closed before it carried a report: back off, or it would reconnect in a tight loop.
            self._failures += 1
            self.state = WAITING
            self._back_off()

    def _send_waiting(self) -> None:
        """If the connection has become free, send the oldest waiting report."""
        if self.state != IDLE:
            return
        now_ns = self._shared.clock()
        report = self._pool.take(now_ns)
        if report is None:
            self._pool.idle.append(self)
        else:
            self.carry(report, now_ns)

    def _close(self) -> None:
        self._no_longer_idle()
        super()._close()

    def _no_longer_idle(self) -> None:
        if self.state == IDLE and self in self._pool.idle:
            self._pool.idle.remove(self)
