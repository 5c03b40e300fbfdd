"""The journal's records to Findings."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from qosflood.analysis.accumulate import Intake
from qosflood.analysis.clock import RunClock, run_clock
from qosflood.analysis.findings import (
    Findings,
    InstanceFinding,
    LossFinding,
    MemoryFinding,
    PhaseFigures,
)
from qosflood.analysis.findings_prometheus import PrometheusFinding
from qosflood.analysis.generator.generator import generator_finding
from qosflood.analysis.instances import all_restarts, instance_finding, names
from qosflood.analysis.limited_by.attribution import attribute, in_flood
from qosflood.analysis.limited_by.stalls import stalls
from qosflood.analysis.limited_by.surroundings import (
    control_figures,
    target_cores,
    target_loop_lag_ns,
    target_throttled,
    tcp_figures,
    usual_ns,
)
from qosflood.analysis.loss.loss import LossEvidence, loss_finding, loss_warnings
from qosflood.analysis.memory.memory import memory_finding
from qosflood.analysis.phases import curves, phase_figures, totals
from qosflood.analysis.prometheus.otel import otel_finding
from qosflood.analysis.prometheus.prometheus import (
    prometheus_entries,
    prometheus_finding,
    prometheus_warnings,
)
from qosflood.analysis.recovery import recovery_finding
from qosflood.analysis.series import control_points, memory_points, scrape_points
from qosflood.analysis.timeline import (
    bounded,
    first_failure,
    in_order,
    recovered_entries,
    timeline_entries,
)
from qosflood.analysis.warnings import warnings_of
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord, Latency
from qosflood.plan.plan import Plan

_GRAVITY = ("leak", "inconclusive", "unmeasured", "grows_with_sessions", "steady")


def analyse(plan: Plan, segment_wall_ns: int, records: Iterable[JournalRecord]) -> Findings:
    """What a run's journal says, in one pass over `records`, in the journal's order.

    `segment_wall_ns` is UTC at the segment's start, ns since the epoch. A journal without an end
    record is that of a run that was killed.
    """
    intake = Intake(plan)
    intake.take_all(records)
    clock = run_clock(plan, segment_wall_ns, intake.events, intake.end, intake.last_t)
    return _findings(plan, clock, intake)


def _findings(plan: Plan, clock: RunClock, intake: Intake) -> Findings:
    latencies = {name: tally.latencies() for name, tally in intake.phases.items()}
    phases = _phases(plan, clock, intake, latencies)
    by_name = {phase.name: phase for phase in phases}
    baseline, flood = by_name.get("baseline"), by_name[plan.main_phase.name]
    account = totals(intake.phases.values())
    generator = generator_finding(
        plan,
        intake.generator,
        clock,
        intake.events,
        intake.scrapes,
        intake.memory,
        flood.send_lag.p99_ns,
    )
    seconds = intake.seconds.seconds()
    silent = in_flood(flood, tuple(stalls(seconds)))
    limited = attribute(plan, generator, baseline, flood, silent)
    recovery = recovery_finding(
        plan, clock, baseline, by_name.get("recovery"), seconds, intake.scrapes
    )
    prometheus = prometheus_finding(
        plan, clock, intake.prometheus, intake.prometheus_samples, intake.scrapes
    )
    happened = timeline_entries(
        plan,
        clock,
        intake.events,
        intake.failures,
        intake.scrapes,
        seconds,
        intake.control,
        limited.limited_by,
    )
    recovered = recovered_entries(plan, recovery, clock)
    entries = in_order([*happened, *recovered, *prometheus_entries(prometheus, clock)])
    memories = _memories(plan, clock, intake, account.outcomes["acked"])
    instances = tuple(_instances(plan, clock, intake, memories))
    restarts = all_restarts(instances, intake.events)
    loss = loss_finding(plan, clock, account, _loss_evidence(intake, restarts))
    return Findings(
        ended=intake.end.reason if intake.end else "killed",
        ended_detail=intake.end.detail if intake.end else "the journal has no end record",
        phases=phases,
        totals=account,
        memory=_gravest(memories),
        loss=loss,
        generator=generator,
        limited_by=limited.limited_by,
        limited_why=limited.why,
        limited_evidence=limited.evidence,
        restarts=restarts,
        recovery_s=recovery.seconds,
        recovery=recovery,
        first_failure=first_failure(entries),
        timeline=bounded(entries),
        warnings=_warnings(plan, intake, phases, loss, prometheus),
        instances=instances,
        seconds=seconds,
        memory_points=memory_points(intake.measured, clock),
        scrape_points=scrape_points(intake.scrapes, clock),
        control_points=control_points(intake.control, clock),
        curves=tuple(curve for name in by_name for curve in curves(name, latencies[name])),
        prometheus=prometheus,
        otel=otel_finding(plan, intake.otel),
        blocks=intake.blocks.close(),
        broken_on_time=intake.on_time.broken(),
    )


def _warnings(
    plan: Plan,
    intake: Intake,
    phases: tuple[PhaseFigures, ...],
    loss: LossFinding,
    prometheus: PrometheusFinding | None,
) -> tuple[str, ...]:
    own = warnings_of(
        plan, intake.generator, phases, intake.events, intake.scrapes, intake.jumps.found
    )
    return (*own, *loss_warnings(plan, loss, intake.counted), *prometheus_warnings(prometheus))


def _loss_evidence(intake: Intake, restarts: int | None) -> LossEvidence:
    return LossEvidence(
        sent=tuple(intake.sent),
        counted=tuple(intake.counted),
        read=tuple(intake.read),
        events=tuple(intake.events),
        restarts=restarts,
        sessions=intake.sessions.at(sys.maxsize) or 0,
    )


def _phases(
    plan: Plan, clock: RunClock, intake: Intake, latencies: dict[str, dict[str, Latency | None]]
) -> tuple[PhaseFigures, ...]:
    measured = intake.measured
    surroundings = _surroundings(plan, clock, intake)
    return tuple(
        replace(
            phase_figures(
                plan,
                phase,
                intake.phases[phase.name],
                latencies[phase.name],
                clock,
                intake.scrapes,
                measured,
                intake.sessions.at(-(-phase.end_ns // SECOND)),
            ),
            **surroundings(*clock.span(phase)),
        )
        for phase in plan.phases
    )


def _surroundings(
    plan: Plan, clock: RunClock, intake: Intake
) -> Callable[[int, int], dict[str, Any]]:
    """What was seen beside load and scrapes between two journal times."""
    baseline = plan.maybe_phase("baseline")
    usual = usual_ns(intake.control, clock.span(baseline) if baseline else None)
    return lambda start, end: {
        "control": control_figures(intake.control, start, end, usual),
        "tcp": tcp_figures(intake.tcp, start, end),
        "target_cores": target_cores(intake.measured, start, end),
        "target_throttled": target_throttled(intake.measured, start, end),
        "target_loop_lag_ns": target_loop_lag_ns(intake.scrapes, start, end),
    }


def _instances(
    plan: Plan, clock: RunClock, intake: Intake, memories: dict[str, MemoryFinding]
) -> Iterator[InstanceFinding]:
    for name in names(plan, intake.scrapes, intake.memory):
        scrapes = [sample for sample in intake.scrapes if sample.instance == name]
        memory = [sample for sample in intake.measured if sample.instance == name]
        found = instance_finding(plan, clock, name, scrapes, memory, intake.events)
        yield replace(found, memory=memories[name])


def _memories(plan: Plan, clock: RunClock, intake: Intake, acked: int) -> dict[str, MemoryFinding]:
    """What each instance's memory did."""
    return {
        name: memory_finding(
            plan,
            clock,
            [sample for sample in intake.measured if sample.instance == name],
            [e for e in intake.events if e.evidence.get("instance", name) == name],
            intake.sessions.at,
            [sample for sample in intake.scrapes if sample.instance == name],
            acked,
        )
        for name in names(plan, intake.scrapes, intake.memory)
    }


def _gravest(memories: dict[str, MemoryFinding]) -> MemoryFinding:
    """The finding of the instance that fares worst, with its name where there are several."""
    name = min(memories, key=lambda one: _GRAVITY.index(memories[one].verdict))
    found = memories[name]
    return replace(found, reason=f"{name}: {found.reason}") if len(memories) > 1 else found
