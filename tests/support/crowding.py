"""A core on which a process has little to say."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from processes import started

_BUSY = ("sh", "-c", "while :; do :; done")


@contextmanager
def crowded(pid: int, loops: int) -> Iterator[None]:
    """Pin a process to one core, beside so many busy loops: it gets one share of `loops` + 1.

    Each loop is a session of its own, for a kernel may share a core out by session.
    """
    core = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(pid, core)
    with ExitStack() as stack:
        for _ in range(loops):
            loop = stack.enter_context(started(_BUSY))
            os.sched_setaffinity(loop.pid, core)
        yield
