"""What the clients of a shard share, and what they and their connections ask of one another."""

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from qosflood.journal.records import CUT_OFF, NOT_SENT, Outcome
from qosflood.load.body.request import RequestBuilder
from qosflood.load.failures import Failed, FailureSampler
from qosflood.load.http1 import ResponseMemo
from qosflood.load.recorder import Bucket

if TYPE_CHECKING:
    from qosflood.load.client.client import Client

NEVER = 2**63 - 1
"""In the array of oldest open due times: nothing is open."""


class Connects(Protocol):
    """Makes connections for clients, a bounded number at once."""

    def want(self, client: "Client") -> None:
        """Connect `client` soon."""

    def retry(self, client: "Client", failures: int) -> None:
        """Call `client.retry()` after the backoff that follows `failures` failed attempts."""

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after `seconds`."""


class Transport(Protocol):
    """The part of asyncio.Transport that a client uses."""

    def write(self, data: bytes) -> None:
        """Send."""

    def abort(self) -> None:
        """Close at once; `connection_lost` follows on a later turn."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Above `high` bytes waiting, writing is tried at once."""

    def get_extra_info(self, name: str) -> Any:
        """`sockname` and `peername`."""


class Shared:
    """What all clients of a shard share; attributes are read on the hot path. `places` is the
    length of the array of oldest open due times."""

    def __init__(
        self,
        *,
        builder: RequestBuilder,
        expect: tuple[int, ...],
        timeout_ns: int,
        places: int,
        clock: Callable[[], int],
        wall_offset_ns: int,
        sampler: FailureSampler,
        connector: Connects,
        per_report: bool = False,
    ) -> None:
        self.builder = builder
        self.request = builder.writer()
        # Where every answer ends its connection, the memo must not take one for keep-alive.
        self.memo = ResponseMemo(() if per_report else expect)
        self.per_report = per_report
        self.accepting = self.memo.accepting
        self.expect = frozenset(expect)
        self.timeout_ns = timeout_ns
        self.clock = clock
        self.wall_offset_ns = wall_offset_ns
        self.sampler = sampler
        self.connector = connector
        self.oldest = array("q", [NEVER]) * places
        # By index: clients that were dropped and still connected, and their delay in seconds.
        self.reconnect_after_s: dict[int, float] = {}
        self.stopping = False
        self.connected = 0
        self.reconnects = 0

    def record_failure(self, failed: Failed, bucket: Bucket, transport: Transport | None) -> None:
        """Record a report that was not accepted, and keep a sample of it."""
        took_ns = failed.done_ns - failed.due_ns
        if failed.outcome is Outcome.REJECTED and failed.response is not None:
            bucket.reject(failed.response.status, took_ns, self.timeout_ns)
        else:
            stopped = failed.reason in (NOT_SENT, CUT_OFF)
            least_ns = 0 if stopped else self.timeout_ns
            bucket.fail(failed.outcome, took_ns, least_ns, failed.reason)
        self.sampler.note(failed, transport)
