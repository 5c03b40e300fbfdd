"""The metrics that a run exports: names, kinds, labels and what they mean. Pure.

Every series has the label `run` too. `target` names an instance of the target; `phase` is the
phase of a report's due time.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; its unit is the last part of its name before `_total`, if it has a unit."""

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
        "The profile, target URL and part of the run; always 1.",
        ("profile", "url", "part"),
    ),
    Metric(
        "qosflood_run_start_timestamp_seconds",
        "gauge",
        "Time at which the load began, in seconds since the epoch.",
    ),
    Metric("qosflood_run_elapsed_seconds", "gauge", "Time since the load began."),
    Metric("qosflood_run_remaining_seconds", "gauge", "Time until the planned end of the run."),
    Metric(
        "qosflood_run_ended",
        "gauge",
        "1 once the run has ended, labelled with the reason.",
        ("reason",),
    ),
    Metric("qosflood_run_exit_code", "gauge", "The run's exit code, once there is a verdict."),
    Metric("qosflood_phase_active", "gauge", "1 for the current phase, 0 for the others.", _PHASE),
    Metric("qosflood_phase_duration_seconds", "gauge", "Planned duration of the phase.", _PHASE),
    Metric("qosflood_reports_planned_per_second", "gauge", "Reports per second planned for now."),
    Metric("qosflood_reports_scheduled_total", "counter", "Reports that came due.", _PHASE),
    Metric("qosflood_reports_sent_total", "counter", "Reports sent for the first time.", _PHASE),
    Metric(
        "qosflood_reports_total",
        "counter",
        "Reports that ended, by outcome; each ends in exactly one.",
        ("phase", "outcome"),
    ),
    Metric(
        "qosflood_reports_resent_total",
        "counter",
        "Reports sent again after a reused connection was lost.",
        _PHASE,
    ),
    Metric("qosflood_retries_total", "counter", "Retries sent: attempts after the first.", _PHASE),
    Metric(
        "qosflood_reports_acked_after_retry_total",
        "counter",
        "Reports accepted after a retry.",
        _PHASE,
    ),
    Metric(
        "qosflood_responses_refused_total",
        "counter",
        "Reports refused, by HTTP status: the first 30 and `other`.",
        ("phase", "status"),
    ),
    Metric(
        "qosflood_response_time_seconds",
        "histogram",
        "Time from a report's due time to its answer; a failed report counts at least its timeout.",
        _PHASE,
    ),
    Metric(
        "qosflood_service_time_seconds",
        "histogram",
        "Time from sending to the answer's last byte, for accepted reports.",
        _PHASE,
    ),
    Metric(
        "qosflood_failure_time_seconds",
        "histogram",
        "Time from a report's due time until it failed.",
        _PHASE,
    ),
    Metric(
        "qosflood_send_lag_seconds",
        "histogram",
        "How late the generator picked up a due report.",
        _PHASE,
    ),
    Metric("qosflood_windows_total", "counter", "Seconds reported by shards.", _PHASE),
    Metric(
        "qosflood_late_windows_total", "counter", "Seconds in which the generator was late.", _PHASE
    ),
    Metric("qosflood_clients", "gauge", "Clients by the state of their connection.", ("state",)),
    Metric("qosflood_reports_pending", "gauge", "Reports in flight or waiting to be sent."),
    Metric("qosflood_sessions", "gauge", "Distinct sessions that have begun."),
    Metric("qosflood_reconnects_total", "counter", "Connects after the first of a client."),
    Metric(
        "qosflood_connects_total",
        "counter",
        "Attempts to connect that ended, by result.",
        ("result",),
    ),
    Metric("qosflood_generator_cpu_seconds_total", "counter", "CPU time of the shards."),
    Metric("qosflood_generator_memory_bytes", "gauge", "Resident memory of the shards."),
    Metric(
        "qosflood_generator_throttled_seconds_total",
        "counter",
        "Time for which the cgroup's CPU quota throttled the shards.",
    ),
    Metric(
        "qosflood_generator_stall_seconds",
        "gauge",
        "Longest stall of a shard's event loop in its last second.",
    ),
    Metric(
        "qosflood_target_memory_bytes",
        "gauge",
        "Memory of the target, by figure.",
        ("target", "figure"),
    ),
    Metric(
        "qosflood_target_memory_limit_bytes", "gauge", "Memory that the target may use.", _TARGET
    ),
    Metric(
        "qosflood_target_cpu_seconds_total",
        "counter",
        "CPU time of the target's processes.",
        _TARGET,
    ),
    Metric(
        "qosflood_scrapes_total",
        "counter",
        "Scrapes made by qosflood: ok, failed, or gap for one that was missed.",
        ("target", "result"),
    ),
    Metric(
        "qosflood_scrape_up",
        "gauge",
        "1 if the last scrape by qosflood succeeded, else 0.",
        _TARGET,
    ),
    Metric("qosflood_scrape_duration_seconds", "gauge", "Duration of the last scrape.", _TARGET),
    Metric("qosflood_scrape_page_bytes", "gauge", "Size of the last page scraped.", _TARGET),
    Metric(
        "qosflood_scrape_series", "gauge", "Number of series on the last page scraped.", _TARGET
    ),
    Metric(
        "qosflood_prometheus_up",
        "gauge",
        "Last `up` of the target in your Prometheus (--prometheus).",
        _TARGET,
    ),
    Metric(
        "qosflood_control_up", "gauge", "1 if the reference endpoint (--control) answered, else 0."
    ),
    Metric(
        "qosflood_control_duration_seconds",
        "gauge",
        "Time that the reference endpoint took to answer.",
    ),
    Metric(
        "qosflood_events_total", "counter", "Events of the run, by cause and kind.", ("who", "kind")
    ),
    Metric(
        "qosflood_limit_ok",
        "gauge",
        "1 for a limit that holds so far, 0 for a broken one; no series until it is judged.",
        _LIMIT,
    ),
    Metric(
        "qosflood_limit_threshold",
        "gauge",
        "Threshold of the limit in base units (seconds, bytes, ratio).",
        _LIMIT,
    ),
)
METRICS = {metric.name: metric for metric in _ALL}
