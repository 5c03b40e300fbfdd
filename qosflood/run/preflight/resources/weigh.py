"""All needs of a plan together, and the clients that would fit."""

from dataclasses import replace

from qosflood.base.units import MS, format_duration
from qosflood.plan.plan import Phase, Plan
from qosflood.run.preflight.resources.checks import handshakes, memory, open_files, reports
from qosflood.run.preflight.resources.connects import most_clients
from qosflood.run.preflight.resources.ports import ports
from qosflood.run.preflight.resources.values import Facts, Needs

_CHECKS = (ports, open_files, memory, handshakes, reports)


def weigh(plan: Plan, facts: Facts) -> Needs:
    """What `plan` needs here, what prevents it and what may go wrong; of a part, the part's own
    needs."""
    whole, plan = plan, _played_here(plan)
    needs = [check(plan, facts) for check in _CHECKS]
    problems = [_unusable(source, reason) for source, reason in facts.unusable]
    advice = _advice(whole, plan, facts) if any(need.problem for need in needs) else ""
    problems += [f"{need.problem}{advice}" for need in needs if need.problem]
    return Needs(
        lines=tuple(need.line for need in needs),
        problems=tuple(problems),
        warnings=tuple(need.warning for need in needs if need.warning),
    )


def fitting_clients(plan: Plan, facts: Facts) -> int:
    """The most clients with which the plan is not refused, rounded down to two digits; 0: none.

    A plan that was accepted is accepted with fewer clients, so halving finds it.
    """
    fits = 0
    too_many = most_clients(plan) + 1
    while too_many - fits > 1:
        tried = (fits + too_many) // 2
        if _refused(with_clients(plan, tried), facts):
            too_many = tried
        else:
            fits = tried
    step: int = 10 ** max(len(str(fits)) - 2, 0)
    return fits // step * step


def with_clients(plan: Plan, clients: int) -> Plan:
    """The plan with at most so many clients; at the same rate, so that the cadence follows."""
    load = plan.load
    base = min(load.base_clients, clients)
    return replace(
        plan,
        load=replace(
            load,
            clients=clients,
            cadence_ns=max(load.cadence_ns * clients // max(load.clients, 1), 1),
            base_clients=base,
            base_cadence_ns=max(load.base_cadence_ns * base // max(load.base_clients, 1), 1),
        ),
        phases=tuple(_at_most(phase, clients) for phase in plan.phases),
        planned_sessions=plan.planned_sessions * clients // max(most_clients(plan), 1),
    )


def _at_most(phase: Phase, clients: int) -> Phase:
    first, last = min(phase.clients_from, clients), min(phase.clients_to, clients)
    return replace(
        phase,
        clients_from=first,
        clients_to=last,
        cadence_from_ns=_stretched(phase.cadence_from_ns, first, phase.clients_from),
        cadence_to_ns=_stretched(phase.cadence_to_ns, last, phase.clients_to),
    )


def _stretched(cadence_ns: int, clients: int, before: int) -> int:
    return max(cadence_ns * clients // max(before, 1), 1)


def _refused(plan: Plan, facts: Facts) -> bool:
    return any(check(plan, facts).problem for check in _CHECKS)


def _played_here(plan: Plan) -> Plan:
    """The plan with its part's share of the clients and the pool, at the clients' own cadence."""
    if plan.part is None:
        return plan
    load, here = plan.load, plan.here
    phases = (
        replace(p, clients_from=here(p.clients_from), clients_to=here(p.clients_to))
        for p in plan.phases
    )
    return replace(
        plan,
        load=replace(load, clients=here(load.clients), base_clients=here(load.base_clients)),
        phases=tuple(phases),
        report=replace(plan.report, pool=here(plan.report.pool)),
        part=None,
    )


def _advice(whole: Plan, plan: Plan, facts: Facts) -> str:
    """How many clients of the whole run fit all needs together, and the cadence that follows."""
    clients = fitting_clients(plan, facts) * (whole.part.of if whole.part else 1)
    cadence_ns = whole.load.cadence_ns * clients // whole.load.clients
    if clients == 0 or cadence_ns < MS:
        return ""
    if "load.clients" in plan.sources:
        return f", or lower --clients to {clients}"
    each = f", a report every {format_duration(cadence_ns)}" if _rate_named(plan) else ""
    return f", or name --clients {clients}{each}"


def _rate_named(plan: Plan) -> bool:
    """Whether the rate stays when clients are named: it replaces a profile's rate."""
    kind, _, name = plan.sources.get("run.rate", "").partition(" ")
    return kind in ("option", "environment") and name != "--set"


def _unusable(source: str, reason: str) -> str:
    return (
        f"target.sources: {source} cannot be connected from ({reason}); "
        "expected addresses of this host (ip address shows them)"
    )
