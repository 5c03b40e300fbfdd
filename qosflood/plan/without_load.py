"""A plan without load: the target is watched, and that is all."""

from dataclasses import replace

from qosflood.base.errors import PlanError
from qosflood.plan.limit_language import RUN, metric_of
from qosflood.plan.options import Options
from qosflood.plan.plan import Limit, Phase, Plan, Retries, Sessions
from qosflood.plan.watching import WATCH, Audit


def lifted(options: Options) -> Options:
    """The options without the ceilings that keep floods off other machines."""
    return replace(options, ceilings=False)


def as_watch(plan: Plan) -> Plan:
    """The plan with its load taken out: one phase, as long as the flood. Raises PlanError for a
    limit named on the command line that speaks of a load, or of a phase that a watch has not."""
    load, flood = plan.load, plan.phase("flood")
    named = [limit for limit in plan.limits if not _applies(limit) and _typed(plan, limit)]
    if named:
        raise PlanError("\n".join(_refusal(limit) for limit in named))
    return replace(
        plan,
        load=replace(load, clients=0, multiple=0.0, shards=0, clocks="spread"),
        phases=(
            Phase(
                name=WATCH,
                start_ns=0,
                duration_ns=flood.duration_ns,
                clients_from=0,
                clients_to=0,
                cadence_from_ns=load.cadence_ns,
                cadence_to_ns=load.cadence_ns,
            ),
        ),
        sessions=Sessions(),
        retries=Retries(),
        storms=(),
        audit=Audit(),
        limits=tuple(_in_watch(limit) for limit in plan.limits if _applies(limit)),
        aborts=(),
    )


def _applies(limit: Limit) -> bool:
    """Whether it speaks of what there is where nothing is sent."""
    return metric_of(limit).source != "load" and limit.scope in ("flood", RUN)


def _in_watch(limit: Limit) -> Limit:
    return replace(limit, scope=WATCH) if limit.scope == "flood" else limit


def _typed(plan: Plan, limit: Limit) -> bool:
    return plan.sources.get(f"limits.{limit.expr}", "").startswith(("option", "environment"))


def _refusal(limit: Limit) -> str:
    return (
        f'--limit: got "{limit.expr}", expected a limit on scrapes, memory or restarts, over the '
        "whole watch: nothing is sent, e.g. scrape.success >= 99.9%"
    )
