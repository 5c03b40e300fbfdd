"""The run's clock as the monitor's loops share it, and when they are to end."""

import asyncio
import time

from qosflood.base.units import SECOND


class Timer:
    """Counts nanoseconds since `mono_ns` on the monotonic clock, until it is stopped."""

    def __init__(self, mono_ns: int) -> None:
        self._mono_ns = mono_ns
        self._stopped = asyncio.Event()

    def now(self) -> int:
        """Nanoseconds since the segment's start."""
        return self.since_start(time.monotonic_ns())

    def since_start(self, monotonic_ns: int) -> int:
        """A moment of the monotonic clock on the run's."""
        return monotonic_ns - self._mono_ns

    def stop(self) -> None:
        """Every wait ends."""
        self._stopped.set()

    async def stopped(self) -> None:
        """Wait for `stop`."""
        await self._stopped.wait()

    async def until(self, due_ns: int) -> bool:
        """Wait for `due_ns`; False if the timer was stopped before."""
        try:
            async with asyncio.timeout(max(0, due_ns - self.now()) / SECOND):
                await self._stopped.wait()
        except TimeoutError:
            return True
        return False
