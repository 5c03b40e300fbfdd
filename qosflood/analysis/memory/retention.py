"""How much memory grew until the hold, and what of it the target gave back at the end. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.envelope import Points
from qosflood.analysis.memory.joining import changed_before, changes, hold_ns
from qosflood.analysis.memory.session_cost import SessionCost
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bytes that memory grew by from the baseline to the hold, whatever for.

    `freed` of them were free again at the end, `retained` were not; None where no phase without
    the flood's load was left to measure it.
    """

    growth: float
    freed: float | None
    retained: float | None

    @property
    def given_back(self) -> float | None:
        """The share of the growth that was free again at the end."""
        return self.freed / self.growth if self.freed is not None and self.growth > 0 else None

    def of_sessions(self, cost: SessionCost) -> float | None:
        """Bytes a session that were kept to the end. None where a session's part is not known, or
        where so much was freed that it matters whose it was: connections close as sessions end."""
        if self.freed is None or cost.mid is None or cost.low is None:
            return None
        freed = self.freed / cost.joined
        return cost.mid - freed if freed <= cost.mid - cost.low else None


def retention(
    plan: Plan, clock: RunClock, points: Points, events: Sequence[Event]
) -> Retention | None:
    """What is known of it; None without a baseline to grow from, or if the process changed."""
    baseline, flood = plan.maybe_phase("baseline"), plan.main_phase
    if baseline is None:
        return None
    ramp_ns = baseline.end_ns
    window_ns = min(plan.watch.memory_block_ns, baseline.duration_ns)
    before = points.least(ramp_ns - window_ns, ramp_ns)
    # The least of the whole hold is what was retained, however slow the collector's cycle is.
    hold = (hold_ns(plan), min(flood.end_ns, clock.stop_ns))
    after = points.least(*hold)
    if before is None or after is None or changed_before(plan, clock, events, hold[1]):
        return None
    left = _left_at_end(plan, clock, points, events)
    return Retention(
        growth=after - before,
        freed=None if left is None else max(after - left, 0.0),
        retained=None if left is None else left - before,
    )


def _left_at_end(
    plan: Plan, clock: RunClock, points: Points, events: Sequence[Event]
) -> float | None:
    """The least memory of the last phase after the flood, if the run came to its end."""
    flood, last = plan.main_phase, plan.phases[-1]
    if not clock.completed or last is flood:
        return None
    if changes(events, clock, flood.start_ns, last.end_ns):
        return None
    return points.least(last.start_ns, last.end_ns)
