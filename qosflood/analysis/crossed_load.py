"""When the load broke a limit: the seconds that break it by themselves, found in the windows.

A percentile needs as many reports as are given for it (p99: 1,000), a share as many as show it, so
seconds are taken together until they have them. What broke in the phase that a limit judges may
have begun before, in the ramp: the stretch is followed back to where it began. Pure.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, groupby

from qosflood.analysis.latency import allowed_above
from qosflood.analysis.tails import RANKS
from qosflood.base.percentiles import PERCENTILES, rank, values_needed
from qosflood.base.units import SECOND
from qosflood.journal.records import CUT_OFF, Latency, Window, nobodys_failures
from qosflood.plan.limit_language import metric_of
from qosflood.plan.plan import Limit, Plan

Hits = Callable[[Window], tuple[int, int]]
_ENOUGH = 10
"""So many bad ones show a share."""
_MOST_NEEDED = 100_000


@dataclass(frozen=True, slots=True)
class Crossed:
    """A limit is broken from `from_s` until `until_s`, seconds since the load's start."""

    from_s: float
    until_s: float


@dataclass(slots=True)
class _Second:
    hits: int = 0
    count: int = 0
    since_s: float = math.inf
    """When the first of those that took too long had waited for too long."""
    judged: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a limit is looked for: what counts as bad, how many of so many may be, and how many it
    takes to tell."""

    limit: Limit
    hits: Hits
    allowed: Callable[[int], float]
    needed: int


class LoadCrossings:
    """Limits on reports, with what each second of the load says of them."""

    def __init__(self, plan: Plan) -> None:
        self._rules = [rule for limit in plan.limits if (rule := _rule(limit)) is not None]
        self._seconds: list[dict[int, _Second]] = [{} for _ in self._rules]
        self._order = {phase.name: index for index, phase in enumerate(plan.phases)}
        self._last_late: dict[int, int] = {}

    def add(self, window: Window, late: bool) -> None:
        """Add a window. One in which the generator was late says nothing of latencies, nor does the
        one after it."""
        if late:
            self._last_late[window.shard] = window.second
        by_lateness = window.second - self._last_late.get(window.shard, -2) <= 1
        for rule, seconds in zip(self._rules, self._seconds, strict=True):
            if by_lateness and metric_of(rule.limit).series:
                continue
            place = self._order.get(window.phase, len(self._order))
            scope = self._order.get(rule.limit.scope, -1)
            if place > scope:
                continue
            hits, count = rule.hits(window)
            if count:
                second = seconds.setdefault(window.second, _Second())
                second.hits += hits
                second.count += count
                second.judged |= place == scope
                if hits:
                    since_s = float(window.second) - _waited_before_s(rule.limit, window)
                    second.since_s = min(second.since_s, since_s)

    def of(self, limit: Limit) -> Crossed | None:
        """When a limit that was broken began to be; None if the windows do not show it."""
        for rule, seconds in zip(self._rules, self._seconds, strict=True):
            if rule.limit == limit:
                return _first(rule, sorted(seconds.items()))
        return None


def _rule(limit: Limit) -> _Rule | None:
    threshold, metric = limit.threshold, limit.metric
    if isinstance(threshold, str):
        return None
    most = limit.op in ("<", "<=", "==")
    if metric_of(limit).series and most:
        figure = metric.partition(".")[2]
        needed = values_needed(figure) if figure in PERCENTILES else 1
        return _Rule(limit, partial(_slow, limit), partial(allowed_above, figure), needed)
    share = {
        ("errors", True): (_failed, threshold),
        ("amplification", True): (_repeated, threshold - 1.0),
        ("offered", False): (_unsent, 1.0 - threshold),
    }.get((metric, most))
    if share is None:
        return None
    hits, bad = share
    needed = min(math.ceil(_ENOUGH / bad), _MOST_NEEDED) if bad > 0 else 1
    return _Rule(limit, hits, lambda count: bad * count, needed)


def _series(limit: Limit, window: Window) -> Latency | None:
    return window.response if metric_of(limit).series == "response" else window.service


def _slow(limit: Limit, window: Window) -> tuple[int, int]:
    """How many took longer than the limit, at least, by the percentiles that were recorded."""
    latency = _series(limit, window)
    if latency is None:
        return 0, 0
    recorded = {**latency.percentiles, "max": latency.max_ns}
    for name, percentile in RANKS.items():
        if name in recorded and recorded[name] > float(limit.threshold):
            return latency.count - rank(percentile, latency.count) + 1, latency.count
    return 0, latency.count


def _failed(window: Window) -> tuple[int, int]:
    ended = sum(window.outcomes.values())
    excused = nobodys_failures(window.errors) + window.errors.get(CUT_OFF, 0)
    return max(ended - window.outcomes.get("acked", 0) - excused, 0), ended


def _unsent(window: Window) -> tuple[int, int]:
    return max(window.scheduled - window.offered, 0), window.scheduled


def _repeated(window: Window) -> tuple[int, int]:
    return window.resent + window.retries, window.offered


def _waited_before_s(limit: Limit, window: Window) -> float:
    """For how many whole seconds before this one those that were answered in it had waited too
    long already. A failure counts at least its timeout, whenever it came, so it says nothing."""
    if not metric_of(limit).series:
        return 0.0
    all_acked = sum(window.outcomes.values()) == window.outcomes.get("acked", 0)
    latency = _series(limit, window) if all_acked else window.service
    if latency is None:
        return 0.0
    figure = limit.metric.partition(".")[2]
    took_ns = latency.percentiles.get(figure, latency.max_ns)
    too_long_s = (took_ns - float(limit.threshold)) / SECOND
    return max(-math.floor(0.5 - too_long_s), 0.0)


def _first(rule: _Rule, seconds: Sequence[tuple[int, _Second]]) -> Crossed | None:
    """The first stretch that breaks the limit by itself and reaches into the phase judged; if none
    does, the first bad second of that phase."""
    bad = [False] * len(seconds)
    for first, last in _stretches(rule, seconds):
        for index in range(first, last):
            bad[index] |= seconds[index][1].hits > 0
    for run in _runs(bad, seconds):
        if any(seconds[index][1].judged for index in run):
            return _crossed([seconds[index] for index in run])
    alone = next((one for one in seconds if one[1].judged and one[1].hits), None)
    return None if alone is None else _crossed([alone])


def _stretches(rule: _Rule, seconds: Sequence[tuple[int, _Second]]) -> Iterator[tuple[int, int]]:
    """Each that breaks the limit, as indices from the first to before the last."""
    counts = [0, *accumulate(second.count for _, second in seconds)]
    hits = [0, *accumulate(second.hits for _, second in seconds)]
    for index, (_, second) in enumerate(seconds):
        if not second.hits:
            continue
        end = bisect_left(counts, counts[index] + rule.needed, index + 1)
        first = index
        if end > len(seconds):
            # Too few are left: taken together with those before them.
            end = len(seconds)
            first = max(bisect_left(counts, counts[end] - rule.needed + 1) - 1, 0)
        count = counts[end] - counts[first]
        if hits[end] - hits[first] > rule.allowed(count):
            yield index, end


def _runs(bad: Sequence[bool], seconds: Sequence[tuple[int, _Second]]) -> Iterator[list[int]]:
    """Bad seconds in a row, but for those in between in which nothing ended."""
    indices = range(len(seconds))
    for is_bad, group in groupby(indices, key=lambda index: bad[index]):
        if is_bad:
            yield list(group)


def _crossed(run: Sequence[tuple[int, _Second]]) -> Crossed:
    since_s = min(second.since_s for _, second in run)
    return Crossed(max(min(since_s, float(run[0][0])), 0.0), float(run[-1][0] + 1))
