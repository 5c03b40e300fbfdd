"""One run from plan to verdict, as a table of contents.

plan → collector (if embedded) → consent, machine, preflight → run directory → load and monitor →
report. Each step is a room of its own; what goes wrong before the load is a StartError.
"""

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import orjson

from qosflood.base.child_process import Child, last_words
from qosflood.base.errors import JournalWriteError, ReportError, StartError
from qosflood.base.text import as_utf8
from qosflood.base.units import HOUR, format_duration, format_utc_ms
from qosflood.journal.records import Segment
from qosflood.journal.run_directory import (
    JOURNAL,
    RUN_SCHEMA,
    check_run_directory,
    create_run_directory,
    write_run_json,
)
from qosflood.live.observers import Observed, View
from qosflood.live.outputs import NO_OUTPUTS, Outputs, WantedOutputs
from qosflood.live.web.page import Controls
from qosflood.load.body.request import mean_bytes
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Part, Plan
from qosflood.plan.profile.target import with_target_port
from qosflood.run.preflight.machine import examine
from qosflood.run.preflight.preflight import (
    Preflight,
    check_consent,
    check_reached,
    check_target,
    lacks_consent,
    look_for_audit,
    preflight,
    send_report,
)
from qosflood.run.preflight.prometheus import with_instances_of_job
from qosflood.run.preflight.resources import Needs
from qosflood.run.preflight.resources.connects import most_clients, renewals
from qosflood.run.signals import Interrupts
from qosflood.run.start_time import refuse_past
from qosflood.run.supervisor import Ended, Supervisor

REPORT_HTML = "report.html"
COLLECTOR_PATIENCE_S = 2.0
_COUNTED_SESSIONS = 1_000_000
"""Counting them takes half a second."""
LONGEST_WAIT_NS = 24 * HOUR
RUNS = Path("qosflood-runs")
_VERSIONS_OF = ("uvloop", "aiohttp", "orjson", "hdrhistogram", "httptools", "numpy")


class Screen(Protocol):
    """What the user sees of a run, from plan to verdict; all of it on standard error but the
    closing summary."""

    def plan(self, plan: Plan, needs: Needs) -> None:
        """The plan and what it needs of this machine: before a question about it is asked, else
        once the target has been reached."""

    def preflight(self, plan: Plan, seen: Preflight) -> None:
        """What can be seen of the target."""

    def notice(self, line: str) -> None:
        """One line about what is going on."""

    def view(self, plan: Plan) -> View:
        """The live view, from load start."""

    def close_view(self) -> None:
        """The load is over."""

    def summary(self, document: dict[str, Any], page: Path | None) -> None:
        """The verdict; `page` is the report to open, None if it could not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A plan and what the command line says about carrying it out.

    `out` None: a folder of its own below the working directory. `ask` puts a yes/no question on a
    terminal, None where there is none. `outputs`: where the run is shown besides the terminal.
    `anyway`: even if the target does not accept the one report before the load.
    """

    plan: Plan
    allow: tuple[str, ...]
    out: Path | None
    arguments: tuple[str, ...]
    ask: Callable[[str], bool] | None
    outputs: WantedOutputs = NO_OUTPUTS
    supervise: Callable[[Plan, Path, Segment, View], Supervisor] = Supervisor
    anyway: bool = False


def fill_planned(plan: Plan) -> Plan:
    """The plan with the number of reports its schedule holds in each phase, and of sessions, for a
    part those of the part; and with what a report takes."""
    if not plan.floods:
        return plan
    if plan.capacity is not None:
        report = replace(plan.report, bytes_mean=mean_bytes(plan))
        return replace(plan, planned_sessions=plan.load.clients, report=report)
    schedule = Schedule(plan, *plan.slice_of())
    return replace(
        plan,
        planned_sessions=schedule.sessions(),
        report=replace(plan.report, bytes_mean=mean_bytes(plan)),
        phases=tuple(
            replace(p, planned=schedule.count(p.start_ns, p.end_ns) if p.name != "settle" else 0)
            for p in plan.phases
        ),
    )


def fill_roughly(plan: Plan) -> Plan:
    """As fill_planned, but at once: where the schedule holds too many sessions to count them, their
    number is estimated, in two figures, and reports are left to the rate."""
    if not plan.floods:
        return plan
    loaded = [phase for phase in plan.phases if phase.name != "settle"]
    renewed = sum(renewals(plan, phase) for phase in loaded)
    sessions = (most_clients(plan) + renewed) * plan.share
    if sessions <= _COUNTED_SESSIONS:
        return fill_planned(plan)
    report = replace(plan.report, bytes_mean=mean_bytes(plan))
    return replace(plan, planned_sessions=int(float(f"{sessions:.2g}")), report=report)


