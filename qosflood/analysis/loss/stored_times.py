"""Times that a target stores with a session, as those that the reports were sent with. Pure.

Most targets keep the time of observation that a report bears. One that stores a time of its own
does so between the report and its answer, by a clock that may be apart from ours: what it stored
of the report before the load shows by how much.
"""

from collections.abc import Iterable

from qosflood.base.units import MS, format_duration
from qosflood.journal.loss_records import ReadBack
from qosflood.plan.plan import Plan


def held_at(plan: Plan, read: Iterable[ReadBack]) -> dict[str, int | None]:
    """The latest time that snapshots hold of each session, by our clock and never too early; None
    for one that is no time."""
    audit = plan.audit
    shift_ms = audit.held_unsure_ms - (audit.held_off_ms or 0)
    held: dict[str, int | None] = {}
    for reading in read:
        for name, ms in reading.held.items():
            held[name] = max(held.get(name) or 0, ms + shift_ms if ms else 0) or None
    return held


def too_coarse(plan: Plan) -> str:
    """Why stored times cannot distinguish a session's last report from the one before it; empty
    if they can."""
    audit, cadence_ns = plan.audit, plan.load.cadence_ns
    span_ns = 2 * audit.held_unsure_ms * MS
    if span_ns < cadence_ns:
        return ""
    return (
        f"the target stores its own times, which are precise only to {format_duration(span_ns)}, "
        f"and a session reports every {format_duration(cadence_ns)}"
    )
