"""Timers call back once, never before the moment they were set to."""

import asyncio
import sys
import time

import pytest
import uvloop

from qosflood.base.units import MS
from qosflood.load.timer import LoopTimer, TimerFd, make_timer

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")
KINDS = [pytest.param(TimerFd, marks=LINUX), LoopTimer]


class Calls:
    """When the timer called back."""

    def __init__(self) -> None:
        self.at_ns: list[int] = []
        self.called = asyncio.Event()

    def __call__(self) -> None:
        self.at_ns.append(time.monotonic_ns())
        self.called.set()

    async def next(self) -> int:
        await asyncio.wait_for(self.called.wait(), 10)
        self.called.clear()
        return self.at_ns[-1]


def run(kind, scenario) -> None:
    async def main() -> None:
        calls = Calls()
        timer = kind(asyncio.get_running_loop(), calls)
        try:
            await scenario(timer, calls)
        finally:
            timer.close()

    uvloop.run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_a_timer_wakes_at_its_moment_or_later_and_once(kind):
    async def scenario(timer, calls):
        for delay_ns in (5 * MS, 20 * MS, 300_000):
            # The loop's own timers, the coarse fallback, round to milliseconds.
            grain_ns = 0 if kind is TimerFd else MS
            at_ns = time.monotonic_ns() + delay_ns
            timer.set(at_ns)
            assert await calls.next() >= at_ns - grain_ns
        await asyncio.sleep(0.02)
        assert len(calls.at_ns) == 3

    run(kind, scenario)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_ns", [0, 1, -5])
def test_a_moment_that_has_passed_wakes_at_once(kind, at_ns):
    async def scenario(timer, calls):
        timer.set(at_ns)
        await calls.next()

    run(kind, scenario)


@pytest.mark.parametrize("kind", KINDS)
def test_setting_a_timer_again_replaces_the_moment_before(kind):
    async def scenario(timer, calls):
        timer.set(time.monotonic_ns() + 10_000_000 * MS)
        timer.set(time.monotonic_ns() + 5 * MS)
        timer.set(time.monotonic_ns() + 10 * MS)
        await calls.next()
        await asyncio.sleep(0.02)
        assert len(calls.at_ns) == 1

    run(kind, scenario)


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_timer_does_not_call_back(kind):
    async def main() -> None:
        calls = Calls()
        timer = kind(asyncio.get_running_loop(), calls)
        timer.set(time.monotonic_ns() + 2 * MS)
        timer.close()
        await asyncio.sleep(0.02)
        assert calls.at_ns == []

    uvloop.run(main())


def test_linux_gets_a_timerfd_and_others_the_loops_own():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        timer = make_timer(loop, lambda: None, "darwin")
        assert isinstance(timer, LoopTimer)
        timer.close()
        if sys.platform == "linux":
            timer = make_timer(loop, lambda: None)
            assert isinstance(timer, TimerFd)
            timer.close()

    uvloop.run(main())
