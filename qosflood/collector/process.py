"""The collector as a child process: a spec on stdin, `ready` on stdout, gone with its parent."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import orjson
import uvloop

from qosflood.child import ParentPipe
from qosflood.collector.app import App
from qosflood.collector.options import CollectorOptions, options_from_builtins
from qosflood.collector.server import Collector, MakeApp, raise_open_file_limit, serve
from qosflood.errors import ExitCode, StartError


def main(make_app: MakeApp = App, pipe: ParentPipe | None = None) -> int:
    """Serve until the pipe ends or says `{"cmd":"stop"}`; returns the exit code.

    Sends `{"type":"ready","port":N,"pid":P}` once it listens, or
    `{"type":"failed","error":"one line"}` if it cannot.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_open_file_limit()
    parent = pipe or ParentPipe()
    try:
        uvloop.run(_serve(parent, make_app))
    except BrokenPipeError:
        return ExitCode.NOT_STARTED
    except (StartError, EOFError) as error:
        _send(parent, {"type": "failed", "error": " ".join(str(error).split())})
        return ExitCode.NOT_STARTED
    return ExitCode.PASS


async def _serve(parent: ParentPipe, make_app: MakeApp) -> None:
    options = _read_options(parent)

    def on_ready(collector: Collector, stop: Callable[[], None]) -> None:
        def on_command(command: dict[str, Any]) -> None:
            if command.get("cmd") == "stop":
                stop()

        _send(parent, {"type": "ready", "port": collector.port, "pid": os.getpid()})
        parent.attach(asyncio.get_running_loop(), on_command, stop)

    await serve(options, on_ready, make_app)


def _read_options(parent: ParentPipe) -> CollectorOptions:
    try:
        return options_from_builtins(parent.read_spec())
    except orjson.JSONDecodeError as error:
        raise StartError(f"collector options: not JSON: {error}") from None


def _send(parent: ParentPipe, message: dict[str, Any]) -> None:
    parent.send(orjson.dumps(message) + b"\n")
