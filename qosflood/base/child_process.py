"""Children on this machine: started by exec, in sessions of their own, fed and heard over pipes.

A child outlives neither its work nor the coordinator: its standard input is a pipe whose end
says that the coordinator is gone (see child.py).
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import orjson

from qosflood.base.errors import StartError

READY_WITHIN_S = 60.0
_LINE_LIMIT = 64 * 1024 * 1024
_LAST_WORDS = 4096


class Child:
    """One child process. `on_line` gets every record line; `on_exit` is called once when it ended.

    `ready` holds its ready message, `done` is set when it said that its work is over, `exited`
    when the process has ended and everything it said was heard.
    """

    def __init__(
        self,
        name: str,
        on_line: Callable[[bytes], None] = lambda _: None,
        on_exit: Callable[["Child"], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.done = asyncio.Event()
        self.exited = asyncio.Event()
        self._on_line = on_line
        self._on_exit = on_exit
        self._ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._words = b""
        self._misread = ""
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    @property
    def last_words(self) -> str:
        """What a death is explained by: the signal, or the last line on its standard error."""
        code = self._process.returncode if self._process else None
        if self._misread:
            return self._misread
        lines = self._words.decode("utf-8", "replace").strip().splitlines()
        return last_words(code, lines[-1] if lines else "")

    async def start(self, module: str, spec: Any) -> None:
        """Run `python -m module` and hand it `spec`; raises StartError if it cannot be run."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        except OSError as error:
            raise StartError(f"the {self.name} could not be run: {error.strerror}") from None
        self._listening = asyncio.create_task(self._listen(self._process))
        self._write(orjson.dumps(spec))

    async def ready(self) -> dict[str, Any]:
        """Its ready message; raises StartError with its last words if it cannot start."""
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), READY_WITHIN_S)
        except TimeoutError:
            raise StartError(
                f"the {self.name} was not ready within {READY_WITHIN_S:.0f} s"
            ) from None

    def send(self, **message: Any) -> None:
        """Send a command; one to a child that has ended is lost."""
        self._write(orjson.dumps(message))

    def let_go(self) -> None:
        """Close its lifeline; it ends within a second."""
        if self._process and self._process.stdin:
            self._process.stdin.close()

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self, patience_s: float) -> None:
        """Let it go, wait, and kill it if it has not ended after `patience_s`."""
        if self._process is None:
            return
        self.let_go()
        try:
            await asyncio.wait_for(self.exited.wait(), patience_s)
        except TimeoutError:
            self.kill()
            await self.exited.wait()

    def _write(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(line + b"\n")

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        words = asyncio.create_task(self._keep_words(process))
        try:
            async for line in process.stdout:
                self._heard(line)
        except Exception as error:
            # From here on nobody would hear that its work is over.
            self._misread = f"its message was not understood: {type(error).__name__}: {error}"
            self.kill()
        await words
        await process.wait()
        if not self._ready.done():
            self._ready.set_exception(
                StartError(f"the {self.name} could not start: {self.last_words}")
            )
            self._ready.exception()  # nobody may be waiting any more
        self.exited.set()
        self._on_exit(self)

    async def _keep_words(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(_LAST_WORDS):
            self._words = (self._words + chunk)[-_LAST_WORDS:]

    def _heard(self, line: bytes) -> None:
        if line.startswith(b'{"type":"ready"'):
            self._ready.set_result(orjson.loads(line))
        elif line.startswith(b'{"type":"failed"'):
            self._ready.set_exception(StartError(orjson.loads(line)["error"]))
        elif line.startswith(b'{"type":"done"'):
            self.done.set()
        elif line.endswith(b"\n"):
            self._on_line(line)


def last_words(code: int | None, last_line: str) -> str:
    """What the end of a process is explained by: the signal, or the last line on its standard
    error."""
    if code is not None and code < 0:
        return f"killed by {_signal_name(-code)}"
    return last_line or f"exit status {code}, no error output"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
