"""The limits as they stand while the run goes on, counted record by record. Pure.

What is measured of reports is judged as after the run, over the part of its phase that is over; of
memory and scrapes the worst that was seen so far decides. What only the whole journal shows (leak,
loss, recovery, shares of scrapes) is judged after the run.
"""

from dataclasses import replace
from typing import Any

from qosflood.analysis.analyse import analyse
from qosflood.analysis.clock import RunClock
from qosflood.analysis.current import LiveView
from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.generator.late import OnTimeBreaks, is_late, late_gate_ns, waits
from qosflood.analysis.latency import figures_of
from qosflood.analysis.missing import bare_phase
from qosflood.analysis.phases import PhaseTally
from qosflood.analysis.verdict.comparison import Reading, compare
from qosflood.analysis.verdict.metrics import READERS
from qosflood.analysis.verdict.verdict import JudgedLimit, judge_limit
from qosflood.journal.records import Event, JournalRecord, Window
from qosflood.live.so_far import LimitSoFar, limit_so_far
from qosflood.plan.limit_language import RUN, metric_of
from qosflood.plan.plan import Limit, Plan

_SERIES = ("response", "service", "failed", "send_lag")
_LATER = "judged after the run"


class LimitsNow:
    """The plan's limits; asked about once a second. `view` is fed by its owner, before this."""

    def __init__(self, plan: Plan, view: LiveView) -> None:
        self._plan = plan
        self._view = view
        self._gate_ns = late_gate_ns(plan)
        self._tallies = {limit.scope: PhaseTally() for limit in plan.limits if _of_reports(limit)}
        self._read = {
            (limit.scope, series) for limit in plan.limits if (series := metric_of(limit).series)
        }
        self._on_time = OnTimeBreaks(plan)
        self._nothing = analyse(plan, 0, ())
        self._worst: dict[Limit, Reading] = {}
        self._restarts = 0

    def feed(self, record: JournalRecord) -> None:
        """Take a record, each one that the journal gets."""
        if isinstance(record, Window):
            self._window(record)
        elif isinstance(record, Event):
            self._restarts += record.kind == "restarted"

    def look(self, t_ns: int) -> tuple[LimitSoFar, ...]:
        """Every limit at journal time `t_ns`, in the plan's order."""
        findings = replace(
            self._nothing,
            phases=tuple(self._phase(name, t_ns) for name in self._tallies),
            broken_on_time=self._on_time.broken(),
        )
        return tuple(self._limit(findings, limit, t_ns) for limit in self._plan.limits)

    def _window(self, window: Window) -> None:
        late = is_late(window, self._gate_ns)
        self._on_time.add(window, late)
        tally = self._tallies.get(window.phase)
        if tally is None:
            return
        # A series that no limit reads need not be decoded and merged.
        unread: dict[str, Any] = {
            name: None for name in _SERIES if (window.phase, name) not in self._read
        }
        waiting = any(
            waits(window, float(limit.threshold))
            for limit in self._plan.limits
            if metric_of(limit).series
        )
        tally.add(replace(window, **unread), late, waiting)

    def _phase(self, name: str, t_ns: int) -> PhaseFigures:
        t0 = self._view.t0 or 0
        clock = RunClock(wall_ns=0, t0=t0, stop_ns=self._view.load_ns(t_ns), completed=False)
        tally = self._tallies[name]
        latencies = tally.latencies()
        return replace(
            bare_phase(self._plan, self._plan.phase(name), tally, clock),
            response=figures_of(latencies["response"]),
            service=figures_of(latencies["service"]),
        )

    def _limit(self, findings: Findings, limit: Limit, t_ns: int) -> LimitSoFar:
        if _of_reports(limit):
            return limit_so_far(findings, judge_limit(self._plan, findings, limit))
        if limit.metric != "restarts" and READERS[limit.metric].live is None:
            unread = JudgedLimit(limit=limit, value=None, n=0, ok=None, reason=_LATER)
            return replace(limit_so_far(findings, unread), note=_LATER)
        reading = self._level(limit, t_ns)
        ok, value = compare(limit, reading)
        judged = JudgedLimit(limit=limit, value=value, n=reading.n, ok=ok, reason=reading.reason)
        return limit_so_far(findings, judged)

    def _level(self, limit: Limit, t_ns: int) -> Reading:
        """The worst so far of what is a level at any moment."""
        reader = READERS[limit.metric].live
        if self._view.t0 is None:
            return Reading()
        if reader is None:
            return Reading(value=self._restarts, n=len(self._plan.instances))
        if self._in_scope(limit, t_ns):
            now = reader(self._view, limit, t_ns)
            before = self._worst.get(limit)
            if before is None or _level_of(now) > _level_of(before):
                self._worst[limit] = now
        return self._worst.get(limit, Reading())

    def _in_scope(self, limit: Limit, t_ns: int) -> bool:
        phase = self._view.phase_at(self._view.load_ns(t_ns)).name
        return limit.scope in (RUN, phase)


def _of_reports(limit: Limit) -> bool:
    """Whether it is judged on the counts and latencies of one phase's reports."""
    metric = metric_of(limit)
    return metric.source == "load" and bool(metric.phases)


def _level_of(reading: Reading) -> float:
    """The levels that are limited are bad where they are high."""
    return float("-inf") if reading.value is None else float(reading.value)
