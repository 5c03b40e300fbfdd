"""When each report is due: a pure function of the plan.

Every session has a clock of its own. The shared *beat* B(t) is the integral of 1/cadence from the
load's start, in reports per client; a session that starts at J with the random phase f
(0 <= f < 1) reports whenever the beat passes B(J) + f + k for k = 0, 1, 2, … until it ends. With a
jitter j the k-th report is later by j * u_k beats, u_k uniform in [0, 1); since j <= 1 reports
never overtake each other. Because f is uniform, the expected number of reports of a session in any
stretch of its life is exactly that stretch of beats: joining clients lift the rate at once.

With `synchronised` clocks all sessions report at the same moment instead, whenever the beat passes
k + 1/2: not a whole number, since that is where phases usually begin and end, and a phase's edge
would split the reports of one moment. Jitter then spreads them.

For its first seconds a session may report at a quicker cadence of its own; its beat then starts
after them. A session that is replaced by another may send a final report at that moment.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qosflood.load.schedule.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.load.schedule.sessions import SessionChains, places
from qosflood.plan.plan import Phase, Plan

SYNCHRONISED_PHASE = 0.5
"""Where in a beat synchronised clients report."""
_SESSION_STRIDE = 1 << 32
"""Keeps the draws of a client's sessions apart; no session has as many reports."""


class Renewal(NamedTuple):
    """At `at_ns` a client's session is replaced by its `session`-th."""

    at_ns: int
    client: int
    session: int


@dataclass(frozen=True, slots=True)
class Due:
    """Reports that are due, in order: when (ns since the load's start) and whose (local index);
    and the sessions that are replaced meanwhile, in order too."""

    due_ns: IntArray
    client: IntArray
    renewals: list[Renewal]


class Beat:
    """The integral of 1/cadence over the phases, and its inverse; the rate goes linearly."""

    def __init__(self, phases: tuple[Phase, ...]) -> None:
        self._start = np.array([p.start_ns * 1e-9 for p in phases])
        length = np.array([p.duration_ns * 1e-9 for p in phases])
        self._rate = np.array([1e9 / p.cadence_from_ns for p in phases])
        rate_end = np.array([1e9 / p.cadence_to_ns for p in phases])
        self._slope = (rate_end - self._rate) / length
        beats = (self._rate + rate_end) / 2 * length
        self._beat = np.concatenate(([0.0], np.cumsum(beats)[:-1]))

    def at(self, seconds: FloatArray) -> FloatArray:
        """Beats that have passed at each of `seconds` since the load's start."""
        i = np.clip(np.searchsorted(self._start, seconds, side="right") - 1, 0, None)
        since = seconds - self._start[i]
        beats: FloatArray = self._beat[i] + since * (self._rate[i] + self._slope[i] * since / 2)
        return beats

    def when(self, beats: FloatArray) -> FloatArray:
        """Seconds since the load's start at which each of `beats` is reached."""
        i = np.clip(np.searchsorted(self._beat, beats, side="right") - 1, 0, None)
        past = beats - self._beat[i]
        rate = self._rate[i]
        # The root of rate*s + slope*s^2/2 = past in the form that does not cancel at slope 0.
        root = np.sqrt(np.maximum(rate * rate + 2 * self._slope[i] * past, 0.0))
        seconds: FloatArray = self._start[i] + 2 * past / (rate + root)
        return seconds


