"""The freezing server, as a process on the target's core."""

import contextlib
import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freezing import Script
from pinned import Cores
from processes import first_line, started

_SERVER = str(Path(__file__).with_name("freezing_server.py"))


@dataclass(frozen=True, slots=True)
class Freezing:
    """The running server and its script of freezes."""

    port: int
    script: Script

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> dict[str, Any]:
        """What it has received and answered so far."""
        with urllib.request.urlopen(f"{self.url}/__log", timeout=30) as answer:
            log: dict[str, Any] = json.load(answer)
            return log

    def wait_for_thaw(self, since_s: float) -> None:
        """Wait until the last freeze ended `since_s` ago, so that each run meets the script
        alike."""
        script = self.script
        into_ns = (time.monotonic_ns() - script.zero_ns) % script.period_ns
        time.sleep((round(since_s * 1e9) - into_ns) % script.period_ns * 1e-9)


@contextlib.contextmanager
def freezing(
    cores: Cores, *, frozen_s: float = 1.0, period_s: float = 5.0, keep: bool = False
) -> Iterator[Freezing]:
    """A server frozen for `frozen_s` of every `period_s`; with `keep` its log says when it
    answered each report."""
    script = ["--frozen", str(frozen_s), "--period", str(period_s)]
    command = [sys.executable, _SERVER, *script, *(["--keep"] if keep else [])]
    with started(cores.pinned(cores.other, command)) as process:
        port, zero_ns = map(int, first_line(process).split())
        frozen_ns, period_ns = round(frozen_s * 1e9), round(period_s * 1e9)
        yield Freezing(port, Script(zero_ns, frozen_ns, period_ns))
