"""The collector as a child process: a spec on stdin, `ready` on stdout; it ends with its parent."""

import asyncio
import contextlib
import os
import signal
from typing import Any

import orjson
import uvloop

from qosflood.base.child_pipe import ParentPipe, raise_open_files
from qosflood.base.errors import ExitCode, StartError
from qosflood.lab.collector.app import App
from qosflood.lab.collector.options import CollectorOptions, options_from_builtins
from qosflood.lab.collector.server import Collector, MakeApp


def main(make_app: MakeApp = App) -> int:
    """Serve until the pipe ends or says `{"cmd":"stop"}`, then end the process with 0.

    Sends `{"type":"ready","port":N,"pid":P}` once it listens. If it cannot, sends
    `{"type":"failed","error":"one line"}` and returns the exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_open_files()
    parent = ParentPipe()
    try:
        uvloop.run(_serve(parent, make_app))
    except (StartError, EOFError) as error:
        with contextlib.suppress(BrokenPipeError):
            _send(parent, {"type": "failed", "error": " ".join(str(error).split())})
    except BrokenPipeError:
        # The parent ended while this process started: nothing reads the answer.
        pass
    return ExitCode.NOT_STARTED


async def _serve(parent: ParentPipe, make_app: MakeApp) -> None:
    collector = Collector(_read_options(parent), make_app)
    await collector.start()
    _send(parent, {"type": "ready", "port": collector.port, "pid": os.getpid()})
    stopped = asyncio.Event()

    def on_command(command: dict[str, Any]) -> None:
        if command.get("cmd") == "stop":
            stopped.set()

    parent.attach(asyncio.get_running_loop(), on_command, stopped.set)
    await stopped.wait()
    # No clean-up: closing ten thousand connections and freeing a million samples takes longer
    # than the second the parent waits.
    os._exit(ExitCode.PASS)


def _read_options(parent: ParentPipe) -> CollectorOptions:
    try:
        return options_from_builtins(parent.read_spec())
    except orjson.JSONDecodeError as error:
        raise StartError(f"collector options: not JSON: {error}") from None


def _send(parent: ParentPipe, message: dict[str, Any]) -> None:
    parent.send(orjson.dumps(message) + b"\n")
