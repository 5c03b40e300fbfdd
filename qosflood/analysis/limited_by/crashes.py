"""The target's own end while the load ran: gone, killed, restarted; and whether it came back."""

from collections.abc import Sequence

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import PhaseFigures
from qosflood.analysis.findings_of_target import Crash
from qosflood.base.units import SECOND, counted, format_bytes, format_duration
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan

_ENDED, _KILLED, _ANEW = "process_gone", "oom_kill", "restarted"
_ONE_END_NS = 2 * SECOND
"""What is seen of one end within so much time is one end: a kill, then the process that is gone."""


def crash_finding(plan: Plan, clock: RunClock, events: Sequence[Event]) -> Crash | None:
    """The first time that the target's process ended while the load ran, or the plan watched; None
    if it never did. That nobody listened before the load is no end."""
    inside = [event for event in events if _is_end(event) and _is_within(plan, clock, event)]
    if not inside:
        return None
    first = _named(inside)
    own = [event for event in events if _instance(event) == _instance(first)]
    back = next((e for e in own if e.t >= first.t and e.kind == _ANEW), None)
    whose = f"{_instance(first)}: " if len(plan.instances) > 1 and _instance(first) else ""
    during = "load" if plan.floods else plan.main_phase.name
    where = f"{format_duration(first.t - clock.t0)} into the {during}"
    ends = 1 + sum(_is_apart(inside, index) for index in range(1, len(inside)))
    more = f"; it ended or restarted {counted(ends, 'time')} in all" if ends > 1 else ""
    return Crash(
        t_s=clock.t_s(first.t),
        back_s=None if back is None else clock.t_s(back.t),
        gone=back is None and first.kind != _KILLED,
        ends=ends,
        what=f"{whose}{_words(first, own, back, where)}{more}",
    )


def touches(crash: Crash, flood: PhaseFigures) -> bool:
    """Whether the target was away in the flood: ended in it, or earlier and not back by then."""
    if crash.t_s >= flood.start_s:
        return crash.t_s <= flood.start_s + flood.seconds
    return crash.gone or (crash.back_s or 0.0) > flood.start_s


def _is_end(event: Event) -> bool:
    return event.kind in (_KILLED, _ANEW) or (event.kind == _ENDED and "pid" in event.evidence)


def _is_within(plan: Plan, clock: RunClock, event: Event) -> bool:
    end_ns = min(plan.load_ns or plan.main_phase.end_ns, clock.stop_ns)
    return 0 <= event.t - clock.t0 <= end_ns


def _is_apart(ends: Sequence[Event], index: int) -> bool:
    """Whether an end is another one than that before it, not the same one seen again."""
    before, event = ends[index - 1], ends[index]
    if event.kind == _ANEW and before.kind != _ANEW:
        return False
    return event.t - before.t > _ONE_END_NS


def _named(ends: Sequence[Event]) -> Event:
    """The first end, by what says most of it: after a kill, that the process itself is gone."""
    first = ends[0]
    if first.kind != _KILLED:
        return first
    near = (e for e in ends if e.t - first.t <= _ONE_END_NS and e.kind != _KILLED)
    return next(near, first)


def _instance(event: Event) -> str:
    return str(event.evidence.get("instance", ""))


def _words(first: Event, own: Sequence[Event], back: Event | None, where: str) -> str:
    killed = next((e for e in own if e.kind == _KILLED and e.t >= first.t - _ONE_END_NS), None)
    why = ""
    if killed is not None and abs(killed.t - first.t) <= _ONE_END_NS:
        limit = killed.evidence.get("limit_bytes")
        why = ": the kernel killed it because memory ran out"
        why += f" (its limit is {format_bytes(limit)})" if limit else ""
    if first.kind == _ANEW:
        return f"the target restarted {where}{why}"
    if first.kind == _KILLED and back is None:
        return f"the kernel killed a process of the target's cgroup because memory ran out {where}"
    pid = f" (pid {first.evidence['pid']})" if first.evidence.get("pid") else ""
    ended = f"the target's process{pid} ended {where}{why}"
    if back is None:
        return f"{ended} and did not come back"
    return f"{ended}; another took its place {format_duration(back.t - first.t)} later"
