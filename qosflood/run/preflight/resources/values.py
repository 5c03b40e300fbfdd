"""The machine's facts, one need, and all needs of a plan."""

from dataclasses import dataclass
from typing import Literal

from qosflood.base.errors import PreflightError


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a machine has; None: it is not known, or there is no limit.

    `open_files` is the hard limit of a process, `ports` the kernel's range of local ports,
    `memory_bytes` what is available now. `early_ports` says to which targets the kernel gives a
    port away again while its closed connection waits (net.ipv4.tcp_tw_reuse). `unusable` are
    source addresses that cannot be connected from, each with the reason. `reports_per_core` is what
    a trial found a core to send in a second.
    """

    open_files: int | None
    ports: int | None
    memory_bytes: int | None
    cores: int
    early_ports: Literal["none", "loopback", "all"] = "none"
    unusable: tuple[tuple[str, str], ...] = ()
    reports_per_core: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One need in words, as `ports: 5,000 of 28,232`; what is wrong or doubtful about it."""

    line: str
    problem: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """All needs of a plan, a line each; `problems` refuse it, `warnings` do not."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    def check(self) -> tuple[str, ...]:
        """The warnings; raises PreflightError with every problem, a line each."""
        if self.problems:
            raise PreflightError("\n".join(self.problems))
        return self.warnings
