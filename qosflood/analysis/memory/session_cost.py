"""What a session takes of the target's memory, apart from connections and warm-up. Pure.

A session counts from its first accepted report on: of one that ended before that the target knows
nothing. What cannot be told apart is `reason`, never a figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory import session_words as words
from qosflood.analysis.memory.envelope import Points
from qosflood.analysis.memory.joining import (
    LEAST_SESSIONS,
    changes,
    counts_all_sessions,
    hold_ns,
)
from qosflood.analysis.memory.regression import LEAST_POINTS, Observed, per_session
from qosflood.analysis.population import Population
from qosflood.base.units import SECOND
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan

_LEAST_REPLACED = 0.1
"""Of the sessions that joined: so many must have come without one more connection."""
_LEAST_APART = 0.01
_WIDEST = 2.5
"""Upper by lower bound; a wider interval is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCost:
    """Bytes a session, with a 95% interval; `mid` is None where the interval is no figure, and
    `reason` says why. `high` None: nothing at all is known. `grows`: memory is shown to grow with
    sessions, be it not by how much each.

    `joined` sessions had their first report accepted while it was measured; in the whole run
    `share` of all that began did.
    """

    low: float | None = None
    mid: float | None = None
    high: float | None = None
    reason: str = ""
    grows: bool = False
    joined: int = 0
    share: float = 1.0


def session_cost(
    plan: Plan,
    clock: RunClock,
    points: Points,
    events: Sequence[Event],
    population: Population,
) -> SessionCost:
    """The cost over ramp, flood and recovery: sessions join until the first third of the flood is
    over, connections close as recovery begins, and what lies between shows growth with time."""
    edges = _edges(plan, clock)
    if not plan.floods or len(edges) < 2:
        return SessionCost(reason=words.NO_LOAD)
    if not population.knows_acked:
        return SessionCost(reason=words.NOT_RECORDED)
    if changes(events, clock, 0, round(edges[-1] * SECOND)):
        return SessionCost(reason=words.PROCESS_CHANGED)
    seen = _observed(points, population, edges)
    found = _counted(clock, population, edges)
    if why := _too_few(plan, seen, found):
        return replace(found, reason=why)
    slope = per_session(seen)
    if slope is None:
        return replace(found, reason=words.FEW_SAMPLES)
    if slope.apart < _LEAST_APART:
        return replace(found, reason=words.in_step(plan.sessions))
    found = replace(found, grows=slope.low > 0)
    if not counts_all_sessions(plan, events):
        return replace(found, reason=words.OTHER_PARTS)
    figures = replace(found, low=max(slope.low, 0.0), high=max(slope.high, 0.0))
    if slope.low <= 0:
        return replace(figures, reason=words.no_growth(slope.high))
    if slope.high > _WIDEST * slope.low:
        return replace(figures, reason=words.too_wide(slope.low, slope.high))
    return replace(figures, mid=slope.mid)


def _edges(plan: Plan, clock: RunClock) -> tuple[float, ...]:
    """Where ramp, the joining of sessions, the hold and recovery begin and end, in seconds since
    the load's start; as far as the run came."""
    ramp, flood, recovery = (plan.maybe_phase(name) for name in ("ramp", "flood", "recovery"))
    if flood is None:
        return ()
    ends = (
        ramp.start_ns if ramp is not None else flood.start_ns,
        flood.start_ns,
        hold_ns(plan),
        flood.end_ns,
        recovery.end_ns if recovery is not None else flood.end_ns,
    )
    reached = (min(end, clock.stop_ns) / SECOND for end in ends)
    return tuple(dict.fromkeys(reached))


def _observed(points: Points, population: Population, edges: tuple[float, ...]) -> Observed:
    """The samples between the edges, with what there was of sessions and connections."""
    seconds = points.times / SECOND
    inside = (seconds >= edges[0]) & (seconds < edges[-1])
    times = seconds[inside]
    ticks = np.arange(0.0, edges[-1] + 1.0)
    sent = np.cumsum(population.connected(ticks))
    return Observed(
        times=times,
        values=points.values[inside],
        connections=population.connected(times),
        sessions=population.acked(times),
        sent=np.interp(times, ticks, sent),
        edges=edges,
    )


def _counted(clock: RunClock, population: Population, edges: tuple[float, ...]) -> SessionCost:
    """How many sessions joined meanwhile, and how many of all that began had a report accepted."""
    acked = population.acked(np.array([edges[0], edges[-1], clock.stop_ns / SECOND]))
    begun = population.begun(-(-clock.stop_ns // SECOND)) or 0
    return SessionCost(
        joined=round(float(acked[1] - acked[0])),
        share=float(acked[2]) / begun if begun else 1.0,
    )


def _too_few(plan: Plan, seen: Observed, found: SessionCost) -> str:
    """Why sessions cannot be told apart from connections, whatever memory did; empty if they
    may be."""
    if found.joined < LEAST_SESSIONS:
        return words.few_sessions(found.joined, LEAST_SESSIONS)
    if len(seen.times) < LEAST_POINTS:
        return words.FEW_SAMPLES
    opened = float(seen.connections.max() - seen.connections[0])
    if found.joined - opened < max(_LEAST_REPLACED * found.joined, LEAST_SESSIONS):
        return words.own_connections(found.joined, plan.sessions)
    return ""
