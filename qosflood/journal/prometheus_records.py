"""Records of what a Prometheus and an OpenTelemetry Collector reported about the target.

`t` as in every record; `at_ms` and `…_s` are the epoch on the clock of the machine that reported.
"""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSeen:
    """A scrape target of Prometheus that is one of our instances; `labels` are its series' own."""

    instance: str
    url: str
    labels: dict[str, str]
    health: str
    last_error: str = ""
    interval_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """An alert that fired when Prometheus was queried."""

    name: str
    labels: dict[str, str]
    since_s: float | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusReading:
    """One query of Prometheus's state; with a `failure` (in words) nothing else is known.

    Its clock was `ahead_ns` ahead of ours, give or take `clock_error_ns`. `targets` and `alerts`
    None: not queried, or not answered.
    """

    TAG: ClassVar[str] = "prometheus"
    t: int
    failure: str | None = None
    version: str | None = None
    started_s: float | None = None
    ahead_ns: int | None = None
    clock_error_ns: int | None = None
    targets: tuple[TargetSeen, ...] | None = None
    alerts: tuple[AlertSeen, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSamples:
    """Samples of one series that Prometheus holds, each recorded once; None is NaN or infinite.

    `instance` is our instance that the series is about, None for an alert's.
    """

    TAG: ClassVar[str] = "prometheus_samples"
    t: int
    metric: str
    instance: str | None
    labels: dict[str, str]
    at_ms: tuple[int, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtelSample:
    """One scrape of a Collector's page. `points` are counters of metric points by `kind of
    component/component`, e.g. `accepted prometheus`; `up` what it exports as `up`, by instance."""

    TAG: ClassVar[str] = "otel"
    t: int
    url: str
    ok: bool
    reason: str | None = None
    points: dict[str, float] = field(default_factory=dict)
    up: dict[str, float] = field(default_factory=dict)
