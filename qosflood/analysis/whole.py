"""The journal's records to Findings."""

from collections.abc import Iterable, Iterator

from qosflood.analysis.attribution import attribute
from qosflood.analysis.books import totals
from qosflood.analysis.clock import RunClock, run_clock
from qosflood.analysis.findings import Findings, InstanceFinding, MemoryFinding, PhaseFigures
from qosflood.analysis.generator import generator_finding
from qosflood.analysis.instances import all_restarts, instance_finding, names
from qosflood.analysis.intake import Intake
from qosflood.analysis.loss import loss_finding
from qosflood.analysis.memory import memory_finding
from qosflood.analysis.phases import curves, phase_figures
from qosflood.analysis.recovery import recovery_seconds
from qosflood.analysis.series import memory_points, scrape_points
from qosflood.analysis.timeline import bounded, first_failure, timeline_entries
from qosflood.analysis.warnings import warnings_of
from qosflood.plan import Plan
from qosflood.records import JournalRecord, Latency
from qosflood.units import SECOND

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
    baseline, flood = by_name.get("baseline"), by_name["flood"]
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
    limited_by, limited_why = attribute(plan, generator, baseline, flood)
    seconds = intake.seconds.seconds()
    entries = timeline_entries(plan, clock, intake.events, intake.failures, intake.scrapes, seconds)
    instances = tuple(_instances(plan, intake))
    return Findings(
        ended=intake.end.reason if intake.end else "killed",
        ended_detail=intake.end.detail if intake.end else "the journal has no end record",
        phases=phases,
        totals=account,
        memory=_gravest_memory(plan, clock, intake),
        loss=loss_finding(account),
        generator=generator,
        limited_by=limited_by,
        limited_why=limited_why,
        restarts=all_restarts(instances),
        recovery_s=recovery_seconds(plan, clock, baseline, seconds, intake.scrapes),
        first_failure=first_failure(entries),
        timeline=bounded(entries),
        warnings=warnings_of(
            plan, intake.generator, phases, intake.events, intake.scrapes, intake.jumps.found
        ),
        instances=instances,
        seconds=seconds,
        memory_points=memory_points(intake.measured, clock),
        scrape_points=scrape_points(intake.scrapes, clock),
        curves=tuple(curve for name in by_name for curve in curves(name, latencies[name])),
        broken_on_time=intake.on_time.broken(),
    )


def _phases(
    plan: Plan, clock: RunClock, intake: Intake, latencies: dict[str, dict[str, Latency | None]]
) -> tuple[PhaseFigures, ...]:
    measured = intake.measured
    return tuple(
        phase_figures(
            plan,
            phase,
            intake.phases[phase.name],
            latencies[phase.name],
            clock,
            intake.scrapes,
            measured,
            intake.sessions.at(-(-phase.end_ns // SECOND)),
        )
        for phase in plan.phases
    )


def _instances(plan: Plan, intake: Intake) -> Iterator[InstanceFinding]:
    for name in names(plan, intake.scrapes, intake.memory):
        scrapes = [sample for sample in intake.scrapes if sample.instance == name]
        memory = [sample for sample in intake.measured if sample.instance == name]
        yield instance_finding(plan, name, scrapes, memory, intake.events)


def _gravest_memory(plan: Plan, clock: RunClock, intake: Intake) -> MemoryFinding:
    """The finding of the instance that fares worst."""
    found = (
        memory_finding(
            plan,
            clock,
            [sample for sample in intake.measured if sample.instance == name],
            intake.events,
            intake.sessions.at,
        )
        for name in names(plan, intake.scrapes, intake.memory)
    )
    return min(found, key=lambda finding: _GRAVITY.index(finding.verdict))
