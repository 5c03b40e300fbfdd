"""A run's metrics pushed over OTLP/HTTP; needs the extra `qosflood[otel]`.

Every 10 s the coordinator hands a copy of the meters to a thread, which sends it. While one copy is
being sent, only the newest of the later ones is kept. An endpoint that cannot be reached causes a
warning and never stops the run.
"""

import importlib
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from qosflood.base.endpoint import HeaderRef, is_loopback, parse_endpoint
from qosflood.base.errors import PlanError, StartError
from qosflood.base.header_values import resolve_headers
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.meters import Family

OPTION = "--otlp"
EVERY_NS = 10 * SECOND
LAST_PATIENCE_S = 6.0
"""How long a run that is over waits for its last push."""
_PATH = "/v1/metrics"
_EXTRA = "pip install 'qosflood[otel]'"


@dataclass(frozen=True, slots=True)
class Push:
    """Where metrics are pushed to, with which headers; `url` has its path."""

    url: str
    headers: tuple[HeaderRef, ...] = ()

    @property
    def exposed(self) -> bool:
        """Whether its headers are sent over the network unencrypted."""
        endpoint = parse_endpoint(self.url)
        local = endpoint.host == "localhost" or is_loopback(endpoint.host)
        return bool(self.headers) and endpoint.scheme == "http" and not local


def parse_push_url(text: str) -> str:
    """The URL of an OTLP/HTTP endpoint; one without a path gets `/v1/metrics`. Raises
    PlanError."""
    try:
        endpoint = parse_endpoint(text)
    except PlanError as error:
        raise PlanError(str(error).replace("--header", "--otlp-header")) from None
    return endpoint.url if endpoint.base_path else f"{endpoint.origin}{_PATH}"


class Sender(Protocol):
    """Sends metrics; returns False with a reason in `why` if they did not arrive."""

    why: str

    def send(self, families: Sequence[Family], now_ns: int) -> bool:
        """Send them as they were at `now_ns` (UTC, ns since the epoch)."""


def prepare(push: Push) -> Callable[[RunMeters], Sender]:
    """Returns a factory of senders over OpenTelemetry's exporter; raises StartError if the extra
    is missing, or a header's value cannot be read."""
    try:
        module: Any = importlib.import_module("qosflood.live.metrics.otlp_sdk")
    except ModuleNotFoundError as error:
        raise StartError(
            f"{OPTION}: the package {error.name} is not installed, expected the extra otel; "
            f"install it: {_EXTRA}"
        ) from None
    headers = resolve_headers(push.headers)
    return lambda meters: module.SdkSender(push.url, headers, meters)


class Pusher:
    """An observer that pushes the meters every 10 s of the run, and once more after it."""

    name = "OTLP push"

    def __init__(
        self,
        meters: RunMeters,
        sender: Sender,
        wall_ns: Callable[[], int],
        notice: Callable[[str], None],
    ) -> None:
        """`wall_ns` is UTC; `notice` is called from the thread that sends."""
        self._meters = meters
        self._sender = sender
        self._wall_ns = wall_ns
        self._notice = notice
        self._next_ns = 0
        self._failing = False
        self._finished = False
        self._queue: queue.Queue[tuple[tuple[Family, ...], int] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send_all, name="otlp", daemon=True)
        self._thread.start()

    def feed(self, record: JournalRecord) -> None:
        """Nothing to do: the meters take in records themselves, once for all exports."""

    def tick(self, t_ns: int) -> None:
        """Hand a copy over, if it is time."""
        if t_ns >= self._next_ns:
            self._next_ns = t_ns + EVERY_NS
            self._hand_over()

    def finish(self) -> None:
        """Push once more and stop; blocks for 6 s at most. A second call does nothing."""
        if not self._finished:
            self._finished = True
            self._hand_over()
            self._queue.put(None)
            self._thread.join(LAST_PATIENCE_S)

    def _hand_over(self) -> None:
        with suppress(queue.Empty):
            self._queue.get_nowait()
        self._queue.put((tuple(self._meters.families()), self._wall_ns()))

    def _send_all(self) -> None:
        while (taken := self._queue.get()) is not None:
            try:
                good = self._sender.send(*taken)
            except Exception as error:  # no error of an export may stop the run
                good, self._sender.why = False, type(error).__name__
            self._notice_change(good)

    def _notice_change(self, good: bool) -> None:
        """Notice once when pushing begins to fail, and once when it works again."""
        if good is self._failing:
            self._failing = not good
            again = f"retried every {EVERY_NS // SECOND}s"
            self._notice(
                "metrics are pushed again"
                if good
                else f"warning: metrics could not be pushed ({self._sender.why}); {again}"
            )
