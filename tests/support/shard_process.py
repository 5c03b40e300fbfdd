"""A shard as a process of its own, driven over its pipes as the coordinator would."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from qosflood.journal.record_lines import decode_record
from qosflood.journal.records import FailureSample, Window
from qosflood.plan.plan import Plan

START_IN_NS = 50_000_000


class ShardProcess:
    """One shard; `said` is every line it has said, decoded."""

    def __init__(self, plan: Plan, part: int = 0, parts: int = 1, **env: str) -> None:
        self.mono_ns = time.monotonic_ns()
        self.said: list[Any] = []
        self._pending = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qosflood.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
            start_new_session=True,
        )
        self.tell({"plan": plan, "part": part, "parts": parts, "mono_ns": self.mono_ns})

    def tell(self, message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(message) + b"\n")
        self.process.stdin.flush()

    def hear(self, kind: str, deadline_s: float = 30.0) -> Any:
        """The next line of that type that has not been heard; raises TimeoutError."""
        assert self.process.stdout is not None
        end = time.monotonic() + deadline_s
        while True:
            while b"\n" in self._pending:
                line, _, self._pending = self._pending.partition(b"\n")
                message = orjson.loads(line)
                self.said.append(message)
                if message["type"] == kind:
                    return message
            if not select.select([self.process.stdout], [], [], end - time.monotonic())[0]:
                raise TimeoutError(f"waited {deadline_s:g} s in vain for {kind}: {self.said[-3:]}")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                words = self.process.stderr.read().decode() if self.process.stderr else ""
                raise EOFError(f"ended before {kind}: {words}")
            self._pending += chunk

    def start(self) -> None:
        """Wait until it is ready and start its load."""
        self.hear("ready")
        self.tell({"cmd": "start", "zero_ns": time.monotonic_ns() + START_IN_NS})

    def finish(self, deadline_s: float = 30.0) -> int:
        """Wait until its work is done and it has ended; its exit status."""
        self.hear("done", deadline_s)
        return self.process.wait(10)

    def records(self, kind: type) -> list[Any]:
        lines = (m for m in self.said if m["type"] == kind.TAG)
        return [decode_record(orjson.dumps(m)) for m in lines]

    @property
    def windows(self) -> list[Window]:
        return self.records(Window)

    @property
    def failures(self) -> list[FailureSample]:
        return self.records(FailureSample)

    def total(self, field: str) -> int:
        return sum(getattr(window, field) for window in self.windows)

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcomes over all windows that are not 0."""
        counts: Counter[str] = Counter()
        for window in self.windows:
            counts.update(window.outcomes)
        return {name: count for name, count in counts.items() if count}


@contextlib.contextmanager
def shard(plan: Plan, part: int = 0, parts: int = 1, **env: str) -> Iterator[ShardProcess]:
    """A shard that is gone at the end, whatever happened."""
    started = ShardProcess(plan, part, parts, **env)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        for pipe in (started.process.stdin, started.process.stdout, started.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
