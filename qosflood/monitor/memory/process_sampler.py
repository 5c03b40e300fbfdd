"""The target's local process over time: samples while it lives, events when it ends or restarts."""

from dataclasses import dataclass, replace
from typing import Any

import psutil

from qosflood.journal.records import Event, MemorySample, Who
from qosflood.monitor.memory.judged_tree import PSS_EVERY_NS, JudgedTree
from qosflood.monitor.memory.port_owner import owner_of_port
from qosflood.plan.plan import Target
from qosflood.plan.watching import ONE_INSTANCE


@dataclass(frozen=True, slots=True)
class _Key:
    pid: int
    start_s: float


class ProcessSampler:
    """Samples one process tree; with `by_port` it follows the target's port to a new process.

    `pid` is None if the first look at the port shall find it. A tree's PSS is read each
    `pss_every_ns`.
    """

    def __init__(
        self,
        target: Target,
        pid: int | None,
        *,
        by_port: bool,
        instance: str = ONE_INSTANCE,
        pss_every_ns: int = PSS_EVERY_NS,
    ) -> None:
        self._target = target
        self._pid = pid
        self._by_port = by_port
        self._instance = instance
        self._pss_every_ns = pss_every_ns
        self._tree: JudgedTree | None = None
        self._oom_kills: int | None = None
        self._old: _Key | None = None
        self._reported_gone = False
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
            return [sample, *self._events_with(sample)]
        if self._by_port and self._find_owner():
            return self._found(t)
        return self._gone(t)

    def missed(self, tick: int) -> list[MemorySample | Event]:
        """What stands for a tick the monitor could not keep: the last value, marked."""
        if self._reported_gone:
            return []
        if self._last is not None:
            return [replace(self._last, t=tick, own_fault=True)]
        what = "the monitor missed a memory sample before its first"
        return [self._event(tick, "generator", "memory_missed", what)]

    def _follow(self, pid: int) -> bool:
        try:
            self._tree = JudgedTree(pid, pss_every_ns=self._pss_every_ns)
        except psutil.NoSuchProcess:
            self._old = self._old or _Key(pid, 0.0)
            return False
        return True

    def _measure(self, t: int) -> MemorySample | None:
        if self._tree is None:
            return None
        sample = self._tree.read(t, self._instance)
        if sample is None:
            root = self._tree.tree
            self._old, self._tree = _Key(root.pid, root.start_s), None
            return None
        self._reported_gone = False
        self._last = sample
        return sample

    def _events_with(self, sample: MemorySample) -> list[Event]:
        """What came to light with a sample: killed for want of memory, or not to be read."""
        unread = [] if self._tree is None else [*self._tree.problems()]
        events = [self._event(sample.t, "generator", "memory_unread", what) for what in unread]
        before, self._oom_kills = self._oom_kills, sample.oom_kills
        if before is not None and sample.oom_kills is not None and sample.oom_kills > before:
            kills = sample.oom_kills - before
            what = f"the kernel killed {kills} of the target's cgroup because memory ran out"
            evidence = {"kills": kills, "limit_bytes": sample.limit_bytes}
            events.append(self._event(sample.t, "target", "oom_kill", what, **evidence))
        return events

    def _event(self, t: int, who: Who, kind: str, what: str, **evidence: Any) -> Event:
        if self._instance != ONE_INSTANCE:
            evidence["instance"] = self._instance
        return Event(t=t, who=who, kind=kind, what=what, evidence=evidence)

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
            return [sample, *self._events_with(sample)]
        what = f"the target restarted: pid {self._old.pid} gave way to pid {sample.pid}"
        evidence = {
            "old_pid": self._old.pid,
            "old_start_s": self._old.start_s or None,
            "new_pid": sample.pid,
            "new_start_s": sample.start_s,
        }
        return [self._event(t, "target", "restarted", what, **evidence), sample]

    def _gone(self, t: int) -> list[MemorySample | Event]:
        if self._reported_gone:
            return []
        self._reported_gone = True
        if self._old is None:
            what = f"no process that can be read listens on port {self._target.port}"
            return [self._event(t, "target", "process_gone", what)]
        what = f"the target's process (pid {self._old.pid}) is gone"
        if psutil.pid_exists(self._old.pid) and not self._dead(self._old):
            what = f"{what}; another process has its pid now"
        evidence = {"pid": self._old.pid, "start_s": self._old.start_s or None}
        return [self._event(t, "target", "process_gone", what, **evidence)]

    def _dead(self, old: _Key) -> bool:
        """Whether its pid is still its own, held until its parent has waited for it."""
        try:
            return bool(psutil.Process(old.pid).create_time() == old.start_s)
        except psutil.Error:
            return True
