"""From a plan and what is asked to the plan of a search. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from qosflood.base.errors import PlanError
from qosflood.base.percentiles import PERCENTILES, values_needed
from qosflood.base.units import SECOND, format_duration
from qosflood.experiments.capacity.search import LEAST_TRIALS
from qosflood.plan.limit_language import RUN, metric_of, parse_limit
from qosflood.plan.plan import Limit, Phase, Plan, Sessions
from qosflood.plan.stages import Capacity
from qosflood.plan.watching import Audit

LATENCY_LIMIT = "response.p99 < 250ms"
"""Holds where no limit on latency is named: without one a queue may grow all the trial long."""
USUAL_BUDGET_NS = 20 * 60 * SECOND
_TRIAL_NS, _LEAST_TRIAL_NS, _MOST_TRIAL_NS = 10 * SECOND, 3 * SECOND, 30 * SECOND
_REST_NS, _LEAST_REST_NS = 3 * SECOND, 2 * SECOND
_MOST_REST_NS = 30 * SECOND
_CONFIRM_NS = 60 * SECOND
_TRIALS_IN_BUDGET = 16
_SWITCH_NS = SECOND
"""Between a rest and the next trial, on average."""
_REPORTS_IN_REST = 20
_QUIET_SHARE = 8
"""Between trials one client in so many of 1x reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks of a search; None, 0 or empty: not asked for."""

    need: int | None = None
    width: float = 0.07
    budget_ns: int = USUAL_BUDGET_NS
    steps: tuple[int, ...] = ()
    held: int = 0
    event_ns: int = 0
    lifetime_ns: int = 0


def as_search(plan: Plan, asked: Asked) -> Plan:
    """The plan of a search for at most `plan.load.clients`; raises PlanError for a budget that is
    too short. Sessions stay, and limits that no trial can judge are left out."""
    capacity = _capacity(plan, asked)
    load = plan.load
    limits, sources = _limits(plan)
    flood = Phase(
        name="flood",
        start_ns=0,
        duration_ns=_longest_ns(capacity),
        clients_from=load.clients,
        clients_to=load.clients,
        cadence_from_ns=load.base_cadence_ns,
        cadence_to_ns=load.base_cadence_ns,
    )
    return replace(
        plan,
        load=replace(
            load,
            cadence_ns=load.base_cadence_ns,
            scale="clients",
            multiple=load.clients / load.base_clients,
        ),
        phases=(flood,),
        sessions=Sessions(),
        storms=(),
        audit=Audit(),
        limits=limits,
        sources=sources,
        capacity=capacity,
    )


def asked_anew(plan: Plan, *, need: int | None, width: float | None, budget_ns: int | None) -> Plan:
    """The plan of a search that is resumed, with what is asked otherwise now; None is as before."""
    capacity = plan.capacity
    assert capacity is not None
    budget_ns = capacity.budget_ns if budget_ns is None else budget_ns
    capacity = replace(
        capacity,
        need=capacity.need if need is None else need,
        width=capacity.width if width is None else width,
        budget_ns=budget_ns,
    )
    flood = replace(plan.phase("flood"), duration_ns=_longest_ns(capacity))
    return replace(plan, capacity=capacity, phases=(flood,))


def unjudged_words(plan: Plan) -> Iterator[str]:
    """A line for each of the user's limits that no trial can judge: those known only at the end of
    a run, and those of other phases."""
    for limit in plan.limits:
        if limit.named_by == "user" and not _in_a_trial(limit):
            yield f"{limit.expr} is not judged in a search: no trial is long enough to show it"


def _in_a_trial(limit: Limit) -> bool:
    return not metric_of(limit).at_end and limit.scope in ("flood", RUN)


def _limits(plan: Plan) -> tuple[tuple[Limit, ...], dict[str, str]]:
    limits = tuple(limit for limit in plan.limits if _in_a_trial(limit))
    if any(metric_of(limit).series for limit in limits):
        return limits, plan.sources
    latency = parse_limit(LATENCY_LIMIT, "shipped")
    return (*limits, latency), plan.sources | {f"limits.{latency.expr}": "shipped default"}


def _capacity(plan: Plan, asked: Asked) -> Capacity:
    short = asked.budget_ns < 5 * 60 * SECOND
    rest_ns = _LEAST_REST_NS if short else _REST_NS
    least_ns = LEAST_TRIALS * (_whole(plan, _LEAST_TRIAL_NS) + rest_ns + _SWITCH_NS)
    if asked.budget_ns < least_ns:
        raise PlanError(
            f"--budget: got {format_duration(asked.budget_ns)}, expected at least "
            f"{format_duration(least_ns)}: {LEAST_TRIALS} trials and the rests between them"
        )
    return Capacity(
        need=asked.need,
        width=asked.width,
        budget_ns=asked.budget_ns,
        steps=asked.steps,
        held=asked.held,
        event_ns=asked.event_ns,
        lifetime_ns=asked.lifetime_ns,
        trial_ns=_trial_ns(plan, asked.budget_ns, rest_ns),
        rest_ns=rest_ns,
        most_rest_ns=_MOST_REST_NS,
        confirm_ns=_whole(plan, min(_CONFIRM_NS, asked.budget_ns // 10)),
        quiet_clients=_quiet_clients(plan, rest_ns),
    )


def _trial_ns(plan: Plan, budget_ns: int, rest_ns: int) -> int:
    """Long enough for the limits' percentiles at 1x, and short enough for the budget."""
    figures = {limit.metric.partition(".")[2] for limit in plan.limits if metric_of(limit).series}
    values = max((values_needed(name) for name in figures if name in PERCENTILES), default=0)
    wanted = min(max(round(values * SECOND / plan.load.base_rate), _TRIAL_NS), _MOST_TRIAL_NS)
    affordable = max(budget_ns // _TRIALS_IN_BUDGET - rest_ns - _SWITCH_NS, _LEAST_TRIAL_NS)
    return _whole(plan, min(wanted, affordable))


def _whole(plan: Plan, ns: int) -> int:
    """So long, in whole seconds, and in whole cadences where those are short: then every client
    reports as often as every other."""
    cadence_ns = plan.load.base_cadence_ns
    step = cadence_ns if cadence_ns % SECOND == 0 and cadence_ns <= _TRIAL_NS else SECOND
    return -(-ns // step) * step


def _quiet_clients(plan: Plan, rest_ns: int) -> int:
    enough = -(-_REPORTS_IN_REST * plan.load.base_cadence_ns // rest_ns)
    return min(max(plan.load.base_clients // _QUIET_SHARE, enough, 1), plan.load.base_clients)


def _longest_ns(capacity: Capacity) -> int:
    """How long a search may last with all that follows it."""
    searches = 2 if capacity.fills else 1
    after = 2 * (capacity.trial_ns + capacity.most_rest_ns) + capacity.confirm_ns
    return searches * capacity.budget_ns + after + capacity.most_rest_ns
