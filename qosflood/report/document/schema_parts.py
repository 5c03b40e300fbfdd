"""report.json: what Prometheus and OpenTelemetry saw of the target."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """No key that is not known, and no number that JSON lacks."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class UpFigures(Part):
    """Prometheus's own scrapes of one phase, or of the whole `run`; `missing` ones it should have
    made and has no sample of."""

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
    """A stretch of which Prometheus has no samples."""

    since_s: float
    until_s: float
    missing: int
    instances: list[str]
    why: str


class Alert(Part):
    """An alert that fired in the run; `until_s` null: it still did when last asked."""

    name: str
    labels: dict[str, str]
    since_s: float | None
    until_s: float | None
    before: bool
    summary: str


class Prometheus(Part):
    """What the Prometheus beside us saw; where it `decides`, its `up` is scrape.success."""

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
    alerts: list[Alert]
    agreed: int
    disagreements: list[str]


class OtelUp(Part):
    """What a Collector exported as `up` of one instance: how often it was seen, and 0."""

    instance: str
    count: int
    failed: int


class Otel(Part):
    """Metric points of a Collector over the run by what became of them, and by component."""

    verdict: Literal["ok", "lost", "unmeasured"]
    reason: str
    looks: int
    failed: int
    points: dict[str, dict[str, int]]
    up: list[OtelUp]


class Curve(Part):
    """A percentile curve: the value in milliseconds at each quantile (0 to 1)."""

    quantiles: list[float]
    ms: list[float]


class PhaseCurves(Part):
    """The curves of a phase; null: there were no values."""

    response: Curve | None
    service: Curve | None


class Block(Part):
    """Counts told in one block, `errors` every outcome but acked; its histograms are base64 of
    HdrHistogram's V2 compressed form, in nanoseconds."""

    t_s: int
    scheduled: int
    sent: int
    acked: int
    errors: int
    response: str | None
    service: str | None


class Blocks(Part):
    """The main phase cut into blocks of `length_s` seconds, at most 60 of them: of 30 s, shorter
    in a phase under 4 minutes, of whole minutes in one over half an hour. What is over at the end
    belongs to the last block."""

    phase: str
    length_s: int
    blocks: list[Block]
