"""How the shard's own process fares: CPU, memory, throttling, waiting for a core, stalls."""

import os
import resource
import time
from pathlib import Path

from qosflood.base.cgroup import cpu_stat, throttled_ns
from qosflood.journal.records import ShardHealth

_PAGE_BYTES = resource.getpagesize()


class HealthMeter:
    """Reads the process's own figures, once a second; figures that a system lacks are 0."""

    def __init__(self) -> None:
        self._statm = _opened(Path("/proc/self/statm"))
        self._schedstat = _opened(Path("/proc/self/schedstat"))
        self._cpu_stat = _opened(cpu_stat())
        self._cpu_ns = time.process_time_ns()
        self._waited_ns = self._run_queue_ns()
        self._throttled_ns = self._throttle_ns()
        self._stall_ns = 0
        self._asleep_ns = _asleep_ns()

    def stalled(self, ns: int) -> None:
        """The loop came back `ns` later than asked."""
        self._stall_ns = max(self._stall_ns, ns)

    def slept_ns(self) -> int:
        """For how long the machine has slept since the last call."""
        before_ns, self._asleep_ns = self._asleep_ns, _asleep_ns()
        return max(self._asleep_ns - before_ns, 0)

    def read(
        self, *, connected: int, connecting: int, pending: int, absent_ns: int = 0
    ) -> ShardHealth:
        """Figures since the last reading; connection counts and absence are passed through."""
        cpu_ns, waited_ns, throttled_ns = (
            time.process_time_ns(),
            self._run_queue_ns(),
            self._throttle_ns(),
        )
        health = ShardHealth(
            loop_stall_ns=self._stall_ns,
            cpu_ns=cpu_ns - self._cpu_ns,
            rss_bytes=self._rss_bytes(),
            throttled_ns=max(throttled_ns - self._throttled_ns, 0),
            run_queue_ns=max(waited_ns - self._waited_ns, 0),
            connected=connected,
            connecting=connecting,
            pending=pending,
            absent_ns=absent_ns,
        )
        self._cpu_ns, self._waited_ns, self._throttled_ns = cpu_ns, waited_ns, throttled_ns
        self._stall_ns = 0
        return health

    def _rss_bytes(self) -> int:
        text = _text(self._statm)
        if text:
            return int(text.split()[1]) * _PAGE_BYTES
        peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak

    def _run_queue_ns(self) -> int:
        text = _text(self._schedstat)
        return int(text.split()[1]) if text else 0

    def _throttle_ns(self) -> int:
        return throttled_ns(_text(self._cpu_stat))


def _asleep_ns() -> int:
    """How long the machine has slept since its boot; the monotonic clock stands still meanwhile."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()


def _opened(path: Path | None) -> int | None:
    try:
        return None if path is None else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _text(fd: int | None) -> str:
    try:
        return "" if fd is None else os.pread(fd, 4096, 0).decode("ascii")
    except OSError:
        return ""
