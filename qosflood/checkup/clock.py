"""The kernel's clock: who keeps it, and what it is read from."""

import ctypes
import sys
from pathlib import Path

from qosflood.base.units import US
from qosflood.checkup.values import ClockState

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
    """What the kernel says of its clock; reading it needs no rights."""
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
