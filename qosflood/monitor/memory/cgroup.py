"""A process's cgroup v2: what the kernel holds against its limit, whom it killed and held up.

Only where the unified hierarchy has the memory controller: hybrid hosts show a cgroup v2 for each
process too, but account memory in v1. Kernel documentation, "Control Group v2", memory and CPU.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qosflood.base.units import US

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class CgroupReading:
    """One look: the working set is `memory.current` less `inactive_file`, which is what is left
    once the kernel has taken back what it easily can. None: the controller does not tell."""

    working_set_bytes: int
    limit_bytes: int | None
    oom_kills: int | None
    throttled_ns: int | None


class Cgroup:
    """The cgroup in `folder`, below `mount`, where the hierarchy is mounted."""

    def __init__(self, folder: Path, mount: Path) -> None:
        self.folder = folder
        self._limited = [folder, *(p for p in folder.parents if p.is_relative_to(mount))]

    def read(self) -> CgroupReading | None:
        """One look; None once the cgroup is gone."""
        try:
            current = int((self.folder / "memory.current").read_text())
            stat = _pairs(self.folder / "memory.stat")
        except (OSError, ValueError):
            return None
        throttled = _pairs(self.folder / "cpu.stat").get("throttled_usec")
        return CgroupReading(
            working_set_bytes=max(current - stat.get("inactive_file", 0), 0),
            limit_bytes=min(self._limits(), default=None),
            oom_kills=_pairs(self.folder / "memory.events").get("oom_kill"),
            throttled_ns=None if throttled is None else throttled * US,
        )

    def belongs_to(self, pids: Collection[int]) -> bool:
        """Whether these processes have it, and all below it, for themselves."""
        found = [pid for folder, _, _ in os.walk(self.folder) for pid in _procs(Path(folder))]
        return bool(found) and set(found) <= set(pids)

    def _limits(self) -> Iterator[int]:
        """The limits that hold: its own and those of the cgroups above it."""
        for folder in self._limited:
            with suppress(OSError, ValueError):  # `max`, or the root, which has none
                yield int((folder / "memory.max").read_text())


def cgroup_of(pid: int, proc: Path = PROC) -> Cgroup | None:
    """The cgroup that a process's memory is accounted in; None where that is v1, or not seen."""
    with suppress(OSError):
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
        path = next((line[3:] for line in lines if line.startswith("0::")), None)
        mount = _mount((proc / "self/mountinfo").read_text())
        if path is None or mount is None or path.startswith("/.."):
            return None
        folder = mount / path.lstrip("/")
        if "memory" in (folder / "cgroup.controllers").read_text().split():
            cgroup = Cgroup(folder, mount)
            return cgroup if cgroup.read() is not None else None
    return None


def _mount(mountinfo: str) -> Path | None:
    """Where the unified hierarchy is mounted, by lines as proc(5) describes them."""
    for line in mountinfo.splitlines():
        mounted, _, source = line.partition(" - ")
        if source.startswith("cgroup2 "):
            return Path(mounted.split()[4])
    return None


def _pairs(file: Path) -> dict[str, int]:
    """A file of `name number` lines; empty where it is not there."""
    pairs: dict[str, int] = {}
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            name, _, number = line.partition(" ")
            pairs[name] = int(number)
    return pairs


def _procs(folder: Path) -> list[int]:
    with suppress(OSError, ValueError):
        return [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    return []
