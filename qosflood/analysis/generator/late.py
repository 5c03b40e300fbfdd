"""When the generator was late, and which limits its on-time windows break by themselves."""

from qosflood.analysis.latency import p99_or_max
from qosflood.base.percentiles import PERCENTILES, rank
from qosflood.base.units import SECOND
from qosflood.journal.records import Latency, Window
from qosflood.plan.limit_language import metric_of
from qosflood.plan.plan import LEAST_LATE_GATE_NS, Limit, Plan

_GATE_SHARE = 0.05
_THROTTLED_SHARE = 0.1
WAITING_SHARE = 0.2
_RANKS = {**PERCENTILES, "max": 100.0}


def latency_limits(plan: Plan) -> list[Limit]:
    """The limits that hold latency down."""
    return [limit for limit in plan.limits if metric_of(limit).series and limit.op in ("<", "<=")]


def late_gate_ns(plan: Plan) -> int:
    """How late the generator may be: 5% of the tightest latency limit, at least 10 ms."""
    thresholds = [float(limit.threshold) for limit in latency_limits(plan)]
    return max(LEAST_LATE_GATE_NS, round(_GATE_SHARE * min(thresholds, default=0.0)))


def throttled(window: Window) -> bool:
    """Whether the cgroup's quota kept the shard off the CPU for over 10% of the second."""
    health = window.health
    return health is not None and health.throttled_ns > _THROTTLED_SHARE * SECOND


def waits(window: Window, threshold_ns: float) -> bool:
    """Whether the shard waited for a core for over 20% of the second, and long enough to matter to
    a latency limit of `threshold_ns`. Each of its events comes a little late then, and none late
    enough to show as lag or stall; yet they add up in response times, once for the send and once
    for the answer."""
    if window.health is None:
        return False
    return window.health.run_queue_ns > max(WAITING_SHARE * SECOND, threshold_ns / 2)


def is_late(window: Window, gate_ns: int) -> bool:
    """Whether the shard was late in this window: by send lag, loop stall or throttling."""
    if window.send_lag is not None and p99_or_max(window.send_lag) > gate_ns:
        return True
    stalled = window.health is not None and window.health.loop_stall_ns > gate_ns
    return stalled or throttled(window)


class OnTimeBreaks:
    """Latency limits broken even without the windows in which the generator was late.

    A window's own percentiles bound how many of its values lie above a limit: half of them if
    its p50 does, a tenth if its p90 does, and so on. So nothing needs decoding, and a limit
    found broken is broken; one that is broken by little may stay undecided. The window after a
    late one is left out too, for late reports are answered in it.
    """

    def __init__(self, plan: Plan) -> None:
        self._limits = latency_limits(plan)
        self._above = [0] * len(self._limits)
        self._count = [0] * len(self._limits)
        self._last_late: dict[int, int] = {}

    def add(self, window: Window, late: bool) -> None:
        """Add a window; one in which the shard waited for a core is no evidence either."""
        if late:
            self._last_late[window.shard] = window.second
        if window.second - self._last_late.get(window.shard, -2) <= 1:
            return
        for index, limit in enumerate(self._limits):
            if waits(window, float(limit.threshold)):
                continue
            latency = _series(window, limit)
            if latency is not None and window.phase == limit.scope:
                self._count[index] += latency.count
                self._above[index] += _least_above(latency, float(limit.threshold))

    def broken(self) -> tuple[str, ...]:
        """The limits, by `expr`."""
        counted = zip(self._limits, self._above, self._count, strict=True)
        return tuple(
            limit.expr
            for limit, above, count in counted
            if above and above > _allowed(limit, count)
        )


def _series(window: Window, limit: Limit) -> Latency | None:
    return window.response if metric_of(limit).series == "response" else window.service


def _allowed(limit: Limit, count: int) -> int:
    """How many of `count` values may lie above the limit's threshold."""
    return count - rank(_RANKS[limit.metric.partition(".")[2]], count)


def _least_above(latency: Latency, threshold: float) -> int:
    recorded = {**latency.percentiles, "max": latency.max_ns}
    for name, percentile in _RANKS.items():
        if name in recorded and recorded[name] > threshold:
            return latency.count - rank(percentile, latency.count) + 1
    return 0
