"""The real load for some seconds: one shard against a sink, both children of this process."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from qosflood.base.child_process import Child
from qosflood.base.errors import StartError
from qosflood.base.units import SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.record_lines import decode_record
from qosflood.journal.records import ShardHealth, Window
from qosflood.plan.plan import Plan
from qosflood.run.selftest.values import Trial

SHARD_MODULE = "qosflood.load"
SINK_MODULE = "qosflood.run.selftest.sink"
_START_IN_NS = SECOND // 10
_PATIENCE_S = 2.0
_WINDOWS_WITHIN_S = 30.0


@asynccontextmanager
async def sink() -> AsyncIterator[int]:
    """The port of a sink on loopback; it ends with the block. Raises StartError."""
    child = Child("sink")
    try:
        await child.start(SINK_MODULE, {})
        yield (await child.ready())["port"]
    finally:
        await child.end(_PATIENCE_S)


async def attempt(plan: Plan, first_s: int, last_s: int) -> Trial:
    """Play `plan` in one shard until its second `last_s` is over, and return what the seconds from
    `first_s` on cost. Raises StartError if the shard cannot start, or dies."""
    received: list[Window] = []
    enough = asyncio.Event()

    def on_line(line: bytes) -> None:
        record = decode_record(line)
        if isinstance(record, Window):
            received.append(record)
            if record.health is not None and record.second >= last_s:
                enough.set()

    shard = Child("trial's shard", on_line, lambda _: enough.set())
    try:
        mono_ns = time.monotonic_ns()
        spec = {"plan": plan, "part": 0, "parts": 1, "shard": 0, "mono_ns": mono_ns}
        await shard.start(SHARD_MODULE, spec)
        await shard.ready()
        shard.send(cmd="start", zero_ns=time.monotonic_ns() + _START_IN_NS)
        await asyncio.wait_for(enough.wait(), last_s + _WINDOWS_WITHIN_S)
    finally:
        shard.kill()
        await shard.end(_PATIENCE_S)
    kept = [window for window in received if first_s <= window.second <= last_s]
    if not kept:
        raise StartError(f"the trial's shard died: {shard.last_words}")
    return _trial(plan.load.rate, kept, last_s - first_s + 1)


def _trial(asked: float, windows: Sequence[Window], seconds: int) -> Trial:
    sent = sum(window.offered for window in windows)
    healths: list[ShardHealth] = [w.health for w in windows if w.health is not None]
    lag = merge(window.send_lag for window in windows if window.send_lag is not None)
    return Trial(
        asked=asked,
        acked=sum(window.outcomes["acked"] for window in windows) / seconds,
        cpu_per_report_ns=sum(health.cpu_ns for health in healths) / max(sent, 1),
        lag_p99_ns=None if lag is None else lag.percentiles["p99"],
        waited=sum(health.run_queue_ns for health in healths) / (seconds * SECOND),
        throttled=sum(health.throttled_ns for health in healths) / (seconds * SECOND),
    )
