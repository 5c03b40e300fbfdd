"""What a limit speaks of, read from the findings: one function for each metric. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from qosflood.analysis.findings import (
    Findings,
    LatencyFigures,
    MemoryFinding,
    PhaseFigures,
    ScrapeFigures,
)
from qosflood.analysis.findings_prometheus import UpFigures
from qosflood.analysis.latency import percentile_below
from qosflood.analysis.verdict.comparison import Reading
from qosflood.base.percentiles import values_needed
from qosflood.base.units import SECOND, counted, format_count
from qosflood.journal.records import CUT_OFF, NOT_SENT, OWN_ABSENCE, Outcome, nobodys_failures
from qosflood.plan.plan import Limit, Plan


@dataclass(frozen=True, slots=True)
class Case:
    """A limit, with what it is to be judged on; `phase` is None for the whole run."""

    plan: Plan
    findings: Findings
    limit: Limit
    phase: PhaseFigures | None

    @property
    def cut_short(self) -> bool:
        """Whether the phase was stopped before its end, in a merged run by any of its parts."""
        if self.phase is None:
            return False
        if self.plan.merged and self.findings.ended != "completed":
            return True
        return round(self.phase.seconds * SECOND) < self.plan.phase(self.phase.name).duration_ns


Reader = Callable[[Case], Reading]
PhaseReader = Callable[[Case, PhaseFigures], Reading]
ScrapeReader = Callable[[str, ScrapeFigures], Reading]
Badness = Callable[[Reading], float]


def of_phase(read: PhaseReader) -> Reader:
    """Reads the phase that is the limit's scope."""

    def read_phase(case: Case) -> Reading:
        if case.phase is None:
            return Reading(reason=f"{case.limit.scope} has no {case.limit.metric}")
        if not case.phase.seconds:
            return Reading(reason=f"{case.phase.name} was not reached")
        return read(case, case.phase)

    return read_phase


def latency(series: str, figure: str, _case: Case, phase: PhaseFigures) -> Reading:
    """A figure of one of the phase's latency series."""
    figures: LatencyFigures = getattr(phase, series)
    if not figures.count:
        return Reading(reason=f"{phase.name} has no {series} times")
    return of_figures(figures, figure)


def of_figures(figures: LatencyFigures, figure: str) -> Reading:
    """The figure; where too few values lie above it, what is known on either side of it."""
    value = figures.figure(figure)
    if value is not None:
        return Reading(value=value, n=figures.count)
    return Reading(
        n=figures.count,
        least=percentile_below(figures, figure),
        most=figures.max_ns,
        reason=_too_few(figure, figures.count),
    )


def _too_few(figure: str, count: int) -> str:
    needed = format_count(values_needed(figure))
    return f"{figure} needs {needed} values, there were {format_count(count)}"


def errors(case: Case, phase: PhaseFigures) -> Reading:
    """1 - acked / scheduled. Reports that only the stop ended, or the generator's own absence, may
    have been either."""
    n = phase.scheduled
    if not n:
        return Reading(reason=f"no report was due in {phase.name}")
    share = (n - phase.outcomes.get("acked", 0)) / n
    cut_off, nobodys = _cut_off(case, phase), nobodys_failures(phase.errors)
    if not cut_off and not nobodys:
        return Reading(value=share, n=n)
    why = {
        "had no outcome when the run was stopped": cut_off,
        "failed through the generator's own absence": nobodys,
    }
    return Reading(
        n=n,
        least=max(share - (cut_off + nobodys) / n, 0.0),
        most=share,
        reason=_counted_reasons(why),
    )


def _cut_off(case: Case, phase: PhaseFigures) -> int:
    """Reports that the stop itself ended, before their deadline."""
    if not case.cut_short:
        return 0
    open_still = phase.scheduled - sum(phase.outcomes.values())
    return phase.errors.get(NOT_SENT, 0) + phase.errors.get(CUT_OFF, 0) + open_still


def offered(case: Case, phase: PhaseFigures) -> Reading:
    """Reports sent for the first time, of those planned."""
    planned = case.plan.phase(phase.name).planned
    due = phase.scheduled if case.cut_short or not planned else planned
    if not due:
        return Reading(reason=f"no report was due in {phase.name}")
    share = phase.sent / due
    if case.plan.merged and case.cut_short:
        # Of what a part that is missing or died had to send, nothing came due.
        return Reading(n=due, most=share, reason="some of the load of its parts is missing")
    stopped = phase.errors.get(NOT_SENT, 0) if case.cut_short else 0
    why = {
        "not sent when the run was stopped": stopped,
        "not sent through the generator's own absence": phase.errors.get(
            OWN_ABSENCE[Outcome.UNSENT], 0
        ),
    }
    if unknown := sum(why.values()):
        most = share + unknown / due
        return Reading(n=due, least=share, most=most, reason=_counted_reasons(why))
    return Reading(value=share, n=due)


