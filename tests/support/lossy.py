"""The embedded collector with a fault: `python lossy.py FAULT`, its port on standard output.

Faults: `drops:N` accepts every N-th report and neither keeps nor counts it, `forgets:N` sessions
that once had an N-th report and never has them again, `uncounted:N` keeps every N-th but does not
count it, `fast503` refuses all but the first, `foreign:N` counts N for each, `late` keeps a report
a second after it accepted it, `stamps` writes times of its own, `expires:N` forgets sessions that
were silent for N ms, `behind:N` counts a report N ms after it accepted it, `rendered:N` renders
its page every N ms, `frozen` never again once it has counted a hundred, `swapped:N` drops every
N-th and counts 5 of the others for two, `drops_rush:N` drops every N-th while a hundred sessions
report, and `none`.

`workers` instead of a fault starts two of them on one port, each with its own memory.
"""

import asyncio
import sys
import time
from typing import ClassVar

import uvloop

from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import Collector
from qosflood.lab.collector.wire import RefusedError

LATE_S = 1.0


class Lossy(App):
    """A collector with the fault named on the command line."""

    fault, _, number = sys.argv[1].partition(":") if len(sys.argv) > 1 else ("none", "", "")
    every = int(number or 1)
    taken = 0
    forgotten: ClassVar[set[str]] = set()

    def accept_report(self, report):
        type(self).taken += 1
        hit = self.taken % self.every == 0
        getattr(self, f"_{self.fault}")(report, hit)

    def _none(self, report, hit):
        self.state.record(report)

    _expires = _none

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

    def _stamps(self, report, hit):
        report["observedAt"] = time.time_ns() // 1_000_000 + 10
        self.state.record(report)


async def main():
    ttl_ns = Lossy.every * 1_000_000 if Lossy.fault == "expires" else None
    options = CollectorOptions(port=int([*sys.argv, 0, 0][2]), session_ttl_ns=ttl_ns)
    collector = Collector(options, Lossy)
    await collector.start()
    print(collector.port, flush=True)  # noqa: T201 - to whoever started it
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
