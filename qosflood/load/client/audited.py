"""Clients whose sessions the loss audit looks for: they remember what they sent last.

They are the plan's sampled ones, few and chosen at set-up; all others know nothing of it. A client
sends one report at a time, so whatever went out before another report, and did not fail, was
accepted.
"""

from collections.abc import Iterable, Iterator

from qosflood.journal.loss_records import SentSession
from qosflood.journal.records import Outcome
from qosflood.load.client.client import Client
from qosflood.load.client.retrying import RetryingClient, RetryPolicy
from qosflood.load.client.shared import Shared
from qosflood.load.http1 import Response
from qosflood.load.recorder import Bucket

_NOTHING = -1


class Memory:
    """When a session sent its last report, whether that has not failed, and when it sent the last
    one before it that was accepted; monotonic."""

    __slots__ = ("accepted_ns", "good", "last_ns")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Another session begins."""
        self.last_ns = self.accepted_ns = _NOTHING
        self.good = False


class Audited(Client):
    """A client with a memory."""

    __slots__ = ()
    _memory: Memory

    def sent(self) -> SentSession | None:
        """What its session has sent, once nothing is out any more; None if it sent nothing."""
        memory = self._memory
        if memory.last_ns == _NOTHING:
            return None
        accepted_ns = memory.last_ns if memory.good else memory.accepted_ns
        return SentSession(
            session=self._shared.builder.session_id(self.number, self._session),
            acked_ms=None if accepted_ns == _NOTHING else self._epoch_ms(accepted_ns),
            sent_ms=self._epoch_ms(memory.last_ns),
        )

    def _epoch_ms(self, ns: int) -> int:
        return (ns + self._shared.wall_offset_ns) // 1_000_000

    def _begin(self, session: int) -> None:
        super()._begin(session)
        self._memory.forget()

    def _send(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        memory = self._memory
        if memory.good:
            memory.accepted_ns = memory.last_ns
        memory.good = True
        memory.last_ns = now_ns
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
            self._memory.good = False
        super()._failed(outcome, reason, bucket, due_ns, sent_ns, now_ns, response)


class AuditedClient(Audited):
    """One that reports once."""

    __slots__ = ("_memory",)

    def __init__(self, shared: Shared, index: int, number: int) -> None:
        super().__init__(shared, index, number)
        self._memory = Memory()


class AuditedRetryingClient(Audited, RetryingClient):
    """One that tries again what failed."""

    __slots__ = ("_memory",)

    def __init__(self, shared: Shared, index: int, number: int, policy: RetryPolicy) -> None:
        RetryingClient.__init__(self, shared, index, number, policy)
        self._memory = Memory()


def sent_sessions(clients: Iterable[Client]) -> Iterator[SentSession]:
    """What the sampled sessions among these clients have sent."""
    for client in clients:
        if isinstance(client, Audited) and (sent := client.sent()) is not None:
            yield sent
