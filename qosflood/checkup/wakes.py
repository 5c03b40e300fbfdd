"""How late the pacer's timer wakes on this machine."""

import asyncio
import time

import numpy as np
import uvloop

from qosflood.base.units import MS
from qosflood.checkup.values import Wakes
from qosflood.load.timer import make_timer


def measure_wakes(count: int, apart_ns: int = MS) -> Wakes:
    """Set the pacer's own timer `count` times, `apart_ns` apart, on the loop that shards use."""
    return uvloop.run(_measure(count, apart_ns))


async def _measure(count: int, apart_ns: int) -> Wakes:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    late: list[int] = []
    due = time.monotonic_ns() + apart_ns

    def woken() -> None:
        nonlocal due
        now = time.monotonic_ns()
        late.append(now - due)
        if len(late) == count:
            done.set_result(None)
            return
        # From now on, not from when it was due: a late wake is not followed by hasty ones.
        due = now + apart_ns
        timer.set(due)

    timer = make_timer(loop, woken)
    timer.set(due)
    try:
        await done
    finally:
        timer.close()
    p50, p99 = np.percentile(late, (50, 99))
    return Wakes(count=count, p50_ns=int(p50), p99_ns=int(p99), max_ns=max(late))
