"""`qosflood [run] [PROFILE]`: flood a collector, watch it, give a verdict."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from qosflood.base.errors import StartError
from qosflood.base.listen import Address
from qosflood.cli.options import check_output, options_from, output_options, plan_options, told_from
from qosflood.cli.planning import make_plan, profile_argument
from qosflood.cli.screen import TerminalScreen
from qosflood.live.outputs import WantedOutputs
from qosflood.plan.plan import Part
from qosflood.run.preflight.machine import examine
from qosflood.run.run import Request, check_start, fill_planned
from qosflood.run.run import run as carry_out


@click.command()
@profile_argument
@plan_options
@output_options
@click.pass_context
def run(
    ctx: click.Context,
    /,
    profile: str,
    sets: tuple[str, ...],
    out: Path | None,
    dry_run: bool,
    no_live: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    web: Address | None,
    **values: Any,
) -> None:
    """Flood a QoS collector, watch it from the side, end with a verdict.

    PROFILE is a shipped name or a path; `qosflood profiles` lists them. Without --target an
    embedded collector is started and flooded.

    \b
    qosflood --rate 10x --duration 15m
    qosflood --rate 10x --duration 15m --target http://127.0.0.1:3000
    """
    check_output(dry_run=dry_run, as_json=as_json)
    told = told_from(values)
    screen = TerminalScreen(live=not no_live, quiet=quiet, as_json=as_json, verbose=verbose)
    plan, allow = make_plan(profile, sets, options_from(ctx, values), silent=dry_run)
    if dry_run:
        plan = fill_planned(plan)
        screen.dry_run(plan, examine(plan))
        if plan.part is not None:
            _warn_of_start(plan.part, screen)
        return
    request = Request(
        plan=plan,
        allow=allow,
        out=out,
        arguments=tuple(sys.argv[1:]),
        ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
        outputs=WantedOutputs(web=web, metrics=told),
    )
    ctx.exit(carry_out(request, screen))


def _warn_of_start(part: Part, screen: TerminalScreen) -> None:
    try:
        check_start(part, time.time_ns())
    except StartError as error:
        screen.notice(f"warning: {error}")


def _ask(question: str) -> bool:
    answer: str = click.prompt(f"{question} [yes/no]", default="no", err=True)
    return answer.strip().lower() == "yes"
