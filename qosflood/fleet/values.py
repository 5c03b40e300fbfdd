"""What a supervisor is told beside the plan, and what it answers."""

from dataclasses import dataclass

from qosflood.monitor.memory_loop import WatchedMemory


@dataclass(frozen=True, slots=True)
class Watching:
    """What the monitor is told beside the plan."""

    memory_source: str | None
    pid: int | None
    by_port: bool
    memories: tuple[WatchedMemory, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended; `recorded` says whether the journal holds it."""

    reason: str
    detail: str
    recorded: bool
