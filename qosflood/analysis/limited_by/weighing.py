"""How much of the flood's trouble the generator's own lateness can explain, and in which seconds.

Lateness adds at most what the generator stood still or sent late: to a response twice, once when it
was sent and once when it was read. So an answer that took longer than its limit and that together
is slow whatever the generator did, and a report that timed out was not answered in time unless the
generator stood still for about as long as the timeout.

A shard that waits for a core again and again is never late by much at once, but each of its events
comes a little late. Such a window is no evidence against a limit that its waiting can break
(decisions/049), and here it counts for as much: what waiting adds is at most twice all of it.
"""

from collections import Counter
from dataclasses import dataclass, field

from qosflood.analysis.generator.late import late_gate_ns, throttled, waits
from qosflood.analysis.tails import steps
from qosflood.journal.histograms import count_above
from qosflood.journal.records import OWN_ABSENCE, Latency, Window
from qosflood.plan.plan import Plan

_TWICE = 2
"""Lateness delays a report when it is sent and again when its answer is read."""
_SERIES = ("response", "service")
_BY_DEADLINE = ("timeout", "unsent")
"""Failures that lateness brings about once it is as long as the timeout."""

_ABSENT = {outcome.label: reason for outcome, reason in OWN_ABSENCE.items()}

_Masses = dict[tuple[int, int, int, int], int]
"""How many values lie between two bounds in windows that may have added so much by lateness and so
much by waiting for a core (bounds and additions in ns, rounded outwards so that a day of late
windows stays small)."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What lateness can explain of the flood: `failures` by outcome, and slow answers above any
    threshold. `seconds` are those in which it can explain anything, `waiting` further ones, in
    which only waiting for a core can."""

    seconds: int = 0
    waiting: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    masses: dict[str, _Masses] = field(default_factory=dict)
    latencies: dict[str, Latency | None] = field(default_factory=dict)

    def explained_above(self, series: str, threshold_ns: float) -> int:
        """At most so many values above the threshold are there because the generator was late."""
        masses = self.masses.get(series, {})
        return sum(
            count
            for (low, high, late, waited), count in masses.items()
            if high > threshold_ns
            and low <= threshold_ns + max(late, waited if waited > threshold_ns else 0)
        )

    def still_above(self, series: str, threshold_ns: float) -> tuple[int, int]:
        """At least so many values lie above the threshold whatever the generator did, and how many
        values there are."""
        latency = self.latencies.get(series)
        if latency is None:
            return 0, 0
        above = count_above(latency, threshold_ns)
        return max(above - self.explained_above(series, threshold_ns), 0), latency.count


class Weigher:
    """Adds up the flood's windows that lateness may have touched: the late ones, and of each shard
    the one after a late one, in which late reports are answered."""

    def __init__(self, plan: Plan) -> None:
        self._phase = plan.main_phase.name
        self._gate_ns = late_gate_ns(plan)
        self._deadline_ns = plan.load.timeout_ns
        self._last: dict[int, tuple[int, int]] = {}
        self._seconds: set[int] = set()
        self._waiting: set[int] = set()
        self._failures: Counter[str] = Counter()
        self._masses: dict[str, _Masses] = {series: {} for series in _SERIES}

    def add(self, window: Window, late: bool) -> bool:
        """Add a window; `late` says whether the generator was late in it. Whether that can be why
        reports missed their deadline in it."""
        added = _own_ns(window, self._gate_ns) if late else 0
        second, before = self._last.get(window.shard, (-2, 0))
        if late:
            self._last[window.shard] = (window.second, added)
        if window.second - second <= 1:
            added = max(added, before)
        if window.phase == self._phase:
            self._weigh(window, added, _TWICE * _waited_ns(window))
        return added >= self._deadline_ns or (late and window.picked_late > 0)

    def _weigh(self, window: Window, late: int, waited: int) -> None:
        self._fail(window, late)
        if not late and not waited:
            return
        (self._seconds if late else self._waiting).add(window.second)
        for series in _SERIES:
            _spread(self._masses[series], getattr(window, series), late, waited)

    def weighed(self, latencies: dict[str, Latency | None]) -> Weighed:
        """The sums; `latencies` are the flood's histograms by series."""
        waiting = len(self._waiting - self._seconds)
        failures = dict(self._failures)
        return Weighed(len(self._seconds), waiting, failures, self._masses, latencies)

    def _fail(self, window: Window, late: int) -> None:
        """Those of its own absence (decisions/049) and, of missed deadlines, what lateness adds."""
        if not late and not window.errors:
            return
        for outcome, absent in _ABSENT.items():
            ours = window.errors.get(absent, 0)
            if late and outcome in _BY_DEADLINE:
                ours = max(ours, self._missed(window, outcome, late))
            self._failures[outcome] += ours

    def _missed(self, window: Window, outcome: str, late: int) -> int:
        count = window.outcomes.get(outcome, 0)
        if late >= self._deadline_ns:
            return count
        return min(count, window.picked_late) if outcome == "unsent" else 0


def _own_ns(window: Window, gate_ns: int) -> int:
    """How much a late window may have added to a response time. Without a stall, a late report or
    a quota, what made it late is the time that the shard waited for a CPU."""
    health = window.health
    stall = health.loop_stall_ns if health is not None else 0
    lag = window.send_lag.max_ns if window.send_lag is not None else 0
    own = _TWICE * max(stall, lag)
    if health is None:
        return own
    if throttled(window):
        own += health.throttled_ns
    return own if own > _TWICE * gate_ns else own + health.run_queue_ns


def _waited_ns(window: Window) -> int:
    """How long the shard waited for a core, if that is long enough to tell."""
    return window.health.run_queue_ns if window.health is not None and waits(window, 0.0) else 0


def _spread(masses: _Masses, latency: Latency | None, late: int, waited: int) -> None:
    """A window's values by the bounds that its percentiles give them."""
    if latency is None:
        return
    for low, high, count in steps(latency):
        key = (_floor(low), _ceiling(high), _ceiling(late), _ceiling(waited))
        masses[key] = masses.get(key, 0) + count


def _floor(value: int) -> int:
    """Down to two significant digits in base two to the sixth."""
    step = 1 << max(value.bit_length() - 6, 0)
    return value // step * step


def _ceiling(value: int) -> int:
    step = 1 << max(value.bit_length() - 6, 0)
    return -(-value // step) * step
