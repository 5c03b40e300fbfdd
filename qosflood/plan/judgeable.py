"""Which limits a plan can never judge, and what would make them judgeable. Pure.

Said before the load: a run of an hour must not end with "too short". What only the target can show
(whether it exports a counter, whether it was restarted) is left to preflight and analysis.
"""

from collections.abc import Callable

from qosflood.base.percentiles import PERCENTILES, label, values_needed
from qosflood.base.units import SECOND, counted, format_count, format_duration
from qosflood.plan.limit_language import RUN, metric_of
from qosflood.plan.plan import Limit, Phase, Plan
from qosflood.plan.readback import sources
from qosflood.plan.watching import WATCH, Watch

LEAST_BLOCKS = 8
"""So many blocks of memory samples show a trend."""


def flood_for(stretch_ns: int, watch: Watch) -> int:
    """How long a flood must be for growth with time to be judged over `stretch_ns` of it: the
    first third is left out, or the warm-up if that is longer."""
    return max(stretch_ns + watch.memory_warmup_ns, -(-stretch_ns * 3 // 2))


def judged_by_merge(plan: Plan, limit: Limit) -> bool:
    """Whether another part of the run takes what the limit is judged on."""
    part, source = plan.part, metric_of(limit).source
    if part is None:
        return False
    return (source == "scrapes" and not part.scrapes) or (source == "processes" and not part.memory)


def unjudgeable(plan: Plan, *, only_named: bool = False) -> list[str]:
    """A line for each limit; those with the same reasons share one. `only_named`: those alone that
    the user named, for which the run would be INVALID. None of a search, whose trials have phases
    of their own."""
    if plan.capacity is not None:
        return []
    by_reason: dict[str, list[str]] = {}
    for limit in plan.limits:
        if only_named and limit.named_by != "user":
            continue
        if not judged_by_merge(plan, limit) and (why := _why(plan, limit)):
            by_reason.setdefault(why, []).append(limit.expr)
    for limit in plan.aborts:
        if limit.named_by == "user" and (why := _never_aborts(plan, limit)):
            by_reason.setdefault(why, []).append(limit.expr)
    return [f"{', '.join(exprs)}: {why}" for why, exprs in by_reason.items()]


def _why(plan: Plan, limit: Limit) -> str:
    found = (read(plan, limit) for read in _READERS.get(limit.metric, _TAILS))
    return "; ".join(filter(None, found))


Reader = Callable[[Plan, Limit], str]
"""Why a limit cannot be judged; empty if it can."""


def _unmeasured(plan: Plan, _limit: Limit) -> str:
    """Memory is read from a named source, a process on this machine, or the scraped page."""
    watch = plan.watch
    elsewhere = watch.memory_sources or any(one.memory for one in plan.instances)
    here = watch.pid is not None or plan.target.loopback or plan.target.embedded
    if elsewhere or here or plan.scrape_interval_ns is not None:
        return ""
    return (
        "not judged, because no memory is measured; name a source: --scrape-interval 5s, or "
        "[memory] in the profile"
    )


def _too_short(plan: Plan, _limit: Limit) -> str:
    phase, watch = plan.main_phase, plan.watch
    block = max(watch.memory_block_ns, watch.memory_interval_ns)
    needed = flood_for(LEAST_BLOCKS * block, watch)
    if phase.duration_ns >= needed:
        return ""
    had, takes = format_duration(phase.duration_ns), format_duration(needed)
    return f"not judged in a {phase.name} of {had}; it takes --duration {takes}"


def _no_memory_limit(plan: Plan, limit: Limit) -> str:
    """A source may report one; only the first look shows whether it does."""
    if plan.watch.memory_limit_bytes or (limit.metric == "memory.max" and limit.unit != "ratio"):
        return ""
    return (
        "judged only if the memory's source reports a limit; name it with --set memory.limit=512MiB"
    )


def _uncounted(plan: Plan, _limit: Limit) -> str:
    if plan.audit.metric is not None or sources(plan):
        return ""
    because = f": {plan.audit.why}" if plan.audit.why else ""
    return (
        f"not judged, because nothing shows what the target kept{because}; name a counter of its "
        "accepted reports (--set audit.counter=NAME), or its snapshot (--set audit.readback=PATH)"
    )


def _no_starts(plan: Plan, _limit: Limit) -> str:
    watch = plan.watch
    counted_there = any(source.restarts for source in watch.memory_sources)
    processes = watch.pid is not None or plan.target.loopback or plan.target.embedded
    named = any((one.memory or "").startswith("pid:") for one in plan.instances)
    if plan.scrape_interval_ns is not None or counted_there or processes or named:
        return ""
    return "not judged, because nothing shows when the target started; add --scrape-interval 5s"


def _no_recovery(plan: Plan, limit: Limit) -> str:
    recovery, baseline = plan.maybe_phase("recovery"), plan.maybe_phase("baseline")
    if recovery is None:
        return "not judged without a recovery phase; add --set phases.recovery=1m"
    if baseline is None or not _reports(plan, baseline):
        return "not judged without a baseline to compare with; add --set phases.baseline=1m"
    if limit.op in ("<", "<=") and float(limit.threshold) > recovery.duration_ns:
        longer = format_duration(round(float(limit.threshold)))
        return (
            f"a recovery of over {format_duration(recovery.duration_ns)} is not judged; it takes "
            f"--set phases.recovery={longer}"
        )
    return ""


def _no_reports(plan: Plan, limit: Limit) -> str:
    phase = plan.maybe_phase(limit.scope)
    if phase is None or _reports(plan, phase):
        return ""
    return f"not judged, because no report is due in {phase.name}; {_longer(phase, 1, 1)}"


def _few_values(plan: Plan, limit: Limit) -> str:
    """A percentile of too few values still has bounds: the slowest of them, and those percentiles
    that can be given."""
    figure, phase = limit.metric.partition(".")[2], plan.maybe_phase(limit.scope)
    if phase is None or figure not in PERCENTILES:
        return ""
    scrapes = metric_of(limit).source == "scrapes"
    values = _scrapes(plan, phase) if scrapes else _reports(plan, phase)
    needed = values_needed(figure)
    if values >= needed or not values:
        return ""
    what = counted(values, "scrape" if scrapes else "report")
    return (
        f"{label(figure)} needs {format_count(needed)} values and {phase.name} has {what}, so the "
        f"limit holds only if the slowest is within it; {_longer(phase, values, needed)}"
    )


def _longer(phase: Phase, values: int, needed: int) -> str:
    """The option that makes a phase long enough for so many values."""
    seconds = -(-phase.duration_ns * needed // (max(values, 1) * SECOND))
    length = format_duration(max(seconds, 1) * SECOND)
    option = "--duration " if phase.name in _MAIN else f"--set phases.{phase.name}="
    return f"it takes {option}{length}"


_MAIN = ("flood", WATCH)


def _reports(plan: Plan, phase: Phase) -> int:
    """Planned reports; before the schedule has counted them, the rate's integral."""
    if phase.planned or plan.planned_sessions:
        return phase.planned
    first = phase.clients_from * SECOND / phase.cadence_from_ns
    return round((first + phase.rate) / 2 * phase.duration_ns / SECOND * plan.share)


def _scrapes(plan: Plan, phase: Phase) -> int:
    every_ns = plan.scrape_interval_ns
    return phase.duration_ns // every_ns if every_ns else 0


def _never_aborts(plan: Plan, limit: Limit) -> str:
    """A condition has to hold for its grace period within its scope, and a load's while there is
    a load."""
    whole = plan.maybe_phase(limit.scope)
    lasts = whole.duration_ns if whole is not None else _abort_ns(plan, limit)
    if limit.grace_ns <= lasts:
        return ""
    where = whole.name if whole is not None else "the run"
    return (
        f"never aborts, because {where} lasts {format_duration(lasts)}; name a shorter time after "
        '"for"'
    )


def _abort_ns(plan: Plan, limit: Limit) -> int:
    assert limit.scope == RUN
    if metric_of(limit).source == "load":
        return plan.load_ns
    return max(phase.end_ns for phase in plan.phases)


_TAILS: tuple[Reader, ...] = (_no_reports, _few_values)
_READERS: dict[str, tuple[Reader, ...]] = {
    "errors": (_no_reports,),
    "offered": (_no_reports,),
    "amplification": (_no_reports,),
    "scrape.success": (),
    "scrape.gap": (),
    "scrape.p99": (_few_values,),
    "memory.max": (_unmeasured, _no_memory_limit),
    "memory.leak": (_unmeasured, _too_short),
    "memory.time_to_limit": (_unmeasured, _too_short, _no_memory_limit),
    "loss": (_uncounted,),
    "restarts": (_no_starts,),
    "recovery.time": (_no_recovery,),
}
"""By metric; every other is a percentile of a latency."""
