"""Doubles for the load side: a connection in memory, a connector that the test drives, and a rig
of clients around them on a clock that stands still."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from plan_maker import make_plan

from qosflood.base.units import MS, SECOND
from qosflood.journal.records import CUT_OFF, NOT_SENT, OUTCOMES, FailureSample, Outcome
from qosflood.lab.collector.state import ManualClock
from qosflood.load.body.request import RequestBuilder
from qosflood.load.client.client import NEVER, Client, Shared
from qosflood.load.client.factory import make_clients, places
from qosflood.load.failures import FailureSampler
from qosflood.load.recorder import Bucket
from qosflood.plan.plan import Retries
from qosflood.plan.watching import Audit

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT = 10 * SECOND
ZERO = 1_000 * SECOND


def answer(status: int = 202, *headers: str, body: bytes = b"ok") -> bytes:
    """A plain response."""
    lines = (f"HTTP/1.1 {status} Some Reason", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


class Wire:
    """A transport in memory: what was written, and whether it was aborted."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.aborted = False
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.aborted, "written after an abort"
        assert not self.closed, "written after the end"
        self.requests.append(data)

    def abort(self) -> None:
        self.aborted = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 40000 if name == "sockname" else 80)


class WaitingConnector:
    """Keeps who wants a connection and who waits for a retry, until the test decides."""

    def __init__(self) -> None:
        self.wanting: list[Client] = []
        self.retrying: list[Client] = []
        self.failures: list[int] = []
        self.reconnect_after_s: dict[Client, float] = {}
        self.pausing: dict[Client, float] = {}

    def want(self, client: Client) -> None:
        assert client not in self.wanting, "wanted twice"
        assert client not in self.retrying, "wanted while it waits for a retry"
        self.wanting.append(client)

    def retry(self, client: Client, failures: int) -> None:
        assert client not in self.retrying, "two retries at once"
        self.retrying.append(client)
        self.failures.append(failures)

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        client = callback.__self__
        waits = self.reconnect_after_s if callback.__name__ == "reconnect" else self.pausing
        assert client not in waits, "waits twice"
        assert client not in self.wanting, "waits while it wants a connection"
        assert client not in self.retrying, "waits while it waits for a retry"
        waits[client] = seconds


