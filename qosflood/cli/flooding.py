"""From the options of `run` and `watch` to a run that is carried out, or to its plan alone."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from qosflood.base.errors import ExitCode, PlanError, StartError
from qosflood.base.listen import Address
from qosflood.cli.lines import ask
from qosflood.cli.planning import check_output, make_plan, options_from, wanted_outputs
from qosflood.cli.screen import TerminalScreen
from qosflood.live.outputs import WantedOutputs
from qosflood.plan.plan import Part, Plan
from qosflood.plan.without_load import as_watch, lifted
from qosflood.run.preflight.machine import examine
from qosflood.run.preflight.preflight import lacks_consent
from qosflood.run.preflight.prometheus import with_instances_of_job
from qosflood.run.run import Request, check_start, fill_roughly
from qosflood.run.run import run as carry_out


def flood(
    ctx: click.Context,
    /,
    profile: str,
    sets: tuple[str, ...],
    *,
    dry_run: bool,
    **values: Any,
) -> int:
    """Flood the target and watch it; returns the exit code."""
    screen, outputs = _outputs(dry_run=dry_run, **values)
    plan, allow = make_plan(profile, sets, options_from(ctx, values), silent=dry_run)
    if dry_run:
        plan = fill_roughly(_with_instances(plan, allow, screen))
        screen.dry_run(plan, examine(plan))
        if plan.part is not None:
            _warn_of_start(plan.part, screen)
        return ExitCode.PASS
    return carry_out(_request(plan, allow, outputs, values), screen)


def watch_only(
    ctx: click.Context,
    /,
    profile: str,
    sets: tuple[str, ...],
    *,
    dry_run: bool,
    **values: Any,
) -> int:
    """Watch the target without a load; returns the exit code."""
    screen, outputs = _outputs(dry_run=dry_run, **values)
    plan, _ = make_plan(profile, sets, lifted(options_from(ctx, values)), silent=dry_run)
    if plan.target.embedded:
        raise PlanError("watch: got no target, expected --target URL")
    plan = as_watch(plan)
    if dry_run:
        plan = with_instances_of_job(plan)
        screen.dry_run(plan, examine(plan))
        return ExitCode.PASS
    return carry_out(_request(plan, (), outputs, values), screen)


def _with_instances(plan: Plan, allow: tuple[str, ...], screen: TerminalScreen) -> Plan:
    """The plan with the targets of its job, unless the run itself would ask for consent first."""
    if not lacks_consent(plan, allow):
        return with_instances_of_job(plan)
    if plan.prometheus is not None and plan.prometheus.job is not None:
        screen.notice(
            f"warning: the targets of job {plan.prometheus.job} are not listed: Prometheus is "
            "asked once the target may be flooded, see --allow-target"
        )
    return plan


def _outputs(
    *,
    dry_run: bool,
    no_live: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    web: Address | None,
    **values: Any,
) -> tuple[TerminalScreen, WantedOutputs]:
    check_output(dry_run=dry_run, as_json=as_json)
    outputs = WantedOutputs(web=web, metrics=wanted_outputs(values))
    screen = TerminalScreen(live=not no_live, quiet=quiet, as_json=as_json, verbose=verbose)
    return screen, outputs


def _request(
    plan: Plan, allow: tuple[str, ...], outputs: WantedOutputs, values: Mapping[str, Any]
) -> Request:
    return Request(
        plan=plan,
        allow=allow,
        out=values["out"],
        arguments=tuple(sys.argv[1:]),
        ask=ask_for_consent(plan),
        outputs=outputs,
        anyway=values["anyway"],
    )


def ask_for_consent(plan: Plan) -> Callable[[str], bool] | None:
    """Puts a yes/no question on a terminal; None where there is none, or nothing is flooded."""
    return _ask if plan.floods and sys.stdin.isatty() and sys.stderr.isatty() else None


def _warn_of_start(part: Part, screen: TerminalScreen) -> None:
    try:
        check_start(part, time.time_ns())
    except StartError as error:
        screen.notice(f"warning: {error}")


def _ask(question: str) -> bool:
    return ask(f"{question} [yes/no]").lower() == "yes"
