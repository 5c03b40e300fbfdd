"""Who looks on at a run beside the terminal: what the command line asks for, opened and closed.

Ports are taken before anything is sent, so that a taken one is an error at once; the servers
behind them begin when there is a run to look at, and end with the exit stack.
"""

import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from qosflood.fleet.view import Onlooker
from qosflood.listening import Address, listen
from qosflood.live.controls import Controls
from qosflood.plan import Plan
from qosflood.records import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What of a run may be looked at from outside; None: not asked for."""

    web: Address | None = None


NO_WINDOWS = Windows()


class Onlooking:
    """The windows of one run."""

    def __init__(
        self, windows: Windows, stack: AsyncExitStack, notice: Callable[[str], None]
    ) -> None:
        """Take the ports; raises StartError if one is taken. `notice` tells the user one line."""
        self._stack = stack
        self._notice = notice
        self._sockets: dict[str, socket.socket] = {}
        for option, address in (("--web", windows.web),):
            if address is not None:
                taken = listen(address, option)
                stack.callback(taken.close)
                self._sockets[option] = taken

    async def open(self, plan: Plan, run_dir: Path, segment: Segment) -> list[Onlooker]:
        """Begin to serve; the onlookers that have to be shown the run."""
        return []

    def steer(self, controls: Controls) -> None:
        """From now on they may stop and mark the run."""

    async def reported(self, exit_code: int) -> None:
        """The report is there; stay until whoever looks on has seen that, a few seconds at most."""

    def let_go(self) -> None:
        """Stay no longer."""
