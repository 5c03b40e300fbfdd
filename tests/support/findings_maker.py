"""Findings and Verdicts for tests of what is shown: realistic, deterministic, without a journal.

`failing_run()`, `good_run()`, `interrupted_run()`, `unmeasured_run()` each give a `Story`; its
texts that a target controls can be replaced by `hostile(text)`.
"""

import math
import random
from dataclasses import dataclass, replace
from typing import Any

from plan_maker import make_load, make_phases, make_plan

from qosflood.analysis.findings import (
    Findings,
    GeneratorFinding,
    InstanceFinding,
    LatencyFigures,
    LossFinding,
    MemoryFinding,
    MemoryPoint,
    PercentileCurve,
    PhaseFigures,
    ScrapeFigures,
    ScrapePoint,
    Second,
    TimelineEntry,
    Totals,
)
from qosflood.errors import ExitCode
from qosflood.plan import Limit, Phase, Plan
from qosflood.records import OUTCOMES
from qosflood.units import MS, SECOND
from qosflood.verdict import JudgedLimit, Verdict

MIB = 1024 * 1024
WALL_NS = 1_767_225_600 * SECOND
EMPTY = LatencyFigures(
    p50_ns=None, p90_ns=None, p99_ns=None, p99_9_ns=None, max_ns=None, mean_ns=None, count=0
)


@dataclass(frozen=True)
class Story:
    """All that a report is made from."""

    plan: Plan
    findings: Findings
    verdict: Verdict
    failures: tuple[dict[str, Any], ...] = ()


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


@dataclass(frozen=True)
class Shape:
    """How a target behaves: `sick_from_s` is when it starts to fail, None for never."""

    sick_from_s: float | None = None
    sick_to_s: float = 0.0
    end_s: float = math.inf
    p50_ms: float = 1.2

    def sick(self, t_s: float) -> bool:
        """Whether it fails at `t_s`."""
        return self.sick_from_s is not None and self.sick_from_s <= t_s < self.sick_to_s


def make_seconds(plan: Plan, shape: Shape) -> tuple[Second, ...]:
    """A Second for each second of the load that was reached."""
    draw = random.Random(plan.seed)
    last = min(plan.load_ns / SECOND, shape.end_s)
    return tuple(_second(plan, shape, float(s), draw) for s in range(int(last)))