def check_start(part: Part, wall_ns: int) -> None:
    """Raise StartError if the part's start is over at `wall_ns` (UTC), or too far ahead."""
    refuse_past(part.start_at_ns, wall_ns)
    if part.start_at_ns - wall_ns > LONGEST_WAIT_NS:
        left = format_duration(part.start_at_ns - wall_ns)
        most = format_duration(LONGEST_WAIT_NS)
        raise StartError(f"--start-at is {left} ahead, expected at most {most}; check its date")


def run(request: Request, screen: Screen) -> int:
    """Carry out the plan; the exit code. Raises StartError if nothing could be flooded."""
    if request.plan.part is not None:
        check_start(request.plan.part, time.time_ns())
    plan = fill_planned(request.plan)
    # Not even a Prometheus is asked before the consent that is missing was given.
    waits = lacks_consent(plan, request.allow)
    plan = plan if waits else with_instances_of_job(plan)
    needs = examine(plan)
    check_run_directory(request.out or RUNS / plan.run_id)
    # Before the event loop, so that Ctrl-C answers the question too.
    shown = _Shown(screen, plan, needs)
    ask = request.ask and shown.before(request.ask)
    consent = check_consent(plan, request.allow, ask)
    plan = with_instances_of_job(plan) if waits else plan
    if needs.problems:
        shown.show()
    return asyncio.run(_flood(plan, (*consent, *needs.check()), request, screen, shown))


class _Shown:
    """The plan on the screen, once: before a question about it, but not before a target is named
    that cannot be reached."""

    def __init__(self, screen: Screen, plan: Plan, needs: Needs) -> None:
        self._show = partial(screen.plan, plan, needs)
        self._done = False

    def show(self) -> None:
        """Show it, unless it was."""
        if not self._done:
            self._done = True
            self._show()

    def before(self, ask: Callable[[str], bool]) -> Callable[[str], bool]:
        """`ask` with the plan shown first."""

        def asked(question: str) -> bool:
            self.show()
            return ask(question)

        return asked


async def _flood(
    plan: Plan, warnings: tuple[str, ...], request: Request, screen: Screen, shown: _Shown
) -> int:
    interrupts = Interrupts(screen)
    async with AsyncExitStack() as stack:
        interrupts.listen()
        outputs = Outputs(request.outputs, stack, screen.notice)
        if plan.target.embedded:
            plan = await start_collector(plan, stack)
        plan, seen = await _look(plan, warnings, request, screen, shown)
        several = seen.sight.pages.several
        for line in (*seen.warnings, *several.values()):
            screen.notice(f"warning: {line}")
        run_dir, segment = open_run(request, plan, seen)
        observers = await outputs.open(plan, run_dir, segment)
        try:
            view = Observed(screen.view(plan), observers, screen.notice)
            supervisor = request.supervise(plan, run_dir, segment, view)
            for line in seen.warnings:
                supervisor.note("operator", "warning", line)
            for name, what in several.items():
                supervisor.note("target", "several_processes", what, instance=name)
            if seen.sight.workers:
                supervisor.note("target", "several_workers", seen.sight.workers)
            interrupts.stop_with(supervisor, run_dir)
            await outputs.begin(controls(interrupts, supervisor))
            ended = await supervisor.carry_out(seen.sight.memories)
        finally:
            screen.close_view()
        interrupts.report_only()
        code = await report(run_dir, ended, screen)
        interrupts.finish_with(outputs.let_go)
        await outputs.reported(code)
        return code


async def _look(
    plan: Plan, warnings: tuple[str, ...], request: Request, screen: Screen, shown: _Shown
) -> tuple[Plan, Preflight]:
    """What preflight sees of the target, on the screen too; the plan with what was found there."""
    posted = await send_report(plan)
    check_reached(plan, posted)
    shown.show()
    seen = await preflight(plan, posted, warnings)
    if plan.capacity is None:
        plan, seen = await look_for_audit(plan, seen)
    screen.preflight(plan, seen)
    said = check_target(plan, seen, anyway=request.anyway)
    return plan, replace(seen, warnings=(*seen.warnings, *said))


def controls(interrupts: Interrupts, supervisor: Supervisor) -> Controls:
    """What an observer may do: stop the load as Ctrl-C does, and mark a moment."""
    return Controls(
        stop=lambda: interrupts.stop("the live page"),
        mark=lambda text: supervisor.note("operator", "mark", text),
    )


