"""The shape of report.json, as pydantic models: every key always present, null for unmeasured.

A finding whose units and shape are those of report.json is its part as it is.

Times in keys ending `_ms` are milliseconds, `_s` seconds, `_utc` or `utc` ISO 8601 in UTC;
memory is in bytes; a limit's `value` and `threshold` are in base units (ns, bytes, ratio 0-1).
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model
from pydantic.dataclasses import dataclass

from qosflood.analysis.findings import LossFinding, PhaseCounts, RecoveryFinding, Totals
from qosflood.analysis.findings_prometheus import OtelFinding
from qosflood.analysis.findings_series import Blocks
from qosflood.analysis.gaps import Gap
from qosflood.base.percentiles import PERCENTILES
from qosflood.plan.plan import NamedBy, Op, Unit
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.schema_parts import STRICT, PhaseCurves, Prometheus
from qosflood.report.document.schema_parts import Part as _Part

SCHEMA: Literal["qosflood/report/2"] = "qosflood/report/2"
VerdictWord = Literal["PASS", "FAIL", "INVALID", "ABORTED", "INTERRUPTED"]


class Run(_Part):
    """Which run this was, and where and when it ran."""

    id: str
    profile: str
    version: str
    started_utc: str
    ended: str
    ended_detail: str
    host: dict[str, Any]
    versions: dict[str, Any]


class RateFigures(_Part):
    """Reports per second of the phase; all but `planned` are null if it was not reached. `acked`
    are reports due in it, whenever they were answered; `answered` are the answers that came in its
    seconds."""

    planned: float
    offered: float | None
    acked: float | None
    answered: float | None


if TYPE_CHECKING:

    class _Percentiles(_Part):
        def __getattr__(self, name: str) -> float | None: ...

else:
    _Percentiles = create_model(
        "_Percentiles", __base__=_Part, **dict.fromkeys(PERCENTILES, (float | None, ...))
    )


class LatencyMs(_Percentiles):
    """One latency series; a percentile is null unless ten values lie above it."""

    max: float | None
    mean: float | None
    count: int
    overflow: int


class LatencySeries(_Part):
    """`response` counts from due, `service` from written, `failed` is the time to failure."""

    response: LatencyMs
    service: LatencyMs
    failed: LatencyMs


class SpreadMs(_Part):
    """Median, 99th percentile and maximum in milliseconds."""

    p50: float | None
    p99: float | None
    max: float | None


class TypicalMs(_Part):
    """Median and maximum in milliseconds."""

    p50: float | None
    max: float | None


class Scrapes(_Part):
    """Scrapes of one phase or instance; `bytes`, `series` and `samples` are those of the largest
    page. `added` and `removed` are series from page to page, `resets` counters that fell."""

    count: int
    failed: int
    gaps: int
    success_ratio: float | None
    duration_ms: SpreadMs
    gap_max_ms: float | None
    bytes: int | None
    series: int | None
    samples: int | None
    parse_ms: TypicalMs
    added: int | None
    removed: int | None
    resets: int
    reasons: dict[str, int]


class Connects(_Part):
    """Connects that ended in a phase; `slow` took over half a second."""

    count: int
    failed: int
    slow: int
    mean_ms: float | None
    max_ms: float | None


class Control(_Part):
    """Requests to the reference endpoint in a phase; `slow` took five times the usual and 50 ms
    more."""

    count: int
    failed: int
    slow: int
    p50_ms: float | None
    max_ms: float | None
    reasons: dict[str, int]


class PhaseMemory(_Part):
    """Resident memory of the target in bytes."""

    rss_start: int | None
    rss_end: int | None
    rss_max: int | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Phase(PhaseCounts):
    """One phase, as planned and as it went. `sent` are first attempts, `retries` those after them;
    `amplification` is how many requests went out for each first attempt. `target_cores` is the CPU
    of the instance that used most; `target_throttled` is the share of the phase for which a quota
    throttled it. `waiting` reports due in the phase had no outcome at its end, `answered_later` of
    them were answered after it."""

    rate: RateFigures
    latency_ms: LatencySeries
    send_lag_ms: SpreadMs
    scrapes: Scrapes
    scrapes_by_instance: dict[str, Scrapes]
    memory: PhaseMemory
    connects: Connects | None
    control: Control | None
    target_loop_lag_ms: float | None
    curves: PhaseCurves


class SlopeBand(_Part):
    """Slope with its confidence interval, bytes per hour."""

    low: float | None
    mid: float | None
    high: float | None


class TimeBand(_Part):
    """A range of seconds."""

    low: float | None
    high: float | None


class Memory(_Part):
    """What the target's memory did."""

    verdict: Literal["steady", "grows_with_sessions", "leak", "inconclusive", "unmeasured"]
    reason: str
    source: str | None
    max_bytes: int | None
    limit_bytes: int | None
    slope_bytes_per_hour: SlopeBand
    bytes_per_session: float | None
    bytes_per_session_low: float | None
    bytes_per_session_high: float | None
    bytes_per_session_reason: str
    time_to_limit_s: TimeBand
    figure: Literal["rss", "pss", "working_set", "named"] | None
    heap: Literal["agrees", "disagrees", "unseen"]
    given_back: float | None
    retained_bytes_per_session: float | None
    retained_bytes_per_1000_reports: float | None
    clears_bytes_per_hour: float | None
    needed_s: float | None


