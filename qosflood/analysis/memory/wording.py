"""Sentences about the target's memory: what was measured, and what such a run can and cannot
detect. Pure."""

from math import ceil
from typing import Literal

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import MemoryFinding
from qosflood.analysis.memory.envelope import Points
from qosflood.base.units import (
    SECOND,
    counted,
    format_bytes,
    format_count,
    format_duration,
)
from qosflood.journal.records import Event
from qosflood.plan.watching import WATCH

Heap = Literal["agrees", "disagrees", "unseen"]


def _held(held: bool) -> str:
    """A watch does not count sessions, and a plan may let them join throughout."""
    return " at constant sessions" if held else ""


def broken(event: Event, clock: RunClock, phase: str) -> str:
    """The measured process ended or was replaced; `phase` is the flood or the watch."""
    when = format_duration(event.t - clock.t0)
    whose = "the load's" if phase != WATCH else "its"
    why = f"the target's process changed in the {phase}, {when} after {whose} start"
    return f"{why}: {event.what}"


def broken_before(event: Event, clock: RunClock) -> str:
    """The judged process is not the one that the first sessions joined."""
    when = format_duration(event.t - clock.t0)
    return (
        "what earlier sessions left behind is not known, because the process changed "
        f"{when} after the load's start: {event.what}"
    )


def too_short(
    blocks: int, least: int, block_ns: int, needed_ns: int | None, phase: str, *, cut_short: bool
) -> str:
    """Too few blocks; `needed_ns` is None where the phase is long enough, and they are missing
    because it was cut short or was not sampled."""
    had = f"{counted(blocks, 'block')} of {format_duration(block_ns)} after the warm-up"
    if needed_ns is not None:
        needed = format_duration(needed_ns)
        return f"too short to judge: {had}, at least {least} are needed; {phase} for {needed}"
    if cut_short:
        return f"the {phase} was cut short: {had}, at least {least} are needed"
    return f"samples in only {had}; at least {least} are needed"


def too_few_collections(
    grown: float, period_ns: float, needed_ns: float | None, phase: str, *, held: bool
) -> str:
    """Growth that no major garbage collection had a chance to free."""
    rose = f"rose {format_bytes(grown)}{_held(held)}, but "
    if needed_ns is None:
        return f"{rose}no major collection ran in that time, so what it would free is not known"
    return (
        f"{rose}a major collection ran only every {format_duration(round(period_ns, -9))}; "
        f"{phase} for {format_duration(round(needed_ns, -9))} to judge it"
    )


def heap_disagrees(grown: float, *, held: bool) -> str:
    """Resident memory rose, the heap did not."""
    return (
        f"rose {format_bytes(grown)}{_held(held)}, but the heap that the target exports "
        "did not: memory outside the heap, or pages that the process keeps; a longer run "
        "distinguishes the two"
    )


def inseparable(grown: float, begun: int) -> str:
    """Sessions began at an even rate throughout."""
    return (
        f"grew {format_bytes(grown)} while {format_count(begun)} sessions began: growth with time "
        "cannot be separated from growth with sessions; set sessions.hold = true, so that none "
        "begin while memory is judged"
    )


def leak(found: MemoryFinding, grown: float, *, held: bool) -> str:
    """Growth with time."""
    low, high = format_bytes(found.slope_low or 0.0), format_bytes(found.slope_high or 0.0)
    heap = "; the heap that the target exports rises too" if found.heap == "agrees" else ""
    return (
        f"grows{_held(held) or ' with time'}: {format_bytes(grown)} since the first third of the "
        f"flood, {low} to {high} per hour{heap}"
    )


def growth_without_load(found: MemoryFinding, grown: float) -> str:
    """Growth in a watch, where the load of other clients is not known."""
    low, high = format_bytes(found.slope_low or 0.0), format_bytes(found.slope_high or 0.0)
    return (
        f"rose {format_bytes(grown)} since the first third of the watch, {low} to {high} per hour, "
        "though qosflood sent no load; a leak, unless other clients' sessions rose in that time"
    )


def steady(
    found: MemoryFinding,
    minima: Points,
    grown: float,
    least_growth: float,
    phase: str,
    *,
    held: bool,
) -> str:
    """No growth that counts as a leak, and which leak this run could not have detected."""
    length = format_duration(round(float(minima.times[-1] - minima.times[0])))
    seen = (
        f"changed by {format_bytes(grown)} in {format_count(len(minima.times))} blocks over "
        f"{length}{_held(held)} (a leak rises by more than {format_bytes(least_growth)})"
    )
    clears = format_bytes(found.clears_bytes_per_hour or 0.0)
    undetected = f"a leak slower than {clears} per hour needs a longer run"
    if found.needed_s is None:
        return f"{seen}; {undetected}"
    needed = format_duration(ceil(found.needed_s) * SECOND)
    return f"{seen}; {undetected}; memory did rise: {phase} for {needed} to see whether it goes on"
