"""What the target's memory did: with time while sessions are held, with sessions before that.

No session joins or leaves after the first third of the flood, so growth from there on is growth
with time. Only the least value of each block is looked at: what is left after the garbage
collector ran.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import MemoryFinding
from qosflood.analysis.trend import Floats, Trend, trend
from qosflood.plan import WATCHED, Phase, Plan, Watch
from qosflood.records import Event, MemorySample
from qosflood.units import HOUR, SECOND, format_bytes, format_count, format_duration

LEAST_BLOCKS = 8
MOST_BLOCKS = 60
LEAST_SESSIONS = 100
_LIMIT_SHARE = 0.01
_BROKEN_BY = ("restarted", "process_gone")

SessionsAt = Callable[[int], int | None]
"""Distinct sessions begun up to a second of the load; None if it is not known."""


def memory_finding(
    plan: Plan,
    clock: RunClock,
    samples: Sequence[MemorySample],
    events: Sequence[Event],
    sessions_at: SessionsAt,
) -> MemoryFinding:
    """The finding over one instance's samples, sorted by `t`."""
    if not samples:
        elsewhere = plan.part is not None and not plan.part.memory
        reason = WATCHED if elsewhere else "no memory samples"
        return MemoryFinding(verdict="unmeasured", source=None, reason=reason)
    base = MemoryFinding(
        verdict="unmeasured",
        source=samples[0].source,
        reason="several processes answer at the target's address",
        max_bytes=max(sample.rss_bytes for sample in samples),
        limit_bytes=plan.watch.memory_limit_bytes,
    )
    if any(event.kind == "several_processes" for event in events):
        return base
    return _judge(_Series(plan, clock, samples, events), base, sessions_at)


@dataclass(frozen=True, slots=True)
class _Series:
    plan: Plan
    clock: RunClock
    samples: Sequence[MemorySample]
    events: Sequence[Event]

    @property
    def flood(self) -> Phase:
        return self.plan.phase("flood")

    @property
    def watch(self) -> Watch:
        return self.plan.watch

    @property
    def hold_ns(self) -> int:
        """When the first third of the flood is over, since the load's start."""
        return self.flood.start_ns + self.flood.duration_ns // 3

    @property
    def least_growth(self) -> float:
        """Growth that is worth a name, in bytes."""
        share = _LIMIT_SHARE * (self.watch.memory_limit_bytes or 0)
        return max(float(self.watch.memory_growth_bytes), share)

    @property
    def counts_all_sessions(self) -> bool:
        """Whether no other part brought the target sessions that nobody here counts."""
        lacking = any(event.kind == "part_missing" for event in self.events)
        return self.plan.part is None and not lacking

    def least(self, start_ns: int, end_ns: int) -> int | None:
        """The least memory between two times since the load's start; None without samples."""
        t0 = self.clock.t0
        inside = (s.rss_bytes for s in self.samples if start_ns <= s.t - t0 < end_ns)
        return min(inside, default=None)


def _judge(series: _Series, base: MemoryFinding, sessions_at: SessionsAt) -> MemoryFinding:
    broken = _break_in_flood(series)
    if broken is not None:
        when = format_duration(broken.t - series.clock.t0)
        why = f"the target's process changed in the flood, {when} after the load's start"
        return replace(base, verdict="inconclusive", reason=f"{why}: {broken.what}")
    growth, sessions = _session_growth(series, sessions_at)
    if growth is not None and sessions is not None and series.counts_all_sessions:
        base = replace(base, bytes_per_session=growth / sessions)
    times, minima = _block_minima(series)
    if len(minima) < LEAST_BLOCKS:
        return replace(base, verdict="inconclusive", reason=_too_short(series, len(minima)))
    found = trend(times, minima)
    grown = found.mid * float(times[-1] - times[0])
    base = _with_slope(base, found, float(minima[-1]))
    if found.low > 0 and found.rising and grown > series.least_growth:
        begun = _begun_in_hold(series, sessions_at)
        if begun >= LEAST_SESSIONS:
            return replace(base, verdict="inconclusive", reason=_churn_reason(grown, begun))
        return replace(base, verdict="leak", reason=_leak_reason(found, grown))
    if growth is not None and sessions is not None and growth > series.least_growth:
        return replace(base, verdict="grows_with_sessions", reason=_sessions_reason(base, growth))
    return replace(base, verdict="steady", reason=_steady_reason(series, grown, times))


def _break_in_flood(series: _Series) -> Event | None:
    start, end = series.clock.span(series.flood)
    return next((e for e in series.events if e.kind in _BROKEN_BY and start <= e.t < end), None)


