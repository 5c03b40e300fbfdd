"""What other monitors of the target saw: the values.

Times in nanoseconds on the journal's clock (`t`), or seconds since the load's start (`_s`).
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class UpFigures:
    """Prometheus's own scrapes in one stretch. `missing` are those that it should have made and
    has no sample of: neither good nor bad. Durations are its scrape_duration_seconds."""

    name: str
    count: int
    failed: int
    missing: int
    duration_p50_ns: int | None = None
    duration_p99_ns: int | None = None
    duration_max_ns: int | None = None

    @property
    def success_ratio(self) -> float | None:
        """Of the samples that exist; None without any."""
        return (self.count - self.failed) / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpSpan:
    """Failed scrapes of Prometheus in a row; `until` is the next good one, None if none came.

    `error` is what it said of the last of them when it was asked: empty if it was well by then.
    """

    instance: str
    since: int
    last: int
    until: int | None
    failed: int
    error: str

    @property
    def why(self) -> str:
        """The error, or why it is not known."""
        return self.error or "why is not known, it was over before Prometheus was asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpPoint:
    """One scrape of Prometheus's at `t_s`; the duration is its scrape_duration_seconds."""

    t_s: float
    instance: str
    ok: bool
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataGap:
    """A stretch of which Prometheus has no samples of some instances, and why, as far as known."""

    since: int
    until: int
    missing: int
    instances: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpInstance:
    """One instance as Prometheus saw it over the run; `figures` are of the whole run, `phases` of
    each phase."""

    name: str
    url: str
    labels: dict[str, str]
    interval_ns: int | None
    figures: UpFigures
    phases: tuple[UpFigures, ...]
    spans: tuple[UpSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFinding:
    """An alert that fired in the run; `until_s` null: it was still firing at the last query.

    `since_s` of one that fired before the run is when its condition became true, if that is known.
    """

    name: str
    labels: dict[str, str]
    since_s: float | None
    until_s: float | None
    before: bool
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusFinding:
    """What your Prometheus saw. Where it `decides`, scrape.success is its `up`; it does
    not where none of its targets is an instance of this run. `failure` is why its last unanswered
    query failed.
    `agreed` counts stretches of failures that both saw; `disagreements` are in words. `t0` is the
    load's start on the journal's clock."""

    t0: int
    url: str
    version: str | None
    decides: bool
    failure: str
    ahead_ns: int | None
    clock_error_ns: int | None
    restarts: int
    unanswered: int
    phases: tuple[UpFigures, ...]
    instances: tuple[UpInstance, ...]
    gaps: tuple[DataGap, ...]
    alerts: tuple[AlertFinding, ...]
    agreed: int
    disagreements: tuple[str, ...]
    points: tuple[UpPoint, ...] = ()

    def of_phase(self, name: str) -> UpFigures | None:
        """The figures of a phase."""
        return next((figures for figures in self.phases if figures.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtelUp:
    """What a Collector exported as `up` of one instance: `count` readings, of which `failed` were
    0."""

    instance: str
    count: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OtelFinding:
    """Metric points of a Collector over the run, by what happened to them and by component:
    `{"refused": {"prometheus": 3}}`.

    `lost`: some were refused, failed or not queued.
    """

    verdict: Literal["ok", "lost", "unmeasured"]
    reason: str
    looks: int
    failed: int
    points: dict[str, dict[str, int]] = field(default_factory=dict)
    up: tuple[OtelUp, ...] = ()
