"""The other measurements of a phase: the reference endpoint, this machine's TCP, the target's CPU
and event loop."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import ControlFigures, TcpFigures, TimelineEntry
from qosflood.analysis.series import cores_between
from qosflood.base.units import MS, SECOND, format_count, format_duration
from qosflood.journal.records import ControlSample, MemorySample, ScrapeSample, TcpSample, Who

SLOW_FACTOR = 5
SLOW_NS = 50 * MS
"""What takes five times as long as usual, and 50 ms more, has become slow."""


def grew(before_ns: float, after_ns: float) -> bool:
    """Whether a time has grown so much that it cannot be chance."""
    return after_ns > SLOW_FACTOR * before_ns and after_ns - before_ns > SLOW_NS


def usual_ns(samples: Sequence[ControlSample], baseline: tuple[int, int] | None) -> int | None:
    """How long the reference endpoint usually takes: the median of the baseline (its start and end
    in journal times), else the least of the whole run; None if it never answered."""
    good = [(s.t, s.duration_ns) for s in samples if s.ok and s.duration_ns is not None]
    before = [ns for t, ns in good if baseline and baseline[0] <= t < baseline[1]]
    if before:
        return sorted(before)[len(before) // 2]
    return min((ns for _, ns in good), default=None)


def control_figures(
    samples: Sequence[ControlSample], start: int, end: int, usual: int | None
) -> ControlFigures | None:
    """The requests due from `start` until before `end`; None without any that count."""
    inside = [s for s in samples if start <= s.t < end and not s.own_fault]
    if not inside:
        return None
    times = sorted(s.duration_ns for s in inside if s.ok and s.duration_ns is not None)
    failed = [s for s in inside if not s.ok]
    return ControlFigures(
        count=len(inside),
        failed=len(failed),
        slow=0 if usual is None else sum(grew(usual, ns) for ns in times),
        duration_p50_ns=times[len(times) // 2] if times else None,
        duration_max_ns=times[-1] if times else None,
        reasons=dict(Counter(s.reason or "unknown" for s in failed)),
    )


def tcp_figures(samples: Sequence[TcpSample], start: int, end: int) -> TcpFigures | None:
    """What the counters of all machines grew by; None with fewer than two samples of any in the
    phase."""
    machines: dict[str, list[TcpSample]] = {}
    for sample in samples:
        if start <= sample.t < end:
            machines.setdefault(sample.machine, []).append(sample)
    edges = [(mine[0], mine[-1]) for mine in machines.values() if len(mine) > 1]
    if not edges:
        return None
    dropped = [
        last.dropped - first.dropped
        for first, last in edges
        if first.dropped is not None and last.dropped is not None
    ]
    return TcpFigures(
        sent=sum(last.sent - first.sent for first, last in edges),
        resent=sum(last.resent - first.resent for first, last in edges),
        dropped=sum(dropped) if dropped else None,
    )


def target_cores(samples: Sequence[MemorySample], start: int, end: int) -> float | None:
    """Cores used from `start` until before `end` by the instance that used most; None if no
    process was seen."""
    inside = [sample for sample in samples if start <= sample.t < end]
    instances = dict.fromkeys(sample.instance for sample in inside)
    used = [_mean_cores([s for s in inside if s.instance == name]) for name in instances]
    return max((cores for cores in used if cores is not None), default=None)


def target_throttled(samples: Sequence[MemorySample], start: int, end: int) -> float | None:
    """For which share of the time its cgroup's quota throttled the instance that was throttled
    longest; None where no cgroup reports it."""
    reported = [s for s in samples if start <= s.t < end and s.throttled_ns is not None]
    shares = []
    for name in dict.fromkeys(sample.instance for sample in reported):
        mine = [sample for sample in reported if sample.instance == name]
        waited_ns = (mine[-1].throttled_ns or 0) - (mine[0].throttled_ns or 0)
        if mine[-1].t > mine[0].t and waited_ns >= 0:
            shares.append(waited_ns / (mine[-1].t - mine[0].t))
    return max(shares, default=None)


def target_files(samples: Sequence[MemorySample], start: int, end: int) -> tuple[int, int] | None:
    """Open files and their limit from `start` until before `end`, at the sample that came nearest
    to it; None if no process was seen."""
    known = [
        (sample.files, sample.files_limit)
        for sample in samples
        if start <= sample.t < end and sample.files is not None and sample.files_limit
    ]
    return max(known, key=lambda both: both[0] / both[1], default=None)


def target_loop_lag_ns(samples: Sequence[ScrapeSample], start: int, end: int) -> int | None:
    """How long an instance's event loop was blocked at most, by the pages from `start` until before
    `end`; None if no page exports it."""
    lags = [s.loop_lag_s for s in samples if start <= s.t < end and s.loop_lag_s is not None]
    return round(max(lags) * SECOND) if lags else None


def _mean_cores(samples: list[MemorySample]) -> float | None:
    spans = [
        (after.t - before.t, cores)
        for before, after in pairwise(samples)
        if (cores := cores_between(before, after)) is not None
    ]
    total_ns = sum(ns for ns, _ in spans)
    return sum(ns * cores for ns, cores in spans) / total_ns if total_ns else None


def control_entries(
    samples: Sequence[ControlSample], clock: RunClock, *, loopback: bool
) -> Iterator[TimelineEntry]:
    """An entry for each stretch of failed requests. On loopback there is no network
    that could be the cause, but a machine that generator and reference endpoint share."""
    who: Who = "generator" if loopback else "network"
    failing: list[ControlSample] = []
    for sample in samples:
        if sample.own_fault:
            continue
        if not sample.ok:
            failing.append(sample)
        elif failing:
            yield _entry(failing, sample.t, who, clock)
            failing = []
    if failing:
        yield _entry(failing, None, who, clock)


def _entry(
    failing: Sequence[ControlSample], until: int | None, who: Who, clock: RunClock
) -> TimelineEntry:
    since = failing[0].t
    lasted = "" if until is None else f" for {format_duration(until - since)}"
    reasons = Counter(sample.reason or "unknown" for sample in failing)
    listed = ", ".join(f"{format_count(count)} x {reason}" for reason, count in reasons.items())
    return TimelineEntry(
        t_s=clock.t_s(since),
        wall_ns=clock.wall(since),
        who=who,
        kind="control_failing",
        what=f"the reference endpoint failed{lasted}: {listed}",
        evidence={
            "failed": len(failing),
            "until_s": None if until is None else clock.t_s(until),
        },
    )
