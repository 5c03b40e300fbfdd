"""The embedded collector with one illness each, as a process of its own.

It prints its port on the first line of its output::

    python tests/support/sick_collectors.py frozen --after 150
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from processes import Popen, first_line, started

from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import Collector
from qosflood.lab.collector.wire import RefusedError

FREEZE_S = 3.0
SLOWER_S = 300e-6
LEAK_BYTES = 20 << 10
HOARD_BYTES = 40 << 10


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


KINDS: dict[str, type[Healthy]] = {
    "healthy": Healthy,
    "fast_503": Fast503,
    "frozen": Frozen,
    "slower": Slower,
    "leaky": Leaky,
    "hoarding": Hoarding,
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
