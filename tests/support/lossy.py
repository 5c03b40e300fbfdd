"""The embedded collector with a fault: `python lossy.py FAULT`, its port on standard output.

Faults: `drops:N` accepts every N-th report and neither keeps nor counts it, `forgets:N` sessions
that once had an N-th report and never has them again, `uncounted:N` keeps every N-th but does not
count it, `fast503` refuses all but the first, `foreign:N` counts N for each, `late` keeps a report
a second after it accepted it, `stamps` writes times of its own, `expires:N` forgets sessions that
were silent for N ms, `behind:N` counts a report N ms after it accepted it, `renders:N` renders its
page once every N ms and `freezes:N` never again after N reports, `crowded:N` drops every N-th while
over 50 reports a second come, `twice:N` counts every N-th twice, and `none`. `workers:N` are N
processes behind one port, each with its own memory, that nothing else is wrong with.
"""

import asyncio
import os
import sys
import time
from collections import deque
from typing import ClassVar

import uvloop
from aiohttp import web

from qosflood.lab.collector import server
from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import Collector
from qosflood.lab.collector.wire import RefusedError

LATE_S = 1.0
CROWD = 50


class Lossy(App):
    """A collector with the fault named on the command line."""

    fault, _, number = sys.argv[1].partition(":") if len(sys.argv) > 1 else ("none", "", "")
    every = int(number or 1)
    taken = 0
    forgotten: ClassVar[set[str]] = set()
    lately: ClassVar[deque[float]] = deque()
    rendered: ClassVar[tuple[float, web.Response | None]] = (0.0, None)

    def accept_report(self, report):
        type(self).taken += 1
        hit = self.taken % self.every == 0
        getattr(self, f"_{self.fault}")(report, hit)

    def _none(self, report, hit):
        self.state.record(report)

    _expires = _workers = _renders = _freezes = _none

    def _drops(self, report, hit):
        if not hit:
            self.state.record(report)

    def _forgets(self, report, hit):
        session = report["sessionId"]
        if hit:
            self.forgotten.add(session)
            self.state.samples.pop(session, None)
        self.state.record(report)
        if session in self.forgotten:
            del self.state.samples[session]

    def _uncounted(self, report, hit):
        self.state.record(report)
        self.state.reports_total -= hit

    def _foreign(self, report, hit):
        self.state.record(report)
        self.state.reports_total += self.every - 1

    def _fast503(self, report, hit):
        if self.taken > 1:
            raise RefusedError(503, "overloaded")
        self.state.record(report)

    def _late(self, report, hit):
        asyncio.get_running_loop().call_later(LATE_S, self.state.record, report)

    def _behind(self, report, hit):
        self.state.record(report)
        self.state.reports_total -= 1
        asyncio.get_running_loop().call_later(self.every / 1000, self._count_one)

    def _count_one(self):
        self.state.reports_total += 1

    def _crowded(self, report, hit):
        now = time.monotonic()
        self.lately.append(now)
        while self.lately[0] < now - 1:
            self.lately.popleft()
        if not (hit and len(self.lately) > CROWD):
            self.state.record(report)

    def _twice(self, report, hit):
        self.state.record(report)
        self.state.reports_total += hit

    async def get_metrics(self, request, rest):
        rendered, reply = type(self).rendered
        kept_s = {"renders": self.every / 1000, "freezes": 1e9 * (self.taken > self.every)}
        if time.monotonic() - rendered > kept_s.get(self.fault, 0) or reply is None:
            reply = await super().get_metrics(request, rest)
            type(self).rendered = (time.monotonic(), reply)
        return web.Response(body=reply.body, headers=reply.headers)

    def _stamps(self, report, hit):
        report["observedAt"] = time.time_ns() // 1_000_000 + 10
        self.state.record(report)


async def serve(collector):
    await collector.start()
    if Lossy.fault != "workers":
        print(collector.port, flush=True)  # noqa: T201 - to whoever started it
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.2)


def share_the_port(options):
    """Become one of several processes that serve it; the first one only waits for them."""
    listener = server._listen(options.host, options.port)
    children = []
    for _ in range(Lossy.every):
        if (child := os.fork()) == 0:
            server._listen = lambda *_: listener
            return
        children.append(child)
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - to whoever started it
    for child in children:
        os.waitpid(child, 0)


def main():
    ttl_ns = Lossy.every * 1_000_000 if Lossy.fault == "expires" else None
    options = CollectorOptions(port=int([*sys.argv, 0, 0][2]), session_ttl_ns=ttl_ns)
    if Lossy.fault == "workers":
        share_the_port(options)
    uvloop.run(serve(Collector(options, Lossy)))


if __name__ == "__main__":
    main()
