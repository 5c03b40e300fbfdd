"""Plan, findings and verdict to the Document that every renderer and report.json show."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from qosflood.analysis import findings as found
from qosflood.analysis.verdict.verdict import JudgedLimit, Verdict
from qosflood.base.units import MS, US, format_utc_ms
from qosflood.plan.plan import Plan
from qosflood.report.document import schema
from qosflood.report.document.advice import advise
from qosflood.report.document.prometheus import otel_part, prometheus_part
from qosflood.report.document.schema_parts import Blocks, Curve, PhaseCurves


def build_document(
    plan: Plan,
    findings: found.Findings,
    verdict: Verdict,
    *,
    started_wall_ns: int,
    host: Mapping[str, Any],
    versions: Mapping[str, Any],
) -> schema.Document:
    """The Document of a run that started at `started_wall_ns` (UTC, ns since the epoch)."""
    run = schema.Run(
        id=plan.run_id,
        profile=plan.profile,
        version=plan.version,
        started_utc=format_utc_ms(started_wall_ns),
        ended=findings.ended,
        ended_detail=findings.ended_detail,
        host=dict(host),
        versions=dict(versions),
    )
    return schema.Document(
        schema=schema.SCHEMA,
        run=run,
        verdict=verdict.verdict,
        exit_code=int(verdict.exit_code),
        headline=verdict.headline,
        reasons=list(verdict.reasons),
        not_judged=list(verdict.not_judged),
        next_steps=list(advise(plan, findings, verdict)),
        plan=msgspec.to_builtins(plan),
        limits=[_limit(judged) for judged in verdict.limits],
        **_found(findings),
    )


def to_json(document: schema.Document) -> dict[str, Any]:
    """The Document as the plain values of report.json."""
    return document.model_dump(mode="json", by_alias=True)


def _found(findings: found.Findings) -> dict[str, Any]:
    first = findings.first_failure
    return {
        "phases": [
            _phase(phase, curves_part(findings.curves, phase.name)) for phase in findings.phases
        ],
        "totals": schema.Totals(**msgspec.to_builtins(findings.totals)),
        "memory": _memory(findings.memory),
        "loss": schema.Loss(**msgspec.to_builtins(findings.loss)),
        "generator": _generator(findings.generator),
        "limited_by": findings.limited_by,
        "limited_why": findings.limited_why,
        "limited_evidence": list(findings.limited_evidence),
        "restarts": findings.restarts,
        "recovery_s": _finite(findings.recovery_s),
        "recovery": _recovery(findings.recovery),
        "first_failure": None if first is None else _entry(first),
        "timeline": [_entry(entry) for entry in findings.timeline],
        "warnings": list(findings.warnings),
        "instances": [_instance(instance) for instance in findings.instances],
        "prometheus": prometheus_part(findings.prometheus),
        "otel": otel_part(findings.otel),
        "blocks": blocks_part(findings.blocks),
    }


def _phase(phase: found.PhaseFigures, curves: PhaseCurves) -> schema.Phase:
    lag = phase.send_lag
    return schema.Phase(
        name=phase.name,
        start_s=phase.start_s,
        seconds=phase.seconds,
        clients=phase.clients,
        sessions=phase.sessions,
        rate=schema.RateFigures(planned=phase.planned, offered=phase.offered, acked=phase.acked),
        scheduled=phase.scheduled,
        sent=phase.sent,
        outcomes=phase.outcomes,
        statuses=phase.statuses,
        errors=phase.errors,
        resent=phase.resent,
        retries=phase.retries,
        retried=phase.retried,
        acked_after_retry=phase.acked_after_retry,
        amplification=phase.amplification,
        picked_late=phase.picked_late,
        late_windows=phase.late_windows,
        windows=phase.windows,
        latency_ms=schema.LatencySeries(
            response=_latency(phase.response),
            service=_latency(phase.service),
            failed=_latency(phase.failed),
        ),
        send_lag_ms=schema.SpreadMs(p50=_ms(lag.p50_ns), p99=_ms(lag.p99_ns), max=_ms(lag.max_ns)),
        scrapes=_scrapes(phase.scrapes),
        scrapes_by_instance={
            name: _scrapes(scrapes) for name, scrapes in phase.by_instance.items()
        },
        memory=schema.PhaseMemory(
            rss_start=phase.rss_start, rss_end=phase.rss_end, rss_max=phase.rss_max
        ),
        connects=_connects(phase.connects),
        control=_control(phase.control),
        tcp=None if phase.tcp is None else schema.Tcp(**msgspec.to_builtins(phase.tcp)),
        target_cores=_finite(phase.target_cores),
        target_throttled=_finite(phase.target_throttled),
        target_loop_lag_ms=_ms(phase.target_loop_lag_ns),
        curves=curves,
    )


def _connects(figures: found.ConnectFigures | None) -> schema.Connects | None:
    if figures is None:
        return None
    return schema.Connects(
        count=figures.count,
        failed=figures.failed,
        slow=figures.slow,
        mean_ms=_ms(figures.mean_ns),
        max_ms=_ms(figures.max_ns),
    )


def _control(figures: found.ControlFigures | None) -> schema.Control | None:
    if figures is None:
        return None
    return schema.Control(
        count=figures.count,
        failed=figures.failed,
        slow=figures.slow,
        p50_ms=_ms(figures.duration_p50_ns),
        max_ms=_ms(figures.duration_max_ns),
        reasons=figures.reasons,
    )


def _recovery(recovery: found.RecoveryFinding | None) -> schema.Recovery | None:
    return None if recovery is None else schema.Recovery(**msgspec.to_builtins(recovery))


def _latency(figures: found.LatencyFigures) -> schema.LatencyMs:
    return schema.LatencyMs(
        p50=_ms(figures.p50_ns),
        p90=_ms(figures.p90_ns),
        p99=_ms(figures.p99_ns),
        p99_9=_ms(figures.p99_9_ns),
        max=_ms(figures.max_ns),
        mean=_ms(figures.mean_ns),
        count=figures.count,
        overflow=figures.overflow,
    )


def _scrapes(figures: found.ScrapeFigures) -> schema.Scrapes:
    return schema.Scrapes(
        count=figures.count,
        failed=figures.failed,
        gaps=figures.gaps,
        success_ratio=figures.success_ratio,
        duration_ms=schema.SpreadMs(
            p50=_ms(figures.duration_p50_ns),
            p99=_ms(figures.duration_p99_ns),
            max=_ms(figures.duration_max_ns),
        ),
        gap_max_ms=_ms(figures.gap_max_ns),
        bytes=figures.bytes_max,
        series=figures.series_max,
        samples=figures.samples_max,
        parse_ms=schema.TypicalMs(p50=_ms(figures.parse_p50_ns), max=_ms(figures.parse_max_ns)),
        added=figures.added,
        removed=figures.removed,
        resets=figures.resets,
        reasons=figures.reasons,
    )


def _memory(memory: found.MemoryFinding) -> schema.Memory:
    return schema.Memory(
        verdict=memory.verdict,
        reason=memory.reason,
        source=memory.source,
        max_bytes=memory.max_bytes,
        limit_bytes=memory.limit_bytes,
        slope_bytes_per_hour=schema.SlopeBand(
            low=_finite(memory.slope_low),
            mid=_finite(memory.slope_mid),
            high=_finite(memory.slope_high),
        ),
        bytes_per_session=_finite(memory.bytes_per_session),
        time_to_limit_s=schema.TimeBand(
            low=_finite(memory.time_to_limit_low_s), high=_finite(memory.time_to_limit_high_s)
        ),
        figure=memory.figure,
        heap=memory.heap,
        given_back=_finite(memory.given_back),
        retained_bytes_per_session=_finite(memory.retained_bytes_per_session),
        retained_bytes_per_1000_reports=_finite(memory.retained_bytes_per_1000_reports),
        clears_bytes_per_hour=_finite(memory.clears_bytes_per_hour),
        needed_s=_finite(memory.needed_s),
    )


def _generator(generator: found.GeneratorFinding) -> schema.Generator:
    per_report = generator.cpu_per_report_ns
    return schema.Generator(
        verdict=generator.verdict,
        late_windows=generator.late_windows,
        windows=generator.windows,
        cpu_cores=_finite(generator.cpu_cores),
        cpu_per_report_us=None if per_report is None else _finite(per_report / US),
        send_lag_p99_ms=_ms(generator.send_lag_p99_ns),
        loop_stall_max_ms=_ms(generator.loop_stall_max_ns),
        throttled_windows=generator.throttled_windows,
        late_gate_ms=generator.late_gate_ns / MS,
        rss_max=generator.rss_max_bytes,
        problems=list(generator.problems),
    )


def _limit(judged: JudgedLimit) -> schema.JudgedLimit:
    limit = judged.limit
    value = judged.value
    return schema.JudgedLimit(
        expr=limit.expr,
        metric=limit.metric,
        op=limit.op,
        threshold=limit.threshold,
        value=value if isinstance(value, str) else _finite(value),
        unit=limit.unit,
        scope=limit.scope,
        n=judged.n,
        ok=judged.ok,
        named_by=limit.named_by,
        reason=judged.reason,
    )


def _entry(entry: found.TimelineEntry) -> schema.TimelineEntry:
    return schema.TimelineEntry(
        t_s=entry.t_s,
        utc=format_utc_ms(entry.wall_ns),
        who=entry.who,
        kind=entry.kind,
        what=entry.what,
        evidence=entry.evidence,
    )


def _instance(instance: found.InstanceFinding) -> schema.Instance:
    return schema.Instance(
        name=instance.name,
        scrape_url=instance.scrape_url,
        memory_source=instance.memory_source,
        restarts=instance.restarts,
        rss_max=instance.rss_max,
        scrapes=_scrapes(instance.scrapes),
        scrape_words=list(instance.scrape_words),
        memory=None if instance.memory is None else _memory(instance.memory),
    )


def _ms(ns: float | None) -> float | None:
    return None if ns is None else _finite(ns / MS)


def _finite(value: float | None) -> float | None:
    """JSON has no infinity: what has no bound is null, as what was not measured."""
    return value if value is not None and math.isfinite(value) else None


_EVERY = 2
"""Of the analysis's five points to each halving of the distance to 1."""


def curves_part(curves: Iterable[found.PercentileCurve], phase: str) -> PhaseCurves:
    """The phase's percentile curves of response and service."""
    own = {curve.series: _curve(curve) for curve in curves if curve.phase == phase}
    return PhaseCurves(response=own.get("response"), service=own.get("service"))


def _curve(curve: found.PercentileCurve) -> Curve:
    return Curve(
        quantiles=[round(quantile, 8) for quantile in curve.quantiles[::_EVERY]],
        ms=[float(f"{value / MS:.5g}") for value in curve.values_ns[::_EVERY]],
    )


def blocks_part(blocks: found.Blocks | None) -> Blocks | None:
    """The main phase's blocks."""
    return None if blocks is None else Blocks(**msgspec.to_builtins(blocks))
