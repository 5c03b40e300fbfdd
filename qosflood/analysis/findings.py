"""What the analysis found: the value between the journal and everything that is shown.

Times in nanoseconds, sizes in bytes, shares from 0 to 1; None is "not measured". `t_s` are
seconds since the load's start (before it: negative).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from qosflood.analysis.findings_of_target import Cause, Crash
from qosflood.analysis.findings_prometheus import OtelFinding, PrometheusFinding, UpPoint
from qosflood.analysis.findings_series import (
    Blocks,
    ControlPoint,
    MemoryPoint,
    P99Point,
    PercentileCurve,
    ScrapePoint,
    Second,
)
from qosflood.analysis.gaps import Gap
from qosflood.journal.records import MemoryFigure, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Figures of one histogram; a percentile is None unless ten values lie above it.

    `percentiles` are nanoseconds by the names of `PERCENTILES`.
    """

    percentiles: dict[str, int | None]
    max_ns: int | None
    mean_ns: float | None
    count: int
    overflow: int = 0

    def figure(self, name: str) -> int | None:
        """A percentile by its name, or `max`, in nanoseconds."""
        return self.max_ns if name == "max" else self.percentiles[name]

    @property
    def p50_ns(self) -> int | None:
        """The median, which the report's sentences give."""
        return self.percentiles["p50"]

    @property
    def p99_ns(self) -> int | None:
        """The tail, by which limits and causes are judged."""
        return self.percentiles["p99"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeFigures:
    """Scrapes of one phase; `gap_max_ns` is the longest time between two good ones of an instance.

    `added` and `removed` are series that came and went from page to page, None where no two pages
    were taken; `resets` are the followed counters that fell.
    """

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
    parse_p50_ns: int | None = None
    parse_max_ns: int | None = None
    samples_max: int | None = None
    added: int | None = None
    removed: int | None = None
    resets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFigures:
    """Connects that ended in a phase; times are of those that succeeded, `slow` took over 0.5 s."""

    count: int
    failed: int
    mean_ns: float | None
    max_ns: int | None
    slow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFigures:
    """Requests to the reference endpoint in a phase. `slow` were answered, but took five times as
    long as usual and 50 ms more. Durations are of requests that did not fail."""

    count: int
    failed: int
    slow: int
    duration_p50_ns: int | None
    duration_max_ns: int | None
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpFigures:
    """Segments that the generator's machine sent in a phase and sent again, over all its
    connections; `dropped`: connects that its own listeners had no room for."""

    sent: int
    resent: int
    dropped: int | None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of the run as planned and as it went; `sessions` is None if it was not reached."""

    name: str
    start_s: float
    seconds: float
    clients: int
    sessions: int | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of reports: `sent` are first attempts, `retries` those after them;
    `amplification` is how many requests went out for each first attempt."""

    scheduled: int
    sent: int
    outcomes: dict[str, int]
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    retries: int = 0
    retried: dict[str, int] = field(default_factory=dict)
    acked_after_retry: int = 0
    amplification: float | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseCounts(Counts, Stretch):
    """The figures of a phase that report.json has under the same names. `target_cores` is the CPU
    of the instance that used most; `target_throttled` is the share of the phase for which a quota
    throttled it, all its threads together. `waiting` reports due in the phase had no outcome at its
    end; `answered_later` of them were answered after it."""

    picked_late: int
    late_windows: int
    windows: int
    waiting: int | None = None
    answered_later: int | None = None
    tcp: TcpFigures | None = None
    target_cores: float | None = None
    target_throttled: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFigures(PhaseCounts):
    """One phase, as planned and as it went. Rates are reports per second of the phase; None, as
    `sessions`, if it was not reached. `acked` are reports due in the phase, whenever they were
    answered; `answered` are the answers of the seconds of the phase.

    `target_loop_lag_ns` is the longest time for which the target's event loop was blocked, as its
    page reports it. `target_files` are the open files of the process that came nearest to its
    limit, and that limit. `rss_*` are of the instance with the highest. `by_instance` are the
    scrapes of each instance, where there are several. In `waiting_windows` a shard waited for a
    core for over 20% of the time, and for over half of the tightest latency limit.
    """

    planned: float
    offered: float | None
    acked: float | None
    response: LatencyFigures
    service: LatencyFigures
    failed: LatencyFigures
    send_lag: LatencyFigures
    scrapes: ScrapeFigures
    rss_start: int | None
    rss_end: int | None
    rss_max: int | None
    answered: float | None = None
    connects: ConnectFigures | None = None
    control: ControlFigures | None = None
    target_loop_lag_ns: int | None = None
    target_files: tuple[int, int] | None = None
    by_instance: dict[str, ScrapeFigures] = field(default_factory=dict)
    waiting_windows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Counts):
    """The sum that must add up: `scheduled` = the sum of `outcomes` + `in_flight`."""

    in_flight: int
    balanced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFinding:
    """What the target's memory did; `reason` says why in words. Slopes in bytes per hour.

    `figure` is what was judged, e.g. `rss`. `heap` says whether the heap that the target's page
    reports rises too. `given_back` is the share of what grew with sessions that was free again at
    the end; `retained_*` is what was not. A leak slower than `clears_bytes_per_hour` would not have
    been detected. A flood of `needed_s` would decide what this one could not.

    `bytes_per_session` is what a session with an accepted report takes apart from connections and
    the heap's warm-up, `_low` and `_high` are its 95% interval. It is None where the interval is no
    figure, for `bytes_per_session_reason`; the bounds are None where nothing is known.
    """

    verdict: Literal["steady", "grows_with_sessions", "leak", "inconclusive", "unmeasured"]
    source: str | None
    reason: str
    max_bytes: int | None = None
    limit_bytes: int | None = None
    slope_low: float | None = None
    slope_mid: float | None = None
    slope_high: float | None = None
    bytes_per_session: float | None = None
    bytes_per_session_low: float | None = None
    bytes_per_session_high: float | None = None
    bytes_per_session_reason: str = ""
    time_to_limit_low_s: float | None = None
    time_to_limit_high_s: float | None = None
    figure: MemoryFigure | None = None
    heap: Literal["agrees", "disagrees", "unseen"] = "unseen"
    given_back: float | None = None
    retained_bytes_per_session: float | None = None
    retained_bytes_per_1000_reports: float | None = None
    clears_bytes_per_hour: float | None = None
    needed_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFinding:
    """What is known about accepted reports.

    `checked` is the number of reports (a counter) or sessions (a gauge, a snapshot) that were
    checked; `seen` is how many of them the target held. `foreign` are reports that it counted
    beyond those of this run that can have been accepted: others', refused ones, or some twice.
    """

    method: Literal["none", "counter", "gauge", "readback"]
    verdict: Literal["ok", "lost", "inconclusive", "unmeasured"]
    reason: str
    acked: int
    uncertain: int
    seen: int | None = None
    missing: int | None = None
    examples: tuple[str, ...] = ()
    checked: int | None = None
    foreign: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFinding:
    """Whether the generator did its part; `problems` make the run INVALID, one line each.

    In the flood its shards stood still or were behind their schedule for `absent_ns`, all together;
    `absent_reports` came due meanwhile, or failed because of it. `waited_share` of the time a
    shard waited for a core.
    """

    verdict: Literal["ok", "late", "starved"]
    late_windows: int
    windows: int
    cpu_cores: float | None
    cpu_per_report_ns: float | None
    send_lag_p99_ns: int | None
    rss_max_bytes: int | None
    late_gate_ns: int
    problems: tuple[str, ...]
    loop_stall_max_ns: int | None = None
    throttled_windows: int = 0
    absent_ns: int = 0
    absent_reports: int = 0
    waited_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryFinding:
    """Seconds after the flood's end until everything was near the baseline and stayed there, and
    until each part was: errors, response times, scrapes. null: never, or, if not `judged`, not
    known; `reason` says why. `rss_before` (end of baseline) and `rss_after` (end of recovery) are
    reported, but recovery does not wait for them.
    """

    judged: bool
    seconds: float | None
    errors_s: float | None
    response_s: float | None
    scrapes_s: float | None
    reason: str
    rss_before: int | None = None
    rss_after: int | None = None


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
class InstanceFinding:
    """What is known of one instance (replica) of the target; `scrape_words` say when its scrapes
    failed. `gone`: its process ended and was not replaced, which is no restart."""

    name: str
    scrape_url: str
    memory_source: str | None
    restarts: int | None
    rss_max: int | None
    scrapes: ScrapeFigures
    scrape_words: tuple[str, ...] = ()
    gone: bool = False
    memory: MemoryFinding | None = None


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
    p99_points: tuple[P99Point, ...] = ()
    broken_on_time: tuple[str, ...] = ()
    """Latency limits (by `expr`) that the windows in which the generator was on time break."""
    limited_evidence: tuple[str, ...] = ()
    """The evidence on what limited the run, one line each, whichever side it supports."""
    recovery: RecoveryFinding | None = None
    prometheus: PrometheusFinding | None = None
    """None: no Prometheus was to be queried."""
    otel: OtelFinding | None = None
    control_points: tuple[ControlPoint, ...] = ()
    blocks: Blocks | None = None
    """None: there was no load, or too little of it to be cut into blocks."""
    gaps: tuple[Gap, ...] = ()
    crash: Crash | None = None
    """None: the target's process did not end while the load ran, as far as was seen."""
    causes: tuple[Cause, ...] = ()
    """What of the target itself may explain the flood's trouble, the plainest first."""

    @property
    def up_points(self) -> tuple[UpPoint, ...]:
        """Every scrape that your Prometheus reported."""
        return self.prometheus.points if self.prometheus is not None else ()
