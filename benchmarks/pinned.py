"""Runs generator and target on separate cores, so that neither takes the other's time."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from processes import qosflood_command, wait_until

# PASS, FAIL and INVALID: a run that cannot pass by design still has complete figures.
_VERDICTS = (0, 1, 3)


@dataclass(frozen=True, slots=True)
class Cores:
    """`generator` runs only the generator; `other` runs the target and everything else."""

    generator: int
    other: int

    def pinned(self, core: int, command: Sequence[str]) -> list[str]:
        """The command on that core."""
        return ["taskset", "-c", str(core), *command]

    def flood(
        self, folder: Path, options: Sequence[str], deadline_s: float, shards: int = 1
    ) -> None:
        """Run the real command to its end, with its shards alternating between the generator's core
        and the other; a single shard is alone on its core.

        `folder` becomes the run directory. Raises RuntimeError if there is no verdict.
        """
        parts = ("--shards", str(shards))
        command = qosflood_command(*options, *parts, *_QUIETLY, "--out", str(folder))
        process = subprocess.Popen(
            self.pinned(self.other, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _pin_shards(process, [(self.generator, self.other)[i % 2] for i in range(shards)])
            out, _ = process.communicate(timeout=deadline_s)
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
        if process.returncode not in _VERDICTS:
            raise RuntimeError(f"qosflood ended with {process.returncode}: {out}")


_QUIETLY = ("--scrape-interval", "off", "--no-live", "--quiet")


def two_cores(tools: Sequence[str], install: str) -> Cores:
    """The first two cores; exits with one line where they or one of `tools` are missing."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    missing = [tool for tool in (*tools, "taskset") if not shutil.which(tool, path=path)]
    cores = sorted(os.sched_getaffinity(0))
    if missing or len(cores) < 2:
        found = f"{', '.join(missing) or 'nothing'} missing, {len(cores)} cores"
        sys.exit(f"{Path(sys.argv[0]).stem}: {found}; expected two cores and: {install}")
    return Cores(cores[0], cores[1])


def environment() -> str:
    """One line about the machine and Python measured on."""
    return f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores"


def _pin_shards(process: subprocess.Popen[str], cores: Sequence[int]) -> None:
    """Move the shards, children of the command, to their cores as soon as they are there."""
    parent = psutil.Process(process.pid)

    def all_there() -> list[psutil.Process]:
        if process.poll() is not None:
            raise RuntimeError(f"qosflood ended early: {process.stdout and process.stdout.read()}")
        shards = [child for child in parent.children(recursive=True) if _is_shard(child)]
        return shards if len(shards) == len(cores) else []

    shards = wait_until(all_there, "the shards' processes", deadline_s=30)
    for shard, core in zip(sorted(shards, key=lambda shard: int(shard.pid)), cores, strict=True):
        for thread in shard.threads():
            os.sched_setaffinity(thread.id, {core})


def _is_shard(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(part.startswith("qosflood.load") for part in process.cmdline())
    return False
