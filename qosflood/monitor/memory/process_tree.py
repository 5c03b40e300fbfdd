"""Memory and CPU of a process and all its children, cheap enough for once a second."""

from dataclasses import dataclass

import psutil

from qosflood.base.units import SECOND

CHILDREN_EVERY_NS = 5 * SECOND
"""Listing children walks every process of the machine; reading one costs microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReading:
    """One look at a process tree; `cpu_ns` is what it used since it began, ended children too."""

    rss_bytes: int
    root_rss_bytes: int
    cpu_ns: int
    processes: int


class ProcessTree:
    """A root process, keyed by pid and start, with its children.

    Raises psutil.NoSuchProcess if `pid` is not running, psutil.AccessDenied if it may not be read.
    """

    def __init__(self, pid: int) -> None:
        self.root = psutil.Process(pid)
        self.pid = pid
        self.start_s: float = self.root.create_time()
        self._children: list[psutil.Process] = []
        self._listed_ns: int | None = None
        self._cpu_ns: dict[psutil.Process, int] = {}
        self._ended_cpu_ns = 0

    def read(self, now_ns: int) -> TreeReading | None:
        """Sum over the tree; None once the root is gone, even if its pid lives on."""
        if not self.root.is_running():
            return None
        self._list_children(now_ns)
        root_rss = self._read_one(self.root)
        if root_rss is None:
            return None
        sizes = [self._read_one(child) for child in self._children]
        living = [size for size in sizes if size is not None]
        return TreeReading(
            rss_bytes=root_rss + sum(living),
            root_rss_bytes=root_rss,
            cpu_ns=self._ended_cpu_ns + sum(self._cpu_ns.values()),
            processes=1 + len(living),
        )

    @property
    def pids(self) -> set[int]:
        """The root's and its children's, as last listed."""
        return {self.pid, *(child.pid for child in self._children)}

    def proportional(self) -> int | None:
        """The tree's proportional share (PSS) in bytes; None where the system does not report it.

        Pages that several processes share count once. Some milliseconds per process: it walks all
        mappings. Raises psutil.AccessDenied.
        """
        sizes = [_pss(process) for process in (self.root, *self._children)]
        known = [size for size in sizes if size is not None]
        return sum(known) if known else None

    def _list_children(self, now_ns: int) -> None:
        if self._listed_ns is not None and now_ns - self._listed_ns < CHILDREN_EVERY_NS:
            return
        try:
            self._children = self.root.children(recursive=True)
        except psutil.NoSuchProcess:
            self._children = []
        self._listed_ns = now_ns
        for gone in self._cpu_ns.keys() - {self.root, *self._children}:
            self._ended_cpu_ns += self._cpu_ns.pop(gone)

    def _read_one(self, process: psutil.Process) -> int | None:
        """RSS of one process, its CPU noted; None if it has ended."""
        try:
            with process.oneshot():
                rss: int = process.memory_info().rss
                times = process.cpu_times()
            # A process nobody has waited for yet still has an entry, with no memory behind it.
            if rss == 0 and process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        self._cpu_ns[process] = round((times.user + times.system) * SECOND)
        return rss


def _pss(process: psutil.Process) -> int | None:
    try:
        return getattr(process.memory_full_info(), "pss", None)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None