def _block_minima(series: _Series) -> tuple[Floats, Floats]:
    """Middles (ns since the load's start) and minima (bytes) of the blocks with samples."""
    begin = series.flood.start_ns + max(
        series.watch.memory_warmup_ns, series.flood.duration_ns // 3
    )
    stop = series.clock.span(series.flood)[1] - series.clock.t0
    span = stop - begin
    # Longer blocks in longer runs: they outlast slow cycles, and a day stays 60 values.
    block = max(series.watch.memory_block_ns, span // MOST_BLOCKS)
    t = np.array([sample.t - series.clock.t0 for sample in series.samples], dtype=np.int64)
    rss = np.array([sample.rss_bytes for sample in series.samples], dtype=np.float64)
    number = (t - begin) // block
    kept = (t >= begin) & (number < span // block)
    filled = np.unique(number[kept])
    minima = np.array([rss[kept & (number == index)].min() for index in filled])
    return (begin + (filled + 0.5) * block).astype(np.float64), minima


def _session_growth(series: _Series, sessions_at: SessionsAt) -> tuple[float | None, int | None]:
    """Bytes grown from the ramp's start to the hold, and sessions begun meanwhile.

    The least of the whole hold is what was retained, however slow the collector's cycle is. None
    without a baseline to grow from, or with too few sessions to lay growth to.
    """
    baseline = series.plan.maybe_phase("baseline")
    if baseline is None:
        return None, None
    ramp_ns, hold_ns = baseline.end_ns, series.hold_ns
    window_ns = min(series.watch.memory_block_ns, baseline.duration_ns)
    before = series.least(ramp_ns - window_ns, ramp_ns)
    after = series.least(hold_ns, min(series.flood.end_ns, series.clock.stop_ns))
    if before is None or after is None:
        return None, None
    first, last = sessions_at(ramp_ns // SECOND), sessions_at(hold_ns // SECOND)
    growth = float(after - before)
    if first is None or last is None or last - first < LEAST_SESSIONS:
        return growth, None
    return growth, last - first


def _begun_in_hold(series: _Series, sessions_at: SessionsAt) -> int:
    """Sessions begun in the last two thirds of the flood, where the plan does not hold them."""
    if series.plan.sessions.hold:
        return 0
    end_ns = min(series.flood.end_ns, series.clock.stop_ns)
    first, last = sessions_at(series.hold_ns // SECOND), sessions_at(end_ns // SECOND)
    return 0 if first is None or last is None else max(last - first, 0)


def _with_slope(base: MemoryFinding, found: Trend, envelope_bytes: float) -> MemoryFinding:
    sloped = replace(
        base,
        slope_low=found.low * HOUR,
        slope_mid=found.mid * HOUR,
        slope_high=found.high * HOUR,
    )
    if base.limit_bytes is None:
        return sloped
    left = max(base.limit_bytes - envelope_bytes, 0.0)
    return replace(
        sloped,
        time_to_limit_low_s=left / found.high / SECOND if found.high > 0 else None,
        time_to_limit_high_s=left / found.low / SECOND if found.low > 0 else None,
    )


def _too_short(series: _Series, blocks: int) -> str:
    block, warmup = series.watch.memory_block_ns, series.watch.memory_warmup_ns
    needed = max(LEAST_BLOCKS * block + warmup, LEAST_BLOCKS * block * 3 // 2)
    had = f"{blocks} blocks of {format_duration(block)} after the warm-up"
    if series.clock.span(series.flood)[1] - series.clock.span(series.flood)[0] >= needed:
        return f"{had} have samples; at least {LEAST_BLOCKS} are needed"
    return (
        f"{had}, at least {LEAST_BLOCKS} are needed: a flood of {format_duration(needed)} "
        "would decide"
    )


def _leak_reason(found: Trend, grown: float) -> str:
    return (
        f"grows at constant sessions: {format_bytes(grown)} since the first third of the flood, "
        f"{format_bytes(found.low * HOUR)} to {format_bytes(found.high * HOUR)} an hour"
    )


def _churn_reason(grown: float, begun: int) -> str:
    return (
        f"grew {format_bytes(grown)} while {format_count(begun)} sessions began: growth with time "
        "and with sessions cannot be told apart; sessions.hold = true stops them in time"
    )


def _sessions_reason(base: MemoryFinding, growth: float) -> str:
    per_session = base.bytes_per_session
    each = "" if per_session is None else f" ({format_bytes(per_session)} a session)"
    return f"grew {format_bytes(growth)} while sessions joined{each}, then held"


def _steady_reason(series: _Series, grown: float, times: Floats) -> str:
    length = format_duration(round(float(times[-1] - times[0])))
    return (
        f"changed by {format_bytes(grown)} in {format_count(len(times))} blocks over {length} at "
        f"constant sessions (a leak is more than {format_bytes(series.least_growth)}, rising); "
        "a leak slower than that needs a longer run"
    )
