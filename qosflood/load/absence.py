"""When a shard was not there: it stood still, or was behind its own schedule. Pure.

A process that is stopped, paused, put to sleep with its machine or kept off the CPU neither sends
nor reads. What came due meanwhile, or had its deadline meanwhile, says nothing about the target:
the answer may have lain in a buffer, or would have come.
"""

from collections import deque
from typing import NamedTuple

from qosflood.journal.records import OWN_ABSENCE, Outcome

LEAST_NS = 500_000_000
"""A shorter stall is lateness: no deadline of seconds is missed because of it."""


class _Span(NamedTuple):
    from_ns: int
    until_ns: int
    slept: bool


class Absences:
    """A shard's absences, as far as they matter to reports that are still open.

    `timeout_ns` is a report's: what is long beside it is an absence, however short.
    """

    def __init__(self, timeout_ns: int) -> None:
        self.least_ns = min(LEAST_NS, timeout_ns // 2)
        self._timeout_ns = timeout_ns
        self._spans: deque[_Span] = deque()
        self._expected_ns: int | None = None

    def expect(self, at_ns: int) -> None:
        """The shard will be there at `at_ns`, and says so with `present`."""
        self._expected_ns = at_ns

    def present(self, now_ns: int, behind_since_ns: int, slept_ns: int = 0) -> bool:
        """The shard is there at `now_ns`, and all that was due before `behind_since_ns` was picked;
        its machine slept for `slept_ns`, which the clock does not count. Whether it comes back
        from an absence."""
        expected_ns = now_ns if self._expected_ns is None else self._expected_ns
        self._expected_ns = None
        slept = slept_ns >= self.least_ns
        from_ns = min(expected_ns, behind_since_ns)
        if not slept and now_ns - from_ns < self.least_ns:
            return False
        self._add(_Span(min(from_ns, now_ns), now_ns, slept))
        return True

    def between(self, from_ns: int, until_ns: int) -> int:
        """For how long of this time the shard was absent."""
        return sum(
            max(min(span.until_ns, until_ns) - max(span.from_ns, from_ns), 0)
            for span in self._spans
        )

    def excuse(self, outcome: Outcome, due_ns: int, now_ns: int) -> str | None:
        """The reason to record for a report due at `due_ns` that ends in `outcome` now, if the
        shard's absence is what ended it; None if not.

        What the target answered is its own. A report that was due before the absence and had time
        left after it is not excused: its answer was read on coming back.
        """
        if outcome not in OWN_ABSENCE:
            return None
        deadline_ns = due_ns + self._timeout_ns
        for span in self._known(now_ns):
            if span.slept and due_ns <= span.until_ns:
                return OWN_ABSENCE[outcome]
            due_in = span.from_ns <= due_ns <= span.until_ns
            if outcome in _MISSED and (due_in or span.from_ns <= deadline_ns <= span.until_ns):
                return OWN_ABSENCE[outcome]
        return None

    def _known(self, now_ns: int) -> list[_Span]:
        """The absences, the one that has just ended included, of which nobody has said so yet."""
        expected_ns = self._expected_ns
        if expected_ns is None or now_ns - expected_ns < self.least_ns:
            return list(self._spans) if self._spans else _NONE
        return [*self._spans, _Span(expected_ns, now_ns, slept=False)]

    def _add(self, span: _Span) -> None:
        spans = self._spans
        while spans and spans[0].until_ns < span.from_ns - 2 * self._timeout_ns - LEAST_NS:
            spans.popleft()
        while spans and spans[-1].until_ns >= span.from_ns:
            last = spans.pop()
            span = _Span(min(last.from_ns, span.from_ns), span.until_ns, last.slept or span.slept)
        spans.append(span)


_MISSED = (Outcome.TIMEOUT, Outcome.UNSENT)
_NONE: list[_Span] = []