class Clocks:
    """The clocks of the current sessions: which reports each has between two moments."""

    def __init__(self, plan: Plan, beat: Beat, numbers: IntArray, chains: SessionChains) -> None:
        self._plan = plan
        self._jitter = plan.load.jitter
        self._beat = beat
        self._numbers = numbers
        self._chains = chains
        together = plan.load.clocks == "synchronised"
        self._first_tick = self._synchronised_tick if together else self._own_tick
        self._startup_s = plan.sessions.startup_ns * 1e-9
        self._startup_cadence_s = plan.sessions.startup_cadence_ns * 1e-9
        self._start: FloatArray = np.empty(numbers.size)
        self._first: FloatArray = np.empty(numbers.size)
        self._last: FloatArray = np.empty(numbers.size)
        self.start(np.arange(numbers.size))

    def start(self, at: IntArray) -> None:
        """New sessions have begun in the places `at`."""
        chains = self._chains
        self._start[at] = self._beat.at(chains.start_s[at] + self._startup_s)
        # With jitter the clock's lattice starts a beat early, and counts from the start on: the
        # report before the start may be late enough to fall behind it.
        self._first[at] = self._first_tick(at) - (1.0 if self._jitter else 0.0)
        self._last[at] = self._beat.at(chains.end_s[at])

    def _own_tick(self, at: IntArray) -> FloatArray:
        session = self._chains.session[at]
        phase = uniform(self._plan.seed, Purpose.PHASE, self._numbers[at], session)
        tick: FloatArray = self._start[at] + phase
        return tick

    def _synchronised_tick(self, at: IntArray) -> FloatArray:
        tick: FloatArray = np.ceil(self._start[at] - SYNCHRONISED_PHASE) + SYNCHRONISED_PHASE
        return tick

    def reports(
        self, at: IntArray, from_ns: int, to_ns: int
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """(due times in ns, clients) of the reports in [from_ns, to_ns), kind by kind."""
        yield self._regular(at, from_ns, to_ns)
        if self._startup_s:
            yield self._startup(at, from_ns, to_ns)
        if self._plan.sessions.final_report:
            yield self._final(at, from_ns, to_ns)

    def count(self, at: IntArray, from_ns: int, to_ns: int) -> int:
        """How many reports those are."""
        total = int((self._before(at, to_ns) - self._before(at, from_ns)).sum())
        if self._startup_s:
            total += int((self._quick_before(at, to_ns) - self._quick_before(at, from_ns)).sum())
        if self._plan.sessions.final_report:
            total += self._final(at, from_ns, to_ns)[0].size
        return total

    def _regular(self, at: IntArray, from_ns: int, to_ns: int) -> tuple[IntArray, IntArray]:
        low = self._before(at, from_ns)
        which, k = _spread(low, self._before(at, to_ns) - low)
        client = at[which]
        position = self._first[client] + k
        if self._jitter:
            position += self._jitter * self._jitter_of(client, k)
        return _ns(self._beat.when(position)), client

    def _before(self, at: IntArray, ns: int) -> IntArray:
        """Per place, the number of its session's clock ticks before `ns`, or before the session's
        start if that is later: differences of it count reports."""
        beat = self._beat.at(np.array([ns * 1e-9]))[0]
        reach = np.minimum(np.maximum(beat, self._start[at]), self._last[at]) - self._first[at]
        if not self._jitter:
            whole: IntArray = np.maximum(np.ceil(reach), 0).astype(np.int64)
            return whole
        # All with k + jitter <= reach are surely due; of the next two each must be looked at.
        count: IntArray = np.maximum(np.ceil(reach - self._jitter), 0).astype(np.int64)
        for _ in range(2):
            count = count + (count + self._jitter * self._jitter_of(at, count) < reach)
        return count

    def _jitter_of(self, client: IntArray, k: IntArray) -> FloatArray:
        index = k + self._chains.session[client] * _SESSION_STRIDE
        return uniform(self._plan.seed, Purpose.JITTER, self._numbers[client], index)

    def _startup(self, at: IntArray, from_ns: int, to_ns: int) -> tuple[IntArray, IntArray]:
        low = self._quick_before(at, from_ns)
        which, k = _spread(low, self._quick_before(at, to_ns) - low)
        client = at[which]
        quick = (k + self._startup_phase(client)) * self._startup_cadence_s
        return _ns(self._chains.start_s[client] + quick), client

    def _quick_before(self, at: IntArray, ns: int) -> IntArray:
        """Per place, the number of its session's start-up reports due before `ns`."""
        start = self._chains.start_s[at]
        until = np.minimum(np.minimum(ns * 1e-9, self._chains.end_s[at]), start + self._startup_s)
        reach = (until - start) / self._startup_cadence_s - self._startup_phase(at)
        count: IntArray = np.maximum(np.ceil(reach), 0).astype(np.int64)
        return count

    def _startup_phase(self, at: IntArray) -> FloatArray:
        session = self._chains.session[at]
        return uniform(self._plan.seed, Purpose.STARTUP, self._numbers[at], session)

    def _final(self, at: IntArray, from_ns: int, to_ns: int) -> tuple[IntArray, IntArray]:
        end_ns = _ns(self._chains.end_s[at])
        ends = (from_ns <= end_ns) & (end_ns < to_ns)
        return end_ns[ends], at[ends]


def _spread(low: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """For each row its numbers low, low + 1, … as (row, number), `count` of them."""
    row = np.repeat(np.arange(count.size), count)
    first_of_row = np.cumsum(count) - count
    number = np.arange(row.size) - first_of_row[row] + low[row]
    return row, number


def _ns(seconds: FloatArray) -> IntArray:
    ns: IntArray = np.rint(seconds * 1e9).astype(np.int64)
    return ns


class Schedule:
    """Part `part` of `parts` of a plan's due times: the clients whose number is `part` modulo
    `parts`. Clients are named by their local index here; `numbers` holds their plan-wide number.

    `between` is cheapest asked forwards, each time from where the last ended; asked for an earlier
    time it walks the sessions from the start again.
    """

    _asked_ns: int
    _chains: SessionChains
    _clocks: Clocks

    def __init__(self, plan: Plan, part: int = 0, parts: int = 1) -> None:
        phases = tuple(p for p in plan.phases if p.name != "settle")
        join, leave = places(phases)
        self.numbers: IntArray = np.arange(part, join.size, parts, dtype=np.int64)
        self.join_s: FloatArray = join[self.numbers]
        self.leave_s: FloatArray = leave[self.numbers]
        self._plan = plan
        self._beat = Beat(phases)
        self._rewind()

    def between(self, from_ns: int, to_ns: int) -> Due:
        """Every report due in [from_ns, to_ns), in order of due time, and the sessions replaced in
        it."""
        if from_ns < self._asked_ns:
            self._rewind()
        self._asked_ns = from_ns
        to_s = to_ns * 1e-9
        # Clients join in order of their index, so those that have not joined yet are a tail.
        at = np.arange(int(np.searchsorted(self.join_s, to_s)))
        self._skip(at, from_ns * 1e-9)
        due, clients, renewed = [], [], []
        while at.size:
            for ns, client in self._clocks.reports(at, from_ns, to_ns):
                due.append(ns)
                clients.append(client)
            at = self._chains.replaced_before(at, to_s)
            if at.size:
                self._advance(at)
                renewed.append((self._chains.start_s[at], at, self._chains.session[at].copy()))
        return _in_order(due, clients, renewed)

    def count(self, from_ns: int, to_ns: int) -> int:
        """How many reports are due in [from_ns, to_ns)."""
        fresh = copy(self)
        fresh._rewind()
        at, total = np.arange(self.numbers.size), 0
        while at.size:
            total += fresh._clocks.count(at, from_ns, to_ns)
            at = fresh._chains.replaced_before(at, to_ns * 1e-9)
            fresh._advance(at)
        return total

    def sessions(self) -> int:
        """How many distinct sessions there will have been."""
        chains = SessionChains(self._plan, self.numbers, self.join_s, self.leave_s)
        at = np.arange(self.numbers.size)
        total = 0
        while at.size:
            total += at.size
            at = chains.replaced_before(at, np.inf)
            chains.advance(at)
        return total

    def _rewind(self) -> None:
        self._asked_ns = 0
        self._chains = SessionChains(self._plan, self.numbers, self.join_s, self.leave_s)
        self._clocks = Clocks(self._plan, self._beat, self.numbers, self._chains)

    def _skip(self, at: IntArray, to_s: float) -> None:
        """Step over the sessions that ended before `to_s`."""
        gone = self._chains.replaced_before(at, to_s)
        while gone.size:
            self._advance(gone)
            gone = self._chains.replaced_before(gone, to_s)

    def _advance(self, at: IntArray) -> None:
        if at.size:
            self._chains.advance(at)
            self._clocks.start(at)


def _in_order(
    due: list[IntArray],
    clients: list[IntArray],
    renewed: list[tuple[FloatArray, IntArray, IntArray]],
) -> Due:
    due_ns = np.concatenate(due) if due else np.empty(0, dtype=np.int64)
    client = np.concatenate(clients) if clients else np.empty(0, dtype=np.int64)
    order = np.argsort(due_ns, kind="stable")
    renewals = [
        Renewal(round(start_s * 1e9), at, session)
        for starts, at_all, sessions in renewed
        for start_s, at, session in zip(
            starts.tolist(), at_all.tolist(), sessions.tolist(), strict=True
        )
    ]
    return Due(due_ns[order], client[order], sorted(renewals))
