"""Plan, findings and verdict to the Document that every renderer and report.json show."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import msgspec

from qosflood.analysis import findings as found
from qosflood.analysis import findings_series
from qosflood.analysis.gaps import Gaps, gap_line
from qosflood.analysis.prometheus.otel import NOT_CHECKED
from qosflood.analysis.verdict.verdict import JudgedLimit, Verdict
from qosflood.base.units import MS, format_utc_ms
from qosflood.plan.plan import Plan
from qosflood.report.document import schema
from qosflood.report.document.advice import advise
from qosflood.report.document.parts import finite, ms, part_of
from qosflood.report.document.prometheus import prometheus_part
from qosflood.report.document.schema_parts import Curve, PhaseCurves


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
    gaps = Gaps(findings.gaps)
    steps = gaps.instead("next steps", lambda: advise(plan, findings, verdict), lambda: ())
    prometheus = gaps.instead(
        "Prometheus", lambda: prometheus_part(findings.prometheus), lambda: None
    )
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
        next_steps=list(steps),
        plan=msgspec.to_builtins(plan),
        limits=[_limit(judged) for judged in verdict.limits],
        warnings=[*findings.warnings, *map(gap_line, gaps.found)],
        prometheus=prometheus,
        gaps=gaps.found,
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
        "totals": findings.totals,
        "memory": _memory(findings.memory),
        "loss": findings.loss,
        "generator": part_of(
            schema.Generator, findings.generator, rss_max=findings.generator.rss_max_bytes
        ),
        "limited_by": findings.limited_by,
        "limited_why": findings.limited_why,
        "limited_evidence": list(findings.limited_evidence),
        "restarts": findings.restarts,
        "recovery_s": finite(findings.recovery_s),
        "recovery": findings.recovery,
        "first_failure": None if first is None else _entry(first),
        "timeline": [_entry(entry) for entry in findings.timeline],
        "instances": [_instance(instance) for instance in findings.instances],
        "otel": findings.otel or NOT_CHECKED,
        "blocks": findings.blocks,
    }


def _phase(phase: found.PhaseFigures, curves: PhaseCurves) -> schema.Phase:
    lag = phase.send_lag
    counts = {each.name: getattr(phase, each.name) for each in fields(found.PhaseCounts)}
    return schema.Phase(
        **counts,
        rate=part_of(schema.RateFigures, phase),
        latency_ms=schema.LatencySeries(
            response=_latency(phase.response),
            service=_latency(phase.service),
            failed=_latency(phase.failed),
        ),
        send_lag_ms=schema.SpreadMs(p50=ms(lag.p50_ns), p99=ms(lag.p99_ns), max=ms(lag.max_ns)),
        scrapes=_scrapes(phase.scrapes),
        scrapes_by_instance={
            name: _scrapes(scrapes) for name, scrapes in phase.by_instance.items()
        },
        memory=part_of(schema.PhaseMemory, phase),
        connects=None if phase.connects is None else part_of(schema.Connects, phase.connects),
        control=_control(phase.control),
        target_loop_lag_ms=ms(phase.target_loop_lag_ns),
        curves=curves,
    )


def _control(figures: found.ControlFigures | None) -> schema.Control | None:
    if figures is None:
        return None
    p50, most = ms(figures.duration_p50_ns), ms(figures.duration_max_ns)
    return part_of(schema.Control, figures, p50_ms=p50, max_ms=most)


def _latency(figures: found.LatencyFigures) -> schema.LatencyMs:
    return part_of(
        schema.LatencyMs,
        figures,
        max=ms(figures.max_ns),
        mean=ms(figures.mean_ns),
        **{name: ms(value) for name, value in figures.percentiles.items()},
    )


def _scrapes(figures: found.ScrapeFigures) -> schema.Scrapes:
    return part_of(
        schema.Scrapes,
        figures,
        duration_ms=schema.SpreadMs(
            p50=ms(figures.duration_p50_ns),
            p99=ms(figures.duration_p99_ns),
            max=ms(figures.duration_max_ns),
        ),
        bytes=figures.bytes_max,
        series=figures.series_max,
        samples=figures.samples_max,
        parse_ms=schema.TypicalMs(p50=ms(figures.parse_p50_ns), max=ms(figures.parse_max_ns)),
    )


def _memory(memory: found.MemoryFinding) -> schema.Memory:
    return part_of(
        schema.Memory,
        memory,
        slope_bytes_per_hour=schema.SlopeBand(
            low=finite(memory.slope_low),
            mid=finite(memory.slope_mid),
            high=finite(memory.slope_high),
        ),
        time_to_limit_s=schema.TimeBand(
            low=finite(memory.time_to_limit_low_s), high=finite(memory.time_to_limit_high_s)
        ),
    )


def _limit(judged: JudgedLimit) -> schema.JudgedLimit:
    limit = msgspec.to_builtins(judged.limit)
    own = schema.JudgedLimit.model_fields.keys() & limit.keys()
    return part_of(schema.JudgedLimit, judged, **{name: limit[name] for name in own})


def _entry(entry: found.TimelineEntry) -> schema.TimelineEntry:
    return part_of(schema.TimelineEntry, entry, utc=format_utc_ms(entry.wall_ns))


def _instance(instance: found.InstanceFinding) -> schema.Instance:
    memory = None if instance.memory is None else _memory(instance.memory)
    return part_of(schema.Instance, instance, scrapes=_scrapes(instance.scrapes), memory=memory)


_EVERY = 2
"""Of the analysis's five points to each halving of the distance to 1."""


def curves_part(curves: Iterable[findings_series.PercentileCurve], phase: str) -> PhaseCurves:
    """The phase's percentile curves of response and service."""
    own = {curve.series: _curve(curve) for curve in curves if curve.phase == phase}
    return PhaseCurves(response=own.get("response"), service=own.get("service"))


def _curve(curve: findings_series.PercentileCurve) -> Curve:
    return Curve(
        quantiles=[round(quantile, 8) for quantile in curve.quantiles[::_EVERY]],
        ms=[float(f"{value / MS:.5g}") for value in curve.values_ns[::_EVERY]],
    )