def _second(plan: Plan, shape: Shape, t_s: float, draw: random.Random) -> Second:
    phase = next(p for p in plan.phases if p.start_ns <= t_s * SECOND < p.end_ns)
    done = (t_s * SECOND - phase.start_ns) / phase.duration_ns
    clients = phase.clients_from + (phase.clients_to - phase.clients_from) * done
    scheduled = round(clients * SECOND / phase.cadence_to_ns * draw.uniform(0.97, 1.03))
    sick = shape.sick(t_s)
    failed = round(scheduled * draw.uniform(0.02, 0.12)) if sick else 0
    slow = draw.uniform(8, 60) if sick else draw.uniform(0.9, 1.3)
    p50 = shape.p50_ms * (1 + clients / 20_000) * slow
    errors = {"timeout": failed // 3, "rejected": failed - failed // 3} if failed else {}
    return Second(
        t_s=t_s,
        phase=phase.name,
        scheduled=scheduled,
        offered=scheduled,
        acked=scheduled - failed,
        errors=errors,
        response_p50_ns=round(p50 * MS),
        response_p99_ns=round(p50 * 3.4 * draw.uniform(0.9, 1.5) * MS),
        response_max_ns=round(p50 * 9 * draw.uniform(1, 3) * MS),
        send_lag_p99_ns=round(draw.uniform(0.1, 0.3) * MS),
        connected=round(clients),
        late=False,
    )


def make_latency(p50_ms: float, count: int, spread: float = 1.0) -> LatencyFigures:
    """Figures of a plausible distribution around `p50_ms`."""
    return LatencyFigures(
        p50_ns=round(p50_ms * MS),
        p90_ns=round(p50_ms * 1.8 * spread * MS),
        p99_ns=round(p50_ms * 3.5 * spread * MS) if count >= 1000 else None,
        p99_9_ns=round(p50_ms * 9 * spread * MS) if count >= 10_000 else None,
        max_ns=round(p50_ms * 30 * spread * MS),
        mean_ns=p50_ms * 1.2 * MS,
        count=count,
    )


def make_scrape_points(plan: Plan, shape: Shape) -> tuple[ScrapePoint, ...]:
    """A scrape per interval; while sick every third one times out."""
    draw = random.Random(plan.seed + 1)
    interval_s = (plan.watch.interval_ns or SECOND) / SECOND
    last = min(plan.phases[-1].end_ns / SECOND, shape.end_s)
    points = []
    for index in range(int(last / interval_s)):
        t_s = index * interval_s
        failed = shape.sick(t_s) and index % 3 == 0
        points.append(
            ScrapePoint(
                t_s=t_s,
                ok=not failed,
                reason="timeout after 5s" if failed else None,
                duration_ns=5 * SECOND if failed else round(draw.uniform(3, 9) * MS),
                bytes=None if failed else 18_000 + index * 37,
                series=None if failed else 240,
            )
        )
    return tuple(points)


def make_memory_points(plan: Plan, shape: Shape) -> tuple[MemoryPoint, ...]:
    """A sample each second: grows while sessions join, and slowly with a GC saw-tooth."""
    draw = random.Random(plan.seed + 2)
    last = int(min(plan.phases[-1].end_ns / SECOND, shape.end_s))
    return tuple(
        MemoryPoint(
            t_s=float(t_s),
            rss_bytes=round(
                (90 + 45 * (1 - math.exp(-t_s / 240)) + (t_s % 47) * 0.22 + draw.random()) * MIB
            ),
            cpu_cores=0.05 + 0.3 * draw.random(),
        )
        for t_s in range(last)
    )


def make_curves(names: tuple[str, ...]) -> tuple[PercentileCurve, ...]:
    """Response and service curves for each phase."""
    quantiles = tuple(1 - 2 ** (-step / 5) for step in range(80))

    def values(scale: float) -> tuple[int, ...]:
        return tuple(round(scale * MS * (0.6 - math.log(1 - q)) ** 1.6) for q in quantiles)

    return tuple(
        PercentileCurve(phase=name, series=series, quantiles=quantiles, values_ns=values(scale))
        for name in names
        for series, scale in (("response", 1.3), ("service", 1.0))
    )


def _counts(**counts: int) -> dict[str, int]:
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
        reasons={"timeout after 5s": len(failed)} if failed else {},
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
        scheduled=scheduled,
        sent=scheduled,
        outcomes=_counts(acked=acked, timeout=timeouts, rejected=rejected),
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
        "totals": _totals(phases),
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
        "timeline": (_entry(0, "operator", "load_started", "load started"),),
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
        "curves": make_curves(tuple(p.name for p in phases if p.name != "settle")),
    }
    return Findings(**(fields | changes))


def _totals(phases: tuple[PhaseFigures, ...]) -> Totals:
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


def _entry(t_s: float, who: Any, kind: str, what: str, **evidence: Any) -> TimelineEntry:
    return TimelineEntry(
        t_s=t_s,
        wall_ns=WALL_NS + round(t_s * SECOND),
        who=who,
        kind=kind,
        what=what,
        evidence=evidence,
    )


def judge_all(plan: Plan, **oks: Any) -> tuple[JudgedLimit, ...]:
    """Every limit of the plan; `errors=(False, 0.03, "why")` by metric with `_` for `.`."""
    judged = []
    for limit in plan.limits:
        ok, value, reason = oks.get(limit.metric.replace(".", "_"), (True, limit.threshold, ""))
        n = 900_000 if ok is not None else 0
        judged.append(JudgedLimit(limit=limit, value=value, n=n, ok=ok, reason=reason))
    return tuple(judged)


