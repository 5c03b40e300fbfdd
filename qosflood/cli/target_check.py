"""`qosflood doctor --target URL`: what can be seen of a target without a flood."""

import asyncio
from collections.abc import Callable, Iterator

from qosflood.base.errors import ExitCode
from qosflood.cli.lines import say
from qosflood.plan.plan import Plan
from qosflood.run.preflight.machine import examine
from qosflood.run.preflight.preflight import (
    Preflight,
    check_consent,
    check_target,
    look_for_audit,
    preflight,
    scrape_words,
    send_report,
)
from qosflood.run.preflight.prometheus import with_instances_of_job
from qosflood.run.run import fill_roughly


def check(plan: Plan, allow: tuple[str, ...], try_core: Callable[[], float]) -> ExitCode:
    """Print what the plan needs of this machine and what was seen of its target; NOT_STARTED if a
    report or a scrape was not accepted. Raises StartError.

    `try_core` measures how many reports a core sends in a second; it takes some seconds.
    """
    consent = check_consent(plan, allow, None)
    plan = with_instances_of_job(plan)
    needs = examine(fill_roughly(plan), try_core())
    for line in needs.lines:
        say(f"machine {line}")
    seen = asyncio.run(_look(plan, (*consent, *needs.check())))
    for line in _instances(seen):
        say(line)
    say(seen.line(plan.report.expect))
    for line in (*seen.warnings, *check_target(plan, seen)):
        say(f"warning: {line}", err=True)
    scraped = all(scrape.ok for scrape in seen.sight.pages.scrapes)
    accepted = seen.posted is None or seen.posted.status in plan.report.expect
    return ExitCode.PASS if scraped and accepted else ExitCode.NOT_STARTED


async def _look(plan: Plan, warnings: tuple[str, ...]) -> Preflight:
    posted = await send_report(plan)
    return (await look_for_audit(plan, await preflight(plan, posted, warnings)))[1]


def _instances(seen: Preflight) -> Iterator[str]:
    """A line for each instance, where there are several."""
    scrapes = seen.sight.pages.scrapes
    if len(scrapes) > 1:
        memories = {one.instance: one.source for one in seen.sight.memories}
        for scrape in scrapes:
            memory = memories.get(scrape.instance)
            yield f"instance {scrape.instance}: {scrape_words(scrape)} · " + (
                f"memory ✓ {memory}" if memory else "memory ✗ no source"
            )
