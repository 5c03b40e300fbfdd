"""The path to the target, seen apart from the target: a small request to the control each second,
and this machine's TCP counters."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
from yarl import URL

from qosflood.base.failures import no_answer
from qosflood.base.tls import tls_context
from qosflood.base.units import SECOND
from qosflood.journal.records import ControlSample, Record, TcpSample
from qosflood.monitor.http import exchange_failure, open_session, skim, unless_stopped
from qosflood.monitor.ticks import Ticks, Timer
from qosflood.plan.plan import Plan, Target
from qosflood.plan.watching import Control

ENOUGH_BYTES = 1 << 16
"""A control's answer is read no further: it is the path that is asked about."""
TCP_EVERY_NS = SECOND
_SNMP, _NETSTAT = Path("/proc/net/snmp"), Path("/proc/net/netstat")


@asynccontextmanager
async def open_control(plan: Plan, control: Control) -> AsyncIterator["Asker"]:
    """An Asker; raises PreflightError for a CA file that cannot be used."""
    async with open_session(tls_context(_without_key(plan.target)), each_anew=True) as session:
        yield Asker(control, session, plan.user_agent)


async def ask_control(plan: Plan) -> ControlSample | None:
    """One request to the control; None where there is none. Raises PreflightError."""
    if plan.control is None:
        return None
    async with open_control(plan, plan.control) as asker:
        return await asker.ask(0)


def _without_key(target: Target) -> Target:
    """The control is somebody else's: it is shown no certificate, and gets no header of ours."""
    return replace(target, cert=None, key=None, key_password=None)


class Asker:
    """Asks the control over a connection of its own each time, so that a lost SYN shows too."""

    def __init__(self, control: Control, session: aiohttp.ClientSession, user_agent: str) -> None:
        self._control = control
        self._session = session
        self._headers = {"User-Agent": user_agent, "Accept": "*/*"}

    async def ask(self, t: int) -> ControlSample:
        """One request, due at `t`. Any HTTP answer is a good one, whatever its status: the path
        carried it. Never fails by raising."""
        began, status, reason = time.monotonic_ns(), None, None
        try:
            async with asyncio.timeout(self._control.timeout_ns / SECOND):
                status = await self._exchange()
        except TimeoutError:
            reason = no_answer(self._control.timeout_ns)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = exchange_failure(error)
        took_ns = time.monotonic_ns() - began
        return ControlSample(
            t=t, ok=reason is None, reason=reason, duration_ns=took_ns, status=status
        )

    async def _exchange(self) -> int:
        async with self._session.get(
            URL(self._control.url, encoded=True), headers=self._headers, allow_redirects=False
        ) as response:
            await skim(response, ENOUGH_BYTES)
            return response.status


async def open_path(
    plan: Plan, stack: AsyncExitStack, timer: Timer, emit: Callable[[Record], None]
) -> list[Callable[[], Awaitable[None]]]:
    """What is to be run until the timer is stopped: the control, if there is one, and under load
    the TCP counters. Raises PreflightError."""
    watching: list[Callable[[], Awaitable[None]]] = []
    if plan.floods:
        watching.append(partial(poll_tcp, timer, emit))
    if plan.control is not None:
        asker = await stack.enter_async_context(open_control(plan, plan.control))
        watching.append(partial(poll_control, asker, plan.control, timer, emit))
    return watching


async def poll_control(
    asker: Asker, control: Control, timer: Timer, emit: Callable[[ControlSample], None]
) -> None:
    """A request on each tick until the timer is stopped; one that waits delays no other tick, and
    one that the monitor itself delayed says nothing of the path."""
    ticks = Ticks(timer.now(), control.interval_ns)
    while await timer.until(ticks.next_ns):
        for tick in ticks.missed(timer.now()):
            emit(
                ControlSample(
                    t=tick,
                    ok=False,
                    reason="the monitor was late",
                    duration_ns=None,
                    own_fault=True,
                )
            )
        if ticks.next_ns <= timer.now():
            sample = await unless_stopped(asker.ask(ticks.take()), timer)
            if sample is None:
                return
            stalled = (sample.duration_ns or 0) > control.timeout_ns + ticks.tolerance_ns
            emit(replace(sample, own_fault=stalled))


async def poll_tcp(timer: Timer, emit: Callable[[TcpSample], None]) -> None:
    """This machine's TCP counters each second until the timer is stopped; ends at once where they
    cannot be read."""
    ticks = Ticks(timer.now(), TCP_EVERY_NS)
    while await timer.until(ticks.next_ns):
        ticks.missed(timer.now())
        if ticks.next_ns <= timer.now():
            sample = read_tcp(ticks.take())
            if sample is None:
                return
            emit(sample)


def read_tcp(t: int) -> TcpSample | None:
    """The counters as they are now, of this process's network namespace; None off Linux."""
    try:
        basic = table(_SNMP.read_text(encoding="ascii"), "Tcp")
    except OSError:
        return None
    try:
        further = table(_NETSTAT.read_text(encoding="ascii"), "TcpExt")
    except OSError:
        further = {}
    sent, resent = basic.get("OutSegs"), basic.get("RetransSegs")
    if sent is None or resent is None:
        return None
    return TcpSample(t=t, sent=sent, resent=resent, dropped=further.get("ListenDrops"))


def table(text: str, name: str) -> dict[str, int]:
    """The counters of one protocol: two lines that begin with its name, titles and values."""
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith(f"{name}: ")]
    if len(lines) < 2 or len(lines[0]) != len(lines[1]):
        return {}
    return {title: int(value) for title, value in zip(lines[0], lines[1], strict=True)}
