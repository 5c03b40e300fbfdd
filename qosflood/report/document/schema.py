"""The shape of report.json, as pydantic models: every key always present, null for unmeasured.

Times in keys ending `_ms` are milliseconds, `_s` seconds, `_utc` or `utc` ISO 8601 in UTC;
memory is in bytes; a limit's `value` and `threshold` are in base units (ns, bytes, ratio 0-1).
"""

from typing import Any, Literal

from pydantic import Field

from qosflood.report.document.schema_parts import Blocks, Otel, PhaseCurves, Prometheus
from qosflood.report.document.schema_parts import Part as _Part

SCHEMA: Literal["qosflood/report/2"] = "qosflood/report/2"
VerdictWord = Literal["PASS", "FAIL", "INVALID", "ABORTED", "INTERRUPTED"]
Outcomes = dict[str, int]


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
    """Reports per second of the phase; null but for `planned` if it was not reached."""

    planned: float
    offered: float | None
    acked: float | None


class LatencyMs(_Part):
    """One latency series; a percentile is null unless ten values lie above it."""

    p50: float | None
    p90: float | None
    p99: float | None
    p99_9: float | None
    max: float | None
    mean: float | None
    count: int
    overflow: int


class LatencySeries(_Part):
    """`response` from due, `service` from written, `failed` the time to failure."""

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
    """Requests to the control in a phase; `slow` took five times the usual and 50 ms more."""

    count: int
    failed: int
    slow: int
    p50_ms: float | None
    max_ms: float | None
    reasons: dict[str, int]


class Tcp(_Part):
    """Segments the generator's machine sent in a phase and sent again, over all its connections;
    `dropped`: connects that its own listeners had no room for."""

    sent: int
    resent: int
    dropped: int | None


class Recovery(_Part):
    """Seconds after the flood until each part was near the baseline for good, and all of them;
    null: never or, if not `judged`, not known. Memory is told, and waited for by nobody."""

    judged: bool
    seconds: float | None
    errors_s: float | None
    response_s: float | None
    scrapes_s: float | None
    reason: str
    rss_before: int | None
    rss_after: int | None


class PhaseMemory(_Part):
    """Resident memory of the target in bytes."""

    rss_start: int | None
    rss_end: int | None
    rss_max: int | None


class Phase(_Part):
    """One phase, as planned and as it went."""

    name: str
    start_s: float
    seconds: float
    clients: int
    sessions: int | None
    rate: RateFigures
    scheduled: int
    sent: int
    outcomes: Outcomes
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    retries: int
    retried: dict[str, int]
    acked_after_retry: int
    amplification: float | None
    picked_late: int
    late_windows: int
    windows: int
    latency_ms: LatencySeries
    send_lag_ms: SpreadMs
    scrapes: Scrapes
    scrapes_by_instance: dict[str, Scrapes]
    memory: PhaseMemory
    connects: Connects | None
    control: Control | None
    tcp: Tcp | None
    target_cores: float | None
    target_throttled: float | None
    target_loop_lag_ms: float | None
    curves: PhaseCurves


class Totals(_Part):
    """The books: scheduled = the sum of outcomes + in_flight."""

    scheduled: int
    sent: int
    outcomes: Outcomes
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    retries: int
    retried: dict[str, int]
    acked_after_retry: int
    amplification: float | None
    in_flight: int
    balanced: bool


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
    time_to_limit_s: TimeBand
    figure: Literal["rss", "pss", "working_set", "named"] | None
    heap: Literal["agrees", "disagrees", "unseen"]
    given_back: float | None
    retained_bytes_per_session: float | None
    retained_bytes_per_1000_reports: float | None
    clears_bytes_per_hour: float | None
    needed_s: float | None


class Loss(_Part):
    """What is known about reports the target had accepted."""

    method: Literal["none", "counter", "gauge", "readback"]
    verdict: Literal["ok", "lost", "inconclusive", "unmeasured"]
    reason: str
    acked: int
    uncertain: int
    seen: int | None
    missing: int | None
    examples: list[str]
    checked: int | None
    foreign: int | None


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
    """A limit with the value found; `ok` null: could not be judged, `reason` says why."""

    expr: str
    metric: str
    op: Literal["<", "<=", ">", ">=", "=="]
    threshold: float | str
    value: float | str | None
    unit: Literal["ns", "bytes", "ratio", "times", "count", "word"]
    scope: str
    n: int
    ok: bool | None
    named_by: Literal["user", "shipped"]
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
    loss: Loss
    generator: Generator
    limited_by: Literal["none", "generator", "target", "network", "inconclusive"]
    limited_why: str
    limited_evidence: list[str]
    limits: list[JudgedLimit]
    restarts: int | None
    recovery_s: float | None
    recovery: Recovery | None
    first_failure: TimelineEntry | None
    timeline: list[TimelineEntry]
    warnings: list[str]
    instances: list[Instance]
    prometheus: Prometheus | None
    otel: Otel
    blocks: Blocks | None

    def phase(self, name: str) -> Phase | None:
        """The phase of that name, if the run came that far."""
        return next((phase for phase in self.phases if phase.name == name), None)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of report.json."""
    return Document.model_json_schema(by_alias=True, mode="serialization")
