"""Plans of searches and the records of their stages, without any process.

Clients report once a second: a load of n clients is n reports/s.
"""

from typing import Any

from plan_maker import make_load, make_plan
from record_maker import health, load_started, memory, scrape, window

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.planning import Asked, as_search
from qosflood.journal.records import JournalRecord
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.plan import Plan
from qosflood.plan.stages import Stage

TRIAL_S = 5
LIMITS = ("errors < 1%", "response.p99 < 250ms", "scrape.gap < 3s")


def make_search(*limits: str, asked: Asked | None = None, **changes: Any) -> Plan:
    """A search from 100 clients on, at most 1,600; each reports once a second."""
    base = make_load(base_clients=100, clients=1600, multiple=16.0, jitter=0.0)
    parsed = tuple(parse_limit(text) for text in (limits or LIMITS))
    return as_search(make_plan(load=base, limits=parsed, **changes), asked or Asked())


def make_stage(name: str = "trial-1", clients: int = 200, second: int = 4, **changes: Any) -> Stage:
    """Five seconds from the fifth on."""
    fields = {"duration_ns": TRIAL_S * SECOND, "planned": clients * TRIAL_S}
    return Stage(name=name, clients=clients, second=second, **(fields | changes))


def played(stage: Stage, ms: float = 5.0, **changes: Any) -> list[JournalRecord]:
    """Windows, scrapes and memory of a stage whose reports all took `ms`."""
    seconds = range(stage.second, stage.second + stage.duration_ns // SECOND)
    per_second = [ms] * stage.clients
    pending = round(stage.clients * ms / 1000)
    fields = {"response_ms": per_second, "health": health(pending=pending)} | changes
    return [
        record
        for second in seconds
        for record in (
            window(second, stage.name, **fields),
            scrape(second + 0.5),
            memory(second + 0.6),
        )
    ]


def journal(*stages: list[JournalRecord]) -> list[JournalRecord]:
    """The records of a search."""
    return [load_started(), *(record for stage in stages for record in stage)]
