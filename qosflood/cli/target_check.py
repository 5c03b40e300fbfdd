"""`qosflood doctor --target URL`: what can be seen of a target without a flood."""

import asyncio

from qosflood.cli.lines import say
from qosflood.plan.plan import Plan
from qosflood.run.preflight.machine import examine
from qosflood.run.preflight.preflight import (
    Preflight,
    check_consent,
    check_target,
    look_for_audit,
    preflight,
)
from qosflood.run.preflight.prometheus import with_instances_of_job
from qosflood.run.run import fill_planned


def check(plan: Plan, allow: tuple[str, ...]) -> None:
    """Print what the plan needs of this machine and what was seen of its target; raises
    StartError."""
    consent = check_consent(plan, allow, None)
    plan = with_instances_of_job(plan)
    needs = examine(fill_planned(plan))
    for line in needs.lines:
        say(f"machine {line}")
    seen = asyncio.run(_look(plan, (*consent, *needs.check())))
    say(seen.line(plan.report.expect))
    for line in (*seen.warnings, *check_target(plan, seen)):
        say(f"warning: {line}", err=True)


async def _look(plan: Plan, warnings: tuple[str, ...]) -> Preflight:
    return (await look_for_audit(plan, await preflight(plan, warnings)))[1]