def failing_run() -> Story:
    """15 minutes at 10x against a target that falls over at 420 s for two minutes."""
    plan = make_run_plan()
    first = _entry(
        421.0, "target", "errors_started", "errors rose above 0.1%", errors=0.034, limit=0.001
    )
    timeline = (
        _entry(-1.2, "operator", "preflight_passed", "preflight passed: 202 in 3.1ms"),
        _entry(0, "operator", "phase_started", "baseline started"),
        _entry(60, "operator", "phase_started", "ramp started"),
        _entry(120, "operator", "phase_started", "flood started"),
        first,
        _entry(435, "target", "scrape_failed", "scrape failed: timeout after 5s", after_s=5.0),
        _entry(540, "target", "errors_ended", "errors back under 0.1%", errors=0.0),
        _entry(1020, "operator", "phase_started", "recovery started"),
    )
    findings = make_findings(
        plan,
        Shape(sick_from_s=421, sick_to_s=540),
        limited_by="target",
        limited_why="the target answered late and with 503 while the generator kept its schedule",
        first_failure=first,
        timeline=timeline,
        recovery_s=0.0,
    )
    limits = judge_all(
        plan,
        errors=(False, 0.0089, "8,012 of 900,113 reports were not accepted"),
        response_p99=(False, 412 * MS, "p99 was 412ms over 900,113 reports"),
        loss=(None, None, "no counter of accepted reports is exposed"),
    )
    verdict = Verdict(
        verdict="FAIL",
        exit_code=ExitCode.FAIL,
        headline="FAIL at 5,000 clients, 1,000 reports/s (10x of 500): errors 0.89%, limit 0.1%; "
        "not judged: loss",
        reasons=(
            "errors < 0.1%: was 0.89% in flood (8,012 of 900,113 reports)",
            "response.p99 < 250ms: was 412ms in flood",
        ),
        not_judged=("loss: no counter of accepted reports is exposed",),
        limits=limits,
    )
    return Story(plan, findings, verdict, _failure_samples())


def _failure_samples() -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "type": "failure",
            "t": (421 + index) * SECOND,
            "shard": 0,
            "kind": "rejected 503" if index % 2 else "timeout",
            "outcome": "rejected" if index % 2 else "timeout",
            "phase": "flood",
            "client": 17 + index,
            "session": f"qosflood-k3v9-{index}",
            "local": "127.0.0.1:40112",
            "remote": "127.0.0.1:8080",
            "status": 503 if index % 2 else None,
            "error": None if index % 2 else "no answer by the deadline",
            "due_t": (421 + index) * SECOND,
            "sent_t": (421 + index) * SECOND + 80_000,
            "done_t": (421 + index) * SECOND + 412 * MS,
            "head": "HTTP/1.1 503 Service Unavailable\r\nServer: x\r\n" if index % 2 else None,
            "body": '{"error":"overloaded"}' if index % 2 else None,
        }
        for index in range(12)
    )


def good_run() -> Story:
    """A short flood that passes."""
    plan = make_run_plan(flood_s=20, edge_s=3, limits=LIMITS)
    limits = judge_all(plan, loss=(None, None, "no counter of accepted reports is exposed"))
    verdict = Verdict(
        verdict="PASS",
        exit_code=ExitCode.PASS,
        headline="PASS at 5,000 clients, 1,000 reports/s (10x of 500); not judged: loss",
        reasons=("every limit that could be judged holds",),
        not_judged=("loss: no counter of accepted reports is exposed",),
        limits=limits,
    )
    return Story(plan, make_findings(plan, Shape()), verdict)


def interrupted_run() -> Story:
    """Killed 200 s into the run."""
    plan = make_run_plan()
    findings = make_findings(plan, Shape(end_s=200), ended="killed", recovery_s=None)
    findings = replace(findings, totals=replace(findings.totals, in_flight=412, balanced=False))
    verdict = Verdict(
        verdict="INTERRUPTED",
        exit_code=ExitCode.INTERRUPTED,
        headline="INTERRUPTED at 3m20s: the run was killed; its figures are not a verdict",
        reasons=("the journal has no end record: the run was killed",),
        not_judged=(),
        limits=judge_all(plan, memory_leak=(None, None, "the flood was cut short")),
    )
    return Story(plan, findings, verdict)


