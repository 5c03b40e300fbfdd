"""`qosflood watch --target URL`: the monitor without a load."""

import sys
from pathlib import Path
from typing import Any

import click

from qosflood.base.errors import PlanError
from qosflood.base.listen import Address
from qosflood.cli.options import (
    check_output,
    options_from,
    output_options,
    told_from,
    watch_options,
)
from qosflood.cli.planning import make_plan, profile_argument
from qosflood.cli.screen import TerminalScreen
from qosflood.live.outputs import WantedOutputs
from qosflood.plan.without_load import as_watch, lifted
from qosflood.run.preflight.machine import examine
from qosflood.run.run import Request
from qosflood.run.run import run as carry_out


@click.command()
@profile_argument
@watch_options
@output_options
@click.pass_context
def watch(
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
    """Watch a target from the side without any load, end with a verdict.

    Scrapes, memory and restarts are watched as in a run, with the same journal and report; no
    report is ever sent. For the hours before and after a flood, or while others send.

    \b
    qosflood watch --target http://127.0.0.1:3000 --duration 1h
    """
    check_output(dry_run=dry_run, as_json=as_json)
    told = told_from(values)
    screen = TerminalScreen(live=not no_live, quiet=quiet, as_json=as_json, verbose=verbose)
    plan, _ = make_plan(profile, sets, lifted(options_from(ctx, values)), silent=dry_run)
    if plan.target.embedded:
        raise PlanError("watch: got no target, expected --target URL")
    plan = as_watch(plan)
    if dry_run:
        screen.dry_run(plan, examine(plan))
        return
    request = Request(
        plan=plan,
        allow=(),
        out=out,
        arguments=tuple(sys.argv[1:]),
        ask=None,
        outputs=WantedOutputs(web=web, metrics=told),
    )
    ctx.exit(carry_out(request, screen))
