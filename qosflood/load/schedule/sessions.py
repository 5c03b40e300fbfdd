"""When each client is present, and the chain of sessions that it plays. Pure.

A *place* is one of the plan's clients: it is taken from its join to its leave. With lifetimes the
session in a place ends and another takes over at once, with an id, a connection and a clock of its
own. Sessions join and leave at a steady rate from the first second, because the first session in a
place has already lasted for a part of its lifetime. After `churn_end_s` none is replaced.
"""

import numpy as np

from qosflood.load.schedule.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.plan.plan import Phase, Plan, Sessions

_NEVER_S = 1e18


def places(phases: tuple[Phase, ...]) -> tuple[FloatArray, FloatArray]:
    """Join and leave times in seconds of every place; the last to be taken are the first to be
    left.

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


def churn_end_s(plan: Plan) -> float:
    """Seconds after the load's start from which no session is replaced by another."""
    if plan.sessions.lifetime == "none":
        return 0.0
    if not plan.sessions.hold:
        return plan.load_ns * 1e-9
    flood = plan.phase("flood")
    return (flood.start_ns + flood.duration_ns / 3) * 1e-9


class SessionChains:
    """The session that each place holds, to be walked forward: `start_s`, `end_s`, `session`.

    The last session of a place ends with the place. Draws are keyed by seed, client and session.
    """

    def __init__(self, plan: Plan, numbers: IntArray, join_s: FloatArray, leave_s: FloatArray):
        self._sessions: Sessions = plan.sessions
        self._seed = plan.seed
        self._numbers = numbers
        self._leave_s = leave_s
        self._churn_end_s = churn_end_s(plan)
        self.session: IntArray = np.zeros(numbers.size, dtype=np.int64)
        self.start_s: FloatArray = join_s.copy()
        self.end_s: FloatArray = self._ends(np.arange(numbers.size))

    @property
    def churns(self) -> bool:
        """Whether any session is ever replaced by another."""
        return self._churn_end_s > 0.0

    def replaced_before(self, at: IntArray, before_s: float) -> IntArray:
        """Those of the places `at` whose session is replaced by another before `before_s`."""
        if not self.churns:
            return at[:0]
        gone: IntArray = at[(self.end_s[at] < before_s) & (self.end_s[at] < self._leave_s[at])]
        return gone

    def advance(self, at: IntArray) -> None:
        """Put the next session into each of the places `at`."""
        self.session[at] += 1
        self.start_s[at] = self.end_s[at]
        self.end_s[at] = self._ends(at)

    def _ends(self, at: IntArray) -> FloatArray:
        if not self.churns:
            return self._leave_s[at]
        end = self.start_s[at] + self._lifetimes(at)
        churned = (end < self._churn_end_s) & (end < self._leave_s[at])
        ends: FloatArray = np.where(churned, end, self._leave_s[at])
        return ends

    def _lifetimes(self, at: IntArray) -> FloatArray:
        mean_s = self._sessions.lifetime_ns * 1e-9
        draw = uniform(self._seed, Purpose.LIFETIME, self._numbers[at], self.session[at])
        if self._sessions.lifetime == "exponential":
            # Memoryless: what is left of a lifetime is distributed as a whole one.
            drawn: FloatArray = -mean_s * np.log1p(-draw)
            return drawn
        left: FloatArray = np.where(self.session[at] == 0, mean_s * draw, mean_s)
        return left
