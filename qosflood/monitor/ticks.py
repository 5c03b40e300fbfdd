"""The fixed grid on which scrapes and samples are due, and what became of its ticks. Pure."""

import asyncio
import time
from dataclasses import dataclass

from qosflood.base.units import MS, SECOND


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


_LEAST_LATENESS_NS = 250 * MS


@dataclass(slots=True)
class Ticks:
    """Ticks every `interval_ns` from `next_ns` on; a late one never moves those after it."""

    next_ns: int
    interval_ns: int

    @property
    def tolerance_ns(self) -> int:
        """How late a tick may begin and still count as kept."""
        return max(self.interval_ns // 2, _LEAST_LATENESS_NS)

    def missed(self, now_ns: int) -> list[int]:
        """Drop and return the ticks that are too late to keep at `now_ns`."""
        dropped = []
        while now_ns - self.next_ns > self.tolerance_ns:
            dropped.append(self.take())
        return dropped

    def take(self) -> int:
        """The next tick, which is hereby served."""
        tick = self.next_ns
        self.next_ns += self.interval_ns
        return tick