def unmeasured_run() -> Story:
    """No memory source, no scrapes, no answers, no limits that could be judged."""
    plan = make_run_plan(limits=LIMITS, watch={"interval_ns": None})
    silent = ScrapeFigures(
        count=0,
        failed=0,
        gaps=0,
        success_ratio=None,
        duration_p50_ns=None,
        duration_p99_ns=None,
        duration_max_ns=None,
        bytes_max=None,
        series_max=None,
        gap_max_ns=None,
        reasons={},
    )
    full = make_findings(plan, Shape(end_s=10))
    phases = tuple(
        replace(
            phase,
            outcomes=_counts(),
            statuses={},
            response=EMPTY,
            service=EMPTY,
            failed=EMPTY,
            send_lag=EMPTY,
            scrapes=silent,
            rss_start=None,
            rss_end=None,
            rss_max=None,
            scheduled=0,
            sent=0,
            offered=0.0,
            acked=0.0,
        )
        for phase in full.phases
    )
    findings = replace(
        full,
        phases=phases,
        totals=_totals(phases),
        memory=MemoryFinding(verdict="unmeasured", source=None, reason="no source; add --pid"),
        generator=make_generator(
            cpu_cores=None, cpu_per_report_ns=None, send_lag_p99_ns=None, rss_max_bytes=None
        ),
        restarts=None,
        recovery_s=None,
        limited_by="inconclusive",
        limited_why="nothing was answered",
        instances=(),
        seconds=(),
        memory_points=(),
        scrape_points=(),
        curves=(),
        timeline=(),
        warnings=(),
    )
    verdict = Verdict(
        verdict="INVALID",
        exit_code=ExitCode.INVALID,
        headline="INVALID: nothing could be measured",
        reasons=("no window was recorded",),
        not_judged=tuple(f"{limit.metric}: no observations" for limit in plan.limits),
        limits=tuple(
            JudgedLimit(limit=limit, value=None, n=0, ok=None, reason="no observations")
            for limit in plan.limits
        ),
    )
    return Story(plan, findings, verdict)


STORIES = (failing_run, good_run, interrupted_run, unmeasured_run)


def hostile(story: Story, text: str) -> Story:
    """The story with `text` in every string that a target can choose."""
    findings = story.findings
    scrapes = [replace(phase.scrapes, reasons={text: 3}) for phase in findings.phases]
    phases = tuple(
        replace(phase, scrapes=scrape, errors={text: 5}, statuses={text: 5})
        for phase, scrape in zip(findings.phases, scrapes, strict=True)
    )
    entry = _entry(5, "target", text, text, **{"answer": text, text: text})
    return Story(
        plan=story.plan,
        findings=replace(
            findings,
            phases=phases,
            ended_detail=text,
            totals=replace(findings.totals, errors={text: 5}, statuses={text: 5}),
            memory=replace(findings.memory, reason=text, source=text),
            loss=replace(findings.loss, reason=text, examples=(text,)),
            generator=replace(findings.generator, problems=(text,)),
            limited_why=text,
            first_failure=entry,
            timeline=(entry,),
            warnings=(text,),
            instances=tuple(
                replace(i, name=text, scrape_url=text, memory_source=text)
                for i in findings.instances
            ),
            scrape_points=tuple(
                replace(point, ok=False, reason=text) for point in findings.scrape_points
            ),
            seconds=tuple(replace(second, errors={text: 1}) for second in findings.seconds),
        ),
        verdict=replace(
            story.verdict,
            headline=text,
            reasons=(text,),
            not_judged=(text,),
            limits=tuple(replace(j, ok=False, reason=text) for j in story.verdict.limits),
        ),
        failures=tuple(
            {key: text if isinstance(value, str) else value for key, value in failure.items()}
            for failure in _failure_samples()
        ),
    )
