"""Runs of the real command in the background, for tests that disturb them.

Every process of a run carries a mark in its environment, by which it is found again when the
coordinator that started it is gone.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from processes import qosflood_command, read_journal, wait_until

MARK = "QOSFLOOD_TEST_MARK"
SMALL = (
    *("--peak", "20@1s", "--rate", "5x", "--duration", "3s"),
    *("--set", "phases.baseline=1s", "--set", "phases.ramp=500ms"),
    *("--set", "phases.recovery=500ms", "--set", "phases.settle=200ms"),
    *("--set", "sessions.lifetime=0s"),
)
"""A load that no machine notices; 100 reports/s at its height."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, and all it said."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Flood:
    """A run that goes on in the background, with its run directory."""

    process: subprocess.Popen[bytes]
    run_dir: Path
    mark: str
    _out: Any = field(repr=False)
    _err: Any = field(repr=False)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the coordinator alone."""
        self.process.send_signal(number)

    def family(self) -> dict[int, str]:
        """The run's processes that live, by pid: the module each runs."""
        return running(self.mark)

    def child(self, module: str, number: int = 0) -> int:
        """The pid of a child that runs `module`, once there is one."""

        def pids() -> list[int]:
            return sorted(pid for pid, name in self.family().items() if name == module)

        return wait_until(lambda: pids()[number : number + 1], f"a process of {module}")[0]

    def kill(self, module: str, number: int = 0) -> int:
        """Kill a child; its pid."""
        pid = self.child(module, number)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_event(self, kind: str) -> None:
        """Wait until the journal holds an event."""
        self._wait_for(f"the event {kind}", lambda record: record.get("kind") == kind)

    def wait_for_phase(self, name: str) -> None:
        """Wait until the journal holds a window of a phase."""
        self._wait_for(f"a window of {name}", lambda record: record.get("phase") == name)

    def _wait_for(self, what: str, wanted: Any) -> None:
        def found() -> bool:
            assert self.process.poll() is None, f"ended before {what}"
            with contextlib.suppress(OSError, ValueError):
                return any(wanted(record) for record in read_journal(self.run_dir))
            return False

        wait_until(found, what, 30.0)

    def said(self) -> str:
        """Standard output and standard error so far."""
        return "".join(_text(stream) for stream in (self._out, self._err))

    def finish(self, deadline_s: float = 40.0) -> Finished:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        code = self.process.wait(deadline_s)
        return Finished(code, _text(self._out), _text(self._err))

    def wait_until_gone(self) -> None:
        """Wait until no process of the run is left; raises TimeoutError naming them."""
        try:
            wait_until(lambda: not self.family(), "no process of the run left", 5.0)
        except TimeoutError as error:
            error.add_note(f"left: {self.family()}")
            raise


def _text(stream: Any) -> str:
    stream.seek(0)
    return str(stream.read().decode())


def running(mark: str) -> dict[int, str]:
    """The processes that live with this mark in their environment, by pid: the module of each."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                words = process.cmdline() or ["in exec"]
                found[process.pid] = words[words.index("-m") + 1] if "-m" in words else words[0]
    return found


@contextlib.contextmanager
def flooding(
    run_dir: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    load: tuple[str, ...] = SMALL,
) -> Iterator[Flood]:
    """A run into `run_dir`; at the end every process of it is killed, should one be left."""
    mark = uuid.uuid4().hex
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            qosflood_command(*load, "--out", str(run_dir), *args),
            env={**os.environ, MARK: mark, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        flood = Flood(process, run_dir, mark, out, err)
        try:
            yield flood
        except Exception as error:
            error.add_note(f"exit {process.poll()}: {flood.said()}")
            raise
        finally:
            process.kill()
            process.wait()
            for pid in flood.family():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
