"""How long this process's main thread has waited for a CPU, which the kernel counts."""

from pathlib import Path

_SCHEDSTAT = Path("/proc/self/schedstat")


def waited_for_cpu_ns() -> int:
    """Nanoseconds since the process began; 0 where the system does not say."""
    try:
        return int(_SCHEDSTAT.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
