"""What the target's memory did: with time while sessions are held, with sessions before that.

No session joins or leaves after the first third of the flood, so growth from there on is growth
with time. Only the least value of each block is looked at: what is left after the garbage
collector ran (decisions/022).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import MemoryFinding
from qosflood.analysis.instances import named_process
from qosflood.analysis.memory import session_words
from qosflood.analysis.memory import wording as words
from qosflood.analysis.memory.envelope import (
    GC_PERIODS,
    MOST_BLOCKS,
    Points,
    Stretch,
    gc_period_ns,
    heap_points,
    judged_stretch,
    outlasts,
    used_points,
)
from qosflood.analysis.memory.joining import (
    BROKEN_BY,
    LEAST_SESSIONS,
    changed_before,
    hold_ns,
    peak_churn,
)
from qosflood.analysis.memory.retention import Retention, retention
from qosflood.analysis.memory.session_cost import SessionCost, session_cost
from qosflood.analysis.memory.trend import Trend, trend
from qosflood.analysis.population import Population
from qosflood.base.units import HOUR, SECOND
from qosflood.journal.records import Event, MemorySample, ScrapeSample
from qosflood.plan.judgeable import LEAST_BLOCKS, flood_for
from qosflood.plan.plan import Plan
from qosflood.plan.watching import WATCHED

_LIMIT_SHARE = 0.01
_INSEPARABLE = 0.95
"""Correlation of sessions and time from which on growth is attributed to neither alone."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One instance's memory, what it is judged on, and how much growth is still called steady."""

    plan: Plan
    clock: RunClock
    points: Points
    scrapes: Sequence[ScrapeSample]
    events: Sequence[Event]
    population: Population
    stretch: Stretch
    minima: Points
    gc_ns: float | None
    least_growth: float

    @property
    def phase(self) -> str:
        """What it is judged in: the flood or the watch."""
        return self.plan.main_phase.name

    @property
    def span(self) -> float:
        """From the first block's middle to the last one's, in ns."""
        return float(self.minima.times[-1] - self.minima.times[0])

    @property
    def held(self) -> bool:
        """Whether no session joined while growth with time was judged."""
        return self.plan.floods and _begun_in_hold(self) == 0


def memory_finding(
    plan: Plan,
    clock: RunClock,
    samples: Sequence[MemorySample],
    events: Sequence[Event],
    population: Population,
    scrapes: Sequence[ScrapeSample] = (),
    acked: int = 0,
) -> MemoryFinding:
    """The finding over one instance's samples and scrapes, sorted by `t`.

    `acked` is how many reports were accepted in the whole run.
    """
    if not samples:
        elsewhere = plan.part is not None and not plan.part.memory
        reason = WATCHED if elsewhere else "no memory samples"
        return MemoryFinding(verdict="unmeasured", source=None, reason=reason)
    points, figure = used_points(samples, clock)
    several = next((event for event in events if event.kind == "several_processes"), None)
    base = MemoryFinding(
        verdict="unmeasured",
        source=samples[0].source,
        figure=figure,
        reason=several.what if several is not None else "",
        max_bytes=round(points.values.max()),
        limit_bytes=_limit(plan, samples),
    )
    if several is not None and not named_process(plan, samples):
        return base
    # Each worker of the named process exports its own heap, so pages of several are not one series.
    pages = () if several else scrapes
    case = _case(plan, clock, points, events, population, pages, base.limit_bytes)
    return _judge(case, base, acked)


def _limit(plan: Plan, samples: Sequence[MemorySample]) -> int | None:
    """The profile's limit, else the lowest one that the source reported."""
    reported = [sample.limit_bytes for sample in samples if sample.limit_bytes is not None]
    return plan.watch.memory_limit_bytes or min(reported, default=None)


def _case(
    plan: Plan,
    clock: RunClock,
    points: Points,
    events: Sequence[Event],
    population: Population,
    scrapes: Sequence[ScrapeSample],
    limit_bytes: int | None,
) -> _Case:
    gc_ns = gc_period_ns(scrapes, clock, plan.main_phase)
    stretch = judged_stretch(plan, clock, gc_ns)
    return _Case(
        plan=plan,
        clock=clock,
        points=points,
        scrapes=scrapes,
        events=events,
        population=population,
        stretch=stretch,
        minima=stretch.minima(points),
        gc_ns=gc_ns,
        least_growth=max(float(plan.watch.memory_growth_bytes), _LIMIT_SHARE * (limit_bytes or 0)),
    )