async def start_collector(plan: Plan, stack: AsyncExitStack) -> Plan:
    """Start the embedded collector; it ends with the stack. The plan with its port."""
    collector = Child("embedded collector")
    await collector.start("qosflood.lab.collector", {})
    stack.push_async_callback(collector.end, COLLECTOR_PATIENCE_S)
    ready = await collector.ready()
    return with_target_port(plan, ready["port"])


def open_run(request: Request, plan: Plan, seen: Preflight) -> tuple[Path, Segment]:
    """The run directory with its run.json, and the journal's first record."""
    wall_ns, mono_ns = time.time_ns(), time.monotonic_ns()
    started = datetime.fromtimestamp(wall_ns / 1e9, UTC)
    run_dir = create_run_directory(request.out or claim_directory(plan, started))
    facts = {
        "schema": RUN_SCHEMA,
        "run_id": plan.run_id,
        "started_utc": format_utc_ms(wall_ns),
        "wall_ns": wall_ns,
        "seed": plan.seed,
        "arguments": [as_utf8(text) for text in request.arguments],
        "versions": {
            "qosflood": plan.version,
            "python": platform.python_version(),
            **{name: version(name) for name in _VERSIONS_OF},
        },
        "host": {
            "name": platform.node(),
            "system": f"{platform.system()} {platform.release()}",
            "machine": platform.machine(),
            "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        },
        "preflight": seen.line(plan.report.expect),
        "plan": plan,
    }
    write_run_json(run_dir, facts)
    return run_dir, Segment(t=0, boot_id=_boot_id(), wall_ns=wall_ns, mono_ns=mono_ns)


def claim_directory(plan: Plan, started: datetime) -> Path:
    """A new `qosflood-runs/<UTC time>-<profile>-<rate>` (a watch or a search says so in place of
    the rate), numbered if that exists.

    A folder that cannot be made is named all the same: whoever uses it will say why.
    """
    rate = f"{plan.load.multiple:.4g}x" if plan.floods else plan.main_phase.name
    rate = "capacity" if plan.capacity is not None else rate
    base = RUNS / f"{started:%Y%m%dT%H%M%SZ}-{plan.profile}-{rate}"
    path, count = base, 1
    with suppress(OSError):
        base.parent.mkdir(exist_ok=True)
    while not _made(path):
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path


def _made(path: Path) -> bool:
    """False if it exists, be it that another run has just made it."""
    try:
        path.mkdir()
    except FileExistsError:
        return False
    except OSError:
        pass
    return True


def _boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "unknown"


async def report(run_dir: Path, ended: Ended, screen: Screen) -> int:
    """Build the report in a process of its own, show it; the run's exit code.

    Where that process ends without a report, a second one judges without the pages, which take most
    of the memory. Raises JournalWriteError if the journal is gone, ReportError if the second one
    ends too.
    """
    if not _is_there(run_dir / JOURNAL):
        raise _gone(run_dir)
    built, words = await _built(run_dir, ended)
    if built is None:
        screen.notice(f"the report could not be built: {words}; {_again(run_dir)}")
        built, words = await _built(run_dir, ended, "--verdict-only")
    if built is None:
        if not _is_there(run_dir / JOURNAL):
            raise _gone(run_dir)
        raise ReportError(f"no verdict could be built: {words}; {_again(run_dir)}", ended.reason)
    for problem in built["problems"]:
        screen.notice(problem)
    page = run_dir / REPORT_HTML
    screen.summary(built["document"], page if _is_there(page) else None)
    return int(built["exit_code"])


def _again(run_dir: Path) -> str:
    return f"build it again with: qosflood report {run_dir}"


def _gone(run_dir: Path) -> JournalWriteError:
    return JournalWriteError(
        f"{run_dir}: was moved or removed during the run; without its journal there is no verdict"
    )


def _is_there(path: Path) -> bool:
    """Whether it exists; not where the disk cannot say so."""
    try:
        return path.exists()
    except OSError:
        return False


async def _built(run_dir: Path, ended: Ended, *options: str) -> tuple[dict[str, Any] | None, str]:
    """What the builder says; None with its last words if it says nothing."""
    command = [sys.executable, "-m", "qosflood.report", str(run_dir), "--lifeline", *options]
    if not ended.recorded:
        command += ["--ended", ended.reason, "--detail", ended.detail]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    # Not `communicate`, which closes standard input: that is the builder's lifeline.
    out, words = await asyncio.gather(process.stdout.read(), process.stderr.read())
    code = await process.wait()
    with suppress(ValueError):  # killed while it wrote
        return orjson.loads(out), ""
    last = words.decode("utf-8", "replace").strip().splitlines()[-1:]
    return None, last_words(code, last[0] if last else "")
