"""The embedded collector with one illness each, as a process of its own.

It prints its port on the first line of its output::

    python tests/support/sick_collectors.py frozen --after 150
"""

import argparse
import asyncio
import contextlib
import mmap
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from processes import Popen, first_line, started

from qosflood.base.units import MS, SECOND
from qosflood.lab.collector.app import App, ServiceBucket
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import Collector
from qosflood.lab.collector.state import LastSeen
from qosflood.lab.collector.wire import RefusedError

FREEZE_S = 3.0
SLOWER_S = 300e-6
LEAK_BYTES = 20 << 10
HOARD_BYTES = 40 << 10
PAGE_NS = 100 * MS
STARVING_SERVICE_NS = 2 * MS
SWELL_BYTES = 2 << 20
SWELL_TTL_NS = SECOND
FAST_NS, SLOW_NS = 1 * MS, 8 * MS
OVERLOAD_NS, MOST_WAIT_NS, FORGET_NS = 250 * MS, SECOND, 10 * SECOND


class Healthy(App):
    """Nothing is wrong with it; `after` reports the others fall ill."""

    after = 0
    reports = 0

    async def post_report(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        self.reports += 1
        return await super().post_report(request, rest)

    @property
    def ill(self) -> bool:
        return self.reports > self.after


class Fast503(Healthy):
    """Refuses at once, faster than it would accept."""

    async def post_report(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        if self.ill:
            raise RefusedError(503, "overloaded")
        return await super().post_report(request, rest)


class Frozen(Healthy):
    """Stands still once for 3 s, its page with it, as in a long garbage collection."""

    thawed = False

    def accept_report(self, report: dict[str, Any]) -> None:
        if self.ill and not self.thawed:
            self.thawed = True
            time.sleep(FREEZE_S)
        super().accept_report(report)


class Slower(Healthy):
    """Takes 0.3 ms longer for each report."""

    def accept_report(self, report: dict[str, Any]) -> None:
        time.sleep(SLOWER_S)
        super().accept_report(report)


class Leaky(Healthy):
    """Keeps 20 KiB of each report for ever."""

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self.kept: list[bytes] = []

    def accept_report(self, report: dict[str, Any]) -> None:
        self.kept.append(b"x" * LEAK_BYTES)
        super().accept_report(report)


class Hoarding(Healthy):
    """Keeps 40 KiB of each session for ever, however often it reports."""

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self.kept: dict[str, bytes] = {}

    def accept_report(self, report: dict[str, Any]) -> None:
        self.kept.setdefault(report["sessionId"], b"x" * HOARD_BYTES)
        super().accept_report(report)


class IdleBucket(ServiceBucket):
    """A single server that knows how long it has been idle."""

    def __init__(self, service_ns: int) -> None:
        super().__init__(service_ns)
        self._admitted_ns = 0

    def admit(self, now_ns: int) -> int:
        self._admitted_ns += self.service_ns
        return super().admit(now_ns)

    def waiting_ns(self, now_ns: int) -> int:
        """How much work is queued."""
        return max(self._free_at_ns - now_ns, 0)

    def idle_ns(self, now_ns: int) -> int:
        """Grows as long as nothing is queued; only differences mean anything."""
        return now_ns - self._admitted_ns + self.waiting_ns(now_ns)


class Starving(Healthy):
    """Serves a report in 2 ms, and makes its page in what time reports leave: 100 ms of it.

    A page takes PAGE_NS / (1 - rate x STARVING_SERVICE_NS) therefore.
    """

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self.idle = self.bucket = IdleBucket(STARVING_SERVICE_NS)

    async def get_metrics(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        clock = self.state.clock
        made_at_ns = self.idle.idle_ns(clock.now_ns()) + PAGE_NS
        while (left_ns := made_at_ns - self.idle.idle_ns(clock.now_ns())) > 0:
            # The server cannot idle for longer than time passes, so nothing is slept over.
            await asyncio.sleep(max(left_ns, MS) / SECOND)
        return await super().get_metrics(request, rest)


class Swelling(Healthy):
    """Holds 2 MiB for each session that reported within the last second, and returns them."""

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self._kept: dict[str, mmap.mmap] = {}
        self._seen = LastSeen(SWELL_TTL_NS)

    def accept_report(self, report: dict[str, Any]) -> None:
        now_ns, session = self.state.clock.now_ns(), report["sessionId"]
        self._seen.touch(session, now_ns)
        for gone in self._seen.take_expired(now_ns):
            self._kept.pop(gone).close()
        if session not in self._kept:
            # A mapping of its own: what malloc is given back it may keep.
            kept = mmap.mmap(-1, SWELL_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            kept.write(b"x" * SWELL_BYTES)
            self._kept[session] = kept
        super().accept_report(report)


class Remembering(Healthy):
    """Serves a report in 1 ms; after an overload in 8 ms, until none came for 10 s.

    It refuses what would wait for over a second, so that its queue is soon empty again.
    """

    def __init__(self, options: CollectorOptions) -> None:
        super().__init__(options)
        self.queue = self.bucket = IdleBucket(FAST_NS)
        self._last_ns = 0

    async def post_report(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        now_ns = self.state.clock.now_ns()
        waiting_ns = self.queue.waiting_ns(now_ns)
        if waiting_ns > OVERLOAD_NS:
            self.queue.service_ns = SLOW_NS
        elif now_ns - self._last_ns > FORGET_NS:
            self.queue.service_ns = FAST_NS
        self._last_ns = now_ns
        if waiting_ns > MOST_WAIT_NS:
            raise RefusedError(503, "overloaded")
        return await super().post_report(request, rest)


KINDS: dict[str, type[Healthy]] = {
    "healthy": Healthy,
    "fast_503": Fast503,
    "frozen": Frozen,
    "slower": Slower,
    "leaky": Leaky,
    "hoarding": Hoarding,
    "starving": Starving,
    "swelling": Swelling,
    "remembering": Remembering,
}


@dataclass(frozen=True, slots=True)
class Sick:
    """A running collector."""

    process: Popen
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def sick_collector(kind: str, after: int = 150) -> Iterator[Sick]:
    """A collector that falls ill after so many reports."""
    command = [sys.executable, str(Path(__file__)), kind, "--after", str(after)]
    with started(command) as process:
        yield Sick(process, int(first_line(process)))


async def _serve(kind: str, after: int) -> None:
    def make(options: CollectorOptions) -> App:
        app = KINDS[kind](options)
        app.after = after
        return app

    collector = Collector(CollectorOptions(), make)
    await collector.start()
    sys.stdout.write(f"{collector.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--after", type=int, default=0)
    args = parser.parse_args()
    asyncio.run(_serve(args.kind, args.after))
