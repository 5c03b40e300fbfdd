"""`python -m qosflood.monitor`: the side monitor as a process of its own, driven over pipes."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import orjson

from qosflood.base.child_pipe import ParentPipe
from qosflood.base.errors import StartError
from qosflood.journal.record_lines import encode_record
from qosflood.journal.records import Record
from qosflood.monitor.control import open_path
from qosflood.monitor.loss.audit import Auditor, LastMemory
from qosflood.monitor.loss.counting import Counting
from qosflood.monitor.loss.in_flood import FloodReader
from qosflood.monitor.monitor import Monitor, MonitorSpec, open_others, spec_from_builtins
from qosflood.monitor.scrape.runtimes import NAMES, runtime_figures
from qosflood.monitor.scrape.scraper import Reader, open_scraper
from qosflood.monitor.ticks import Timer

_RUNTIME = Reader(names=NAMES, read=runtime_figures)


async def serve(pipe: ParentPipe, spec: MonitorSpec) -> None:
    """Answer `ready`, watch from `start` to `stop`, read its metric at `count`, when the load
    is over, audit if that was asked for before, answer `done`; raises PreflightError."""
    async with AsyncExitStack() as stack:
        scrapers = [
            await stack.enter_async_context(open_scraper(spec.plan, instance, (_RUNTIME,)))
            for instance in spec.plan.instances
        ]
        last = LastMemory(_emitter(pipe))
        counting = Counting(spec.plan, spec.mono_ns, _emitter(pipe))

        def emit(record: Record) -> None:
            counting.hear(record)
            last(record)

        monitor = Monitor(spec, scrapers, emit)
        auditor = Auditor(spec.plan, spec.mono_ns, _emitter(pipe), last.headroom(spec.plan))
        timer = Timer(spec.mono_ns)
        others = await open_others(spec.plan, stack, timer, _emitter(pipe))
        others += await open_path(spec.plan, stack, timer, _emitter(pipe))
        started, stopped = asyncio.Event(), asyncio.Event()
        zeros: list[int] = []
        accepted: list[int] = []

        def start(zero_ns: int) -> None:
            zeros.append(zero_ns - spec.mono_ns)
            started.set()

        def stop() -> None:
            monitor.stop()
            timer.stop()
            stopped.set()
            started.set()

        finishing: set[asyncio.Task[None]] = set()
        commands: dict[str, Callable[[dict[str, Any]], object]] = {
            "start": lambda command: start(command["zero_ns"]),
            "stop": lambda _: stop(),
            "audit": lambda command: accepted.append(command.get("accepted", 0)),
            "count": lambda _: finishing.add(asyncio.create_task(counting.finish())),
        }

        def on_command(command: dict[str, Any]) -> None:
            commands[command["cmd"]](command)

        pipe.attach(asyncio.get_running_loop(), on_command, _leave)
        await counting.count()
        _send(pipe, {"type": "ready"})
        await started.wait()
        if not stopped.is_set():
            looking = FloodReader(spec.plan, timer, auditor).run(zeros[0])
            watching = (counting.begin(), monitor.run(), *(watch() for watch in others))
            await asyncio.gather(*watching, looking)
        await asyncio.gather(*finishing)
        if accepted:
            await counting.count_final(accepted[-1])
            await auditor.read_back()
        _send(pipe, {"type": "done"})
        # A page still being parsed in its thread would hold up an orderly exit.
        _leave()


def _emitter(pipe: ParentPipe) -> Callable[[Record], None]:
    return lambda record: _write(pipe, encode_record(record))


def _send(pipe: ParentPipe, message: dict[str, Any]) -> None:
    _write(pipe, orjson.dumps(message) + b"\n")


def _write(pipe: ParentPipe, line: bytes) -> None:
    try:
        pipe.send(line)
    except BrokenPipeError:
        _leave()


def _leave() -> NoReturn:
    os._exit(0)


def main() -> int:
    """Run the monitor to its end; the exit status, with one line on standard error if it is 2."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = ParentPipe()
    try:
        asyncio.run(serve(pipe, spec_from_builtins(pipe.read_spec())))
    except EOFError:
        return 0
    except StartError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the child's last words
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
