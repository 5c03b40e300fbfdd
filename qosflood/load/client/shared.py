"""What the clients of a shard share, and what they and their connections ask of one another."""

from array import array
from collections.abc import Callable
from typing import Any, Protocol

from qosflood.journal.records import CUT_OFF, NOT_SENT, Outcome
from qosflood.load.absence import Absences
from qosflood.load.body.request import RequestBuilder
from qosflood.load.failures import Failed, FailureSampler
from qosflood.load.http1 import ResponseMemo
from qosflood.load.recorder import Bucket

NEVER = 2**63 - 1
"""In the array of oldest open due times: nothing is open."""


TOO_OLD = "deadline passed before sending"


class Connectable(Protocol):
    """A client, as far as those who connect it know it: they ask what it wants and report what
    becomes of its connection."""

    index: int
    state: int

    @property
    def session(self) -> int:
        """The number of the session that plays here; it distinguishes one user from the next."""

    @property
    def wanted(self) -> bool:
        """Whether a connection still makes sense now."""

    def not_wanted(self) -> None:
        """There was no need any more, so nothing was connected."""

    def connect_failed(self, reason: str) -> None:
        """A connect attempt failed."""

    def retry(self) -> None:
        """The backoff is over."""

    def connection_made(self, transport: "Transport") -> None:
        """It is connected, and may write to `transport`."""

    def data_received(self, data: bytes) -> None:
        """Bytes came over the connection."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed; `exc` None: by either side, without an error."""


class Connects(Protocol):
    """Makes connections for clients, a bounded number at once."""

    def want(self, client: Connectable) -> None:
        """Connect `client` soon."""

    def retry(self, client: Connectable, failures: int) -> None:
        """Call `client.retry()` after the backoff that follows `failures` failed attempts."""

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after `seconds`."""


class Transport(Protocol):
    """The part of asyncio.Transport that a client uses."""

    def write(self, data: bytes) -> None:
        """Send the bytes, or keep them until the socket takes more."""

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
        self.absences = Absences(timeout_ns)
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
        self.acked_sessions = 0

    def record_failure(self, failed: Failed, bucket: Bucket, transport: Transport | None) -> None:
        """Record a report that was not accepted, and keep a sample of it."""
        if failed.reason not in (NOT_SENT, CUT_OFF):
            excuse = self.absences.excuse(failed.outcome, failed.due_ns, failed.done_ns)
            failed = failed if excuse is None else failed._replace(reason=excuse)
        took_ns = failed.done_ns - failed.due_ns
        if failed.outcome is Outcome.REJECTED and failed.response is not None:
            bucket.reject(failed.response.status, took_ns, self.timeout_ns)
        else:
            stopped = failed.reason in (NOT_SENT, CUT_OFF)
            least_ns = 0 if stopped else self.timeout_ns
            bucket.fail(failed.outcome, took_ns, least_ns, failed.reason)
        self.sampler.note(failed, transport)
