"""`qosflood doctor`: what this machine can carry; with a target, the preflight alone."""

import asyncio
import sys
from dataclasses import replace
from typing import Any

import click

from qosflood.cli.options import options_from, set_option, target_options
from qosflood.cli.planning import make_plan, profile_argument
from qosflood.cli.selftest import check_up
from qosflood.plan.plan import Plan
from qosflood.run.preflight.machine import examine
from qosflood.run.preflight.preflight import (
    Preflight,
    check_consent,
    check_target,
    look_for_audit,
    preflight,
)
from qosflood.run.run import fill_planned


@click.command()
@profile_argument
@target_options
@set_option
@click.pass_context
def doctor(ctx: click.Context, /, profile: str, sets: tuple[str, ...], **values: Any) -> None:
    """Say what load this machine carries, or what can be seen of a target.

    Without --target: open files, ports, cores and their quota, memory, the clock, the timer, and
    some seconds of the load itself against a sink on this machine. With it: what the plan needs
    of this machine, one report, one scrape, one look at memory; nothing is flooded.
    """
    plan, allow = make_plan(profile, sets, options_from(ctx, values))
    if plan.target.embedded:
        ctx.exit(check_up())
    consent = check_consent(plan, allow, None)
    needs = examine(fill_planned(plan))
    for line in needs.lines:
        click.echo(f"machine {line}")
    seen = asyncio.run(_look(plan, (*consent, *needs.check())))
    click.echo(seen.line(plan.report.expect))
    _warn(plan, seen)


async def _look(plan: Plan, warnings: tuple[str, ...]) -> Preflight:
    return (await look_for_audit(plan, await preflight(plan, warnings)))[1]


def _warn(plan: Plan, seen: Preflight) -> None:
    seen = replace(seen, warnings=(*seen.warnings, *check_target(plan, seen)))
    for line in seen.warnings:
        print(f"warning: {line}", file=sys.stderr)  # noqa: T201 - the command's output
