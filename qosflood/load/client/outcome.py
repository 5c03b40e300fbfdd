"""How the report that is out ends: its answer is read, its outcome and its times are recorded."""

import asyncio

from qosflood.base.failures import CUT_SHORT, lost_connection
from qosflood.journal.records import Outcome
from qosflood.load.client.shared import Shared, Transport
from qosflood.load.failures import Failed
from qosflood.load.http1 import BadResponseError, Response, ResponseReader
from qosflood.load.recorder import Bucket


class OutcomeRecorder(asyncio.Protocol):
    """One report at a time, from the moment it was sent to its outcome."""

    __slots__ = (
        "_acked", "_bucket", "_due_ns", "_reader", "_reused", "_sent_ns", "_session", "_shared",
        "_to_resend", "_transport", "number",
    )  # fmt: skip

    def __init__(self, shared: Shared, number: int) -> None:
        self._shared = shared
        self.number = number
        self._session = 0
        self._acked = False
        self._transport: Transport | None = None
        self._reader: ResponseReader | None = None
        self._bucket: Bucket | None = None
        self._due_ns = 0
        self._sent_ns = 0
        self._reused = False
        self._to_resend = False

    def _read(self, data: bytes, now_ns: int) -> None:
        framing = self._shared.memo.find(data) if self._reader is None else None
        if framing is not None:
            body_at = len(data) - framing.length
            head, body = data[: body_at - 4], data[body_at:]
            self._answered(Response(framing.status, framing.keep_alive, head, body), now_ns)
            return
        reader = self._reader or ResponseReader()
        try:
            response = reader.feed(data)
        except BadResponseError as error:
            self._fail(Outcome.BAD_RESPONSE, str(error), now_ns, reader.partial)
            self._close()
            return
        if response is None:
            self._reader = reader
            return
        learned = reader.framing(data) if self._reader is None else None
        self._shared.memo.missed(learned)
        self._reader = None
        self._answered(response, now_ns)

    def _answered(self, response: Response, now_ns: int) -> None:
        """Record a complete response that came over the open connection, and go on."""
        raise NotImplementedError

    def _close(self) -> None:
        """Abort the connection."""
        raise NotImplementedError

    def _record_answer(self, response: Response, now_ns: int) -> None:
        shared, bucket = self._shared, self._bucket
        assert bucket is not None
        took_ns = now_ns - self._due_ns
        if took_ns > shared.timeout_ns:
            self._fail(Outcome.TIMEOUT, "answered after the deadline", now_ns, response)
        elif response.status in shared.expect:
            self._accept(bucket, took_ns, now_ns)
        else:
            self._fail(Outcome.REJECTED, f"status {response.status}", now_ns, response)

    def _accept(self, bucket: Bucket, took_ns: int, now_ns: int) -> None:
        bucket.response.append(took_ns)
        bucket.service.append(now_ns - self._sent_ns)
        if not self._acked:
            self._note_session()

    def _note_session(self) -> None:
        """The first report of this session was accepted: from here on the target may keep it."""
        self._acked = True
        self._shared.acked_sessions += 1

    def _lost_while_busy(self, exc: Exception | None, now_ns: int) -> None:
        reader = self._reader
        if reader is not None:
            # After a reset it is not known whether the body was whole.
            response = reader.eof() if exc is None else None
            if response is not None:
                self._record_answer(response, now_ns)
            else:
                self._fail(Outcome.BAD_RESPONSE, CUT_SHORT, now_ns, reader.partial)
        elif self._reused and not self._shared.stopping:
            # The peer closed a reused connection before any byte: the keep-alive race. The
            # report keeps its due time and goes out once more.
            self._bucket.resent += 1  # type: ignore[union-attr]
            self._to_resend = True
        else:
            self._fail(Outcome.CONNECTION_LOST, lost_connection(exc), now_ns)

    def _fail(
        self, outcome: Outcome, reason: str, now_ns: int, response: Response | None = None
    ) -> None:
        bucket = self._bucket
        assert bucket is not None
        self._failed(outcome, reason, bucket, self._due_ns, self._sent_ns, now_ns, response)

    def _unsent(self, due_ns: int, bucket: Bucket, now_ns: int, reason: str) -> None:
        self._failed(Outcome.UNSENT, reason, bucket, due_ns, None, now_ns)

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
        who = (self.number, self._session)
        failed = Failed(outcome, reason, bucket.name, *who, due_ns, sent_ns, now_ns, response)
        self._shared.record_failure(failed, bucket, self._transport)
