"""What is said of the target's memory: what was seen, and what such a run can and cannot clear.
Pure."""

from typing import Literal

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import MemoryFinding
from qosflood.analysis.memory.envelope import Points
from qosflood.analysis.memory.retention import Retention
from qosflood.base.units import SECOND, format_bytes, format_count, format_duration, format_ratio
from qosflood.journal.records import Event
from qosflood.plan.watching import WATCH

Heap = Literal["agrees", "disagrees", "unseen"]
_HARDLY = 0.05


def _held(phase: str) -> str:
    """A watch knows nothing of sessions."""
    return "" if phase == WATCH else " at constant sessions"


def broken(event: Event, clock: RunClock, phase: str) -> str:
    """The process that was measured did not last; `phase` is the flood or the watch."""
    when = format_duration(event.t - clock.t0)
    whose = "the load's" if phase != WATCH else "its"
    why = f"the target's process changed in the {phase}, {when} after {whose} start"
    return f"{why}: {event.what}"


def broken_before(event: Event, clock: RunClock) -> str:
    """The process that was judged is not the one that sessions began to join."""
    when = format_duration(event.t - clock.t0)
    return (
        "what sessions left behind that joined before is not known, for the process changed "
        f"{when} after the load's start: {event.what}"
    )


def too_short(blocks: int, least: int, block_ns: int, needed_ns: int | None, phase: str) -> str:
    """Too few blocks; `needed_ns` is None where they are missing in a phase that is long enough."""
    had = f"{blocks} blocks of {format_duration(block_ns)} after the warm-up"
    if needed_ns is None:
        return f"{had} have samples; at least {least} are needed"
    needed = format_duration(needed_ns)
    return f"{had}, at least {least} are needed: a {phase} of {needed} would decide"


def too_few_collections(grown: float, period_ns: float, needed_ns: float | None, phase: str) -> str:
    """Growth that no major collection had a chance to clear away."""
    rose = f"rose {format_bytes(grown)}{_held(phase)}, but "
    if needed_ns is None:
        return f"{rose}no major collection ran meanwhile: what it would free is not known"
    return (
        f"{rose}a major collection ran only each {format_duration(round(period_ns, -9))}: a "
        f"{phase} of {format_duration(round(needed_ns, -9))} would decide"
    )


def heap_disagrees(grown: float, phase: str) -> str:
    """Resident memory rose, the heap did not."""
    return (
        f"rose {format_bytes(grown)}{_held(phase)}, but the heap that the target exposes "
        "did not: memory outside the heap, or pages it keeps; a longer run tells them apart"
    )


def inseparable(grown: float, begun: int) -> str:
    """Sessions began at an even rate all the while."""
    return (
        f"grew {format_bytes(grown)} while {format_count(begun)} sessions began: growth with time "
        "and with sessions cannot be told apart; sessions.hold = true stops them in time"
    )


def with_churn(per_session: float | None, grown: float, begun: int) -> str:
    """Growth that followed the sessions and not the time; None: not all of them are known."""
    along = f"grew {format_bytes(grown)} along with "
    if per_session is None:
        return f"{along}new sessions and not with time beside them"
    return (
        f"{along}{format_count(begun)} new sessions "
        f"({format_bytes(per_session)} a session) and not with time beside them"
    )


def leak(found: MemoryFinding, grown: float) -> str:
    """Growth with time."""
    low, high = format_bytes(found.slope_low or 0.0), format_bytes(found.slope_high or 0.0)
    heap = "; the heap it exposes rises too" if found.heap == "agrees" else ""
    return (
        f"grows at constant sessions: {format_bytes(grown)} since the first third of the flood, "
        f"{low} to {high} an hour{heap}"
    )


def unasked(found: MemoryFinding, grown: float) -> str:
    """Growth in a watch, where nobody tells what others sent."""
    low, high = format_bytes(found.slope_low or 0.0), format_bytes(found.slope_high or 0.0)
    return (
        f"rose {format_bytes(grown)} since the first third of the watch, {low} to {high} an hour, "
        "though nothing was sent from here; a leak, if others' sessions did not rise meanwhile"
    )


def with_sessions(found: MemoryFinding, kept: Retention, churn: float) -> str:
    """Growth that came with sessions and ended with their joining."""
    joined = "sessions joined"
    if found.bytes_per_session is not None:
        each = format_bytes(found.bytes_per_session)
        joined = f"{format_count(kept.sessions)} sessions joined ({each} a session)"
    grew = f"grew {format_bytes(kept.growth)} while {joined}, then held; {_given_back(kept)}"
    if found.time_to_limit_low_s is None:
        return grew
    low = format_duration(round(found.time_to_limit_low_s) * SECOND)
    return (
        f"{grew}; at the peak's {format_count(churn)} new sessions a second its limit is reached "
        f"after {low} at the earliest"
    )


def _given_back(kept: Retention) -> str:
    if kept.given_back is None:
        return "whether it gives that back was not seen"
    if kept.given_back < _HARDLY:
        return "nothing of it was given back after they ended"
    return f"{format_ratio(min(kept.given_back, 1.0))} of it was given back after they ended"


def steady(
    found: MemoryFinding, minima: Points, grown: float, least_growth: float, phase: str
) -> str:
    """No growth that has a name, and which leak this run could not have seen."""
    length = format_duration(round(float(minima.times[-1] - minima.times[0])))
    seen = (
        f"changed by {format_bytes(grown)} in {format_count(len(minima.times))} blocks over "
        f"{length}{_held(phase)} (a leak is more than {format_bytes(least_growth)}, rising)"
    )
    clears = format_bytes(found.clears_bytes_per_hour or 0.0)
    unseen = f"a leak slower than {clears} an hour needs a longer run"
    if found.needed_s is None:
        return f"{seen}; {unseen}"
    needed = format_duration(round(found.needed_s) * SECOND)
    return f"{seen}; it does rise: {unseen}, of {needed} to tell whether this one goes on"