class Generator(_Part):
    """Whether the generator did its part."""

    verdict: Literal["ok", "late", "starved"]
    late_windows: int
    windows: int
    cpu_cores: float | None
    cpu_per_report_us: float | None
    send_lag_p99_ms: float | None
    loop_stall_max_ms: float | None
    throttled_windows: int
    late_gate_ms: float
    rss_max: int | None
    problems: list[str]


class JudgedLimit(_Part):
    """A limit with the value found; `ok` null: it could not be judged, and `reason` says why."""

    expr: str
    metric: str
    op: Op
    threshold: float | str
    value: float | str | None
    unit: Unit
    scope: str
    n: int
    ok: bool | None
    named_by: NamedBy
    reason: str


class TimelineEntry(_Part):
    """Something that happened, `t_s` seconds after the load's start."""

    t_s: float
    utc: str
    who: Literal["target", "generator", "network", "operator"]
    kind: str
    what: str
    evidence: dict[str, Any]


class Instance(_Part):
    """One replica of the target; `scrape_words` say when its scrapes failed."""

    name: str
    scrape_url: str
    memory_source: str | None
    restarts: int | None
    rss_max: int | None
    scrapes: Scrapes
    scrape_words: list[str]
    memory: Memory | None


class Document(_Part):
    """report.json as a whole."""

    schema_name: Literal["qosflood/report/2"] = Field(alias="schema")
    run: Run
    verdict: VerdictWord
    exit_code: int
    headline: str
    reasons: list[str]
    not_judged: list[str]
    next_steps: list[str]
    plan: dict[str, Any]
    phases: list[Phase]
    totals: Totals
    memory: Memory
    loss: LossFinding
    generator: Generator
    limited_by: Literal["none", "generator", "target", "network", "inconclusive"]
    limited_why: str
    limited_evidence: list[str]
    limits: list[JudgedLimit]
    restarts: int | None
    recovery_s: float | None
    recovery: RecoveryFinding | None
    first_failure: TimelineEntry | None
    timeline: list[TimelineEntry]
    warnings: list[str]
    instances: list[Instance]
    prometheus: Prometheus | None
    otel: OtelFinding
    blocks: Blocks | None
    gaps: list[Gap]
    capacity: Capacity | None

    def phase(self, name: str) -> Phase | None:
        """The phase of that name, if the run came that far."""
        return next((phase for phase in self.phases if phase.name == name), None)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of report.json."""
    return Document.model_json_schema(by_alias=True, mode="serialization")
