"""A process tree with the figure that its growth is judged on: RSS, PSS or a working set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import psutil

from qosflood.base.cgroup import Cgroup, CgroupReading, cgroup_of
from qosflood.base.units import SECOND
from qosflood.journal.records import MemorySample
from qosflood.monitor.memory.open_files import open_files
from qosflood.monitor.memory.process_tree import CHILDREN_EVERY_NS, ProcessTree

PSS_EVERY_NS = 10 * SECOND
"""Walking all mappings takes milliseconds and holds up the process meanwhile."""


@dataclass(slots=True)
class Every:
    """Lets through one moment in `ns`."""

    ns: int
    last_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Whether that long has passed since the last moment that was let through."""
        if self.last_ns is not None and now_ns - self.last_ns < self.ns:
            return False
        self.last_ns = now_ns
        return True


class JudgedTree:
    """One process is judged by its RSS. Once there are several, their RSS is shown and their PSS
    judged, for RSS counts what they share twice. A cgroup v2 that they have for themselves is
    judged by its working set, which its limit applies to.

    Raises as ProcessTree does.
    """

    def __init__(
        self,
        pid: int,
        *,
        pss_every_ns: int = PSS_EVERY_NS,
        find_cgroup: Callable[[int], Cgroup | None] = cgroup_of,
    ) -> None:
        self.tree = ProcessTree(pid)
        self._cgroup = find_cgroup(pid)
        self._pss_due = Every(pss_every_ns)
        self._owner_due = Every(CHILDREN_EVERY_NS)
        self._own = self._several = False
        self._untold: list[str] = []

    def read(self, t: int, instance: str) -> MemorySample | None:
        """One sample; None once the root is gone."""
        reading = self.tree.read(t)
        if reading is None:
            return None
        self._several |= reading.processes > 1
        files, files_limit = open_files(self.tree.pids) or (None, None)
        sample = MemorySample(
            t=t,
            instance=instance,
            source="process",
            rss_bytes=reading.rss_bytes,
            cpu_ns=reading.cpu_ns,
            pid=self.tree.pid,
            start_s=self.tree.start_s,
            processes=reading.processes,
            files=files,
            files_limit=files_limit,
        )
        held = self._cgroup.read() if self._cgroup is not None else None
        return self._in_cgroup(sample, held) if held is not None else self._shared(sample)

    def problems(self) -> Iterator[str]:
        """What could not be read, each once."""
        while self._untold:
            yield self._untold.pop()

    def _in_cgroup(self, sample: MemorySample, held: CgroupReading) -> MemorySample:
        if self._cgroup is not None and self._owner_due.due(sample.t):
            self._own = self._cgroup.belongs_to(self.tree.pids)
        known = replace(sample, oom_kills=held.oom_kills, throttled_ns=held.throttled_ns)
        if not self._own:
            return self._shared(known)
        return replace(
            known,
            figure="working_set",
            used_bytes=held.working_set_bytes,
            limit_bytes=held.limit_bytes,
        )

    def _shared(self, sample: MemorySample) -> MemorySample:
        if not (self._several and self._pss_due.due(sample.t)):
            return sample
        try:
            pss = self.tree.proportional()
        except psutil.AccessDenied:
            self._pss_due.ns = 1 << 62
            self._untold.append(
                f"the PSS of pid {sample.pid} and its children may not be read by this user: "
                "their RSS is judged, which counts what they share several times"
            )
            return sample
        return sample if pss is None else replace(sample, figure="pss", used_bytes=pss)
