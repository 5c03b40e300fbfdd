"""The target's local process over time: samples while it lives, events when it ends or restarts."""

from dataclasses import dataclass, replace

import psutil

from qosflood.monitor.memory import ProcessTree
from qosflood.monitor.ownership import owner_of_port
from qosflood.monitor.scrape import INSTANCE
from qosflood.plan import Target
from qosflood.records import Event, MemorySample


@dataclass(frozen=True, slots=True)
class _Key:
    pid: int
    start_s: float


class MemoryWatch:
    """Samples one process tree; with `by_port` it follows the target's port to a new process.

    `pid` is None if the first look at the port shall find it.
    """

    def __init__(self, target: Target, pid: int | None, *, by_port: bool) -> None:
        self._target = target
        self._pid = pid
        self._by_port = by_port
        self._tree: ProcessTree | None = None
        self._old: _Key | None = None
        self._told_gone = False
        self._last: MemorySample | None = None

    def sample(self, t: int) -> list[MemorySample | Event]:
        """What is seen at `t`; blocks for microseconds, or longer while a port's owner is sought.

        Raises psutil.AccessDenied.
        """
        if self._pid is not None:
            self._follow(self._pid)
            self._pid = None
        sample = self._measure(t)
        if sample is not None:
            return [sample]
        if self._by_port and self._find_owner():
            return self._found(t)
        return self._gone(t)

    def missed(self, tick: int) -> list[MemorySample | Event]:
        """What stands for a tick the monitor could not keep: the last value, marked."""
        if self._told_gone:
            return []
        if self._last is not None:
            return [replace(self._last, t=tick, own_fault=True)]
        what = "the monitor missed a memory sample before its first"
        return [Event(t=tick, who="generator", kind="memory_missed", what=what)]

    def _follow(self, pid: int) -> bool:
        try:
            self._tree = ProcessTree(pid)
        except psutil.NoSuchProcess:
            self._old = self._old or _Key(pid, 0.0)
            return False
        return True

    def _measure(self, t: int) -> MemorySample | None:
        if self._tree is None:
            return None
        reading = self._tree.read(t)
        if reading is None:
            self._old, self._tree = _Key(self._tree.pid, self._tree.start_s), None
            return None
        self._told_gone = False
        self._last = MemorySample(
            t=t,
            instance=INSTANCE,
            source="process",
            rss_bytes=reading.rss_bytes,
            cpu_ns=reading.cpu_ns,
            pid=self._tree.pid,
            start_s=self._tree.start_s,
            processes=reading.processes,
        )
        return self._last

    def _find_owner(self) -> bool:
        process = owner_of_port(self._target.port, self._target.addresses).process
        if process is None or process.forwarder:
            return False
        same = self._old is not None and self._old == _Key(process.pid, process.start_s)
        return not same and self._follow(process.pid)

    def _found(self, t: int) -> list[MemorySample | Event]:
        sample = self._measure(t)
        if sample is None:
            return self._gone(t)
        if self._old is None:
            return [sample]
        what = f"the target restarted: pid {self._old.pid} gave way to pid {sample.pid}"
        evidence = {
            "old_pid": self._old.pid,
            "old_start_s": self._old.start_s or None,
            "new_pid": sample.pid,
            "new_start_s": sample.start_s,
        }
        return [
            Event(t=t, who="target", kind="restarted", what=what, evidence=evidence),
            sample,
        ]

    def _gone(self, t: int) -> list[MemorySample | Event]:
        if self._told_gone:
            return []
        self._told_gone = True
        if self._old is None:
            what = f"nobody that can be read listens on port {self._target.port}"
            return [Event(t=t, who="target", kind="process_gone", what=what)]
        what = f"the target's process (pid {self._old.pid}) is gone"
        evidence = {"pid": self._old.pid, "start_s": self._old.start_s or None}
        return [Event(t=t, who="target", kind="process_gone", what=what, evidence=evidence)]
