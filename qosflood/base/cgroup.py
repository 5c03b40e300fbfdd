"""Control groups: what they hold against a process, and what they let this one have.

The memory of another process is read in v2 alone, and only where the unified hierarchy has the
memory controller: hybrid hosts show a cgroup v2 for each process too, but account memory in v1.
What limits this process is read in both. Kernel documentation, "Control Group v2", memory and CPU.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qosflood.base.units import US

PROC = Path("/proc")
MOUNT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class CgroupReading:
    """One look: the working set is `memory.current` less `inactive_file`, which is what is left
    once the kernel has taken back what it easily can. None: the controller does not report it."""

    working_set_bytes: int
    limit_bytes: int | None
    oom_kills: int | None
    throttled_ns: int | None


class Cgroup:
    """The cgroup in `folder`, below `mount`, where the hierarchy is mounted."""

    def __init__(self, folder: Path, mount: Path) -> None:
        self.folder = folder
        self._limited = _with_those_above(folder, mount)

    def read(self) -> CgroupReading | None:
        """One look; None once the cgroup is gone."""
        if (current := _number(self.folder / "memory.current")) is None:
            return None
        stat = _pairs(self.folder / "memory.stat")
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
            if (limit := _number(folder / "memory.max")) is not None:  # the root has none
                yield limit


def cgroup_of(pid: int, proc: Path = PROC) -> Cgroup | None:
    """The cgroup that a process's memory is accounted in; None where that is v1, or not seen."""
    path = next((path for controllers, path in _groups(pid, proc) if not controllers), None)
    with suppress(OSError):
        mount = _mount((proc / "self/mountinfo").read_text("utf-8", "replace"))
        if path is None or mount is None or path.startswith("/.."):
            return None
        folder = mount / path.lstrip("/")
        if "memory" in (folder / "cgroup.controllers").read_text("ascii").split():
            cgroup = Cgroup(folder, mount)
            return cgroup if cgroup.read() is not None else None
    return None


def cpu_quota() -> float | None:
    """The tightest CPU quota of the cgroups that this process is in, in cores; None without."""
    return min(_quotas(), default=None)


def memory_rooms() -> Iterator[int]:
    """Bytes left below each memory limit that holds for this process."""
    for unified, folder in _own("memory"):
        if unified:
            yield from _room(folder, "memory.max", "memory.current", "inactive_file")
        else:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _room(folder, *names)


def cpu_stat() -> Path | None:
    """Where this process's throttling is counted; None where no cgroup does."""
    found = (group / "cpu.stat" for _, _, group in _own_groups("cpu"))
    return next((file for file in found if file.exists()), None)


def throttled_ns(text: str) -> int:
    """What a `cpu.stat` says of the time held up: microseconds in v2, nanoseconds in v1."""
    pairs = _read_pairs(text)
    return pairs.get("throttled_usec", 0) * US or pairs.get("throttled_time", 0)


def _quotas() -> Iterator[float]:
    """Cores by each quota; a quota of none is `max` in v2, and -1 in v1."""
    for unified, folder in _own("cpu"):
        if unified:
            words = _text(folder / "cpu.max").split()
        else:
            words = [_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        with suppress(ValueError):
            quota, period = map(int, words)
            if quota > 0:
                yield quota / period


def _room(folder: Path, limit: str, used: str, reclaimable: str) -> Iterator[int]:
    most, now = _number(folder / limit), _number(folder / used)
    if most is not None and now is not None:
        yield max(most - now + _pairs(folder / "memory.stat").get(reclaimable, 0), 0)


def _own(controller: str) -> Iterator[tuple[bool, Path]]:
    """Each cgroup that this process is in and those above it, whose limits count for all below:
    of v2's unified hierarchy (True), or of v1's `controller`."""
    for unified, root, group in _own_groups(controller):
        for folder in _with_those_above(group, root):
            yield unified, folder


def _own_groups(controller: str) -> Iterator[tuple[bool, Path, Path]]:
    """This process's cgroups that `controller` may be in, below their hierarchy's root."""
    for controllers, path in _groups("self", PROC):
        if not controllers or controller in controllers.split(","):
            # In v1 each controller has a name below the mount, also where several share one.
            root = MOUNT / controller if controllers else MOUNT
            yield not controllers, root, root / path.lstrip("/")


def _groups(pid: int | str, proc: Path) -> Iterator[tuple[str, str]]:
    """The controllers (none: v2's hierarchy) and the path of each cgroup of a process."""
    for line in _text(proc / str(pid) / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        yield controllers, path


def _with_those_above(folder: Path, root: Path) -> list[Path]:
    return [folder, *(above for above in folder.parents if above.is_relative_to(root))]


def _mount(mountinfo: str) -> Path | None:
    """Where the unified hierarchy is mounted, by lines as proc(5) describes them."""
    for line in mountinfo.splitlines():
        mounted, _, source = line.partition(" - ")
        if source.startswith("cgroup2 "):
            return Path(mounted.split()[4])
    return None


def _pairs(file: Path) -> dict[str, int]:
    """A file of `name number` lines; empty where it is not there."""
    return _read_pairs(_text(file))


def _read_pairs(text: str) -> dict[str, int]:
    pairs: dict[str, int] = {}
    with suppress(ValueError):
        for line in text.splitlines():
            name, _, number = line.partition(" ")
            pairs[name] = int(number)
    return pairs


def _number(file: Path) -> int | None:
    """The number that a file holds; None for `max`, and where it is not there."""
    with suppress(ValueError):
        return int(_text(file))
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _procs(folder: Path) -> list[int]:
    with suppress(ValueError):
        return [int(word) for word in _text(folder / "cgroup.procs").split()]
    return []
