"""Exports a run's own metrics: a page that is scraped, a push over OTLP, or both.

The port is opened and the secrets are read before anything is sent; an error after that is only a
warning.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import orjson

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PlanError
from qosflood.base.listen import Address, listen
from qosflood.base.units import format_duration
from qosflood.journal.records import Segment
from qosflood.live.metrics.from_records import RunMeters
from qosflood.live.metrics.otlp import EVERY_NS, Push, Pusher, Sender, prepare
from qosflood.live.metrics.prometheus import PATH, Exporter
from qosflood.live.observers import Observer
from qosflood.plan.plan import Plan

METRICS_PORT = "--metrics-port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where the command line wants metrics exported to; None: not there."""

    page: Address | None = None
    push: Push | None = None

    def __bool__(self) -> bool:
        return self.page is not None or self.push is not None


NONE_WANTED = Wanted()


def wanted(page: Address | None, url: str | None, headers: tuple[HeaderRef, ...]) -> Wanted:
    """The options as one value; raises PlanError for a header without an endpoint."""
    if url is None and headers:
        raise PlanError("--otlp-header: got one without an endpoint, expected --otlp URL too")
    return Wanted(page=page, push=None if url is None else Push(url, headers))


class MetricsOutputs:
    """Where the metrics of one run are exported; nowhere if nothing is wanted."""

    def __init__(
        self, wanted: Wanted, stack: AsyncExitStack, notice: Callable[[str], None]
    ) -> None:
        """Open the port and read the secrets; raises StartError if that fails."""
        self._wanted = wanted
        self._stack = stack
        self._notice = notice
        self._meters: RunMeters | None = None
        self._pusher: Pusher | None = None
        self._taken: socket.socket | None = None
        self._prepared: Callable[[RunMeters], Sender] | None = None
        if wanted.page is not None:
            self._taken = stack.enter_context(listen(wanted.page, METRICS_PORT))
        if wanted.push is not None:
            self._prepared = prepare(wanted.push)

    async def open(self, plan: Plan, segment: Segment) -> list[Observer]:
        """Begin to export; the observers that need the run's records, the meters first."""
        if not self._wanted:
            return []
        self._meters = RunMeters(plan, segment.wall_ns)
        if self._wanted.page is not None and self._taken is not None:
            await self._serve(self._wanted.page, self._taken, self._meters)
        if self._wanted.push is not None and self._prepared is not None:
            self._pusher = self._begin_push(self._wanted.push, self._prepared, self._meters)
            return [self._meters, self._pusher]
        return [self._meters]

    def judged(self, line: bytes) -> None:
        """Take in the limits judged so far, a line of JSON from the judge."""
        if self._meters is not None:
            limits = orjson.loads(line).get("limits", ())
            self._meters.judged((each["expr"], each["ok"]) for each in limits)

    async def reported(self, exit_code: int) -> None:
        """Export the exit code; a push sends it as the last one."""
        if self._meters is not None:
            self._meters.ended(exit_code)
        if self._pusher is not None:
            await asyncio.to_thread(self._pusher.finish)

    async def _serve(self, address: Address, taken: socket.socket, meters: RunMeters) -> None:
        exporter = Exporter(meters, address)
        self._stack.push_async_callback(exporter.stop)
        await exporter.start(taken)
        at = Address(address.host, taken.getsockname()[1])
        self._notice(f"metrics: http://{at}{PATH}")
        if not address.loopback:
            self._notice(f"warning: anybody who can connect to {at} can read the run's metrics")

    def _begin_push(
        self, push: Push, prepared: Callable[[RunMeters], Sender], meters: RunMeters
    ) -> Pusher:
        pusher = Pusher(meters, prepared(meters), time.time_ns, self._from_thread())
        self._stack.push_async_callback(asyncio.to_thread, pusher.finish)
        self._notice(f"metrics are pushed to {push.url} every {format_duration(EVERY_NS)}")
        if push.exposed:
            self._notice("warning: --otlp-header is sent over the network unencrypted; use https")
        return pusher

    def _from_thread(self) -> Callable[[str], None]:
        """A notice that another thread may call, also when the run is over."""
        loop = asyncio.get_running_loop()

        def notice(line: str) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._notice, line)

        return notice
