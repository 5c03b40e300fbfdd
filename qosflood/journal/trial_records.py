"""The records of a search for capacity: its trials, and what they say so far."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from qosflood.plan.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """A trial that is over: the stage that was played, and in `trial` what a search knows of it
    (see experiments/capacity/trial.py). Without a stage it was carried out in an earlier run, which
    this one resumes."""

    TAG: ClassVar[str] = "trial"
    t: int
    stage: Stage | None
    trial: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An interval. Without `high` it is "at least `low`"."""

    low: float
    mid: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """Where a limit gives, in clients; one that held has no `high`. `times` is the distance from
    where the first one gives."""

    limit: str
    low: float
    high: float | None
    times: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedAnswer:
    """Whether so many clients are carried: `met` null is not known. Else as in the search."""

    clients: int
    met: bool | None
    probability: float | None
    short_by: int | None
    targets: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembers:
    """The first load that was good was bad at the end; `recovers_at`: the one at which it was good
    again on the way down."""

    good_before: int
    recovers_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerThousand:
    """What 1,000 clients more take of the target."""

    cores: float | None
    bytes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What one search found; `quantiles` are its posterior's, 2.5% to 97.5%, in clients."""

    clients: Band
    quantiles: list[float] | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityAnswer:
    """What the trials of a search say, those of the lower search where there were two.

    `level` is the probability that the interval holds the knee, null where no search was made but
    steps were tried: then `low` held and `high` did not. `ceiling` is what ended the climb.
    `limits` are all that were judged, the first to give first. `confirmed`: whether the long flood
    at `confirm_clients` held, null: it was not made, or was void. `held` sessions were
    registered before the second search. `event_bytes`: memory of the target once all of the
    `event_sessions` were, extrapolated.
    """

    reason: str
    clients: Band
    reports_per_s: Band
    multiple: Band
    level: float | None
    ceiling: Literal["target", "generator", "max"] | None
    first: Gives | None
    second: Gives | None
    limits: tuple[Gives, ...]
    need: NeedAnswer | None
    fresh: SearchAnswer
    filled: SearchAnswer | None
    held: int
    hysteresis: Remembers | None
    confirmed: bool | None
    confirm_clients: int | None
    per_1000_clients: PerThousand
    event_sessions: int
    event_bytes: float | None
    memory_limit_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecord:
    """What the trials so far say; the last one is the answer. `reason` says why the search ended,
    None while it goes on."""

    TAG: ClassVar[str] = "answer"
    t: int
    reason: str | None
    capacity: CapacityAnswer
