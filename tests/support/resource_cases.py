"""Plans and machines for tests of what a plan needs: a plain one against a machine with plenty."""

from typing import Any

from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import SECOND
from qosflood.plan.plan import Plan
from qosflood.run.preflight.resources import Facts

GIB = 1024**3


def plenty(**changes: Any) -> Facts:
    """A machine with 28,232 ports, 20,000 open files, 8 GiB and four cores."""
    facts: dict[str, Any] = {
        "open_files": 20_000,
        "ports": 28_232,
        "memory_bytes": 8 * GIB,
        "cores": 4,
    }
    return Facts(**(facts | changes))


def wanting(
    clients: int,
    *,
    cadence_ns: int = 5 * SECOND,
    base: int = 1,
    edge_ns: int = 60 * SECOND,
    flood_ns: int = 900 * SECOND,
    shards: int = 1,
    **parts: Any,
) -> Plan:
    """A plan that goes from `base` to so many clients in a ramp of `edge_ns`."""
    load = make_load(
        base_clients=base,
        base_cadence_ns=cadence_ns,
        clients=clients,
        cadence_ns=cadence_ns,
        shards=shards,
    )
    phases = make_phases(load, edge_ns=edge_ns, flood_ns=flood_ns)
    return make_plan(load=load, phases=phases, **parts)
