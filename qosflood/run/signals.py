"""What Ctrl-C and its like do to a run."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from qosflood.base.errors import ExitCode
from qosflood.run.supervisor import Supervisor


class Noticeboard(Protocol):
    """What the user sees of a run, as far as stopping it goes."""

    def notice(self, line: str) -> None:
        """One line about what is going on."""

    def close_view(self) -> None:
        """The load is over."""


class Interrupts:
    """SIGINT, SIGTERM, and SIGHUP of a lost terminal: the first stops the load and reports, the
    second leaves at once."""

    def __init__(self, screen: Noticeboard) -> None:
        self._screen = screen
        self._main = asyncio.current_task()
        self._supervisor: Supervisor | None = None
        self._run_dir: Path | None = None
        self._reporting = False
        self._finish: Callable[[], None] | None = None
        self._count = 0

    def listen(self) -> None:
        """From now on signals come here."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a lost terminal is to be ignored, and stays so.
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:
                loop.add_signal_handler(number, self._signalled, number)

    def stop_with(self, supervisor: Supervisor, run_dir: Path) -> None:
        """The load begins: a signal stops it."""
        self._supervisor, self._run_dir = supervisor, run_dir

    def report_only(self) -> None:
        """The load is over; the first signal from here on only says so."""
        self._reporting = True

    def finish_with(self, finish: Callable[[], None]) -> None:
        """The report is written; any signal from here on calls `finish`."""
        self._finish = finish

    def stop(self, how: str) -> None:
        """What the first signal does to a load; any later one leaves at once. `how` names where
        it came from, e.g. `SIGINT`. Without a load that could be stopped nothing happens."""
        if self._supervisor is None or self._reporting:
            return
        self._count = max(1, self._count)
        self._supervisor.request_stop("interrupted", f"by {how}")
        what = self._supervisor.stoppable
        self._screen.notice(f"{how}: stopping {what}; interrupt again to exit at once")

    def _signalled(self, number: signal.Signals) -> None:
        self._count += 1
        name = signal.Signals(number).name
        if self._finish is not None:
            self._finish()
        elif self._supervisor is None:
            assert self._main is not None
            self._main.cancel()
        elif self._count > 1:
            self._leave(self._supervisor)
        elif self._reporting:
            self._screen.notice(f"{name}: writing the report; interrupt again to exit at once")
        else:
            self.stop(name)

    def _leave(self, supervisor: Supervisor) -> None:
        try:
            if not self._reporting:
                supervisor.leave_at_once()
            self._screen.close_view()
            self._screen.notice(
                f"exited at once; build the report with: qosflood report {self._run_dir}"
            )
            sys.stderr.flush()
        finally:
            os._exit(ExitCode.INTERRUPTED)
