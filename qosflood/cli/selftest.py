"""`qosflood doctor` without a target: what this machine can carry."""

import asyncio
import functools
from collections.abc import Iterable
from dataclasses import replace

from qosflood.base.cgroup import cpu_quota
from qosflood.base.child_pipe import raise_open_files
from qosflood.base.errors import ExitCode
from qosflood.cli.lines import say
from qosflood.cli.planning import make_plan
from qosflood.cli.profile_argument import DEFAULT_PROFILE
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.run.preflight.machine import affine_cores, examine, machine_facts
from qosflood.run.preflight.resources.weigh import fitting_clients
from qosflood.run.run import fill_roughly
from qosflood.run.selftest import judge
from qosflood.run.selftest.clock_and_timer import clock_state, measure_wakes
from qosflood.run.selftest.trial import attempt, sink
from qosflood.run.selftest.values import Row, Trial

_WAKES = 1000
_MANY_CLIENTS = 1_000_000
_SATURATING = 200_000.0
"""Reports per second, more than any core sends."""
_SATURATED_CLIENTS = 200
_TRIED_CLIENTS = 1000
_LAST_S = 2
_SHORT_PHASES = ("phases.baseline=0s", "phases.ramp=100ms", "phases.recovery=0s")
_NOWHERE = "127.0.0.1:9"


def check_up(asked: Plan | None) -> ExitCode:
    """Measure, print a row for each finding and the answer, and what the plan `asked` needs;
    NOT_STARTED if no rate was on time, or if the plan does not fit."""
    raise_open_files()
    plain, tls = (_many(f"{scheme}://{_NOWHERE}") for scheme in ("http", "https"))
    facts = machine_facts(plain)
    _print(judge.machine_rows(facts, affine_cores(), cpu_quota()))
    _print([judge.clock_row(clock_state()), judge.timer_row(measure_wakes(_WAKES))])
    say("the load itself, for some seconds …", err=True)
    saturated, tried = asyncio.run(_trials())
    _print(judge.trial_rows(saturated, tried))
    fit = (fitting_clients(plan, facts) for plan in (plain, tls))
    say(judge.carries(tried[-1], _TRIED_CLIENTS, plain.load.shards, *fit))
    if asked is not None:
        needs = examine(fill_roughly(asked), judge.core_rate(saturated))
        for line in needs.lines:
            say(f"machine {line}")
        for line in needs.check():
            say(f"warning: {line}", err=True)
    return ExitCode.PASS if judge.on_time(tried[-1]) else ExitCode.NOT_STARTED


def try_core() -> float:
    """Reports per second that a core of this machine sends, by a trial of some seconds."""
    raise_open_files()
    return judge.core_rate(asyncio.run(_saturated()))


async def _saturated() -> Trial:
    async with sink() as port:
        return await attempt(_saturating_plan(port), 1, _LAST_S)


def _saturating_plan(port: int) -> Plan:
    return _trial_plan(f"http://127.0.0.1:{port}", _SATURATING, _SATURATED_CLIENTS)


async def _trials() -> tuple[Trial, list[Trial]]:
    async with sink() as port:
        plan_at = functools.partial(_trial_plan, f"http://127.0.0.1:{port}")
        saturated = await attempt(_saturating_plan(port), 1, _LAST_S)
        tried: list[Trial] = []
        while (rate := judge.next_rate(tried, saturated)) is not None:
            tried.append(await attempt(plan_at(rate, _TRIED_CLIENTS), 1, _LAST_S))
        return saturated, tried


def _trial_plan(url: str, rate: float, clients: int) -> Plan:
    options = Options(
        keys={
            "target.url": url,
            "run.rate": f"{rate:.3f}/s",
            "run.duration": f"{_LAST_S + 2}s",
            "load.shards": 1,
            "scrape.interval": "off",
        },
        clients=clients,
    )
    return _plan(options, _SHORT_PHASES)


def _many(url: str) -> Plan:
    """A plan of more clients than fit."""
    plan = _plan(
        Options(keys={"target.url": url, "run.duration": "15m"}, clients=_MANY_CLIENTS), ()
    )
    return replace(plan, planned_sessions=plan.load.clients)


def _plan(options: Options, sets: tuple[str, ...]) -> Plan:
    return make_plan(DEFAULT_PROFILE, sets, options, silent=True)[0]


def _print(rows: Iterable[Row]) -> None:
    for row in rows:
        say(f"{row.name:<11}{'✓' if row.good else '!'} {row.words}")
        if not row.good:
            say(f"{'':<13}{row.advice}")
