"""What a limit speaks of, read while the run goes on: one function for each metric. Pure.

Shares (`errors`, `offered`) are taken over all reports of the grace period, unless some seconds of
it show that the condition was not met in them; their readings say how far they may be off by
chance: three standard deviations of a binomial share. Levels
(latency, memory, scrape gap) are those of the moment.
"""

from collections.abc import Callable, Sequence
from math import sqrt

from qosflood.analysis.current import LiveView
from qosflood.analysis.latency import figures_of
from qosflood.analysis.verdict.comparison import Reading, compare
from qosflood.analysis.verdict.readings import of_figures
from qosflood.base.units import SECOND
from qosflood.plan.limit_language import RUN
from qosflood.plan.plan import Limit

_SIGMAS = 3.0
_ENOUGH = 20
"""So many values have ten above their median, the least that bounds what lies above it."""
_UNKNOWN = Reading(reason="not known yet")

LiveReader = Callable[[LiveView, Limit, int], Reading]
"""Reads a limit's metric at a time of the journal."""


def errors(view: LiveView, limit: Limit, _t_ns: int) -> Reading:
    """1 - acked / ended of the reports that ended in the grace period, without those that the
    generator's own absence ended."""
    moments = view.moments(*_stretch(view, limit))
    if moments is None:
        return _UNKNOWN
    ended = [moment.outcomes.total() - moment.nobodys for moment in moments]
    if not any(ended[: view.span_s]):
        return _UNKNOWN
    failed = [n - m.outcomes["acked"] for n, m in zip(ended, moments, strict=True)]
    return _in_a_row(limit, failed, ended)


def offered(view: LiveView, limit: Limit, _t_ns: int) -> Reading:
    """Sent of planned in the grace period. Of herds, which no rate describes, and where the
    generator itself was late: of what it picked up, but for what its own absence left unsent."""
    first, length = _stretch(view, limit)
    moments = view.moments(first, length)
    if moments is None:
        return _UNKNOWN
    if view.plan.load.clocks == "synchronised" or any(moment.late for moment in moments):
        due = [float(moment.scheduled - moment.nobodys_unsent) for moment in moments]
    else:
        middles = [second * SECOND + SECOND // 2 for second in range(first, first + length)]
        due = [view.planned_at(middle) for middle in middles]
    return _in_a_row(limit, [moment.offered for moment in moments], due)


def _in_a_row(limit: Limit, parts: Sequence[float], wholes: Sequence[float]) -> Reading:
    """The share over all seconds; where a stretch of them lies beyond chance on the threshold's
    other side, that stretch's, for then the condition was not met all the time."""
    for first in range(len(parts)):
        for last in range(first + 1, len(parts) + 1):
            share = _share(limit, sum(parts[first:last]), sum(wholes[first:last]))
            if _clears(limit, share):
                return share
    return _share(limit, sum(parts), sum(wholes))


def _clears(limit: Limit, share: Reading) -> bool:
    if share.value is None:
        return False
    upward = limit.op in (">", ">=")
    worst = float(share.value) + (share.chance if upward else -share.chance)
    return compare(limit, Reading(value=worst))[0] is False


def _share(limit: Limit, part: float, whole: float) -> Reading:
    if whole <= 0:
        return _UNKNOWN
    n, threshold = round(whole), float(limit.threshold)
    chance = _SIGMAS * sqrt(threshold * (1 - threshold) / n) if n else 0.0
    return Reading(value=part / whole, n=n, chance=chance)


def _stretch(view: LiveView, limit: Limit) -> tuple[int, int]:
    """First second and number of seconds of the grace period, as far as it lies in the scope."""
    length = max(1, limit.grace_ns // SECOND)
    first = view.complete_s - length + 1
    if limit.scope != RUN and first * SECOND < view.plan.phase(limit.scope).start_ns:
        return -1, length
    return first, length


def response(figure: str, view: LiveView, _limit: Limit, _t_ns: int) -> Reading:
    """The figure of the last second, or of as many as have a median."""
    figures = figures_of(view.response(_ENOUGH))
    return of_figures(figures, figure) if figures.count else _UNKNOWN


def memory_max(view: LiveView, limit: Limit, _t_ns: int) -> Reading:
    """Of the instance that has most; as a share, of what each may use, where that is known."""
    share = limit.unit == "ratio"
    values = []
    for sample in view.judged.values():
        used = sample.rss_bytes if sample.used_bytes is None else sample.used_bytes
        most = view.memory_limit(sample) if share else 1
        values += [used / most] if most else []
    return Reading(value=max(values), n=len(values)) if values else _UNKNOWN


def scrape_gap(view: LiveView, _limit: Limit, t_ns: int) -> Reading:
    """The time without a good scrape, of the instance that has waited longest for one; since the
    run itself stood still, at most."""
    if view.plan.scrape_interval_ns is None or view.t0 is None:
        return _UNKNOWN
    last_good = view.last_good_scrape()
    since = max(view.t0 if last_good is None else last_good, view.watching_since)
    return Reading(value=t_ns - since, n=1)
