"""report.json: what Prometheus saw of the target, and percentile curves."""

from pydantic import BaseModel, ConfigDict

from qosflood.analysis.findings_prometheus import AlertFinding

STRICT = ConfigDict(
    extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
)
"""No unknown key, none left out, and no number that JSON lacks. This also holds for the findings
that are parts of report.json as they are."""


class Part(BaseModel):
    """A part of report.json whose units or shape are not those of a finding."""

    model_config = ConfigDict(**STRICT, frozen=True)


class UpFigures(Part):
    """Prometheus's own scrapes of one phase, or of the whole `run`. `missing` are scrapes that it
    should have made, but has no sample of."""

    name: str
    count: int
    failed: int
    missing: int
    success_ratio: float | None
    duration_ms_p50: float | None
    duration_ms_p99: float | None
    duration_ms_max: float | None


class UpSpan(Part):
    """Failed scrapes in a row, from the first to the last; `until_s` is the next good one."""

    since_s: float
    last_s: float
    until_s: float | None
    failed: int
    error: str


class UpInstance(Part):
    """One instance as Prometheus saw it; `labels` are those of its series."""

    name: str
    url: str
    labels: dict[str, str]
    interval_s: float | None
    run: UpFigures
    phases: list[UpFigures]
    spans: list[UpSpan]


class DataGap(Part):
    """A stretch without samples in Prometheus."""

    since_s: float
    until_s: float
    missing: int
    instances: list[str]
    why: str


class Prometheus(Part):
    """What your Prometheus saw; where it `decides`, scrape.success is its `up`."""

    url: str
    version: str | None
    decides: bool
    failure: str
    clock_ahead_ms: float | None
    clock_error_ms: float | None
    restarts: int
    unanswered: int
    phases: list[UpFigures]
    instances: list[UpInstance]
    gaps: list[DataGap]
    alerts: list[AlertFinding]
    agreed: int
    disagreements: list[str]


class Curve(Part):
    """A percentile curve: the value in milliseconds at each quantile (0 to 1)."""

    quantiles: list[float]
    ms: list[float]


class PhaseCurves(Part):
    """The curves of a phase; null: there were no values."""

    response: Curve | None
    service: Curve | None
