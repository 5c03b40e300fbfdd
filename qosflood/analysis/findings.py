"""What the analysis found: the value between the journal and everything that is shown.

Times in nanoseconds, sizes in bytes, shares from 0 to 1; None is "not measured". `t_s` are
seconds since the load's start (before it: negative).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from qosflood.records import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Figures of one histogram; a percentile is None unless ten values lie above it."""

    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    p99_9_ns: int | None
    max_ns: int | None
    mean_ns: float | None
    count: int
    overflow: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeFigures:
    """Scrapes of one phase; `gap_max_ns` is the longest time between two good scrapes."""

    count: int
    failed: int
    gaps: int
    success_ratio: float | None
    duration_p50_ns: int | None
    duration_p99_ns: int | None
    duration_max_ns: int | None
    bytes_max: int | None
    series_max: int | None
    gap_max_ns: int | None
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFigures:
    """One phase, as planned and as it went. Rates are reports per second of the phase; None, as
    `sessions`, if it was not reached.

    `sent` are first attempts, `retries` those after them; `amplification` is how many requests
    went out for each first attempt.
    """

    name: str
    start_s: float
    seconds: float
    clients: int
    sessions: int | None
    planned: float
    offered: float | None
    acked: float | None
    scheduled: int
    sent: int
    outcomes: dict[str, int]
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    picked_late: int
    late_windows: int
    windows: int
    response: LatencyFigures
    service: LatencyFigures
    failed: LatencyFigures
    send_lag: LatencyFigures
    scrapes: ScrapeFigures
    rss_start: int | None
    rss_end: int | None
    rss_max: int | None
    retries: int = 0
    retried: dict[str, int] = field(default_factory=dict)
    acked_after_retry: int = 0
    amplification: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The books: `scheduled` = the sum of `outcomes` + `in_flight`. Attempts as in a phase."""

    scheduled: int
    outcomes: dict[str, int]
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    in_flight: int
    balanced: bool
    sent: int = 0
    retries: int = 0
    retried: dict[str, int] = field(default_factory=dict)
    acked_after_retry: int = 0
    amplification: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFinding:
    """What the target's memory did; `reason` says why in words. Slopes in bytes per hour."""

    verdict: Literal["steady", "grows_with_sessions", "leak", "inconclusive", "unmeasured"]
    source: str | None
    reason: str
    max_bytes: int | None = None
    limit_bytes: int | None = None
    slope_low: float | None = None
    slope_mid: float | None = None
    slope_high: float | None = None
    bytes_per_session: float | None = None
    time_to_limit_low_s: float | None = None
    time_to_limit_high_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFinding:
    """What is known about accepted reports."""

    method: Literal["none", "counter", "gauge", "readback"]
    verdict: Literal["ok", "lost", "inconclusive", "unmeasured"]
    reason: str
    acked: int
    uncertain: int
    seen: int | None = None
    missing: int | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFinding:
    """Whether the generator did its part; `problems` make the run INVALID, one line each."""

    verdict: Literal["ok", "late", "starved"]
    late_windows: int
    windows: int
    cpu_cores: float | None
    cpu_per_report_ns: float | None
    send_lag_p99_ns: int | None
    rss_max_bytes: int | None
    late_gate_ns: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something that happened, at `t_s`; `wall_ns` is UTC in nanoseconds."""

    t_s: float
    wall_ns: int
    who: Who
    kind: str
    what: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of the whole generator, for charts: counts, not rates; percentiles are None
    where fewer than ten values lie above them. `errors` counts outcomes other than acked."""

    t_s: float
    phase: str
    scheduled: int
    offered: int
    acked: int
    errors: dict[str, int]
    response_p50_ns: int | None
    response_p99_ns: int | None
    response_max_ns: int | None
    send_lag_p99_ns: int | None
    connected: int
    late: bool
    reconnects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPoint:
    """Target memory and CPU (cores since the sample before) at `t_s`."""

    t_s: float
    rss_bytes: int
    cpu_cores: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapePoint:
    """One scrape at `t_s`."""

    t_s: float
    ok: bool
    reason: str | None
    duration_ns: int | None
    bytes: int | None
    series: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileCurve:
    """The HDR percentile curve of one phase and series: value at each quantile (0 to <1)."""

    phase: str
    series: Literal["response", "service", "failed"]
    quantiles: tuple[float, ...]
    values_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFinding:
    """What is known of one instance (replica) of the target."""

    name: str
    scrape_url: str
    memory_source: str | None
    restarts: int | None
    rss_max: int | None
    scrapes: ScrapeFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything the journal says about a run."""

    ended: str
    """The end record's reason; `killed` when there is none."""
    ended_detail: str
    phases: tuple[PhaseFigures, ...]
    totals: Totals
    memory: MemoryFinding
    loss: LossFinding
    generator: GeneratorFinding
    limited_by: Literal["none", "generator", "target", "network", "inconclusive"]
    limited_why: str
    restarts: int | None
    recovery_s: float | None
    first_failure: TimelineEntry | None
    timeline: tuple[TimelineEntry, ...]
    warnings: tuple[str, ...]
    instances: tuple[InstanceFinding, ...]
    seconds: tuple[Second, ...]
    memory_points: tuple[MemoryPoint, ...]
    scrape_points: tuple[ScrapePoint, ...]
    curves: tuple[PercentileCurve, ...]
    broken_on_time: tuple[str, ...] = ()
    """Latency limits (by `expr`) that the windows in which the generator was on time break."""
