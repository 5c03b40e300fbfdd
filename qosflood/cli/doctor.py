"""`qosflood doctor`: what this machine can carry; with a target, the preflight alone."""

from typing import Any

import click

from qosflood.cli.help import SectionedCommand
from qosflood.cli.options import DOCTOR_OPTIONS
from qosflood.cli.profile_argument import profile_argument


@click.command(cls=SectionedCommand, params=list(DOCTOR_OPTIONS))
@profile_argument
@click.pass_context
def doctor(ctx: click.Context, /, profile: str, sets: tuple[str, ...], **values: Any) -> None:
    """Measure what this machine can generate, or check a target.

    Without --target: open files, ports, cores and their quota, memory, the clock, the timer, and
    some seconds of the load itself against a sink on this machine. With it: what the plan needs
    of this machine, one report, one scrape of each instance, one look at memory; nothing is
    flooded. Exit code 2 if the report or a scrape is not accepted.
    """
    from qosflood.cli.planning import make_plan, options_from
    from qosflood.cli.selftest import check_up, try_core
    from qosflood.cli.target_check import check

    options = options_from(ctx, values)
    plan, allow = make_plan(profile, sets, options)
    if plan.target.embedded:
        ctx.exit(check_up(plan if options.keys or options.clients else None))
    ctx.exit(check(plan, allow, try_core))