def _counted_reasons(why: dict[str, int]) -> str:
    return ", ".join(f"{counted(k, 'report')} {what}" for what, k in why.items() if k)


def amplification(_case: Case, phase: PhaseFigures) -> Reading:
    """Requests sent for each first attempt."""
    if phase.amplification is None:
        return Reading(reason=f"nothing was sent in {phase.name}")
    return Reading(value=phase.amplification, n=phase.sent)


def of_worst(read_one: ScrapeReader) -> Reader:
    """Reads the scrapes of the instance that fared worst, of a figure that is bad where high."""
    return of_phase(_of_worst(read_one, _highest))


def _of_worst(read_one: ScrapeReader, badness: Badness) -> PhaseReader:
    def read_worst(_case: Case, phase: PhaseFigures) -> Reading:
        found = {name: read_one(phase.name, figures) for name, figures in phase.by_instance.items()}
        if not found:
            return read_one(phase.name, phase.scrapes)
        worst = max(found, key=lambda name: badness(found[name]))
        return replace(found[worst], whose=worst)

    return read_worst


def success(case: Case, phase: PhaseFigures) -> Reading:
    """By the `up` of the Prometheus that scrapes the target, if there is one; else by ours."""
    prometheus = case.findings.prometheus
    if prometheus is None or not prometheus.decides:
        return _of_worst(_scrape_success, _lowest)(case, phase)
    figures = {
        instance.name: of_phase
        for instance in prometheus.instances
        for of_phase in instance.phases
        if of_phase.name == phase.name
    }
    if not any(each.count for each in figures.values()):
        why = f": {prometheus.failure}" if prometheus.failure else ""
        return Reading(reason=f"Prometheus has no up in {phase.name}{why}")
    return _up(phase.name, figures)


def _up(phase: str, figures: dict[str, UpFigures]) -> Reading:
    """The lowest share of good scrapes of an instance; those that Prometheus has no sample of may
    have been either."""
    least = {name: _share(each, each.count - each.failed) for name, each in figures.items()}
    most = min(
        _share(each, each.count - each.failed + each.missing) if each.count else 1.0
        for each in figures.values()
    )
    worst = min(least, key=lambda name: least[name])
    n, whose = figures[worst].count, worst if len(figures) > 1 else ""
    if least[worst] == most:
        return Reading(value=most, n=n, whose=whose)
    missing, due = figures[worst].missing, n + figures[worst].missing
    return Reading(
        n=n,
        least=least[worst],
        most=most,
        reason=f"Prometheus has no samples of {missing} of {due} scrapes in {phase}",
        whose=whose,
    )


def _share(figures: UpFigures, good: int) -> float:
    due = figures.count + figures.missing
    return good / due if due else 0.0


def _scrape_success(phase: str, scrapes: ScrapeFigures) -> Reading:
    if scrapes.success_ratio is None:
        return Reading(reason=f"no scrapes in {phase}")
    return Reading(value=scrapes.success_ratio, n=scrapes.count)


def scrape_p99(phase: str, scrapes: ScrapeFigures) -> Reading:
    """Of the scrapes that succeeded."""
    if scrapes.duration_max_ns is None:
        return Reading(reason=f"no scrapes in {phase}")
    if scrapes.duration_p99_ns is not None:
        return Reading(value=scrapes.duration_p99_ns, n=scrapes.count)
    return Reading(
        n=scrapes.count,
        least=scrapes.duration_p50_ns,
        most=scrapes.duration_max_ns,
        reason=_too_few("p99", scrapes.count),
    )


def scrape_gap(phase: str, scrapes: ScrapeFigures) -> Reading:
    """The longest time without a good scrape."""
    if scrapes.gap_max_ns is None:
        return Reading(reason=f"no scrapes in {phase}")
    return Reading(value=scrapes.gap_max_ns, n=scrapes.count)


def _highest(reading: Reading) -> float:
    """What was not measured is worse than anything."""
    known = reading.most if reading.value is None else reading.value
    return float("inf") if known is None else float(known)


def _lowest(reading: Reading) -> float:
    return float("inf") if reading.value is None else -float(reading.value)


def _memories(case: Case) -> dict[str, MemoryFinding]:
    """Each instance's memory; of a single one under no name."""
    several = len(case.findings.instances) > 1
    found = {one.name: one.memory for one in case.findings.instances if one.memory is not None}
    return found if several and found else {"": case.findings.memory}


def memory_max(case: Case) -> Reading:
    """Of the instance that used most; where one was not seen, that can only be too much."""
    found = {name: _most_of(case, name, memory) for name, memory in _memories(case).items()}
    worst = max(found, key=lambda name: _used(found[name]))
    reading = replace(found[worst], whose=worst)
    unseen = next((name for name, one in found.items() if one.value is None), worst)
    if reading.value is None or unseen == worst:
        return reading
    return replace(found[unseen], n=reading.n, least=float(reading.value), whose=unseen)