def _judge(case: _Case, base: MemoryFinding, acked: int) -> MemoryFinding:
    start, end = case.clock.span(case.plan.main_phase)
    broken = next((e for e in case.events if e.kind in BROKEN_BY and start <= e.t < end), None)
    if broken is not None:
        reason = words.broken(broken, case.clock, case.phase)
        return replace(base, verdict="inconclusive", reason=reason)
    of_case = (case.plan, case.clock, case.points, case.events)
    kept, cost = retention(*of_case), session_cost(*of_case, case.population)
    base = _with_retention(_with_cost(base, cost), kept, cost, acked)
    if len(case.minima.times) < LEAST_BLOCKS:
        return _too_short(case, base)
    found = trend(case.minima.times, case.minima.values)
    base = replace(_with_slope(case, base, found), heap=_heap(case))
    if _leaks(case, found):
        return _growing(case, base, found, cost)
    base = _with_churn(case, base, found, cost)
    if kept is not None and kept.growth > case.least_growth and cost.grows:
        return _with_sessions(case, base, kept, cost)
    return _steady(case, base, found, kept, cost)


def _steady(
    case: _Case, base: MemoryFinding, found: Trend, kept: Retention | None, cost: SessionCost
) -> MemoryFinding:
    """No growth that counts as a leak, and none before it that is shown to be the sessions'."""
    steady = replace(base, verdict="steady", needed_s=_needed_to_judge(case, found))
    grown = found.mid * case.span
    reasons = [
        words.steady(steady, case.minima, grown, case.least_growth, case.phase, held=case.held)
    ]
    if earlier := changed_before(case.plan, case.clock, case.events, case.plan.main_phase.start_ns):
        reasons.append(words.broken_before(earlier, case.clock))
    elif kept is not None and kept.growth > case.least_growth:
        reasons.append(session_words.grown_before(kept.growth, cost.reason))
    return replace(steady, reason="; ".join(reasons))


def _leaks(case: _Case, found: Trend) -> bool:
    return found.low > 0 and found.rising and found.mid * case.span > case.least_growth


def _growing(case: _Case, base: MemoryFinding, found: Trend, cost: SessionCost) -> MemoryFinding:
    """Memory rose while it was judged: with time, with sessions, or with both."""
    begun = _begun_in_hold(case)
    grown = found.mid * case.span
    if begun >= LEAST_SESSIONS:
        apart = _apart_from_sessions(case)
        if apart is None:
            return replace(base, verdict="inconclusive", reason=words.inseparable(grown, begun))
        found = apart
        base = _with_slope(case, base, found)
        if not _leaks(case, found):
            reason = session_words.with_churn(_each(cost), grown, begun)
            return replace(
                _with_churn(case, base, found, cost), verdict="grows_with_sessions", reason=reason
            )
    grown = found.mid * case.span
    if base.heap == "disagrees":
        return replace(
            base, verdict="inconclusive", reason=words.heap_disagrees(grown, held=case.held)
        )
    if not outlasts(case.stretch, case.gc_ns):
        return _too_few_collections(case, base, grown)
    if not case.plan.floods:
        return replace(base, verdict="inconclusive", reason=words.growth_without_load(base, grown))
    return replace(base, verdict="leak", reason=words.leak(base, grown, held=case.held))


def _too_short(case: _Case, base: MemoryFinding) -> MemoryFinding:
    """A flood that was cut short, or samples that are missing, are no reason for a longer one."""
    block, flood = case.stretch.block_ns, case.plan.main_phase
    needed = flood_for(LEAST_BLOCKS * block, case.plan.watch)
    start, end = case.clock.span(flood)
    decides = end - start < needed
    return replace(
        base,
        verdict="inconclusive",
        needed_s=needed / SECOND if decides else None,
        reason=words.too_short(
            len(case.minima.times),
            LEAST_BLOCKS,
            block,
            needed if decides else None,
            case.phase,
            cut_short=end - start < flood.duration_ns,
        ),
    )


def _too_few_collections(case: _Case, base: MemoryFinding, grown: float) -> MemoryFinding:
    period = case.gc_ns or 0.0
    stretch = None if np.isinf(period) else round(LEAST_BLOCKS * GC_PERIODS * period)
    needed = None if stretch is None else flood_for(stretch, case.plan.watch)
    return replace(
        base,
        verdict="inconclusive",
        needed_s=None if needed is None else needed / SECOND,
        reason=words.too_few_collections(grown, period, needed, case.phase, held=case.held),
    )


