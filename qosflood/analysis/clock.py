"""The journal's clock, the load's clock and UTC, and how far the load came."""

from dataclasses import dataclass

from qosflood.base.units import SECOND
from qosflood.journal.records import End, Event
from qosflood.plan.plan import Phase, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClock:
    """`wall_ns` is UTC at the segment's start, `t0` the load's zero on the journal's clock,
    `stop_ns` when the run ended, since the load's start. `completed` is False if it was
    stopped early. `settle_ns` is when the settle phase ended, which a drain makes longer than
    planned; None where it ended as planned or was not reached."""

    wall_ns: int
    t0: int
    stop_ns: int
    completed: bool
    settle_ns: int | None = None

    def t_s(self, t: int) -> float:
        """Seconds since the load's start of a journal time."""
        return (t - self.t0) / SECOND

    def wall(self, t: int) -> int:
        """UTC of a journal time, ns since the epoch."""
        return self.wall_ns + t

    def span(self, phase: Phase) -> tuple[int, int]:
        """Start and end of the part of the phase that was run, as journal times."""
        planned_ns = phase.end_ns
        if phase.name == "settle" and self.settle_ns is not None:
            planned_ns = max(planned_ns, self.settle_ns)
        end = max(phase.start_ns, min(planned_ns, self.stop_ns))
        return self.t0 + phase.start_ns, self.t0 + end

    def seconds(self, phase: Phase) -> float:
        """How much of the phase was run, in seconds."""
        start, end = self.span(phase)
        return (end - start) / SECOND


def run_clock(
    plan: Plan, wall_ns: int, events: list[Event], end: End | None, last_t: int
) -> RunClock:
    """The clock of a run from its events; `last_t` stands for the end of a journal torn off."""
    t0 = next((e.evidence.get("t0") for e in events if e.kind == "load_started"), None)
    completed = end is not None and end.reason == "completed" and t0 is not None
    if t0 is None:
        return RunClock(wall_ns=wall_ns, t0=0, stop_ns=0, completed=False)
    stop = next((e.t for e in events if e.kind == "stopping"), last_t)
    settled = next((e.t - t0 for e in events if e.kind == "settled"), None)
    planned = max(phase.end_ns for phase in plan.phases)
    if completed:
        stop_ns = max(planned, settled or 0)
    else:
        drained = any(e.kind == "load_finished" for e in events)
        settled = stop - t0 if drained else None
        stop_ns = min(max(stop - t0, 0), max(planned, settled or 0))
    return RunClock(wall_ns=wall_ns, t0=t0, stop_ns=stop_ns, completed=completed, settle_ns=settled)
