"""When sessions join, and whether the process that they joined lasted. Pure."""

from collections.abc import Sequence

from qosflood.analysis.clock import RunClock
from qosflood.base.units import SECOND
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan

LEAST_SESSIONS = 100
BROKEN_BY = ("restarted", "process_gone")


def hold_ns(plan: Plan) -> int:
    """When the first third of the flood is over, since the load's start."""
    flood = plan.main_phase
    return flood.start_ns + flood.duration_ns // 3


def peak_churn(plan: Plan) -> float:
    """New sessions a second at the expected peak, which is what 1x means."""
    lifetime_ns = plan.sessions.lifetime_ns if plan.sessions.lifetime != "none" else 0
    return plan.load.base_clients * SECOND / lifetime_ns if lifetime_ns else 0.0


def counts_all_sessions(plan: Plan, events: Sequence[Event]) -> bool:
    """Whether no other part of the run brought the target sessions that are not counted here."""
    return plan.part is None and not any(event.kind == "part_missing" for event in events)


def changes(events: Sequence[Event], clock: RunClock, start_ns: int, end_ns: int) -> list[Event]:
    """The changes of the process between two times since the load's start."""
    return [e for e in events if e.kind in BROKEN_BY and start_ns <= e.t - clock.t0 < end_ns]


def changed_before(
    plan: Plan, clock: RunClock, events: Sequence[Event], end_ns: int
) -> Event | None:
    """The first change of the process since the load's start; None if it lasted to `end_ns`, or
    where the plan has no baseline that growth would be counted from."""
    if plan.maybe_phase("baseline") is None:
        return None
    return next(iter(changes(events, clock, 0, end_ns)), None)
