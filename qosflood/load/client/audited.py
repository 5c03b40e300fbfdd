"""Clients whose sessions the loss audit reads back: they keep the times of their last reports.

They are the plan's sampled clients, few and chosen at set-up; the others keep nothing. A client
sends one report at a time, so whatever went out before another report, and did not fail, was
accepted.
"""

from collections.abc import Iterable, Iterator

from qosflood.journal.loss_records import SentSession
from qosflood.journal.records import Outcome
from qosflood.load.client.client import Client
from qosflood.load.client.retrying import RetryingClient, RetryPolicy
from qosflood.load.client.shared import NEVER, Shared
from qosflood.load.http1 import Response
from qosflood.load.recorder import Bucket

_NOTHING = -1


class LastReports:
    """When a session sent its last report, whether that has not failed, and when it sent the last
    one before it that was accepted; monotonic."""

    __slots__ = ("accepted_ns", "last_ns", "not_failed")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Another session begins."""
        self.last_ns = self.accepted_ns = _NOTHING
        self.not_failed = False


class Audited(Client):
    """A client that keeps the times of its last reports."""

    __slots__ = ()
    _last_reports: LastReports

    def sent(self) -> SentSession | None:
        """What its session has sent; None if it sent nothing. While a report is open, the one sent
        last counts as not accepted."""
        last = self._last_reports
        if last.last_ns == _NOTHING:
            return None
        answered = last.not_failed and self._shared.oldest[self.index] == NEVER
        accepted_ns = last.last_ns if answered else last.accepted_ns
        return SentSession(
            session=self._shared.builder.session_id(self.number, self._session),
            acked_ms=None if accepted_ns == _NOTHING else self._epoch_ms(accepted_ns),
            sent_ms=self._epoch_ms(last.last_ns),
        )

    def _epoch_ms(self, ns: int) -> int:
        return (ns + self._shared.wall_offset_ns) // 1_000_000

    def _begin_session(self, session: int) -> None:
        super()._begin_session(session)
        self._last_reports.forget()

    def _send(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        last = self._last_reports
        if last.not_failed:
            last.accepted_ns = last.last_ns
        last.not_failed = True
        last.last_ns = now_ns
        super()._send(due_ns, bucket, now_ns)

    def _failed(
        self,
        outcome: Outcome,
        reason: str,
        bucket: Bucket,
        due_ns: int,
        sent_ns: int | None,
        now_ns: int,
        response: Response | None = None,
    ) -> None:
        if sent_ns is not None:
            self._last_reports.not_failed = False
        super()._failed(outcome, reason, bucket, due_ns, sent_ns, now_ns, response)


class AuditedClient(Audited):
    """An audited client that does not retry."""

    __slots__ = ("_last_reports",)

    def __init__(self, shared: Shared, index: int, number: int) -> None:
        super().__init__(shared, index, number)
        self._last_reports = LastReports()


class AuditedRetryingClient(Audited, RetryingClient):
    """An audited client that retries failed reports."""

    __slots__ = ("_last_reports",)

    def __init__(self, shared: Shared, index: int, number: int, policy: RetryPolicy) -> None:
        RetryingClient.__init__(self, shared, index, number, policy)
        self._last_reports = LastReports()


def sent_sessions(clients: Iterable[Client]) -> Iterator[SentSession]:
    """What the sampled sessions among these clients have sent."""
    for client in clients:
        if isinstance(client, Audited) and (sent := client.sent()) is not None:
            yield sent