class Rig:
    """Clients of one shard with nothing real below or beside them."""

    def __init__(
        self,
        clients: int = 1,
        timeout_ns: int = TIMEOUT,
        *,
        per_report: bool = False,
        retries: Retries | None = None,
        pool: int = 0,
        audited: bool = False,
    ) -> None:
        self.clock = ManualClock(ZERO)
        self.connector = WaitingConnector()
        self.samples: list[FailureSample] = []
        self.bucket = Bucket("flood", 60 * SECOND)
        connection = "per-report" if per_report else "pooled" if pool else "keep-alive"
        report = {"expect": (202, 204), "connection": connection, "pool": pool}
        plan = make_plan(
            report=report,
            retries=retries or Retries(),
            load={"base_clients": 1000, "clients": 1000},
            audit=Audit(readback="/sessions" if audited else None, sessions=1000),
        )
        builder = RequestBuilder(plan, {})
        self.shared = Shared(
            builder=builder,
            expect=plan.report.expect,
            timeout_ns=timeout_ns,
            places=places(plan, 0, 1, clients),
            clock=self.clock.now_ns,
            wall_offset_ns=0,
            sampler=FailureSampler(0, ZERO, builder.session_id, str, self.samples.append),
            connector=self.connector,
            per_report=per_report,
        )
        made = make_clients(plan, self.shared, range(100, 100 + clients), 0, 1)
        self.clients, self.swept, self.pool = made.paced, made.swept, made.pool
        self.wires: list[Wire] = []
        self.scheduled = 0

    # One client.

    @property
    def client(self) -> Client:
        return self.clients[0]

    def due(self, client: Client | None = None, ago_ns: int = 0) -> int:
        """A report of the client is due (since `ago_ns`) and picked; its due time."""
        now_ns = self.clock.now_ns()
        self.scheduled += 1
        (client or self.client).report_due(now_ns - ago_ns, self.bucket, now_ns)
        return now_ns - ago_ns

    def connect(self, client: Client | None = None) -> Wire:
        """The connection it wants is made."""
        client = client or self.client
        self.connector.wanting.remove(client)
        wire = Wire()
        self.wires.append(wire)
        client.connection_made(wire)
        return wire

    def refuse(self, client: Client | None = None, reason: str = "connection refused") -> None:
        """The connection it wants cannot be made."""
        client = client or self.client
        self.connector.wanting.remove(client)
        client.connect_failed(reason)

    def back_off(self, client: Client | None = None) -> None:
        """Its backoff is over."""
        client = client or self.client
        self.connector.retrying.remove(client)
        client.retry()

    def reconnect(self, client: Client | None = None) -> None:
        """Its time away is over."""
        client = client or self.client
        del self.connector.reconnect_after_s[client]
        client.reconnect()

    def resume(self, client: Client | None = None) -> None:
        """Its pause before another try is over."""
        client = client or self.client
        del self.connector.pausing[client]
        client.resume()

    def lose(
        self, wire: Wire, client: Client | None = None, error: Exception | None = None
    ) -> None:
        """The connection ends, by the peer or after an abort."""
        wire.closed = True
        (client or self.client).connection_lost(error)

    def joined(self) -> Wire:
        """The client joins and is connected."""
        self.client.join()
        return self.connect()

    def reused(self) -> Wire:
        """The client is connected and has had an answer before."""
        wire = self.joined()
        self.due()
        self.client.data_received(ACCEPTED)
        return wire

    # The shard.

    def advance(self, ns: int) -> None:
        self.clock.advance(ns)

    def sweep(self, limit_ns: int | None = None) -> None:
        """As a shard does each 100 ms."""
        now_ns = self.clock.now_ns()
        limit_ns = now_ns - self.shared.timeout_ns if limit_ns is None else limit_ns
        for index, oldest in enumerate(self.shared.oldest):
            if oldest < limit_ns:
                self.swept[index].expire(now_ns, limit_ns)

    def stop(self) -> None:
        self.shared.stopping = True
        for client in self.swept:
            client.halt(self.clock.now_ns())

    # What is checked: outcomes add up.

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcomes so far that are not 0."""
        counts = dict(zip(OUTCOMES, self.bucket.outcomes, strict=True))
        counts["acked"] = len(self.bucket.service)
        return {name: count for name, count in counts.items() if count}

    @property
    def open(self) -> int:
        """Reports without an outcome."""
        return self.scheduled - sum(self.outcomes.values())

    @property
    def oldest(self) -> int | None:
        """The first client's oldest open due time; None if nothing is open."""
        oldest = self.shared.oldest[0]
        return None if oldest == NEVER else oldest

    def check(self) -> None:
        """What must hold at any time."""
        outcomes = Counter(self.outcomes)
        assert self.open >= 0
        failed = sum(outcomes.values()) - outcomes["acked"]
        assert len(self.bucket.failed) == failed
        assert len(self.bucket.response) == sum(outcomes.values())
        assert sum(self.bucket.errors.values()) == failed
        assert outcomes[Outcome.REJECTED.label] == sum(self.bucket.statuses.values())
        not_sent = outcomes["unsent"] + outcomes["connect_error"]
        assert self.bucket.offered <= self.scheduled - not_sent
        written = sum(len(wire.requests) for wire in self.wires)
        once = self.bucket.offered + self.bucket.retries
        assert once <= written <= once + self.bucket.resent
        assert self.bucket.retries <= sum(self.bucket.retried.values())
        assert self.bucket.acked_after_retry <= outcomes["acked"]
        slow = [ns for ns in self.bucket.response if ns >= self.shared.timeout_ns]
        stopped = self.bucket.errors.get(NOT_SENT, 0) + self.bucket.errors.get(CUT_OFF, 0)
        assert len(slow) >= failed - stopped

    def check_drained(self) -> None:
        """What must hold when all is over."""
        self.check()
        assert self.open == 0
        assert all(oldest == NEVER for oldest in self.shared.oldest)


__all__ = ["ACCEPTED", "MS", "SECOND", "TIMEOUT", "ZERO", "Rig", "Wire", "answer"]
