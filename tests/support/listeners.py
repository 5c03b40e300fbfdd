"""Processes that listen on a port, with children or under another name, for tests."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import Popen, first_line, started

_PROGRAM = """
import json, os, select, socket, sys
host, port, children, megabytes, shared, leaves = json.loads(sys.argv[1])
server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((host, port))
server.listen()
ballast = b"x" * (megabytes << 20)
lifeline, held = os.pipe()
pids = []
for _ in range(children):
    pid = os.fork()
    if not pid:
        os.close(held)
        if not shared:
            server.close()
        select.select([lifeline], [], [])  # ends with the parent
        os._exit(0)
    pids.append(pid)
port = server.getsockname()[1]
if leaves:
    server.close()
print(json.dumps([port, pids]), flush=True)
while True:
    select.select([], [], [])
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """A process that listens, its port, and its children's pids."""

    process: Popen
    port: int
    children: list[int]

    @property
    def pid(self) -> int:
        """Of the process that listens; its children end with it."""
        return self.process.pid


@contextlib.contextmanager
def listener(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    children: int = 0,
    megabytes: int = 0,
    shared: bool = False,
    leaves: bool = False,
    program: Path | None = None,
) -> Iterator[Listener]:
    """A process listening on `host`.

    `shared`: its children hold the socket too; `leaves`: the process itself closes it then.
    `program` runs it through another executable, see `renamed_python`.
    """
    spec = json.dumps([host, port, children, megabytes, shared, leaves])
    command = [program or sys.executable, "-c", _PROGRAM, spec]
    with started(command, env={"PYTHONHOME": sys.base_prefix} if program else None) as process:
        bound, pids = json.loads(first_line(process))
        yield Listener(process, bound, pids)


def renamed_python(folder: Path, name: str) -> Path:
    """Python under the name of another program, as the kernel and its command line show it."""
    link = folder / name
    link.symlink_to(os.path.realpath(sys.executable))
    return link
