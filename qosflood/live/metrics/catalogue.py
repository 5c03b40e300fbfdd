"""The metrics that a run tells of itself: names, kinds, labels and what they mean. Pure.

Every series bears the label `run` too. `target` names an instance of the target; `phase` is the
phase of a report's due time.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; its unit is the last part of its name but `_total`, where it has one."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit as OpenTelemetry writes it (UCUM)."""
        base = self.name.removesuffix("_total")
        return next((unit for suffix, unit in _UNITS if base.endswith(suffix)), "1")


_UNITS = (("_per_second", "1/s"), ("_seconds", "s"), ("_bytes", "By"))
_PHASE = ("phase",)
_TARGET = ("target",)
_LIMIT = ("limit",)
_ALL = (
    Metric("qosflood_build_info", "gauge", "The version of qosflood; always 1.", ("version",)),
    Metric(
        "qosflood_run_info",
        "gauge",
        "What is run against which address; always 1.",
        ("profile", "url", "part"),
    ),
    Metric("qosflood_run_start_timestamp_seconds", "gauge", "When the load began (epoch)."),
    Metric("qosflood_run_elapsed_seconds", "gauge", "Time since the load began."),
    Metric("qosflood_run_remaining_seconds", "gauge", "Time until the plan is over."),
    Metric(
        "qosflood_run_ended", "gauge", "1 once the run has ended, with the reason.", ("reason",)
    ),
    Metric("qosflood_run_exit_code", "gauge", "The run's exit code, once there is a verdict."),
    Metric("qosflood_phase_active", "gauge", "1 for the phase in force, else 0.", _PHASE),
    Metric(
        "qosflood_phase_duration_seconds", "gauge", "How long the phase is planned to last.", _PHASE
    ),
    Metric(
        "qosflood_reports_planned_per_second", "gauge", "Reports per second that the plan asks for."
    ),
    Metric("qosflood_reports_scheduled_total", "counter", "Reports that came due.", _PHASE),
    Metric("qosflood_reports_sent_total", "counter", "First attempts that were sent.", _PHASE),
    Metric(
        "qosflood_reports_total",
        "counter",
        "Reports that ended, each in one outcome.",
        ("phase", "outcome"),
    ),
    Metric(
        "qosflood_reports_resent_total",
        "counter",
        "Reports sent again after a kept connection was lost.",
        _PHASE,
    ),
    Metric("qosflood_retries_total", "counter", "Attempts after the first that were sent.", _PHASE),
    Metric(
        "qosflood_reports_acked_after_retry_total",
        "counter",
        "Reports accepted after a retry.",
        _PHASE,
    ),
    Metric(
        "qosflood_responses_refused_total",
        "counter",
        "Refusals by HTTP status, the first 30 and `other`.",
        ("phase", "status"),
    ),
    Metric(
        "qosflood_response_time_seconds",
        "histogram",
        "From the moment a report was due; one that failed counts at least its timeout.",
        _PHASE,
    ),
    Metric(
        "qosflood_service_time_seconds",
        "histogram",
        "From sent to the answer's last byte, of accepted reports.",
        _PHASE,
    ),
    Metric("qosflood_failure_time_seconds", "histogram", "Time until a report failed.", _PHASE),
    Metric(
        "qosflood_send_lag_seconds",
        "histogram",
        "How late the generator picked up a report that was due.",
        _PHASE,
    ),
    Metric("qosflood_windows_total", "counter", "Seconds reported by shards.", _PHASE),
    Metric(
        "qosflood_late_windows_total", "counter", "Those in which the generator was late.", _PHASE
    ),
    Metric("qosflood_clients", "gauge", "Clients by the state of their connection.", ("state",)),
    Metric("qosflood_reports_pending", "gauge", "Reports that are out or wait to be sent."),
    Metric("qosflood_sessions", "gauge", "Distinct sessions so far."),
    Metric("qosflood_reconnects_total", "counter", "Connects after the first of a client."),
    Metric("qosflood_connects_total", "counter", "Connects that ended.", ("result",)),
    Metric("qosflood_generator_cpu_seconds_total", "counter", "CPU time of the shards."),
    Metric("qosflood_generator_memory_bytes", "gauge", "Resident memory of the shards."),
    Metric(
        "qosflood_generator_throttled_seconds_total",
        "counter",
        "Time for which the cgroup's quota throttled the shards.",
    ),
    Metric(
        "qosflood_generator_stall_seconds", "gauge", "Longest stall of a shard in its last second."
    ),
    Metric("qosflood_target_memory_bytes", "gauge", "Memory of the target.", ("target", "figure")),
    Metric("qosflood_target_memory_limit_bytes", "gauge", "Memory that it may use.", _TARGET),
    Metric("qosflood_target_cpu_seconds_total", "counter", "CPU time of its processes.", _TARGET),
    Metric(
        "qosflood_scrapes_total",
        "counter",
        "Scrapes made here: ok, failed, or gap for a tick that was missed.",
        ("target", "result"),
    ),
    Metric("qosflood_scrape_up", "gauge", "Whether qosflood's last scrape succeeded.", _TARGET),
    Metric("qosflood_scrape_duration_seconds", "gauge", "How long it took.", _TARGET),
    Metric("qosflood_scrape_page_bytes", "gauge", "How large its page was.", _TARGET),
    Metric("qosflood_scrape_series", "gauge", "How many series it had.", _TARGET),
    Metric(
        "qosflood_prometheus_up", "gauge", "The last up of the target in your Prometheus.", _TARGET
    ),
    Metric("qosflood_control_up", "gauge", "Whether the reference endpoint answered."),
    Metric("qosflood_control_duration_seconds", "gauge", "How long it took."),
    Metric("qosflood_events_total", "counter", "What happened, by kind.", ("who", "kind")),
    Metric(
        "qosflood_limit_ok",
        "gauge",
        "1 for a limit that holds so far, 0 for a broken one; none: not judged yet.",
        _LIMIT,
    ),
    Metric(
        "qosflood_limit_threshold",
        "gauge",
        "The limit's threshold in base units (seconds, bytes, ratio).",
        _LIMIT,
    ),
)
METRICS = {metric.name: metric for metric in _ALL}
