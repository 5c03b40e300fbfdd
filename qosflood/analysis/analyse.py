"""The journal's records to Findings."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from qosflood.analysis import missing
from qosflood.analysis.accumulate import Accumulator
from qosflood.analysis.attributed import attributed
from qosflood.analysis.clock import RunClock, run_clock
from qosflood.analysis.crossings import Measured, with_crossings
from qosflood.analysis.findings import (
    Findings,
    InstanceFinding,
    LossFinding,
    MemoryFinding,
    PhaseFigures,
    RecoveryFinding,
    TimelineEntry,
    Totals,
)
from qosflood.analysis.findings_of_target import Crash
from qosflood.analysis.findings_prometheus import PrometheusFinding
from qosflood.analysis.findings_series import Second
from qosflood.analysis.gaps import FIGURES, INSTANCES, RESTARTS, Gaps, left_out
from qosflood.analysis.generator.generator import generator_finding
from qosflood.analysis.instances import all_restarts, instance_finding, names
from qosflood.analysis.limited_by.attribution import Attribution
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
from qosflood.analysis.phases import by_clock_figures, curves, phase_figures, totals
from qosflood.analysis.prometheus.otel import otel_finding
from qosflood.analysis.prometheus.prometheus import (
    prometheus_entries,
    prometheus_finding,
    prometheus_warnings,
)
from qosflood.analysis.recovery import Recovered, recovery_finding
from qosflood.analysis.series import control_points, memory_points, scrape_points
from qosflood.analysis.timeline import (
    first_failure,
    in_order,
    recovered_entries,
    timeline_entries,
    with_crash,
)
from qosflood.analysis.warnings import warnings_of
from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord, Latency
from qosflood.plan.plan import Phase, Plan

_GRAVITY = ("leak", "inconclusive", "unmeasured", "grows_with_sessions", "steady")


def analyse(
    plan: Plan, segment_wall_ns: int, records: Iterable[JournalRecord], gaps: Gaps | None = None
) -> Findings:
    """What a run's journal says, in one pass over `records`, in the journal's order.

    `segment_wall_ns` is UTC at the segment's start, ns since the epoch. A journal without an end
    record is that of a run that was killed. Only reading `records` raises: a section that cannot be
    built is one of the `gaps`, beside those that are known already.
    """
    gaps = gaps or Gaps()
    accumulated = Accumulator(plan)
    accumulated.add_all(records, gaps)
    clock = gaps.instead(
        FIGURES,
        lambda: run_clock(
            plan, segment_wall_ns, accumulated.events, accumulated.end, accumulated.last_t
        ),
        lambda: missing.no_clock(segment_wall_ns),
    )
    return _findings(plan, clock, accumulated, gaps)


def _findings(plan: Plan, clock: RunClock, accumulated: Accumulator, gaps: Gaps) -> Findings:
    instead = gaps.instead
    latencies = {
        name: instead(FIGURES, tally.latencies, lambda: missing.NO_LATENCIES)
        for name, tally in accumulated.phases.items()
    }
    phases = _phases(plan, clock, accumulated, latencies, gaps)
    by_name = {phase.name: phase for phase in phases}
    baseline, flood = by_name.get("baseline"), by_name[plan.main_phase.name]
    account = totals(accumulated.phases.values())
    generator = instead(
        "generator",
        lambda: generator_finding(
            plan,
            accumulated.generator,
            clock,
            accumulated.events,
            accumulated.scrapes,
            accumulated.memory,
            flood.send_lag.p99_ns,
        ),
        lambda: missing.no_generator(accumulated.generator.gate_ns),
    )
    seconds = instead("charts over time", accumulated.seconds.seconds, lambda: ())
    blamed = attributed(
        plan, clock, accumulated, generator, by_name, latencies[flood.name], seconds, gaps
    )
    limited, crash = blamed.limited, blamed.crash
    before = latencies["baseline"]["response"] if baseline is not None else None
    recovered = Recovered(baseline, by_name.get("recovery"), seconds, accumulated.tails, before)
    recovery = instead(
        "recovery",
        lambda: recovery_finding(plan, clock, recovered, accumulated.scrapes),
        lambda: missing.NO_RECOVERY,
    )
    prometheus = instead(
        "Prometheus",
        lambda: prometheus_finding(
            plan, clock, accumulated.prometheus, accumulated.prometheus_samples, accumulated.scrapes
        ),
        lambda: None,
    )
    entries = _entries(
        plan, clock, accumulated, seconds, limited, crash, recovery, prometheus, gaps
    )
    memories = _memories(plan, clock, accumulated, account.outcomes.get("acked", 0), gaps)
    instances = tuple(_instances(plan, clock, accumulated, memories, gaps))
    restarts = instead(RESTARTS, lambda: all_restarts(instances, accumulated.events), lambda: None)
    loss = instead(
        "loss",
        lambda: loss_finding(plan, clock, account, _loss_evidence(accumulated, restarts, gaps)),
        lambda: missing.no_loss(account.outcomes.get("acked", 0)),
    )
    findings = Findings(
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
        timeline=tuple(entries),
        warnings=_warnings(plan, accumulated, phases, account, loss, prometheus, gaps),
        instances=instances,
        seconds=seconds,
        memory_points=instead(
            "memory over time", lambda: memory_points(accumulated.measured, clock), lambda: ()
        ),
        scrape_points=scrape_points(accumulated.scrapes, clock),
        control_points=control_points(accumulated.control, clock),
        curves=instead("latency by percentile", lambda: curves(latencies, by_name), lambda: ()),
        p99_points=instead(
            "p99 over time", lambda: accumulated.seconds.p99.points(seconds, clock), lambda: ()
        ),
        prometheus=prometheus,
        otel=instead(
            "OpenTelemetry",
            lambda: otel_finding(plan, accumulated.otel),
            lambda: missing.NO_OTEL,
        ),
        blocks=instead("blocks", accumulated.blocks.close, lambda: None),
        broken_on_time=accumulated.on_time.broken(),
        gaps=tuple(gaps.found),
        crash=crash,
        causes=blamed.causes,
    )
    measured = Measured(
        plan, clock, accumulated.crossings, accumulated.scrapes, accumulated.measured
    )
    return with_crossings(measured, findings)


def _entries(
    plan: Plan,
    clock: RunClock,
    accumulated: Accumulator,
    seconds: tuple[Second, ...],
    limited: Attribution,
    crash: Crash | None,
    recovery: RecoveryFinding,
    prometheus: PrometheusFinding | None,
    gaps: Gaps,
) -> list[TimelineEntry]:
    """The timeline, in the order of time."""
    happened: list[TimelineEntry] = gaps.instead(
        "timeline",
        lambda: [
            *with_crash(
                timeline_entries(
                    plan,
                    clock,
                    accumulated.events,
                    accumulated.failures,
                    accumulated.scrapes,
                    seconds,
                    accumulated.control,
                    limited.limited_by,
                ),
                crash,
            )
        ],
        list,
    )
    further: list[TimelineEntry] = gaps.instead(
        "timeline",
        lambda: [*recovered_entries(plan, recovery, clock), *prometheus_entries(prometheus, clock)],
        list,
    )
    return in_order([*happened, *further])


def _warnings(
    plan: Plan,
    accumulated: Accumulator,
    phases: tuple[PhaseFigures, ...],
    account: Totals,
    loss: LossFinding,
    prometheus: PrometheusFinding | None,
    gaps: Gaps,
) -> tuple[str, ...]:
    makers: tuple[Callable[[], Iterable[str]], ...] = (
        lambda: [
            *warnings_of(
                plan,
                accumulated.generator,
                phases,
                accumulated.events,
                accumulated.scrapes,
                accumulated.jumps.found,
            )
        ],
        lambda: [*loss_warnings(plan, account, loss, _loss_evidence(accumulated, None, gaps))],
        lambda: [*prometheus_warnings(prometheus)],
    )
    nothing: Callable[[], Iterable[str]] = tuple
    return tuple(line for make in makers for line in gaps.instead("warnings", make, nothing))


def _loss_evidence(accumulated: Accumulator, restarts: int | None, gaps: Gaps) -> LossEvidence:
    return LossEvidence(
        sent=tuple(accumulated.sent),
        samples=tuple(accumulated.audit_samples),
        read_back=tuple(accumulated.read_back),
        events=tuple(accumulated.events),
        restarts=restarts,
        sessions=accumulated.population.begun(sys.maxsize) or 0,
        left_out=left_out(gaps.found),
    )


def _phases(
    plan: Plan,
    clock: RunClock,
    accumulated: Accumulator,
    latencies: dict[str, dict[str, Latency | None]],
    gaps: Gaps,
) -> tuple[PhaseFigures, ...]:
    return tuple(
        gaps.instead(
            FIGURES,
            partial(_phase, plan, phase, clock, accumulated, latencies[phase.name]),
            partial(missing.bare_phase, plan, phase, accumulated.phases[phase.name], clock),
        )
        for phase in plan.phases
    )


def _phase(
    plan: Plan,
    phase: Phase,
    clock: RunClock,
    accumulated: Accumulator,
    latencies: dict[str, Latency | None],
) -> PhaseFigures:
    figures = phase_figures(
        plan,
        phase,
        accumulated.phases[phase.name],
        latencies,
        clock,
        accumulated.scrapes,
        accumulated.measured,
        accumulated.population.begun(-(-phase.end_ns // SECOND)),
    )
    return replace(
        figures,
        **by_clock_figures(figures, phase, clock, accumulated.by_clock),
        **_surroundings(plan, clock, accumulated)(*clock.span(phase)),
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
    plan: Plan,
    clock: RunClock,
    accumulated: Accumulator,
    memories: dict[str, MemoryFinding],
    gaps: Gaps,
) -> Iterator[InstanceFinding]:
    for name, memory in memories.items():
        found = gaps.instead(
            INSTANCES,
            partial(_instance, plan, clock, accumulated, name),
            partial(missing.no_instance, plan, name),
        )
        yield replace(found, memory=memory)


def _instance(plan: Plan, clock: RunClock, accumulated: Accumulator, name: str) -> InstanceFinding:
    scrapes = [sample for sample in accumulated.scrapes if sample.instance == name]
    memory = [sample for sample in accumulated.measured if sample.instance == name]
    return instance_finding(plan, clock, name, scrapes, memory, accumulated.events)


def _memories(
    plan: Plan, clock: RunClock, accumulated: Accumulator, acked: int, gaps: Gaps
) -> dict[str, MemoryFinding]:
    """What each instance's memory did."""
    return {
        name: gaps.instead(
            "memory",
            partial(_memory, plan, clock, accumulated, acked, name),
            lambda: missing.NO_MEMORY,
        )
        for name in names(plan, accumulated.scrapes, accumulated.memory)
    }


def _memory(
    plan: Plan, clock: RunClock, accumulated: Accumulator, acked: int, name: str
) -> MemoryFinding:
    return memory_finding(
        plan,
        clock,
        [sample for sample in accumulated.measured if sample.instance == name],
        [e for e in accumulated.events if e.evidence.get("instance", name) == name],
        accumulated.population,
        [sample for sample in accumulated.scrapes if sample.instance == name],
        acked,
    )


def _gravest(memories: dict[str, MemoryFinding]) -> MemoryFinding:
    """The gravest of the instances' findings, with the instance's name where there are several."""
    name = min(memories, key=lambda one: _GRAVITY.index(memories[one].verdict))
    found = memories[name]
    return replace(found, reason=f"{name}: {found.reason}") if len(memories) > 1 else found
