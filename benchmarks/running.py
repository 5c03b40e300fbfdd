"""A running tool: the CPU that it uses, and its output."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of a generator per report in microseconds, and its reports per second."""

    us_per_report: float
    per_second: float


class _Output(NamedTuple):
    """A tool's exit status and output."""

    status: int
    out: str
    errors: str


@dataclass(frozen=True, slots=True)
class Running:
    """A running tool."""

    process: subprocess.Popen[bytes]
    out: IO[str]
    errors: IO[str]

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def cost(self, requests: Callable[[], int], seconds: float) -> Cost:
        """Measured from now on for `seconds`; raises RuntimeError if the tool ends meanwhile."""
        try:
            start, start_s, start_cpu_s = requests(), time.monotonic(), self._cpu_s()
            time.sleep(seconds)
            reports = requests() - start
            elapsed_s, cpu_s = time.monotonic() - start_s, self._cpu_s() - start_cpu_s
        except psutil.NoSuchProcess:
            raise RuntimeError(f"the tool ended early: {self.wait(0).errors}") from None
        return Cost(cpu_s * 1e6 / reports, reports / elapsed_s)

    def _cpu_s(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def wait(self, timeout_s: float) -> _Output:
        """Wait until it ends by itself."""
        status = self.process.wait(timeout_s)
        self.out.seek(0)
        self.errors.seek(0)
        return _Output(status, self.out.read(), self.errors.read())


@contextlib.contextmanager
def running_tool(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """The command, run in that folder; it is killed at the end, whatever happened."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
        )
        try:
            yield Running(process, out, errors)
        finally:
            process.kill()
            process.wait()