def _most_of(case: Case, name: str, memory: MemoryFinding) -> Reading:
    """The most that one instance used, in bytes or as a share of its limit."""
    if memory.max_bytes is None:
        return Reading(reason=memory.reason)
    n = sum(point.instance == name or not name for point in case.findings.memory_points)
    most = float(memory.max_bytes)
    if case.limit.unit == "ratio":
        if not memory.limit_bytes:
            return Reading(n=n, reason="the target's memory limit is not known")
        most /= memory.limit_bytes
    if memory.verdict == "unmeasured":
        # One of several processes had so much; the others may have more.
        return Reading(n=n, least=most, reason=memory.reason)
    return Reading(value=most, n=n)


def _used(reading: Reading) -> float:
    """What was used at least; less than nothing where that is not known."""
    known = reading.least if reading.value is None else float(reading.value)
    return float("-inf") if known is None else known


def memory_leak(case: Case) -> Reading:
    """`leak` or `none`, of all instances."""
    memory = case.findings.memory
    n = len(case.findings.memory_points)
    if memory.verdict in ("inconclusive", "unmeasured"):
        return Reading(n=n, reason=memory.reason)
    return Reading(value="leak" if memory.verdict == "leak" else "none", n=n)


def time_to_limit(case: Case) -> Reading:
    """Of the instance that gets there first; where one was not seen, that can only be too soon."""
    found = {name: _time_left(case, memory) for name, memory in _memories(case).items()}
    worst = min(found, key=lambda name: _soonest(found[name]))
    reading = replace(found[worst], whose=worst)
    unseen = next((name for name, one in found.items() if one.least is None), worst)
    if reading.least is None or unseen == worst:
        return reading
    return replace(found[unseen], n=reading.n, most=reading.most, whose=unseen)


def _time_left(case: Case, memory: MemoryFinding) -> Reading:
    n = len(case.findings.memory_points)
    if memory.slope_mid is None:
        return Reading(n=n, reason=memory.reason)
    if memory.limit_bytes is None:
        return Reading(n=n, reason="the target's memory limit is not known")
    if _unknown_churn(case.plan, memory):
        return Reading(n=n, reason=memory.bytes_per_session_reason)
    low, high = memory.time_to_limit_low_s, memory.time_to_limit_high_s
    return Reading(
        n=n,
        least=float("inf") if low is None else low * SECOND,
        most=float("inf") if high is None else high * SECOND,
        reason="the slope's interval lies on both sides of the limit",
    )


def _unknown_churn(plan: Plan, memory: MemoryFinding) -> bool:
    """Whether new sessions may fill the memory at a rate of which nothing is known."""
    churns = plan.floods and plan.sessions.lifetime != "none"
    return churns and memory.verdict != "leak" and memory.bytes_per_session_high is None


def _soonest(reading: Reading) -> float:
    return float("inf") if reading.least is None else reading.least


def loss(case: Case) -> Reading:
    """`lost` or `none`; only a counter sees every report."""
    loss = case.findings.loss
    if loss.verdict == "ok" and loss.method != "counter":
        return Reading(reason="without audit.counter not every report is checked")
    if loss.verdict in ("inconclusive", "unmeasured"):
        return Reading(reason=loss.reason)
    n = loss.acked if loss.checked is None else loss.checked
    return Reading(value="none" if loss.verdict == "ok" else "lost", n=n)


def restarts(case: Case) -> Reading:
    """Of the target's processes; one that ended for good counts, too."""
    restarts = case.findings.restarts
    gone = [instance.name for instance in case.findings.instances if instance.gone]
    if gone:
        what = f"{', '.join(gone)} ended and did not come back"
        return Reading(n=len(case.findings.instances), least=(restarts or 0) + 1, reason=what)
    if restarts is None:
        found = (one.what for one in case.findings.timeline if one.kind == "several_processes")
        return Reading(reason=next(found, "the start of the target's process is not known"))
    return Reading(value=restarts, n=len(case.findings.instances))


def recovery_time(case: Case) -> Reading:
    """From the flood's end until all is back."""
    phases = {phase.name: phase for phase in case.findings.phases}
    found, recovery = case.findings.recovery, phases.get("recovery")
    if found is None or recovery is None:
        return Reading(reason="the plan has no recovery")
    if found.seconds is not None:
        return Reading(value=found.seconds * SECOND, n=recovery.scheduled)
    if not found.judged:
        return Reading(n=recovery.scheduled, reason=found.reason)
    return Reading(
        n=recovery.scheduled,
        least=float(case.plan.phase("recovery").duration_ns),
        most=float("inf"),
        reason=found.reason,
    )