def _begun_in_hold(case: _Case) -> int:
    """Sessions begun in the last two thirds of the flood, where the plan does not hold them."""
    if case.plan.sessions.hold:
        return 0
    end_ns = min(case.plan.main_phase.end_ns, case.clock.stop_ns)
    first = case.population.begun(hold_ns(case.plan) // SECOND)
    last = case.population.begun(end_ns // SECOND)
    return 0 if first is None or last is None else max(last - first, 0)


def _apart_from_sessions(case: _Case) -> Trend | None:
    """The trend without what went along with sessions; None where sessions went along with time."""
    times, values = case.minima.times, case.minima.values
    begun = [case.population.begun(round(t) // SECOND) or 0 for t in times]
    sessions = np.array(begun, dtype=np.float64)
    if np.ptp(sessions) == 0 or abs(np.corrcoef(sessions, times)[0, 1]) > _INSEPARABLE:
        return None
    columns = np.column_stack([np.ones_like(times), times - times[0], sessions - sessions[0]])
    per_session = float(np.linalg.lstsq(columns, values, rcond=None)[0][2])
    return trend(times, values - per_session * (sessions - sessions[0]))


def _heap(case: _Case) -> words.Heap:
    minima = case.stretch.minima(heap_points(case.scrapes, case.clock))
    if len(minima.times) < LEAST_BLOCKS:
        return "unseen"
    found = trend(minima.times, minima.values)
    return "agrees" if found.rising and found.mid > 0 else "disagrees"


def _with_cost(base: MemoryFinding, cost: SessionCost) -> MemoryFinding:
    return replace(
        base,
        bytes_per_session=cost.mid,
        bytes_per_session_low=cost.low,
        bytes_per_session_high=cost.high,
        bytes_per_session_reason=cost.reason,
    )


def _with_retention(
    base: MemoryFinding, kept: Retention | None, cost: SessionCost, acked: int
) -> MemoryFinding:
    if kept is None:
        return base
    counted = kept.retained is not None and acked > 0
    known = counted and cost.reason != session_words.OTHER_PARTS
    return replace(
        base,
        given_back=kept.given_back,
        retained_bytes_per_session=kept.of_sessions(cost),
        retained_bytes_per_1000_reports=1000 * max(kept.retained or 0, 0) / acked
        if known
        else None,
    )


def _each(cost: SessionCost) -> str:
    """The interval in words; empty where it is not known."""
    if cost.low is None or cost.high is None:
        return ""
    return session_words.each(cost.low, cost.high)


def _with_sessions(
    case: _Case, base: MemoryFinding, kept: Retention, cost: SessionCost
) -> MemoryFinding:
    freed = session_words.given_back(kept.given_back)
    reason = session_words.grown_with_sessions(kept.growth, cost.joined, _each(cost), freed)
    churn = peak_churn(case.plan)
    if churn and base.time_to_limit_low_s is not None:
        reaches = session_words.reaches_limit(churn, base.time_to_limit_low_s)
        reason = f"{reason}; {reaches}"
    return replace(base, verdict="grows_with_sessions", reason=reason)


def _with_churn(case: _Case, base: MemoryFinding, found: Trend, cost: SessionCost) -> MemoryFinding:
    """The time to the limit at the peak's rate of new sessions, of which the same share as in this
    run gets a report accepted. Where sessions are shown to take memory it is that of their
    interval; else growth with time may come on top of what they take at most."""
    churn = peak_churn(case.plan) * cost.share
    if base.limit_bytes is None or not churn:
        return base
    if cost.low is None or cost.high is None:
        return replace(base, time_to_limit_low_s=None, time_to_limit_high_s=None)
    low, high = churn * cost.low, churn * cost.high
    if not cost.grows:
        low, high = low + found.low * SECOND, high + max(found.high, 0.0) * SECOND
    return _with_time_left(case, base, low, high)


def _with_slope(case: _Case, base: MemoryFinding, found: Trend) -> MemoryFinding:
    sloped = replace(
        base,
        slope_low=found.low * HOUR,
        slope_mid=found.mid * HOUR,
        slope_high=found.high * HOUR,
        clears_bytes_per_hour=max(found.high, case.least_growth / case.span) * HOUR,
    )
    return _with_time_left(case, sloped, found.low * SECOND, found.high * SECOND)


def _with_time_left(case: _Case, base: MemoryFinding, low: float, high: float) -> MemoryFinding:
    """The time to the limit at a growth between two rates, in bytes a second."""
    if base.limit_bytes is None:
        return base
    left = max(base.limit_bytes - float(case.minima.values[-1]), 0.0)
    return replace(
        base,
        time_to_limit_low_s=left / high if high > 0 else None,
        time_to_limit_high_s=left / low if low > 0 else None,
    )


def _needed_to_judge(case: _Case, found: Trend) -> float | None:
    """How long a flood would take to judge a rise too small to be a leak; None without a rise."""
    if not (found.low > 0 and found.rising):
        return None
    span, block = case.least_growth / found.mid, case.stretch.block_ns
    # Half a block at either end does not count, nor does one that was only begun; and longer runs
    # have longer blocks.
    stretch = max(span + 3 * block, span * MOST_BLOCKS / (MOST_BLOCKS - 2))
    flood = case.plan.main_phase
    return max(flood_for(round(stretch), case.plan.watch), flood.duration_ns + block) / SECOND
