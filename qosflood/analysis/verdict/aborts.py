"""Abort limits, judged while the run goes on. Pure.

An abort limit names the condition that stops the run: `errors > 50% for 15s`. Shares (`errors`,
`offered`) are taken over all reports of the last 15 s, and have to lie beyond the threshold by
more than chance (three standard deviations of a binomial share): a target that refuses every
other report must not be stopped for refusing 2,001 of 4,000. Levels (latency, memory, scrape gap)
must have met the condition at every look for 15 s.
"""

import operator
from collections import Counter
from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

from qosflood.analysis.current import LiveView
from qosflood.analysis.latency import figures_of, percentile_below
from qosflood.base.units import SECOND, format_bytes, format_duration, format_ratio
from qosflood.plan.plan import Limit

_OPS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_FORMATS: dict[str, Callable[[float], str]] = {
    "ns": format_duration,
    "bytes": format_bytes,
    "ratio": format_ratio,
}
_RUN = "run"
_SIGMAS = 3.0
_ENOUGH = 20
"""So many values have ten above their median, the least that bounds what lies above it."""


class Value(NamedTuple):
    """What was found; `of` is how many reports a share was taken of, 0 for a level."""

    value: float
    of: int = 0


class AbortWatch:
    """The abort limits of a plan and since when each one's condition has been met."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._since: dict[Limit, int] = {}

    def broken(self, t_ns: int) -> tuple[Limit, str] | None:
        """The first abort limit whose condition was met for its grace period, and the value in
        words; to be asked about once a second."""
        for limit in self._view.plan.aborts:
            if not self._applies(limit, t_ns):
                self._since.pop(limit, None)
                continue
            found = self._value(limit, t_ns)
            if found is None:
                continue  # between herds nothing ends: that neither breaks nor clears
            if not _met(limit, found):
                self._since.pop(limit, None)
            elif self._long_enough(limit, t_ns):
                return limit, f"{limit.metric} {_FORMATS[limit.unit](found.value)}"
        return None

    def _applies(self, limit: Limit, t_ns: int) -> bool:
        load_ns = self._view.load_ns(t_ns)
        in_scope = limit.scope in (_RUN, self._view.phase_at(load_ns).name)
        under_load = limit.metric in _LEVELS or load_ns < self._view.plan.load_ns
        return self._view.t0 is not None and in_scope and under_load

    def _long_enough(self, limit: Limit, t_ns: int) -> bool:
        since = self._since.setdefault(limit, t_ns)
        return limit.metric in _SHARES or t_ns - since >= limit.grace_ns

    def _value(self, limit: Limit, t_ns: int) -> Value | None:
        view = self._view
        if limit.metric in _LEVELS:
            return _level(_LEVELS[limit.metric](view, limit, t_ns))
        if limit.metric in _SHARES:
            return _SHARES[limit.metric](view, limit)
        return _response(view, limit)


def _met(limit: Limit, found: Value) -> bool:
    threshold = float(limit.threshold)
    margin = _SIGMAS * sqrt(threshold * (1 - threshold) / found.of) if found.of else 0.0
    towards = min(margin, abs(found.value - threshold))
    value = found.value - towards if found.value > threshold else found.value + towards
    return _OPS[limit.op](value, threshold)


def _level(value: float | None) -> Value | None:
    return None if value is None else Value(value)


def _errors(view: LiveView, limit: Limit) -> Value | None:
    """1 - acked / ended of the reports that ended in the grace period."""
    first, length = _stretch(view, limit)
    moments = view.moments(first, length)
    if moments is None:
        return None
    outcomes: Counter[str] = Counter()
    for moment in moments:
        outcomes.update(moment.outcomes)
    total = outcomes.total()
    return Value((total - outcomes["acked"]) / total, total) if total else None


def _offered(view: LiveView, limit: Limit) -> Value | None:
    """Sent of planned in the grace period; of herds, which no rate describes, of what came due."""
    first, length = _stretch(view, limit)
    moments = view.moments(first, length)
    if moments is None:
        return None
    if view.plan.load.clocks == "synchronised":
        planned = float(sum(moment.scheduled for moment in moments))
    else:
        middles = [second * SECOND + SECOND // 2 for second in range(first, first + length)]
        planned = sum(map(view.planned_at, middles))
    offered = sum(moment.offered for moment in moments)
    return Value(offered / planned, round(planned)) if planned else None


def _stretch(view: LiveView, limit: Limit) -> tuple[int, int]:
    """First second and number of seconds of the grace period, as far as it lies in the scope."""
    length = max(1, limit.grace_ns // SECOND)
    first = view.complete_s - length + 1
    if limit.scope != _RUN and first * SECOND < view.plan.phase(limit.scope).start_ns:
        return -1, length
    return first, length


def _response(view: LiveView, limit: Limit) -> Value | None:
    """The figure of the last second, or of as many as have a median; None where too few values lie
    above it and what is known on either side of it does not decide."""
    figures = figures_of(view.response(_ENOUGH))
    figure = limit.metric.partition(".")[2]
    value = figures.figure(figure)
    if value is not None or figures.max_ns is None:
        return _level(value)
    least, most = Value(percentile_below(figures, figure) or 0), Value(figures.max_ns)
    if _met(limit, least) != _met(limit, most):
        return None
    return least if _met(limit, least) else most


def _memory(view: LiveView, limit: Limit, _t_ns: int) -> float | None:
    """Of the instance that has most; as a share, of what each may use, where that is known."""
    share = limit.unit == "ratio"
    values = []
    for sample in view.judged.values():
        used = sample.rss_bytes if sample.used_bytes is None else sample.used_bytes
        most = view.memory_limit(sample) if share else 1
        values += [used / most] if most else []
    return max(values, default=None)


def _scrape_gap(view: LiveView, _limit: Limit, t_ns: int) -> float | None:
    if view.plan.scrape_interval_ns is None or view.t0 is None:
        return None
    last_good = view.last_good_scrape()
    return float(t_ns - (view.t0 if last_good is None else last_good))


_SHARES: dict[str, Callable[[LiveView, Limit], Value | None]] = {
    "errors": _errors,
    "offered": _offered,
}
_LEVELS: dict[str, Callable[[LiveView, Limit, int], float | None]] = {
    "memory.max": _memory,
    "scrape.gap": _scrape_gap,
}
