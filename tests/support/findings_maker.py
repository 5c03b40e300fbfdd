"""Findings for tests of what is shown: realistic, deterministic, made without a journal.

`make_findings(plan, shape)` plays a target that behaves like `shape`; see stories.py for whole
runs."""

from dataclasses import replace
from typing import Any

from plan_maker import make_load, make_phases, make_plan
from series_maker import Shape, make_curves, make_memory_points, make_scrape_points, make_seconds

from qosflood.analysis.findings import (
    Findings,
    GeneratorFinding,
    InstanceFinding,
    LatencyFigures,
    LossFinding,
    MemoryFinding,
    PhaseFigures,
    ScrapeFigures,
    TimelineEntry,
    Totals,
)
from qosflood.analysis.findings_series import MemoryPoint, P99Point, ScrapePoint, Second
from qosflood.base.percentiles import PERCENTILES
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OUTCOMES
from qosflood.plan.plan import Limit, Phase, Plan

MIB = 1024 * 1024
WALL_NS = 1_767_225_600 * SECOND
EMPTY = LatencyFigures(percentiles=dict.fromkeys(PERCENTILES), max_ns=None, mean_ns=None, count=0)


def make_limit(expr: str, metric: str, threshold: float | str, **changes: Any) -> Limit:
    """A shipped limit `expr`; the unit is a ratio unless told otherwise."""
    fields: dict[str, Any] = {
        "expr": expr,
        "metric": metric,
        "op": next(op for op in ("<=", ">=", "==", "<", ">") if op in expr),
        "threshold": threshold,
        "unit": "ratio",
        "scope": "flood",
        "named_by": "shipped",
    }
    return Limit(**(fields | changes))


LIMITS = (
    make_limit("errors < 0.1%", "errors", 0.001),
    make_limit("offered >= 99%", "offered", 0.99),
    make_limit("scrape.gap < 15s", "scrape.gap", 15 * SECOND, unit="ns"),
    make_limit("restarts == 0", "restarts", 0, unit="count", scope="run"),
    make_limit("memory.leak == none", "memory.leak", "none", unit="word", scope="run"),
    make_limit("loss == none", "loss", "none", unit="word", scope="run"),
)
P99_LIMIT = make_limit("response.p99 < 250ms", "response.p99", 250 * MS, unit="ns", named_by="user")


def make_run_plan(flood_s: int = 900, edge_s: int = 60, **overrides: Any) -> Plan:
    """5,000 clients each 5 s in the flood, 500 at 1x."""
    load = make_load(
        base_clients=500,
        base_cadence_ns=5 * SECOND,
        clients=5000,
        cadence_ns=5 * SECOND,
        multiple=10.0,
    )
    phases = make_phases(
        load, edge_ns=edge_s * SECOND, flood_ns=flood_s * SECOND, settle_ns=30 * SECOND
    )
    fields: dict[str, Any] = {
        "load": load,
        "phases": phases,
        "limits": (*LIMITS, P99_LIMIT),
        "profile": "intercom",
        "run_id": "20260101T000000Z-k3v9",
        "sources": {"load.rate": "option", "load.clients": "profile", "report.path": "profile"},
        "watch": {"interval_ns": 5 * SECOND, "timeout_ns": 5 * SECOND, "pid": 4242},
    }
    return make_plan(**(fields | overrides))


def make_latency(p50_ms: float, count: int, spread: float = 1.0) -> LatencyFigures:
    """Figures of a plausible distribution around `p50_ms`."""
    return LatencyFigures(
        percentiles={
            "p50": round(p50_ms * MS),
            "p75": round(p50_ms * 1.4 * spread * MS),
            "p90": round(p50_ms * 1.8 * spread * MS),
            "p95": round(p50_ms * 2.4 * spread * MS),
            "p99": round(p50_ms * 3.5 * spread * MS) if count >= 1000 else None,
            "p99_9": round(p50_ms * 9 * spread * MS) if count >= 10_000 else None,
        },
        max_ns=round(p50_ms * 30 * spread * MS),
        mean_ns=p50_ms * 1.2 * MS,
        count=count,
    )


