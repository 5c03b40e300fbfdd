"""Open files: a connection is one."""

import contextlib
import resource


def raise_open_files() -> None:
    """Lift this process's soft limit of open files to its hard one, where the system lets us
    (macOS refuses an unlimited one)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
