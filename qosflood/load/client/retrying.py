"""Clients that try a failed report again: after a backoff, within its deadline.

A report still ends in exactly one outcome. While one waits to be tried again, whatever its client
has due waits behind it, as it does in the queue of a telemetry exporter.
"""

import random
import re
from collections.abc import Callable

from qosflood.journal.records import Outcome
from qosflood.load.client.client import BUSY, DELAYED, PAUSED, Client
from qosflood.load.client.shared import NEVER, Shared
from qosflood.load.http1 import Response
from qosflood.load.recorder import Bucket
from qosflood.plan.plan import Retries

_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*([0-9]{1,6})[ \t]*(?:\r\n|$)", re.IGNORECASE)


class RetryPolicy:
    """What is tried again, and when. `draw` gives a uniform number from 0 to 1."""

    def __init__(self, retries: Retries, draw: Callable[[], float]) -> None:
        self._retries = retries
        self._draw = draw
        self._on = frozenset(retries.on)
        self.most = retries.most
        self.attempt_timeout_ns = retries.attempt_timeout_ns or NEVER

    @staticmethod
    def of(retries: Retries, seed: int) -> "RetryPolicy":
        """The policy of a shard whose draws begin at `seed`."""
        return RetryPolicy(retries, random.Random(seed).random)

    def covers(self, kind: str) -> bool:
        """Whether a failure of this kind is one to try again: an outcome's label or a status."""
        return kind in self._on or (kind.isdigit() and f"{kind[0]}xx" in self._on)

    def pause_ns(self, tries: int, response: Response | None) -> int:
        """How long to wait before the try that follows `tries` others; at least as long as the
        response asks for (RFC 9110, 10.2.3, in seconds)."""
        retries = self._retries
        pause_ns = min(retries.longest_ns, retries.backoff_ns * retries.factor ** min(tries, 64))
        if retries.jitter:
            pause_ns *= self._draw()
        return max(int(pause_ns), _retry_after_ns(response) if retries.retry_after else 0)


class RetryingClient(Client):
    """A client that tries again what failed.

    `_to_resend`: the current report is to be sent once more; `_failure` is how its last attempt
    ended, if that attempt counts as one. `_tries` counts the attempts of the report due at
    `_tried_ns` that failed and were followed by another.
    """

    __slots__ = ("_failure", "_first_ns", "_pausing", "_policy", "_tried_ns", "_tries")

    def __init__(self, shared: Shared, index: int, number: int, policy: RetryPolicy) -> None:
        super().__init__(shared, index, number)
        self._policy = policy
        self._failure: tuple[Outcome, str, Response | None] | None = None
        self._first_ns = 0
        self._pausing = False
        self._tried_ns = NEVER
        self._tries = 0

    def expire(self, now_ns: int, limit_ns: int) -> None:
        out = self.state == BUSY and self._due_ns >= limit_ns
        # An answer that came while the shard stood still has not been read yet.
        waited_ns = now_ns - self._sent_ns
        if out and waited_ns > self._policy.attempt_timeout_ns:
            waited_ns -= self._shared.absences.between(self._sent_ns, now_ns)
        if out and waited_ns > self._policy.attempt_timeout_ns:
            self._fail(Outcome.TIMEOUT, "no answer within the attempt timeout", now_ns)
            self._close()
        else:
            super().expire(now_ns, limit_ns)

    def connect_failed(self, reason: str) -> None:
        if self.index in self._shared.reconnect_after_s or not self._tries_connecting():
            super().connect_failed(reason)
            return
        self._failures += 1
        self.state = DELAYED

    def resume(self) -> None:
        """The pause before another try is over."""
        self._pausing = False
        if self.state == PAUSED:
            self._to_resend = False
            self._resend(self._shared.clock())
        elif self.state == DELAYED:
            self.reconnect()

    def data_received(self, data: bytes) -> None:
        if self._tries and self.state == BUSY:
            self._read(data, self._shared.clock())
        else:
            super().data_received(data)

    def _connect(self) -> None:
        if self._pausing:
            self.state = DELAYED
        else:
            super()._connect()

    def _back_off(self) -> None:
        if self._pausing:
            self.state = DELAYED
        else:
            super()._back_off()

    def _send(self, due_ns: int, bucket: Bucket, now_ns: int) -> None:
        if due_ns != self._tried_ns:
            self._tries = 0
        self._first_ns = now_ns
        super()._send(due_ns, bucket, now_ns)
        self._mark()

    def _resend(self, now_ns: int) -> None:
        if self._failure is not None:
            self._failure = None
            self._bucket.retries += 1  # type: ignore[union-attr]
        self._repeat(self._first_ns, now_ns)
        self._mark()

    def _mark(self) -> None:
        """Let the sweep find the attempt at its own timeout, or at the report's."""
        shared = self._shared
        attempt_ns = self._sent_ns + self._policy.attempt_timeout_ns - shared.timeout_ns
        shared.oldest[self.index] = min(self._due_ns, attempt_ns)

    def _next(self, now_ns: int) -> None:
        if self._to_resend:
            self.state = PAUSED
            self._shared.oldest[self.index] = self._due_ns
        else:
            super()._next(now_ns)

    def _accept(self, bucket: Bucket, took_ns: int, now_ns: int) -> None:
        super()._accept(bucket, took_ns, now_ns)
        if self._tries:
            bucket.acked_after_retry += 1

    def _fail(
        self, outcome: Outcome, reason: str, now_ns: int, response: Response | None = None
    ) -> None:
        bucket = self._bucket
        assert bucket is not None
        kind = str(response.status) if outcome is Outcome.REJECTED and response else outcome.label
        if self._failure is not None:  # it ends before it could be tried again
            outcome, reason, response = self._failure
            self._failure = None
        elif self._tries_again(kind, self._due_ns, bucket, now_ns, response):
            self._failure = outcome, reason, response
            self._to_resend = True
            return
        super()._fail(outcome, reason, now_ns, response)

    def _tries_connecting(self) -> bool:
        """Whether the report that wanted the connection waits for another one."""
        kind, now_ns = Outcome.CONNECT_ERROR.label, self._shared.clock()
        if self._failure is not None:
            assert self._bucket is not None
            return self._tries_again(kind, self._due_ns, self._bucket, now_ns)
        if self._to_resend or (due_ns := self._oldest_queued()) == NEVER:
            return False
        bucket: Bucket = self._queue[0][1]  # type: ignore[index]
        return self._tries_again(kind, due_ns, bucket, now_ns)

    def _tries_again(
        self,
        kind: str,
        due_ns: int,
        bucket: Bucket,
        now_ns: int,
        response: Response | None = None,
    ) -> bool:
        """Whether a report whose attempt failed is tried again; if so, its pause begins."""
        shared, policy = self._shared, self._policy
        if due_ns != self._tried_ns:
            self._tried_ns, self._tries = due_ns, 0
        if shared.stopping or self._tries >= policy.most or not policy.covers(kind):
            return False
        pause_ns = policy.pause_ns(self._tries, response)
        if now_ns + pause_ns > due_ns + shared.timeout_ns:
            return False
        self._tries += 1
        bucket.retried[kind] = bucket.retried.get(kind, 0) + 1
        self._pausing = True
        shared.connector.after(pause_ns * 1e-9, self.resume)
        return True


def _retry_after_ns(response: Response | None) -> int:
    found = _RETRY_AFTER.search(response.head) if response is not None else None
    return int(found[1]) * 1_000_000_000 if found else 0
