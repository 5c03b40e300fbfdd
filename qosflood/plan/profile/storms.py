"""Reconnect storms in a profile. Pure."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from qosflood.base.units import SECOND, format_count, format_duration
from qosflood.plan.plan import LEAST_LATE_GATE_NS, Phase, Plan, Storm
from qosflood.plan.profile.fields import Duration, Expected, MaybeNone, Section, key
from qosflood.plan.profile.problems import Problems
from qosflood.plan.profile.report import ReportSection

DropShare = Annotated[
    float, Field(gt=0, le=1), Expected("a share of the connections above 0, at most 1")
]


class StormSection(Section):
    """A moment of the flood at which clients drop their connections and reconnect."""

    at: Duration = Field(
        description="Time of the storm, counted from the flood's start.", examples=["30s"]
    )
    drop: DropShare = key(0.5, "Share of the connections that is dropped.")
    back_within: MaybeNone = key(
        "0s",
        "Each client reconnects after a random part of this, as with backoff; 0s: all at once.",
        "5s",
    )


SENDS_PER_SECOND = 60_000
"""What one shard can send in a burst. Measured: 5,000 reports due in one nanosecond are gone after
55 ms and 10,000 after 105 ms, one core of two at 2.6 GHz; a third is left for slower ones."""


_ROOMY = 1.5
"""Factor by which a burst is spread wider than its sending needs."""


def build_storms(
    asked: Sequence[StormSection],
    report: ReportSection,
    phases: tuple[Phase, ...],
    problems: Problems,
) -> tuple[Storm, ...]:
    """The plan's storms in the order of time; one outside the flood is a problem."""
    flood = next(phase for phase in phases if phase.name == "flood")
    name = problems.name("storms")
    connection = report.connection
    if asked and connection != "keep-alive":
        problems.add_line(
            f'{name}: got storms with report.connection "{connection}", expected "keep-alive": '
            "only a connection that a client keeps can be dropped"
        )
    for index, storm in enumerate(asked):
        for where, problem in _storm_problems(storm, report.timeout, flood.duration_ns):
            problems.add_line(f"{name}[{index}].{where}: {problem}")
    storms = (
        Storm(at_ns=flood.start_ns + one.at, drop=one.drop, back_within_ns=one.back_within)
        for one in asked
    )
    return tuple(sorted(storms, key=lambda storm: storm.at_ns))


def _storm_problems(storm: StormSection, timeout: int, flood_ns: int) -> Iterator[tuple[str, str]]:
    """Keys of a storm, and what is wrong with each."""
    back = format_duration(storm.back_within)
    if storm.at + storm.back_within >= flood_ns:
        later = f" and all clients back {back} later" * bool(storm.back_within)
        yield (
            "at",
            f"got {format_duration(storm.at)}{later}, expected it to be over in the flood of "
            f"{format_duration(flood_ns)}: make it earlier, or lengthen --duration",
        )
    if storm.back_within >= timeout:
        yield (
            "back_within",
            f"got {back}, expected less than report.timeout ({format_duration(timeout)}): reports "
            "due meanwhile would pass their deadline while their client is disconnected",
        )


def herd_size(plan: Plan) -> int:
    """How many reports of one shard are due together in the flood, where clocks are synchronised;
    else 0."""
    load = plan.load
    return -(-plan.here(load.clients) // load.shards) if load.clocks == "synchronised" else 0


def herd_over_ns(plan: Plan) -> int:
    """The time over which jitter spreads the reports of one moment."""
    return round(plan.load.jitter * plan.load.cadence_ns)


def herd_fix(plan: Plan) -> str | None:
    """The option with which a shard sends a burst of reports on time; None if it already does.

    It does not if the last report would leave later than the late-generator gate allows.
    """
    size, over_ns = herd_size(plan), herd_over_ns(plan)
    needs_ns = round(size * SECOND / SENDS_PER_SECOND)
    if needs_ns <= over_ns + LEAST_LATE_GATE_NS:
        return None
    jitter = math.ceil(100 * _ROOMY * needs_ns / plan.load.cadence_ns) / 100
    shards = math.ceil(plan.load.shards * needs_ns / (over_ns + LEAST_LATE_GATE_NS))
    spread = f"--shards {format_count(shards)} (on as many idle cores)"
    if jitter > 1:
        return spread
    return f"--set report.jitter={jitter:g}, or {spread}"


def herd_warnings(plan: Plan) -> tuple[str, ...]:
    """A warning before the load if the generator would be late with a burst of reports."""
    fix = herd_fix(plan)
    if fix is None:
        return ()
    size, over_ns = herd_size(plan), herd_over_ns(plan)
    within = f"within {format_duration(over_ns)}" if over_ns else "at one moment"
    needs = format_duration(round(size * SECOND / SENDS_PER_SECOND))
    return (
        f"synchronised: {format_count(size)} reports of a shard are due {within}, and sending them "
        f"takes it about {needs} (some {format_count(SENDS_PER_SECOND)}/s): the generator would be "
        f"late; expected {fix}",
    )
