"""The command line forked from a process that has loaded its modules before.

Loading them costs more than all that most commands of the tests do. What is forked is the command
as it is: in a session of its own, with its own streams, environment and folder, and its children
are started the usual way. `flooding` and `started` start the command itself the usual way too.

As a process of its own it prints the path of its socket; the end of its standard input ends it.
"""

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: its words, environment and folder, and the files of its streams."""

    words: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    out: str
    err: str


class Warm:
    """`qosflood words…`, its streams in the files `out` and `err`.

    `env` is added to the environment. At the end of the block it is killed, should it live.
    """

    def __init__(
        self,
        words: Sequence[str],
        streams: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.out, self.err = streams / "out", streams / "err"
        asked = Asked(
            words=tuple(words),
            env={**os.environ, **(env or {})},
            cwd=str(cwd or Path.cwd()),
            out=str(self.out),
            err=str(self.err),
        )
        with _LOCK:
            path = _server()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._socket.sendall(json.dumps(asdict(asked)).encode() + b"\n")
        self._answers = self._socket.makefile("r")
        self.pid = int(self._answers.readline())
        self._code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.wait(None)
        self._answers.close()
        self._socket.close()

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self, deadline_s: float | None) -> int | None:
        """Its exit status, minus the signal's number if one ended it; None if it still lives."""
        if self._code is None and select.select([self._socket], [], [], deadline_s)[0]:
            self._code = int(self._answers.readline())
        return self._code


_LOCK = threading.Lock()


@cache
def _server() -> str:
    """The path of the socket of this process's own server."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(process.communicate)
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def serve(main: Callable[[], None]) -> None:
    """Fork `main` for all who ask, until standard input ends."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        path = Path(folder) / "socket"
        listener.bind(str(path))
        listener.listen(64)
        sys.stdout.write(f"{path}\n")
        sys.stdout.flush()
        gc.freeze()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            ready = select.select([listener, sys.stdin], [], [])[0]
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _answer(connection, main)


def _answer(connection: socket.socket, main: Callable[[], None]) -> NoReturn:
    """In a process for each command, which waits for it: ends with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("r") as lines:
        asked = Asked(**json.loads(lines.readline()))
    pid = os.fork()
    if pid == 0:
        connection.close()
        _play(asked, main)
    connection.sendall(f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    connection.sendall(f"{code}\n".encode())
    os._exit(0)


def _play(asked: Asked, main: Callable[[], None]) -> NoReturn:
    os.setsid()
    os.environ.clear()
    os.environ.update(asked.env)
    os.chdir(asked.cwd)
    for number, path in enumerate((os.devnull, asked.out, asked.err)):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["qosflood", *asked.words]
    code: object = 1
    try:
        main()
    except SystemExit as done:
        code = done.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def load_commands() -> None:
    """Import what the commands import when they are called."""
    for name in (
        "cli.comparing",
        "cli.flooding",
        "cli.selftest",
        "cli.target_check",
        "journal.merge",
        "lab.collector.server",
        "report.csv",
    ):
        import_module(f"qosflood.{name}")


if __name__ == "__main__":
    from qosflood.cli import group

    load_commands()
    serve(group.main)
