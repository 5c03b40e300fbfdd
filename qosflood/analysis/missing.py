"""What stands in the findings for a section that could not be built: not measured, and why. Pure.

A limit on such a section is not judged; the gap says what happened.
"""

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import (
    GeneratorFinding,
    InstanceFinding,
    LossFinding,
    MemoryFinding,
    PhaseFigures,
    RecoveryFinding,
    ScrapeFigures,
)
from qosflood.analysis.findings_prometheus import OtelFinding
from qosflood.analysis.limited_by.attribution import Attribution
from qosflood.analysis.phases import PhaseTally, phase_figures
from qosflood.journal.records import Latency
from qosflood.plan.plan import Phase, Plan

WHY = "this part of the report could not be built; see its gaps"
NO_LATENCIES: dict[str, Latency | None] = dict.fromkeys(
    ("response", "service", "failed", "send_lag")
)
NO_MEMORY = MemoryFinding(verdict="unmeasured", source=None, reason=WHY)
NO_RECOVERY = RecoveryFinding(
    judged=False, seconds=None, errors_s=None, response_s=None, scrapes_s=None, reason=WHY
)
NO_OTEL = OtelFinding(verdict="unmeasured", reason=WHY, looks=0, failed=0)
NO_ATTRIBUTION = Attribution("inconclusive", WHY)
_NO_SCRAPES = ScrapeFigures(
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


def no_clock(wall_ns: int) -> RunClock:
    """That of a run whose load never began."""
    return RunClock(wall_ns=wall_ns, t0=0, stop_ns=0, completed=False)


def bare_phase(plan: Plan, phase: Phase, tally: PhaseTally, clock: RunClock) -> PhaseFigures:
    """The phase's counts alone, without latencies and whatever was watched."""
    return phase_figures(plan, phase, tally, NO_LATENCIES, clock, (), (), None)


def no_generator(late_gate_ns: int) -> GeneratorFinding:
    """Whether the generator did its part is not known: no run is valid so."""
    return GeneratorFinding(
        verdict="starved",
        late_windows=0,
        windows=0,
        cpu_cores=None,
        cpu_per_report_ns=None,
        send_lag_p99_ns=None,
        rss_max_bytes=None,
        late_gate_ns=late_gate_ns,
        problems=(f"whether the generator did its part is not known: {WHY}",),
    )


def no_instance(plan: Plan, name: str) -> InstanceFinding:
    """An instance of which nothing is known."""
    return InstanceFinding(
        name=name,
        scrape_url=plan.watch.scrape_url,
        memory_source=None,
        restarts=None,
        rss_max=None,
        scrapes=_NO_SCRAPES,
    )


def no_loss(acked: int) -> LossFinding:
    """Nothing is known of the reports that were accepted."""
    return LossFinding(method="none", verdict="unmeasured", reason=WHY, acked=acked, uncertain=0)