def without(figures: LatencyFigures, *names: str) -> LatencyFigures:
    """The same where too few values lie above these percentiles."""
    return replace(figures, percentiles=figures.percentiles | dict.fromkeys(names))


def make_outcomes(**counts: int) -> dict[str, int]:
    """Every outcome, 0 unless counted."""
    return dict.fromkeys(OUTCOMES, 0) | counts


def _scrape_figures(points: list[ScrapePoint]) -> ScrapeFigures:
    good = sorted(p.duration_ns or 0 for p in points if p.ok)
    failed = [p for p in points if not p.ok]
    return ScrapeFigures(
        count=len(points),
        failed=len(failed),
        gaps=0,
        success_ratio=len(good) / len(points) if points else None,
        duration_p50_ns=good[len(good) // 2] if good else None,
        duration_p99_ns=good[-2] if len(good) > 100 else None,
        duration_max_ns=good[-1] if good else None,
        bytes_max=max((p.bytes or 0 for p in points), default=None),
        series_max=240 if good else None,
        gap_max_ns=(15 if failed else 5) * SECOND if good else None,
        reasons={"no answer within 5s": len(failed)} if failed else {},
    )


def _phase_figures(
    phase: Phase,
    seconds: list[Second],
    scrapes: list[ScrapePoint],
    memory: list[MemoryPoint],
) -> PhaseFigures:
    scheduled = sum(s.scheduled for s in seconds)
    acked = sum(s.acked for s in seconds)
    length = max(1.0, float(len(seconds) or phase.duration_ns / SECOND))
    timeouts = sum(s.errors.get("timeout", 0) for s in seconds)
    rejected = sum(s.errors.get("rejected", 0) for s in seconds)
    typical = sorted(s.response_p50_ns or 0 for s in seconds)
    p50_ms = typical[len(typical) // 2] / MS if typical else 1.0
    rss = [point.rss_bytes for point in memory]
    return PhaseFigures(
        name=phase.name,
        start_s=phase.start_ns / SECOND,
        seconds=length,
        clients=phase.clients_to,
        sessions=round(phase.clients_to * 1.2),
        planned=phase.planned * SECOND / phase.duration_ns,
        offered=scheduled / length,
        acked=acked / length,
        answered=acked / length,
        scheduled=scheduled,
        sent=scheduled,
        outcomes=make_outcomes(acked=acked, timeout=timeouts, rejected=rejected),
        statuses={"202": acked} | ({"503": rejected} if rejected else {}),
        errors={"no answer by the deadline": timeouts} if timeouts else {},
        resent=0,
        picked_late=0,
        late_windows=0,
        windows=len(seconds),
        response=make_latency(p50_ms, scheduled, 40 if timeouts else 1) if seconds else EMPTY,
        service=make_latency(p50_ms * 0.9, acked) if seconds else EMPTY,
        failed=make_latency(4000, timeouts + rejected) if timeouts else EMPTY,
        send_lag=make_latency(0.06, scheduled) if seconds else EMPTY,
        scrapes=_scrape_figures(scrapes),
        rss_start=rss[0] if rss else None,
        rss_end=rss[-1] if rss else None,
        rss_max=max(rss) if rss else None,
    )


def _within(points: Any, phase: Phase) -> list[Any]:
    start, end = phase.start_ns / SECOND, phase.end_ns / SECOND
    return [point for point in points if start <= point.t_s < end]


def make_findings(plan: Plan, shape: Shape, **changes: Any) -> Findings:
    """Findings of a run of `plan` against a target that behaves like `shape`."""
    seconds = make_seconds(plan, shape)
    scrapes = make_scrape_points(plan, shape)
    memory = make_memory_points(plan, shape)
    phases = tuple(
        _phase_figures(p, _within(seconds, p), _within(scrapes, p), _within(memory, p))
        for p in plan.phases
        if p.start_ns / SECOND < shape.end_s
    )
    fields: dict[str, Any] = {
        "ended": "completed",
        "ended_detail": "",
        "phases": phases,
        "totals": make_totals(phases),
        "memory": make_memory(max_bytes=max(point.rss_bytes for point in memory)),
        "loss": LossFinding(
            method="none",
            verdict="unmeasured",
            reason="no counter of accepted reports is exposed",
            acked=sum(phase.outcomes["acked"] for phase in phases),
            uncertain=sum(phase.outcomes["timeout"] for phase in phases),
        ),
        "generator": make_generator(windows=len(seconds)),
        "limited_by": "none",
        "limited_why": "the asked rate was reached and answered",
        "restarts": 0,
        "recovery_s": 0.0,
        "first_failure": None,
        "timeline": (make_entry(0, "operator", "load_started", "load started"),),
        "warnings": ("shared_host: generator and target run on one machine",),
        "instances": (
            InstanceFinding(
                name="target",
                scrape_url=plan.watch.scrape_url,
                memory_source="process 4242",
                restarts=0,
                rss_max=max(point.rss_bytes for point in memory),
                scrapes=_scrape_figures(list(scrapes)),
            ),
        ),
        "seconds": seconds,
        "memory_points": memory,
        "scrape_points": scrapes,
        "p99_points": tuple(
            P99Point(second.t_s, 1, second.response_p99_ns)
            for second in seconds
            if second.response_p99_ns is not None
        ),
        "curves": make_curves(tuple(p.name for p in phases if p.name != "settle")),
    }
    return Findings(**(fields | changes))


def make_totals(phases: tuple[PhaseFigures, ...]) -> Totals:
    """The totals of these phases."""

    def added(name: str) -> dict[str, int]:
        total: dict[str, int] = {}
        for phase in phases:
            for key, count in getattr(phase, name).items():
                total[key] = total.get(key, 0) + count
        return total

    return Totals(
        scheduled=sum(phase.scheduled for phase in phases),
        outcomes=added("outcomes"),
        statuses=added("statuses"),
        errors=added("errors"),
        resent=0,
        in_flight=0,
        balanced=True,
        sent=sum(phase.sent for phase in phases),
        retries=sum(phase.retries for phase in phases),
        retried=added("retried"),
        acked_after_retry=sum(phase.acked_after_retry for phase in phases),
        amplification=1.0,
    )


def make_memory(**changes: Any) -> MemoryFinding:
    """Steady memory, measured at the process."""
    fields: dict[str, Any] = {
        "verdict": "steady",
        "source": "process 4242",
        "reason": "no growth beyond 5.0 MiB in the last two thirds of the flood",
        "max_bytes": 145 * MIB,
        "slope_low": -1.2 * MIB,
        "slope_mid": 0.4 * MIB,
        "slope_high": 2.0 * MIB,
        "bytes_per_session": 1100.0,
    }
    return MemoryFinding(**(fields | changes))


def make_generator(**changes: Any) -> GeneratorFinding:
    """A generator that kept up."""
    fields: dict[str, Any] = {
        "verdict": "ok",
        "late_windows": 0,
        "windows": 1080,
        "cpu_cores": 0.21,
        "cpu_per_report_ns": 61_000.0,
        "send_lag_p99_ns": 230_000,
        "rss_max_bytes": 61 * MIB,
        "late_gate_ns": 12_500_000,
        "problems": (),
    }
    return GeneratorFinding(**(fields | changes))


def make_entry(t_s: float, who: Any, kind: str, what: str, **evidence: Any) -> TimelineEntry:
    """Something that happened at `t_s`."""
    return TimelineEntry(
        t_s=t_s,
        wall_ns=WALL_NS + round(t_s * SECOND),
        who=who,
        kind=kind,
        what=what,
        evidence=evidence,
    )
