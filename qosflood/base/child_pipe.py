"""The child's end of the pipes to the coordinator: a spec, commands, records, and a lifeline.

Standard input carries JSON lines: first the spec, then commands. Its end means that the
coordinator is gone, and the child must end within a second. Standard output carries JSON lines
back; standard error is kept by the coordinator as the child's last words.
"""

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable
from typing import Any

import orjson

_CHUNK = 1 << 16


class ParentPipe:
    """Reads spec and commands from `fd_in`, writes JSON lines to `fd_out`."""

    def __init__(self, fd_in: int = 0, fd_out: int = 1) -> None:
        self._in = fd_in
        self._out = fd_out
        self._pending = b""

    def read_spec(self) -> Any:
        """Block for the first line and return its JSON; raises EOFError if none comes."""
        while b"\n" not in self._pending:
            chunk = os.read(self._in, _CHUNK)
            if not chunk:
                raise EOFError("the coordinator closed the pipe before sending a spec")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return orjson.loads(line)

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_command: Callable[[dict[str, Any]], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Call `on_command` for each further line, and `on_gone` once when the pipe ends."""
        os.set_blocking(self._in, False)

        def readable() -> None:
            try:
                chunk = os.read(self._in, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                loop.remove_reader(self._in)
                on_gone()
                return
            self._pending += chunk
            self._deliver(on_command)

        loop.add_reader(self._in, readable)
        self._deliver(on_command)

    def _deliver(self, on_command: Callable[[dict[str, Any]], None]) -> None:
        while b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            on_command(orjson.loads(line))

    def send(self, line: bytes) -> None:
        """Write one encoded line (with its newline) in full; blocks while the pipe is full."""
        view = memoryview(line)
        while view:
            view = view[os.write(self._out, view) :]


def raise_open_files() -> None:
    """Lift this process's soft limit of open files to its hard one, where the system lets us
    (macOS refuses an unlimited one)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
