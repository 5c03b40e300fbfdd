"""Whether the monitor did its part."""

from collections.abc import Iterable, Iterator, Sequence

from qosflood.analysis.clock import RunClock
from qosflood.plan import Plan
from qosflood.records import Event, MemorySample, ScrapeSample
from qosflood.units import format_count, format_ratio

MOST_MISSED = 0.1


def watching_problems(
    plan: Plan,
    clock: RunClock,
    events: Iterable[Event],
    scrapes: Sequence[ScrapeSample],
    memory: Sequence[MemorySample],
) -> Iterator[str]:
    """One line for each part of the watching that failed by the monitor's own fault."""
    for event in events:
        if event.kind == "monitor_died":
            yield event.what
    yield from _missed("scrapes", *_missed_scrapes(plan, clock, scrapes))
    yield from _missed("memory samples", sum(s.own_fault for s in memory), len(memory))


def _missed(what: str, missed: int, expected: int) -> Iterator[str]:
    if expected and missed > MOST_MISSED * expected:
        yield (
            f"the monitor missed {format_count(missed)} of {format_count(expected)} {what} "
            f"({format_ratio(missed / expected)}, at most {format_ratio(MOST_MISSED)} allowed) "
            "by its own fault"
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
