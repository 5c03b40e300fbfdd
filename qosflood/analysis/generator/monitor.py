"""Whether the monitor did its part."""

from collections.abc import Iterable, Iterator, Sequence

from qosflood.analysis.clock import RunClock
from qosflood.base.units import (
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
    text_beside,
)
from qosflood.journal.records import Event, MemorySample, ScrapeSample
from qosflood.plan.plan import Plan

MOST_MISSED = 0.1


def monitor_problems(
    plan: Plan,
    clock: RunClock,
    events: Iterable[Event],
    scrapes: Sequence[ScrapeSample],
    memory: Sequence[MemorySample],
) -> Iterator[str]:
    """One line for each part of the monitoring that failed through the monitor's own fault."""
    for event in events:
        if event.kind == "monitor_died":
            yield event.what
    yield from _missed(
        "scrapes", *_missed_scrapes(plan, clock, scrapes), _slow_reading(plan, scrapes)
    )
    yield from _missed("memory samples", sum(s.own_fault for s in memory), len(memory))


def _slow_reading(plan: Plan, scrapes: Sequence[ScrapeSample]) -> str:
    """Why scrapes were missed, where a page took longer to read than there is between two."""
    interval_ns = plan.scrape_interval_ns or 0
    took_ns, size = max(((s.parse_ns or 0, s.bytes or 0) for s in scrapes), default=(0, 0))
    if took_ns <= interval_ns:
        return ""
    took = text_beside(format_duration, took_ns, interval_ns)
    return (
        f": it took {took} to read a page of {format_bytes(size)}, more than "
        f"the {format_duration(interval_ns)} between two scrapes; use a longer "
        "--scrape-interval"
    )


def _missed(what: str, missed: int, expected: int, why: str = "") -> Iterator[str]:
    if expected and missed > MOST_MISSED * expected:
        share = text_beside(format_ratio, missed / expected, MOST_MISSED)
        yield (
            f"the monitor missed {format_count(missed)} of {format_count(expected)} {what} "
            f"({share}, at most {format_ratio(MOST_MISSED)} allowed) "
            f"through its own fault{why}"
        )


def _missed_scrapes(
    plan: Plan, clock: RunClock, scrapes: Sequence[ScrapeSample]
) -> tuple[int, int]:
    """How many were missed, and how many were due while the load ran."""
    interval_ns = plan.scrape_interval_ns
    if interval_ns is None:
        return 0, 0
    stop_ns = min(clock.stop_ns, plan.load_ns)
    due = [s for s in scrapes if 0 <= s.t - clock.t0 < stop_ns]
    instances = max(len({s.instance for s in due}), 1)
    # One tick may fall outside the load's edges for each instance.
    never = max(instances * (stop_ns // interval_ns - 1) - len(due), 0)
    return never + sum(s.own_fault for s in due), never + len(due)
