"""When the control failed, for the timeline."""

from collections import Counter
from collections.abc import Iterator, Sequence

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import TimelineEntry
from qosflood.base.units import format_count, format_duration
from qosflood.journal.records import ControlSample, Who


def control_entries(
    samples: Sequence[ControlSample], clock: RunClock, *, loopback: bool
) -> Iterator[TimelineEntry]:
    """An entry for each stretch of failed requests. On loopback there is no network that could be
    to blame, but the machine that generator and control share."""
    who: Who = "generator" if loopback else "network"
    failing: list[ControlSample] = []
    for sample in samples:
        if sample.own_fault:
            continue
        if not sample.ok:
            failing.append(sample)
        elif failing:
            yield _entry(failing, sample.t, who, clock)
            failing = []
    if failing:
        yield _entry(failing, None, who, clock)


def _entry(
    failing: Sequence[ControlSample], until: int | None, who: Who, clock: RunClock
) -> TimelineEntry:
    since = failing[0].t
    lasted = "" if until is None else f" for {format_duration(until - since)}"
    reasons = Counter(sample.reason or "unknown" for sample in failing)
    told = ", ".join(f"{format_count(count)} x {reason}" for reason, count in reasons.items())
    return TimelineEntry(
        t_s=clock.t_s(since),
        wall_ns=clock.wall(since),
        who=who,
        kind="control_failing",
        what=f"the control failed{lasted}: {told}",
        evidence={
            "failed": len(failing),
            "until_s": None if until is None else clock.t_s(until),
        },
    )
