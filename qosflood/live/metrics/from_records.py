"""Records to metrics: one function for each kind of record. Pure."""

from collections.abc import Callable, Iterable
from typing import Any

from qosflood.analysis.generator.late import is_late, late_gate_ns
from qosflood.base.units import SECOND
from qosflood.journal.prometheus_records import PrometheusSamples
from qosflood.journal.records import (
    OUTCOMES,
    ControlSample,
    End,
    Event,
    JournalRecord,
    MemorySample,
    ScrapeSample,
    ShardHealth,
    Window,
)
from qosflood.live.metrics.meters import Family, Meters
from qosflood.plan.load_words import rate_at
from qosflood.plan.plan import Plan
from qosflood.plan.watching import WATCH

_SERIES = {
    "qosflood_response_time_seconds": "response",
    "qosflood_service_time_seconds": "service",
    "qosflood_failure_time_seconds": "failed",
    "qosflood_send_lag_seconds": "send_lag",
}
_OF_REPORTS = {
    "qosflood_reports_scheduled_total": "scheduled",
    "qosflood_reports_sent_total": "offered",
    "qosflood_reports_resent_total": "resent",
    "qosflood_retries_total": "retries",
    "qosflood_reports_acked_after_retry_total": "acked_after_retry",
}
_RESULTS = ("ok", "failed", "gap")
_MOST_STATUSES = 30


