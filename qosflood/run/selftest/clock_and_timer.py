"""How late the pacer's timer wakes on this machine, and what the kernel reports of its clock."""

import asyncio
import ctypes
import sys
import time
from pathlib import Path

import numpy as np
import uvloop

from qosflood.base.units import MS, US
from qosflood.load.timer import make_timer
from qosflood.run.selftest.values import ClockState, Wakes


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
        # Counted from now, not from the due time: a late wake-up does not make the next ones early.
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


_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")


_STA_UNSYNC = 0x40


_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) up to the fields that are read here, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock_state() -> ClockState:
    """The state of the kernel's clock; reading it needs no privileges."""
    try:
        source = _SOURCE.read_text("ascii").strip() or None
    except OSError:
        source = None
    if sys.platform != "linux":
        return ClockState(synchronised=None, max_error_ns=None, source=source)
    timex = _Timex()
    answer = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    if answer < 0:
        return ClockState(synchronised=None, max_error_ns=None, source=source)
    kept = answer != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return ClockState(
        synchronised=kept, max_error_ns=timex.maxerror * US if kept else None, source=source
    )
