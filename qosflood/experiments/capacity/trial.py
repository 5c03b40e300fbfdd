"""What a search for capacity and the runtime that carries out its trials say to each other.

The search asks for a `Try` or a `Stop`; the runtime answers a `Try` with a `Trial`. Everything that
the search knows follows from the trials in their order, so a journal of trials is enough to resume.
"""

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["good", "bad", "void"]
"""Good: all limits held. Bad: one was broken. Void: the generator was late, queued, or the monitor
was blind, so that the trial says nothing of the target."""
Purpose = Literal["climb", "search", "again", "confirm"]
"""Climb: by doubling, or down by halves. Search: asked for by the posterior. Again: at the end, the
first load that was good, and after a bad one the way down. Confirm: the long flood."""
State = Literal["fresh", "filled"]
"""Filled: after the sessions of `--held` or `--event` were registered."""
Reason = Literal[
    "width",
    "budget",
    "need_met",
    "need_missed",
    "max",
    "generator",
    "floor",
    "not_recovered",
    "interrupted",
    "done",
]
"""Why it ended. Width: the interval is narrow enough. Max: `--max` held. Generator: its ceiling.
Floor: one client alone is too much. Not recovered: what held in the climb is too much now, or the
target did not come back between trials; that and interrupted are for the runtime to say. Done:
nothing is left to try after the search."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a limit read in a trial, in its base unit (ns, bytes, ratio).

    `ok` is None where it could not be judged, as in a trial that an abort limit cut short.
    """

    name: str
    op: str
    value: float | None
    threshold: float | None
    ok: bool | None

    @property
    def over(self) -> float | None:
        """How near the limit it came: 1 is at the threshold, more is broken. None: no figure."""
        if self.value is None or self.threshold is None:
            return None
        above, below = self.value, self.threshold
        if self.op.startswith(">"):
            above, below = below, above
        return above / below if below and self.op != "==" else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured in a trial; None is not measured. `in_flight` is the mean of what was
    sampled, `service_mean_ns` that of accepted reports, `rss_bytes` the largest."""

    limits: tuple[Reading, ...] = ()
    response_p50_ns: float | None = None
    response_p99_ns: float | None = None
    service_mean_ns: float | None = None
    errors: float | None = None
    accepted_per_s: float | None = None
    in_flight: float | None = None
    scrape_p99_ns: float | None = None
    rss_bytes: float | None = None
    cores: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One flood at one load (whole clients, 0 to load - 1).

    `broken` names the limits that broke, as their readings do. `started_s` counts from the
    beginning of the search, without the time between an interruption and its resumption. `why` says
    in words what made it void.
    """

    load: int
    outcome: Outcome
    purpose: Purpose
    started_s: float
    seconds: float
    broken: tuple[str, ...] = ()
    figures: Figures = field(default_factory=Figures)
    state: State = "fresh"
    why: str = ""

    @property
    def bad(self) -> bool:
        """Whether a limit was broken; a void trial is neither bad nor good."""
        return self.outcome == "bad"

    @property
    def ended_s(self) -> float:
        """When it was over, counted as `started_s`."""
        return self.started_s + self.seconds


@dataclass(frozen=True, slots=True)
class Try:
    """Carry out a trial at this load."""

    load: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Stop:
    """Carry out no more trials."""

    reason: Reason


Next = Try | Stop
