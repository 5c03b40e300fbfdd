"""From the options of `capacity` to a search that is carried out, or to its plan alone."""

import secrets
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from qosflood import __version__
from qosflood.base.errors import ExitCode, PlanError
from qosflood.base.units import SECOND, Rate, format_duration
from qosflood.cli.flooding import ask_for_consent
from qosflood.cli.planning import check_output, make_plan, options_from
from qosflood.cli.screen import TerminalScreen
from qosflood.experiments.capacity.conductor import trial_of
from qosflood.experiments.capacity.planning import Asked, as_search, asked_anew, unjudged_words
from qosflood.experiments.capacity.script import answer_of, next_of
from qosflood.experiments.capacity.supervisor import TrialSupervisor
from qosflood.experiments.capacity.trial import Trial
from qosflood.journal.run_directory import read_records, read_run
from qosflood.journal.trial_records import TrialRecord
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.run.preflight.machine import examine, machine_facts
from qosflood.run.preflight.resources import fits
from qosflood.run.run import Request, fill_planned
from qosflood.run.run import run as carry_out

_USUAL_MOST = 64
"""The greatest multiple of 1x that is tried, where neither --max nor --need says how many."""
_OF_ANOTHER = {
    "max": "most",
    "held": "held",
    "event": "event_ns",
    "lifetime": "lifetime_ns",
    "steps": "steps",
}
"""Options that make another search, with their names among the values."""
_PLANNED_AS = "10s"
"""A trial is planned as a flood of this length: it decides how often is scraped."""


def search(
    ctx: click.Context,
    /,
    profile: str,
    sets: tuple[str, ...],
    *,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    no_live: bool,
    out: Path | None,
    **values: Any,
) -> int:
    """Search for the target's capacity; returns the exit code."""
    check_output(dry_run=dry_run, as_json=as_json)
    screen = TerminalScreen(live=not no_live, quiet=quiet, as_json=as_json, verbose=verbose)
    options = options_from(ctx, values)
    earlier: tuple[Trial, ...] = ()
    if values["resume"] is not None:
        plan, allow, earlier = _resumed(options, sets, values)
    else:
        asked = _asked(values)
        bare, allow = _with_most(profile, sets, options, values, silent=dry_run)
        plan = as_search(bare, replace(asked, steps=_steps(bare, values["steps"])))
        for line in unjudged_words(bare):
            screen.notice(f"warning: {line}")
    if dry_run:
        screen.dry_run(fill_planned(plan), examine(plan))
        return ExitCode.PASS
    supervise = partial(
        TrialSupervisor,
        search=partial(next_of, plan),
        answer=partial(answer_of, plan),
        earlier=earlier,
    )
    request = Request(
        plan=plan,
        allow=allow,
        out=out,
        arguments=tuple(sys.argv[1:]),
        ask=ask_for_consent(plan),
        supervise=supervise,
    )
    return carry_out(request, screen)


def _resumed(
    options: Options, sets: tuple[str, ...], values: dict[str, Any]
) -> tuple[Plan, tuple[str, ...], tuple[Trial, ...]]:
    """The plan of the run that is resumed, with what is asked anew of its search, and its trials;
    raises PlanError for options that would make it another search."""
    own = [options.name(key) for key in options.sources if key != "allow"]
    own += [f"--{name}" for name in _OF_ANOTHER if values[_OF_ANOTHER[name]] is not None]
    own += ["--set"] if sets else []
    if own:
        raise PlanError(f"--resume: got {own[0]} too, expected nothing that makes another search")
    run_dir: Path = values["resume"]
    run = read_run(run_dir)
    if run.plan.capacity is None:
        raise PlanError(f"--resume {run_dir}: got another kind of run, expected one of capacity")
    records = (one for one in read_records(run_dir) if isinstance(one, TrialRecord))
    plan = asked_anew(
        replace(run.plan, run_id=secrets.token_hex(4), version=__version__),
        need=values["need"],
        width=values["width"],
        budget_ns=values["budget_ns"],
    )
    return plan, options.allow, tuple(map(trial_of, records))


def _asked(values: dict[str, Any]) -> Asked:
    event_ns, lifetime_ns, held = values["event_ns"], values["lifetime_ns"], values["held"]
    if (event_ns is None) != (lifetime_ns is None):
        raise PlanError("--event: needs --lifetime too, e.g. --event 6h --lifetime 20m")
    if event_ns == 0 or lifetime_ns == 0:
        raise PlanError("--event: got 0s, expected durations such as --event 6h --lifetime 20m")
    if event_ns is not None and held is not None:
        raise PlanError("--held: got --event too, which says how many; drop one of the two")
    if values["need"] is not None and values["steps"]:
        raise PlanError("--need: got --steps too, which makes no search; drop one of the two")
    given = {
        "need": values["need"],
        "width": values["width"],
        "budget_ns": values["budget_ns"],
        "event_ns": event_ns,
        "lifetime_ns": lifetime_ns,
        "held": held,
    }
    return Asked(**{name: value for name, value in given.items() if value is not None})


def _with_most(
    profile: str,
    sets: tuple[str, ...],
    options: Options,
    values: dict[str, Any],
    *,
    silent: bool,
) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a flood with as many clients as may be played, and what may be flooded."""

    def planned(clients: int, lasting: str = _PLANNED_AS) -> tuple[Plan, tuple[str, ...]]:
        sources = {"clients": "option --max", "run.duration": "option --budget"}
        asked = replace(
            options,
            clients=clients,
            keys={**options.keys, "run.duration": lasting},
            sources={**options.sources, **sources},
        )
        return make_plan(profile, sets, asked, silent=silent)

    if values["budget_ns"]:
        planned(1, format_duration(values["budget_ns"]))  # off loopback it has a ceiling
    if values["most"] is not None:
        return planned(values["most"])
    plan, _ = planned(1)
    base = plan.load.base_clients
    if values["steps"]:
        return planned(max(_steps(plan, values["steps"])))
    found, clients = planned(base), base
    while clients < max(base * _USUAL_MOST, values["need"] or 0):
        clients *= 2
        try:
            wider = planned(clients)
        except PlanError:
            break
        if not fits(wider[0], machine_facts(wider[0])):
            break
        found = wider
    return found


def _steps(plan: Plan, steps: tuple[Rate, ...] | None) -> tuple[int, ...]:
    """The steps in clients, in rising order."""
    load = plan.load
    rates = (
        step.per_second if step.per_second is not None else (step.multiple or 0) * load.base_rate
        for step in steps or ()
    )
    return tuple(sorted({max(1, round(rate * load.base_cadence_ns / SECOND)) for rate in rates}))
