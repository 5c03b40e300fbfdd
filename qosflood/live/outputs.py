"""Who looks on at a run beside the terminal: what the command line asks for, opened and closed.

Ports are taken before anything is sent, so that a taken one is an error at once; the servers
behind them begin when there is a run to look at, and end with the exit stack.
"""

import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qosflood.base.child_process import Child
from qosflood.base.listen import Address, listen
from qosflood.journal.records import Segment
from qosflood.live.metrics.outputs import NONE_WANTED, MetricsOutputs, Wanted
from qosflood.live.observers import Onlooker
from qosflood.live.web.ending import ending
from qosflood.live.web.page import Controls, LivePage
from qosflood.live.web.server import PageServer
from qosflood.live.web.state import PageState
from qosflood.plan.plan import Plan
from qosflood.report.build import REPORT_HTML

WEB = "--web"
JUDGE_PATIENCE_S = 1.0
LINGER_S = 5.0
"""How long a run that is over waits for pages to take its report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What of a run may be looked at from outside; None: not asked for. `told`: what machines are
    told."""

    web: Address | None = None
    told: Wanted = NONE_WANTED

    def asked(self) -> dict[str, Address]:
        """Where to listen, by the option that asks for it."""
        return {WEB: self.web} if self.web is not None else {}


NO_WINDOWS = Windows()


class Onlooking:
    """The windows of one run."""

    def __init__(
        self, windows: Windows, stack: AsyncExitStack, notice: Callable[[str], None]
    ) -> None:
        """Take the ports; raises StartError if one is taken. `notice` tells the user one line."""
        self._windows = windows
        self._stack = stack
        self._notice = notice
        self._page: LivePage | None = None
        self._server: PageServer | None = None
        self._run_dir = Path()
        self._taken: dict[str, socket.socket] = {}
        for option, address in windows.asked().items():
            self._taken[option] = listen(address, option)
            stack.callback(self._taken[option].close)
        self._outlets = MetricsOutputs(windows.told, stack, notice)

    async def open(self, plan: Plan, run_dir: Path, segment: Segment) -> list[Onlooker]:
        """Begin to serve; the onlookers that have to be shown the run."""
        self._run_dir = run_dir
        onlookers: list[Onlooker] = []
        if self._windows.web is not None:
            onlookers.append(await self._open_page(self._windows.web, plan, segment))
        return [*onlookers, *await self._outlets.open(plan, segment)]

    async def begin(self, controls: Controls) -> None:
        """There is a journal; from now on the run may be stopped and marked."""
        if self._page is not None:
            self._page.steer(controls)
        if self._page is not None or self._windows.told:
            await self._start_judge()

    async def reported(self, exit_code: int) -> None:
        """The report is there; stay until whoever looks on has seen that, a few seconds at most."""
        await self._outlets.reported(exit_code)
        if self._page is not None and self._server is not None:
            self._page.end(ending(self._run_dir, exit_code))
            await self._server.linger(LINGER_S)

    def let_go(self) -> None:
        """Stay no longer."""
        if self._server is not None:
            self._server.let_go()

    async def _open_page(self, address: Address, plan: Plan, segment: Segment) -> LivePage:
        started = datetime.fromtimestamp(segment.wall_ns / 1e9, UTC)
        state = PageState(plan, str(self._run_dir), f"{started:%Y-%m-%d %H:%M:%S} UTC")
        page = LivePage(state, lambda: time.monotonic_ns() - segment.mono_ns)
        server = PageServer(page, address, self._run_dir / REPORT_HTML)
        self._stack.push_async_callback(server.close)
        url = await server.start(self._taken[WEB])
        self._page, self._server = page, server
        self._notice(f"live page: {url}")
        if not address.loopback:
            self._notice(
                f"warning: the live page listens on {address}, beyond this machine, without "
                "encryption: whoever reads its address on the way can stop the run"
            )
        return page

    async def _start_judge(self) -> None:
        judge = Child("judge", self._judged)
        await judge.start("qosflood.live.judge", {"run_dir": str(self._run_dir)})
        self._stack.push_async_callback(judge.end, JUDGE_PATIENCE_S)

    def _judged(self, line: bytes) -> None:
        if self._page is not None:
            self._page.judged(line)
        self._outlets.judged(line)
