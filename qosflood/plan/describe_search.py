"""A search for capacity in rows of words. Pure."""

from collections.abc import Iterator

from qosflood.base.units import counted, format_count, format_duration, format_ratio
from qosflood.plan.plan import Plan
from qosflood.plan.stages import Capacity

_MOST_RUNGS = 12


def rungs(plan: Plan) -> tuple[int, ...]:
    """The loads that are tried on the way up, in clients, if all of them hold."""
    capacity = plan.capacity
    assert capacity is not None
    if capacity.steps:
        return capacity.steps
    loads = [min(plan.load.base_clients, plan.load.clients)]
    while loads[-1] < plan.load.clients:
        loads.append(min(2 * loads[-1], plan.load.clients))
    return tuple(loads)


def search_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Labels and words."""
    capacity = plan.capacity
    assert capacity is not None
    loads = rungs(plan)
    shown = [format_count(load) for load in loads[:_MOST_RUNGS]]
    more = ["…", format_count(loads[-1])] if len(loads) > _MOST_RUNGS else []
    noun = "steps of" if capacity.steps else "up through"
    yield "search", f"{noun} {', '.join([*shown, *more])} clients{_stop(capacity)}"
    yield "trials", _trials(capacity)
    if capacity.need is not None:
        yield "need", counted(capacity.need, "client")
    if capacity.fills:
        yield "filled", f"searched again after registering {_sessions(capacity)}"
    if not capacity.steps:
        lasts = format_duration(capacity.confirm_ns)
        yield "confirmed", f"by a flood of {lasts} at 90% of the interval's lower end"


def _trials(capacity: Capacity) -> str:
    trial, rest = format_duration(capacity.trial_ns), format_duration(capacity.rest_ns)
    quiet, budget = counted(capacity.quiet_clients, "client"), format_duration(capacity.budget_ns)
    return (
        f"{trial} each; between them at least {rest} of rest, in which {quiet} report; "
        f"at most {budget} in all"
    )


def _stop(capacity: Capacity) -> str:
    if capacity.steps:
        return ""
    return f" until a limit breaks, then to an interval of {format_ratio(capacity.width)}"


def _sessions(capacity: Capacity) -> str:
    if capacity.held:
        return counted(capacity.held, "session")
    event, life = format_duration(capacity.event_ns), format_duration(capacity.lifetime_ns)
    return f"the sessions of an event of {event} that live for {life} each"
