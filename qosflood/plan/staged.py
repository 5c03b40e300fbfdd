"""A stage as a plan of its own, which is how it is scheduled, judged and reported."""

from dataclasses import replace

from qosflood.plan.plan import Phase, Plan
from qosflood.plan.stages import Stage


def as_flood(plan: Plan, stage: Stage) -> Plan:
    """The plan of a run that is this stage alone: a flood, at the clients' own cadence."""
    return as_phases(plan, (("flood", stage),))


def as_phases(plan: Plan, parts: tuple[tuple[str, Stage], ...]) -> Plan:
    """The plan of a run that consists of these stages, laid one after another under these names;
    one of them is `flood`."""
    load = plan.load
    flood = next(stage for name, stage in parts if name == "flood")
    phases: list[Phase] = []
    for name, stage in parts:
        phases.append(
            Phase(
                name=name,
                start_ns=phases[-1].end_ns if phases else 0,
                duration_ns=stage.duration_ns,
                clients_from=stage.clients,
                clients_to=stage.clients,
                cadence_from_ns=load.cadence_ns,
                cadence_to_ns=load.cadence_ns,
                planned=stage.planned,
            )
        )
    multiple = flood.clients / load.base_clients
    return replace(
        plan,
        load=replace(load, clients=flood.clients, multiple=multiple),
        phases=tuple(phases),
        capacity=None,
    )
