"""The journal's records to Findings."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from qosflood.analysis.accumulate import Accumulator
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
from qosflood.analysis.limited_by.attribution import attribute
from qosflood.analysis.limited_by.causes import Seen, causes
from qosflood.analysis.limited_by.crashes import crash_finding, touches
from qosflood.analysis.limited_by.signs import Clues
from qosflood.analysis.limited_by.stalls import in_flood, stalls
from qosflood.analysis.limited_by.surroundings import (
    control_figures,
    target_cores,
    target_files,
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
from qosflood.analysis.recovery import Recovered, recovery_finding
from qosflood.analysis.series import control_points, memory_points, scrape_points
from qosflood.analysis.timeline import (
    bounded,
    first_failure,
    in_order,
    recovered_entries,
    timeline_entries,
    with_crash,
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
    accumulated = Accumulator(plan)
    accumulated.add_all(records)
    clock = run_clock(
        plan, segment_wall_ns, accumulated.events, accumulated.end, accumulated.last_t
    )
    return _findings(plan, clock, accumulated)


def _findings(plan: Plan, clock: RunClock, accumulated: Accumulator) -> Findings:
    latencies = {name: tally.latencies() for name, tally in accumulated.phases.items()}
    phases = _phases(plan, clock, accumulated, latencies)
    by_name = {phase.name: phase for phase in phases}
    baseline, flood = by_name.get("baseline"), by_name[plan.main_phase.name]
    account = totals(accumulated.phases.values())
    generator = generator_finding(
        plan,
        accumulated.generator,
        clock,
        accumulated.events,
        accumulated.scrapes,
        accumulated.memory,
        flood.send_lag.p99_ns,
    )
    seconds = accumulated.seconds.seconds()
    crash = crash_finding(plan, clock, accumulated.events)
    in_main = [second for second in seconds if second.phase == flood.name]
    found = causes(
        Seen(plan, clock, baseline, flood, in_main, accumulated.scrapes, accumulated.measured)
    )
    clues = Clues(
        stalls=in_flood(flood, tuple(stalls(seconds))),
        seconds=in_main,
        causes=found,
        weighed=accumulated.weigher.weighed(latencies[flood.name]),
        crash=crash if crash is not None and touches(crash, flood) else None,
    )
    limited = attribute(plan, generator, baseline, flood, clues)
    before = latencies["baseline"]["response"] if baseline is not None else None
    seen = Recovered(baseline, by_name.get("recovery"), seconds, accumulated.tails, before)
    recovery = recovery_finding(plan, clock, seen, accumulated.scrapes)
    prometheus = prometheus_finding(
        plan, clock, accumulated.prometheus, accumulated.prometheus_samples, accumulated.scrapes
    )
    happened = timeline_entries(
        plan,
        clock,
        accumulated.events,
        accumulated.failures,
        accumulated.scrapes,
        seconds,
        accumulated.control,
        limited.limited_by,
    )
    recovered = recovered_entries(plan, recovery, clock)
    others = [*recovered, *prometheus_entries(prometheus, clock)]
    entries = in_order([*with_crash(happened, crash), *others])
    memories = _memories(plan, clock, accumulated, account.outcomes["acked"])
    instances = tuple(_instances(plan, clock, accumulated, memories))
    restarts = all_restarts(instances, accumulated.events)
    loss = loss_finding(plan, clock, account, _loss_evidence(accumulated, restarts))
    return Findings(
        ended=accumulated.end.reason if accumulated.end else "killed",
        ended_detail=accumulated.end.detail if accumulated.end else "the journal has no end record",
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
        first_failure=first_failure(entries, crash),
        timeline=bounded(entries),
        warnings=_warnings(plan, accumulated, phases, loss, prometheus),
        instances=instances,
        seconds=seconds,
        memory_points=memory_points(accumulated.measured, clock),
        scrape_points=scrape_points(accumulated.scrapes, clock),
        control_points=control_points(accumulated.control, clock),
        curves=tuple(curve for name in by_name for curve in curves(name, latencies[name])),
        prometheus=prometheus,
        otel=otel_finding(plan, accumulated.otel),
        blocks=accumulated.blocks.close(),
        broken_on_time=accumulated.on_time.broken(),
        crash=crash,
        causes=found,
    )


def _warnings(
    plan: Plan,
    accumulated: Accumulator,
    phases: tuple[PhaseFigures, ...],
    loss: LossFinding,
    prometheus: PrometheusFinding | None,
) -> tuple[str, ...]:
    own = warnings_of(
        plan,
        accumulated.generator,
        phases,
        accumulated.events,
        accumulated.scrapes,
        accumulated.jumps.found,
    )
    return (
        *own,
        *loss_warnings(plan, loss, accumulated.audit_samples),
        *prometheus_warnings(prometheus),
    )


def _loss_evidence(accumulated: Accumulator, restarts: int | None) -> LossEvidence:
    return LossEvidence(
        sent=tuple(accumulated.sent),
        samples=tuple(accumulated.audit_samples),
        read_back=tuple(accumulated.read_back),
        events=tuple(accumulated.events),
        restarts=restarts,
        sessions=accumulated.sessions.at(sys.maxsize) or 0,
    )


def _phases(
    plan: Plan,
    clock: RunClock,
    accumulated: Accumulator,
    latencies: dict[str, dict[str, Latency | None]],
) -> tuple[PhaseFigures, ...]:
    measured = accumulated.measured
    surroundings = _surroundings(plan, clock, accumulated)
    return tuple(
        replace(
            phase_figures(
                plan,
                phase,
                accumulated.phases[phase.name],
                latencies[phase.name],
                clock,
                accumulated.scrapes,
                measured,
                accumulated.sessions.at(-(-phase.end_ns // SECOND)),
            ),
            **surroundings(*clock.span(phase)),
        )
        for phase in plan.phases
    )


def _surroundings(
    plan: Plan, clock: RunClock, accumulated: Accumulator
) -> Callable[[int, int], dict[str, Any]]:
    """The other measurements between two journal times."""
    baseline = plan.maybe_phase("baseline")
    usual = usual_ns(accumulated.control, clock.span(baseline) if baseline else None)
    return lambda start, end: {
        "control": control_figures(accumulated.control, start, end, usual),
        "tcp": tcp_figures(accumulated.tcp, start, end),
        "target_cores": target_cores(accumulated.measured, start, end),
        "target_throttled": target_throttled(accumulated.measured, start, end),
        "target_files": target_files(accumulated.measured, start, end),
        "target_loop_lag_ns": target_loop_lag_ns(accumulated.scrapes, start, end),
    }


def _instances(
    plan: Plan, clock: RunClock, accumulated: Accumulator, memories: dict[str, MemoryFinding]
) -> Iterator[InstanceFinding]:
    for name in names(plan, accumulated.scrapes, accumulated.memory):
        scrapes = [sample for sample in accumulated.scrapes if sample.instance == name]
        memory = [sample for sample in accumulated.measured if sample.instance == name]
        found = instance_finding(plan, clock, name, scrapes, memory, accumulated.events)
        yield replace(found, memory=memories[name])


def _memories(
    plan: Plan, clock: RunClock, accumulated: Accumulator, acked: int
) -> dict[str, MemoryFinding]:
    """What each instance's memory did."""
    return {
        name: memory_finding(
            plan,
            clock,
            [sample for sample in accumulated.measured if sample.instance == name],
            [e for e in accumulated.events if e.evidence.get("instance", name) == name],
            accumulated.sessions.at,
            [sample for sample in accumulated.scrapes if sample.instance == name],
            acked,
        )
        for name in names(plan, accumulated.scrapes, accumulated.memory)
    }


def _gravest(memories: dict[str, MemoryFinding]) -> MemoryFinding:
    """The gravest of the instances' findings, with the instance's name where there are several."""
    name = min(memories, key=lambda one: _GRAVITY.index(memories[one].verdict))
    found = memories[name]
    return replace(found, reason=f"{name}: {found.reason}") if len(memories) > 1 else found