class RunMeters:
    """The metrics of one run of `plan`, whose journal begins at `wall_ns` (UTC); an observer."""

    name = "metrics"

    def __init__(self, plan: Plan, wall_ns: int) -> None:
        self.plan = plan
        self.wall_ns = wall_ns
        self._meters = Meters()
        self._t0: int | None = None
        self._gate_ns = late_gate_ns(plan)
        self._shards: dict[int, Window] = {}
        self._statuses: set[str] = set()
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Window: self._window,
            ScrapeSample: self._scrape,
            MemorySample: self._memory,
            ControlSample: self._control,
            PrometheusSamples: self._prometheus,
            Event: self._event,
            End: self._end,
        }
        self._create_series()

    def feed(self, record: JournalRecord) -> None:
        """Take in a record; kinds without a metric are ignored."""
        if handler := self._handlers.get(type(record)):
            handler(record)

    def tick(self, t_ns: int) -> None:
        """It is `t_ns` after the journal's beginning."""
        if self._t0 is None:
            return
        load_ns = max(0, t_ns - self._t0)
        phases = self.plan.phases
        now = next((phase for phase in phases if load_ns < phase.end_ns), None)
        last_ns = max(phase.end_ns for phase in phases)
        self._meters.set("qosflood_run_elapsed_seconds", load_ns / SECOND)
        self._meters.set("qosflood_run_remaining_seconds", max(0, last_ns - load_ns) / SECOND)
        if self.plan.floods:
            planned = 0.0 if now is None else rate_at(now, load_ns) * self.plan.share
            self._meters.set("qosflood_reports_planned_per_second", planned)
        for phase in phases:
            self._meters.set("qosflood_phase_active", float(phase is now), phase.name)

    def judged(self, limits: Iterable[tuple[str, bool | None]]) -> None:
        """Set whether each limit holds so far; None: not judged yet."""
        for expr, ok in limits:
            self._meters.set("qosflood_limit_ok", None if ok is None else float(ok), expr)

    def ended(self, exit_code: int) -> None:
        """Set the exit code, once there is a verdict."""
        self._meters.set("qosflood_run_exit_code", exit_code)

    def families(self) -> Iterable[Family]:
        """Every metric with its series, as they are now."""
        return self._meters.families()

    def _create_series(self) -> None:
        """Create counters at 0 before anything happens, so that the first increase is visible."""
        plan, meters = self.plan, self._meters
        part = "" if plan.part is None else f"{plan.part.index}/{plan.part.of}"
        meters.set("qosflood_build_info", 1, plan.version)
        meters.set("qosflood_run_info", 1, plan.profile, plan.target.url, part)
        for phase in plan.phases:
            meters.set("qosflood_phase_active", 0, phase.name)
            meters.set("qosflood_phase_duration_seconds", phase.duration_ns / SECOND, phase.name)
            if phase.name not in ("settle", WATCH):
                self._create_phase_series(phase.name)
        for instance in plan.instances if plan.scrape_interval_ns is not None else ():
            for result in _RESULTS:
                meters.add("qosflood_scrapes_total", 0, instance.name, result)
        for limit in plan.limits:
            if not isinstance(limit.threshold, str):
                scale = SECOND if limit.unit == "ns" else 1
                meters.set("qosflood_limit_threshold", limit.threshold / scale, limit.expr)

    def _create_phase_series(self, name: str) -> None:
        for metric in (*_OF_REPORTS, "qosflood_windows_total", "qosflood_late_windows_total"):
            self._meters.add(metric, 0, name)
        for outcome in OUTCOMES:
            self._meters.add("qosflood_reports_total", 0, name, outcome)
        for metric in _SERIES:
            self._meters.observe(metric, None, name)

    def _window(self, window: Window) -> None:
        meters, phase = self._meters, window.phase
        for metric, name in _OF_REPORTS.items():
            meters.add(metric, getattr(window, name), phase)
        for outcome, count in window.outcomes.items():
            meters.add("qosflood_reports_total", count, phase, outcome)
        for status, count in window.statuses.items():
            meters.add("qosflood_responses_refused_total", count, phase, self._status_label(status))
        for metric, series in _SERIES.items():
            meters.observe(metric, getattr(window, series), phase)
        meters.add("qosflood_windows_total", 1, phase)
        meters.add("qosflood_late_windows_total", is_late(window, self._gate_ns), phase)
        meters.add("qosflood_reconnects_total", window.reconnects)
        if window.connects is not None:
            good = window.connects.count - window.connects.failed
            meters.add("qosflood_connects_total", good, "ok")
            meters.add("qosflood_connects_total", window.connects.failed, "failed")
        if window.health is not None:
            self._shards[window.shard] = window
            self._health(window.health)

    def _status_label(self, status: str) -> str:
        """The status as a label; after 30 statuses new ones are `other`, to bound the series."""
        plain = status.isascii() and status.isdigit() and len(status) == 3
        if plain and len(self._statuses) < _MOST_STATUSES:
            self._statuses.add(status)
        return status if status in self._statuses else "other"

    def _health(self, health: ShardHealth) -> None:
        """Add one shard's figures, and set those that all shards make together."""
        meters = self._meters
        meters.add("qosflood_generator_cpu_seconds_total", health.cpu_ns / SECOND)
        meters.add("qosflood_generator_throttled_seconds_total", health.throttled_ns / SECOND)
        healths = [window.health for window in self._shards.values() if window.health is not None]
        for state in ("connected", "connecting"):
            meters.set("qosflood_clients", sum(getattr(each, state) for each in healths), state)
        meters.set("qosflood_reports_pending", sum(each.pending for each in healths))
        meters.set("qosflood_generator_memory_bytes", sum(each.rss_bytes for each in healths))
        stall_ns = max(each.loop_stall_ns for each in healths)
        meters.set("qosflood_generator_stall_seconds", stall_ns / SECOND)
        sessions = sum(window.sessions or 0 for window in self._shards.values())
        meters.set("qosflood_sessions", sessions)

    def _scrape(self, scrape: ScrapeSample) -> None:
        if scrape.own_fault:
            return
        meters, name = self._meters, scrape.instance
        result = "gap" if scrape.gap else "ok" if scrape.ok else "failed"
        meters.add("qosflood_scrapes_total", 1, name, result)
        meters.set("qosflood_scrape_up", float(scrape.ok), name)
        took = None if scrape.duration_ns is None else scrape.duration_ns / SECOND
        meters.set("qosflood_scrape_duration_seconds", took, name)
        meters.set("qosflood_scrape_page_bytes", scrape.bytes, name)
        meters.set("qosflood_scrape_series", scrape.series, name)

    def _memory(self, sample: MemorySample) -> None:
        meters, name = self._meters, sample.instance
        plain = sample.figure if sample.used_bytes is None else "rss"
        meters.set("qosflood_target_memory_bytes", sample.rss_bytes, name, plain)
        if sample.used_bytes is not None:
            meters.set("qosflood_target_memory_bytes", sample.used_bytes, name, sample.figure)
        limit = sample.limit_bytes or self.plan.watch.memory_limit_bytes
        meters.set("qosflood_target_memory_limit_bytes", limit, name)
        if sample.cpu_ns is not None:
            meters.set("qosflood_target_cpu_seconds_total", sample.cpu_ns / SECOND, name)

    def _control(self, sample: ControlSample) -> None:
        if sample.own_fault:
            return
        took = None if sample.duration_ns is None else sample.duration_ns / SECOND
        self._meters.set("qosflood_control_up", float(sample.ok))
        self._meters.set("qosflood_control_duration_seconds", took)

    def _prometheus(self, samples: PrometheusSamples) -> None:
        if samples.metric == "up" and samples.instance is not None and samples.values:
            self._meters.set("qosflood_prometheus_up", samples.values[-1], samples.instance)

    def _event(self, event: Event) -> None:
        self._meters.add("qosflood_events_total", 1, event.who, event.kind)
        if event.kind == "load_started":
            self._t0 = int(event.evidence["t0"])
            began_s = (self.wall_ns + self._t0) / SECOND
            self._meters.set("qosflood_run_start_timestamp_seconds", began_s)

    def _end(self, end: End) -> None:
        for phase in self.plan.phases:
            self._meters.set("qosflood_phase_active", 0, phase.name)
        self._meters.set("qosflood_run_remaining_seconds", 0)
        self._meters.set_only("qosflood_run_ended", 1, end.reason)
