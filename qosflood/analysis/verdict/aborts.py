"""Abort limits, judged while the run goes on. Pure.

An abort limit names the condition that stops the run: `errors > 50% for 15s` must have held for
15 s in a row. A share is taken over all reports of those 15 s and has to lie beyond the threshold
by more than chance: a target that refuses every other report must not be stopped for refusing 2,001
of 4,000. Seconds of them that lie on the other side by more than chance end the row, so a total
outage stops the run after 15 s and a restart of 10 s does not. A level must have met the condition
at every look for 15 s.
"""

from qosflood.analysis.current import LiveView
from qosflood.analysis.verdict.comparison import compare
from qosflood.analysis.verdict.metrics import READERS
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.plan.limit_language import RUN, judged_text, metric_of
from qosflood.plan.plan import Limit, Plan

_BLIND_NS = 5 * SECOND
"""Asked about once a second; longer than this between two looks, the run itself stood still."""


class AbortJudge:
    """The abort limits of a plan, and since when each one's condition has been met."""

    def __init__(self, plan: Plan) -> None:
        self._view = LiveView(plan)
        self._since: dict[Limit, int] = {}
        self._looked_ns: int | None = None

    def feed(self, record: JournalRecord) -> None:
        """Take a record, each one that the journal gets."""
        if self._view.plan.aborts:
            self._view.feed(record)

    def broken(self, t_ns: int) -> tuple[Limit, str] | None:
        """The first abort limit whose condition was met for its grace period, and the value in
        words; to be asked about once a second, `t_ns` counts from the segment's start."""
        self._look(t_ns)
        for limit in self._view.plan.aborts:
            if not self._applies(limit, t_ns):
                self._since.pop(limit, None)
                continue
            reader = READERS[limit.metric].live
            assert reader is not None, f"{limit.metric} is not known while the run goes on"
            met, value = compare(limit, reader(self._view, limit, t_ns))
            if met is False:
                self._since.pop(limit, None)
            # Between herds nothing ends: what is not known neither breaks nor clears.
            elif met and value is not None and self._long_enough(limit, t_ns):
                shown = judged_text(limit.unit, value, limit.op, limit.threshold)
                return limit, f"{limit.metric} {shown}"
        return None

    def _look(self, t_ns: int) -> None:
        """Who stood still has seen nothing meanwhile: every condition begins anew."""
        if self._looked_ns is not None and t_ns - self._looked_ns > _BLIND_NS:
            self._since.clear()
            self._view.watching_since = t_ns
        self._looked_ns = t_ns

    def _applies(self, limit: Limit, t_ns: int) -> bool:
        load_ns = self._view.load_ns(t_ns)
        in_scope = limit.scope in (RUN, self._view.phase_at(load_ns).name)
        under_load = metric_of(limit).source != "load" or load_ns < self._view.plan.load_ns
        return self._view.t0 is not None and in_scope and under_load

    def _long_enough(self, limit: Limit, t_ns: int) -> bool:
        since = self._since.setdefault(limit, t_ns)
        return READERS[limit.metric].spans_grace or t_ns - since >= limit.grace_ns
