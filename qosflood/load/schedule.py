"""When each report is due: a pure function of the plan.

Every client has a clock of its own. The shared *beat* B(t) is the integral of 1/cadence from the
load's start, in reports per client; a client that joins at J with the random phase f (0 <= f < 1)
reports whenever the beat passes B(J) + f + k for k = 0, 1, 2, … until it leaves. With a jitter j
the k-th report is later by j * u_k beats, u_k uniform in [0, 1); since j <= 1 reports never
overtake each other. Because f is uniform, the expected number of reports of a client in any
stretch of its life is exactly that stretch of beats: joining clients lift the rate at once.
"""

from dataclasses import dataclass

import numpy as np

from qosflood.load.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.plan import Phase, Plan

_NEVER_S = 1e18


@dataclass(frozen=True, slots=True)
class Due:
    """Reports that are due, in order: when (ns since the load's start) and whose (local index)."""

    due_ns: IntArray
    client: IntArray


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


def lifetimes(phases: tuple[Phase, ...]) -> tuple[FloatArray, FloatArray]:
    """Join and leave times in seconds of every client; the last to join are the first to leave.

    In a phase whose clients go from a to b, they join (or leave) evenly spread over it; a step
    between two phases happens at the boundary.
    """
    total = max(max(p.clients_from, p.clients_to) for p in phases)
    join = np.full(total, _NEVER_S)
    leave = np.full(total, _NEVER_S)
    present = 0
    for phase in phases:
        start, length = phase.start_ns * 1e-9, phase.duration_ns * 1e-9
        present = _step(join, leave, present, phase.clients_from, start, 0.0)
        present = _step(join, leave, present, phase.clients_to, start, length)
    end = phases[-1].end_ns * 1e-9
    return join, np.minimum(leave, end)


def _step(
    join: FloatArray, leave: FloatArray, have: int, want: int, start: float, length: float
) -> int:
    if want > have:
        share = (np.arange(want - have) + 0.5) / (want - have)
        join[have:want] = start + share * length
    elif want < have:
        share = (np.arange(have - want)[::-1] + 0.5) / (have - want)
        leave[want:have] = start + share * length
    return want


class Schedule:
    """Part `part` of `parts` of a plan's due times: the clients whose number is `part` modulo
    `parts`. Clients are named by their local index here; `numbers` holds their plan-wide number.
    """

    def __init__(self, plan: Plan, part: int = 0, parts: int = 1) -> None:
        phases = tuple(p for p in plan.phases if p.name != "settle")
        join, leave = lifetimes(phases)
        self.numbers: IntArray = np.arange(part, join.size, parts, dtype=np.int64)
        self.join_s: FloatArray = join[self.numbers]
        self.leave_s: FloatArray = leave[self.numbers]
        self._seed = plan.seed
        self._jitter = plan.load.jitter
        self._beat = Beat(phases)
        self._first = self._beat.at(self.join_s) + uniform(plan.seed, Purpose.PHASE, self.numbers)
        self._last = self._beat.at(self.leave_s)

    def between(self, from_ns: int, to_ns: int) -> Due:
        """Every report due in [from_ns, to_ns), in order of due time."""
        # Clients join in order of their index, so those who have not joined yet are a tail.
        alive = int(np.searchsorted(self.join_s, to_ns * 1e-9))
        low = self._reports_before(from_ns, alive)
        count = self._reports_before(to_ns, alive) - low
        client = np.repeat(np.arange(alive), count)
        first_of_client = np.cumsum(count) - count
        k = np.arange(client.size) - first_of_client[client] + low[client]
        position = self._first[client] + k
        if self._jitter:
            position += self._jitter * self._jitter_of(client, k)
        due_ns = np.rint(self._beat.when(position) * 1e9).astype(np.int64)
        order = np.argsort(due_ns, kind="stable")
        return Due(due_ns[order], client[order])

    def count(self, from_ns: int, to_ns: int) -> int:
        """How many reports are due in [from_ns, to_ns)."""
        alive = self.numbers.size
        return int(
            (self._reports_before(to_ns, alive) - self._reports_before(from_ns, alive)).sum()
        )

    def _reports_before(self, ns: int, alive: int) -> IntArray:
        """Per client, the number of its reports with a due time before `ns`."""
        beat = self._beat.at(np.array([ns * 1e-9]))[0]
        reach = np.minimum(beat, self._last[:alive]) - self._first[:alive]
        if not self._jitter:
            whole: IntArray = np.maximum(np.ceil(reach), 0).astype(np.int64)
            return whole
        # All with k + jitter <= reach are surely due; of the next two each must be looked at.
        count: IntArray = np.maximum(np.ceil(reach - self._jitter), 0).astype(np.int64)
        client = np.arange(alive)
        for _ in range(2):
            due = count + self._jitter * self._jitter_of(client, count) < reach
            count = count + due
        return count

    def _jitter_of(self, client: IntArray, k: IntArray) -> FloatArray:
        return uniform(self._seed, Purpose.JITTER, self.numbers[client], k)
