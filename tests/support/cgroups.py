"""A cgroup v2 hierarchy and a /proc in files, as far as the monitor reads them."""

from pathlib import Path

MIB = 1024 * 1024


class FakeCgroups:
    """Below `folder`: `cgroup`, mounted as the unified hierarchy, and `proc`."""

    def __init__(self, folder: Path, controllers: str = "cpu memory pids") -> None:
        self.proc, self.mount = folder / "proc", folder / "cgroup"
        self._controllers = controllers
        (self.proc / "self").mkdir(parents=True)
        self.mount.mkdir()
        (self.proc / "self/mountinfo").write_text(
            "24 30 0:22 / /proc rw,nosuid - proc proc rw\n"
            f"35 24 0:30 / {self.mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
        )

    def place(self, pid: int, path: str) -> None:
        """Put a process into the cgroup `path`."""
        (self.proc / str(pid)).mkdir(exist_ok=True)
        (self.proc / str(pid) / "cgroup").write_text(f"0::/{path}\n")
        folder = self.make(path)
        with (folder / "cgroup.procs").open("a") as procs:
            procs.write(f"{pid}\n")

    def make(self, path: str, limit: str = "max", **memory: int) -> Path:
        """The cgroup `path`, made if it is not there."""
        folder = self.mount / path
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "memory.max").exists():
            (folder / "cgroup.controllers").write_text(f"{self._controllers}\n")
            self.use(path, 10 * MIB, inactive_file=4 * MIB)
            self.limit(path, limit)
            (folder / "cgroup.procs").touch()
        return folder

    def use(self, path: str, current: int, inactive_file: int = 0, oom_kills: int = 0) -> None:
        """What it holds, and how many the kernel killed for it."""
        folder = self.mount / path
        (folder / "memory.current").write_text(f"{current}\n")
        (folder / "memory.stat").write_text(
            f"anon {current - inactive_file}\nfile {inactive_file}\n"
            f"inactive_file {inactive_file}\nactive_file 0\n"
        )
        (folder / "memory.events").write_text(
            f"low 0\nhigh 0\nmax 3\noom 1\noom_kill {oom_kills}\n"
        )
        (folder / "cpu.stat").write_text(
            "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\n"
            "nr_periods 9\nnr_throttled 2\nthrottled_usec 1500\n"
        )

    def limit(self, path: str, limit: str) -> None:
        """What its memory.max says."""
        (self.mount / path / "memory.max").write_text(f"{limit}\n")
