"""What sessions leave behind in the target's memory, and what it gives back after them. Pure.

Growth from the ramp's start to the hold is growth with sessions: distinct ones, since a session
that ends is replaced by another until the hold begins.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.envelope import Points
from qosflood.base.units import SECOND
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan

LEAST_SESSIONS = 100
BROKEN_BY = ("restarted", "process_gone")

SessionsAt = Callable[[int], int | None]
"""Distinct sessions begun up to a second of the load; None if it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bytes that `sessions` new ones grew the memory by; `noise` is how far that may be off.

    `given_back` is the share of the growth that was free again at the end, `retained` what was
    not, in bytes; None where no phase without the flood's load was left to measure it.
    `counts_all`: no other part of the run brought the target sessions that are not counted here.
    """

    growth: float
    noise: float
    sessions: int
    given_back: float | None
    retained: float | None
    begun: int
    counts_all: bool = True

    @property
    def by_sessions(self) -> bool:
        """Whether enough sessions joined to attribute growth to them."""
        return self.sessions >= LEAST_SESSIONS

    @property
    def per_session(self) -> float | None:
        """Bytes a session; None with too few sessions, or where not all are known."""
        return self.growth / self.sessions if self.counts_all and self.by_sessions else None

    @property
    def retained_per_session(self) -> float | None:
        """Bytes a session that were kept to the end; None as above."""
        if self.retained is None or not self.counts_all or self.begun < LEAST_SESSIONS:
            return None
        return self.retained / self.begun


def counts_all_sessions(plan: Plan, events: Sequence[Event]) -> bool:
    """Whether no other part of the run brought the target sessions that are not counted here."""
    return plan.part is None and not any(event.kind == "part_missing" for event in events)


def changed_before(
    plan: Plan, clock: RunClock, events: Sequence[Event], end_ns: int
) -> Event | None:
    """The first change of the process since the load's start; None if it lasted to `end_ns`, or
    where the plan has no baseline that growth would be counted from."""
    if plan.maybe_phase("baseline") is None:
        return None
    return next(_changes(events, clock, 0, end_ns), None)


def hold_ns(plan: Plan) -> int:
    """When the first third of the flood is over, since the load's start."""
    flood = plan.main_phase
    return flood.start_ns + flood.duration_ns // 3


def retention(
    plan: Plan,
    clock: RunClock,
    points: Points,
    minima: Points,
    events: Sequence[Event],
    sessions_at: SessionsAt,
) -> Retention | None:
    """What is known of it; None without a baseline to grow from, or if the process changed.

    `minima` are the least values of the hold's blocks: how they vary is the noise.
    """
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
    growth = after - before
    left = _left_at_end(plan, clock, points, events)
    return Retention(
        growth=growth,
        noise=float(np.ptp(minima.values)) if len(minima.values) else 0.0,
        sessions=_begun(sessions_at, ramp_ns, hold[0]),
        given_back=max(after - left, 0) / growth if left is not None and growth > 0 else None,
        retained=None if left is None else left - before,
        begun=_begun(sessions_at, ramp_ns, clock.stop_ns),
        counts_all=counts_all_sessions(plan, events),
    )


def peak_churn(plan: Plan) -> float:
    """New sessions a second at the expected peak, which is what 1x means."""
    lifetime_ns = plan.sessions.lifetime_ns if plan.sessions.lifetime != "none" else 0
    return plan.load.base_clients * SECOND / lifetime_ns if lifetime_ns else 0.0


def seconds_left(found: Retention, left_bytes: float, churn: float) -> tuple[float, float | None]:
    """When `left_bytes` are filled by `churn` new sessions a second: earliest and latest.

    The latest is None where the growth is not beyond its noise.
    """
    rates = [(found.growth + sign * found.noise) / found.sessions * churn for sign in (1, -1)]
    return left_bytes / rates[0], left_bytes / rates[1] if rates[1] > 0 else None


def _begun(sessions_at: SessionsAt, start_ns: int, end_ns: int) -> int:
    first, last = sessions_at(start_ns // SECOND), sessions_at(end_ns // SECOND)
    return 0 if first is None or last is None else max(last - first, 0)


def _left_at_end(
    plan: Plan, clock: RunClock, points: Points, events: Sequence[Event]
) -> float | None:
    """The least memory of the last phase after the flood, if the run came to its end."""
    flood, last = plan.main_phase, plan.phases[-1]
    if not clock.completed or last is flood:
        return None
    if any(_changes(events, clock, flood.start_ns, last.end_ns)):
        return None
    return points.least(last.start_ns, last.end_ns)


def _changes(
    events: Sequence[Event], clock: RunClock, start_ns: int, end_ns: int
) -> Iterator[Event]:
    return (e for e in events if e.kind in BROKEN_BY and start_ns <= e.t - clock.t0 < end_ns)
