"""A running side monitor for tests, driven over its pipes as the coordinator does."""

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import orjson

from qosflood.journal.record_lines import decode_record
from qosflood.journal.records import MemoryKind
from qosflood.monitor.memory.loop import WatchedMemory
from qosflood.plan.watching import ONE_INSTANCE

ROOT = Path(__file__).parents[2]
DEADLINE_S = 20.0


def memory_at(
    source: MemoryKind, pid: int | None = None, *, by_port: bool = False
) -> tuple[WatchedMemory]:
    """Where the memory of a plan's only instance is read."""
    return (WatchedMemory(instance=ONE_INSTANCE, source=source, pid=pid, by_port=by_port),)


class MonitorProcess:
    """The coordinator's end of a running monitor."""

    def __init__(self, plan, **spec):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qosflood.monitor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        self._rest = b""
        self.mono_ns = time.monotonic_ns()
        self.send({"plan": plan, "mono_ns": self.mono_ns} | spec)

    @property
    def pid(self):
        return self._process.pid

    def send(self, message):
        self._process.stdin.write(orjson.dumps(message) + b"\n")
        self._process.stdin.flush()

    def command(self, name):
        self.send({"cmd": name, "zero_ns": time.monotonic_ns()})

    def line(self):
        """The next line, decoded; None at the end of the stream."""
        while b"\n" not in self._rest:
            out = self._process.stdout
            assert select.select([out], [], [], DEADLINE_S)[0], "the monitor said nothing"
            chunk = os.read(out.fileno(), 1 << 16)
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def message(self):
        line = self.line()
        return line and orjson.loads(line)

    def records_until(self, enough):
        """Records in order, up to the first moment that `enough` says of them."""
        records = []
        end = time.monotonic() + DEADLINE_S
        while not enough(records):
            assert time.monotonic() < end, records
            records.append(decode_record(self.line()))
        return records

    def rest(self):
        """Records up to `done`."""
        records = []
        while (line := self.line()) != b'{"type":"done"}':
            records.append(decode_record(line))
        return records

    def close_stdin(self):
        self._process.stdin.close()

    def status(self):
        return self._process.wait(DEADLINE_S)

    def last_words(self):
        return self._process.stderr.read().decode()


@contextlib.contextmanager
def monitor(plan, **spec):
    running = MonitorProcess(plan, **spec)
    process = running._process
    try:
        yield running
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
