"""Trials judged by the code that judges runs. Pure.

A trial is laid out as a run that consists of it alone, a rest as the recovery of a run whose
baseline is the first rest of the search.
"""

from collections.abc import Iterable, Iterator, Sequence

from qosflood.analysis.analyse import analyse
from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.gaps import DECIDING
from qosflood.analysis.stages import staged_run
from qosflood.analysis.verdict.comparison import Reading as Found
from qosflood.analysis.verdict.comparison import compare
from qosflood.analysis.verdict.metrics import read
from qosflood.analysis.verdict.readings import Case
from qosflood.analysis.verdict.verdict import JudgedLimit, judge_limit
from qosflood.base.units import SECOND, format_count
from qosflood.experiments.capacity.little import little
from qosflood.experiments.capacity.trial import Figures, Outcome, Purpose, Reading, State, Trial
from qosflood.journal.records import JournalRecord, Window
from qosflood.plan.limit_language import metric_of
from qosflood.plan.plan import Limit, Plan
from qosflood.plan.stages import Stage


def judge_trial(
    plan: Plan,
    stage: Stage,
    records: Sequence[JournalRecord],
    *,
    purpose: Purpose,
    state: State,
    started_s: float,
    aborted: str | None = None,
) -> Trial:
    """What the stage's records say; `aborted` is the abort limit that ended it, in words."""
    alone, laid = staged_run(plan, records, (("flood", stage),))
    findings = analyse(alone, 0, laid)
    limits = [_judged(alone, findings, limit) for limit in alone.limits]
    flood = findings.phases[0]
    figures = _figures(flood, limits, _in_flight(stage, records))
    broken = tuple(one.limit.expr for one in limits if one.ok is False)
    voids = _voids(alone, findings, limits, figures, bad=bool(broken or aborted))
    # What seconds without lateness break by themselves is the target's, however many were late.
    surely = any(expr in findings.broken_on_time for expr in broken)
    why = "" if surely else "; ".join(voids)
    outcome: Outcome = "bad" if broken or aborted else "good"
    return Trial(
        load=stage.clients,
        outcome="void" if why else outcome,
        purpose=purpose,
        started_s=started_s,
        seconds=stage.duration_ns / SECOND,
        broken=(*broken, *([aborted] if aborted else ())),
        figures=figures,
        state=state,
        why=why,
    )


def _judged(plan: Plan, findings: Findings, limit: Limit) -> JudgedLimit:
    """As in a run; a percentile that a trial is too short for is taken to be its largest value."""
    judged = judge_limit(plan, findings, limit)
    figure = limit.metric.partition(".")[2]
    if judged.ok is not None or not judged.reason.startswith(f"{figure} needs"):
        return judged
    flood = findings.phases[0]
    reading = read(Case(plan, findings, limit, flood))
    ok, value = compare(limit, Found(value=reading.most, n=reading.n))
    return JudgedLimit(limit=limit, value=value, n=reading.n, ok=ok, reason=reading.reason)


def _voids(
    plan: Plan,
    findings: Findings,
    limits: Sequence[JudgedLimit],
    figures: Figures,
    *,
    bad: bool,
) -> Iterator[str]:
    """Why the trial says nothing of the target."""
    yield from findings.generator.problems
    yield from (f"{gap.section}: {gap.reason}" for gap in findings.gaps if gap.section in DECIDING)
    totals = findings.totals
    if not totals.balanced:
        yield f"{format_count(totals.in_flight)} reports had no outcome"
    for judged in limits:
        own = judged.limit.named_by == "user" or metric_of(judged.limit).source == "load"
        if judged.ok is None and own and not bad:
            yield f"{judged.limit.expr} could not be judged: {judged.reason}"
    if not bad and plan.load.clocks == "spread":
        yield from _littles(figures, findings.phases[0].seconds)


def _littles(figures: Figures, seconds: float) -> Iterator[str]:
    """Little's law: what is in flight is accepted rate x service time, or it waited here."""
    found = little(figures, max(round(seconds), 1))
    if found is not None and found.queues:
        yield (
            f"{found.sampled:.1f} reports were in flight on average, where accepted rate x service "
            f"time is {found.expected:.1f}: they waited in the generator (Little's law)"
        )


def _in_flight(stage: Stage, records: Iterable[JournalRecord]) -> float | None:
    """The mean of what was in flight at the end of each second, in all shards."""
    sampled = [
        (record.second, record.health.pending)
        for record in records
        if isinstance(record, Window) and record.phase == stage.name and record.health is not None
    ]
    seconds = {second for second, _ in sampled}
    return sum(pending for _, pending in sampled) / len(seconds) if seconds else None


def _figures(
    flood: PhaseFigures, limits: Sequence[JudgedLimit], in_flight: float | None
) -> Figures:
    scheduled = flood.scheduled
    failed = scheduled - flood.outcomes.get("acked", 0)
    scrapes = flood.scrapes
    p99, most = scrapes.duration_p99_ns, scrapes.duration_max_ns
    response = flood.response
    return Figures(
        limits=tuple(_reading(judged) for judged in limits),
        response_p50_ns=response.p50_ns,
        response_p99_ns=response.max_ns if response.p99_ns is None else response.p99_ns,
        service_mean_ns=flood.service.mean_ns,
        errors=failed / scheduled if scheduled else None,
        accepted_per_s=flood.acked if flood.answered is None else flood.answered,
        in_flight=in_flight,
        scrape_p99_ns=most if p99 is None else p99,
        rss_bytes=flood.rss_max,
        cores=flood.target_cores,
    )


def _reading(judged: JudgedLimit) -> Reading:
    limit = judged.limit
    value = None if isinstance(judged.value, str) else judged.value
    threshold = None if isinstance(limit.threshold, str) else limit.threshold
    return Reading(limit.expr, limit.op, value, threshold, judged.ok)


def is_back(
    plan: Plan, records: Sequence[JournalRecord], first: Stage, trial: Stage, rest: Stage
) -> bool | None:
    """Whether errors, response times and scrapes are in the `rest` after a trial as they were in
    the `first` rest of the search; None if that cannot be told."""
    parts = (("baseline", first), ("flood", trial), ("recovery", rest))
    laid, moved = staged_run(plan, records, parts)
    findings = analyse(laid, 0, moved)
    recovery = findings.recovery
    if recovery is None or not recovery.judged:
        return None
    return recovery.seconds is not None
