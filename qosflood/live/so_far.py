"""What may be said of a run that goes on, by the code that judges it after its end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from qosflood.analysis.findings import Findings, PhaseFigures, TimelineEntry
from qosflood.analysis.verdict.comparison import Reading, compare
from qosflood.analysis.verdict.verdict import JudgedLimit, judge
from qosflood.base import percentiles
from qosflood.base.text import printable
from qosflood.base.units import counted, format_count, format_ratio
from qosflood.journal.records import INCOMPLETE
from qosflood.live.lines import duration
from qosflood.plan.limit_language import METRICS, RUN, metric_of
from qosflood.plan.plan import Limit, Plan
from qosflood.report.document.cells import limit_value

Word = Literal["PASSING SO FAR", "FAILING SO FAR", "INVALID SO FAR", "TOO EARLY TO SAY"]
SHOWN = 60
"""Entries of the timeline that are shown, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSoFar:
    """A limit with its present value in words, and `over` what it was taken; `ok` None: not judged
    yet, `note` says why."""

    expr: str
    value: str
    over: str
    ok: bool | None
    note: str
    named_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySoFar:
    """A line of the timeline."""

    t_s: float
    who: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSoFar:
    """A phase that has begun: its figures over all of it, in words by the heads of columns."""

    name: str
    figures: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """The verdict if nothing changed any more; `t_s` is how far the journal reached, None before
    the load."""

    t_s: float | None
    word: Word
    why: str
    limits: tuple[LimitSoFar, ...]
    phases: tuple[PhaseSoFar, ...]
    timeline: tuple[EntrySoFar, ...]


def so_far(plan: Plan, findings: Findings) -> SoFar:
    """Judge `findings` of a journal that is still being written.

    A limit that is broken may yet hold at the end, and the reverse; one that cannot be judged yet
    is nothing to hold against the run.
    """
    verdict = judge(plan, replace(findings, ended=INCOMPLETE, ended_detail=""))
    broken = [judged for judged in verdict.limits if judged.ok is False]
    reasons = [
        reason
        for judged, reason in zip(broken, verdict.reasons, strict=False)
        if not _may_yet_hold(findings, judged)
    ]
    limits = tuple(
        replace(judged, ok=None) if _may_yet_hold(findings, judged) else judged
        for judged in verdict.limits
    )
    word, why = _word(plan, findings, limits, reasons)
    return SoFar(
        t_s=_reach_s(findings),
        word=word,
        why=printable(why),
        limits=tuple(limit_so_far(findings, judged) for judged in limits),
        phases=tuple(
            _phase(phase) for phase in findings.phases if phase.seconds and phase.scheduled
        ),
        timeline=tuple(map(_entry, findings.timeline[-SHOWN:])),
    )


def _reach_s(findings: Findings) -> float | None:
    begun = [phase for phase in findings.phases if phase.seconds]
    return round(begun[-1].start_s + begun[-1].seconds, 3) if begun else None


def _phase(phase: PhaseFigures) -> PhaseSoFar:
    failed = sum(phase.outcomes.values()) - phase.outcomes.get("acked", 0)
    return PhaseSoFar(
        name=phase.name,
        figures={
            "answered": format_count(phase.outcomes.get("acked", 0)),
            "errors": f"{format_count(failed)} ({format_ratio(failed / phase.scheduled)})",
            **{
                percentiles.label(name): duration(phase.response.figure(name))
                for name in (*percentiles.SHOWN, "max")
            },
        },
    )


def _word(
    plan: Plan, findings: Findings, limits: tuple[JudgedLimit, ...], broken: list[str]
) -> tuple[Word, str]:
    problems = findings.generator.problems
    if broken:
        more = f"; {counted(len(broken) - 1, 'more limit')} broken" if len(broken) > 1 else ""
        return "FAILING SO FAR", f"{broken[0]}{more}"
    if problems:
        return "INVALID SO FAR", problems[0]
    main = plan.main_phase.name
    if not _reached(findings, main):
        return "TOO EARLY TO SAY", f"most limits are judged in the {main}, which has not begun"
    return _holding(limits)


def _holding(limits: tuple[JudgedLimit, ...]) -> tuple[Word, str]:
    held = sum(judged.ok is True for judged in limits)
    if not held:
        return "TOO EARLY TO SAY", "no limit could be judged yet" if limits else "no limit was set"
    open_ = len(limits) - held
    if not open_:
        return "PASSING SO FAR", f"all {counted(held, 'limit')} hold"
    later = f"{open_} {'is' if open_ == 1 else 'are'} judged later"
    return "PASSING SO FAR", f"{held} of {len(limits)} limits hold, {later}"


def _may_yet_hold(findings: Findings, judged: JudgedLimit) -> bool:
    """Whether a limit on what was offered is broken only by reports that wait to be sent. (That on
    errors knows of them itself.)"""
    limit = judged.limit
    if limit.metric != "offered" or judged.ok is not False or not judged.n:
        return False
    least = float(judged.value or 0.0)
    most = min(least + _open(findings, limit) / judged.n, 1.0)
    return compare(limit, Reading(n=judged.n, least=least, most=most))[0] is not False


def _reached(findings: Findings, name: str) -> bool:
    return any(phase.name == name and phase.seconds > 0 for phase in findings.phases)


def limit_so_far(findings: Findings, judged: JudgedLimit) -> LimitSoFar:
    """A judged limit in words, if nothing changed any more."""
    limit = judged.limit
    note = _note(findings, judged)
    return LimitSoFar(
        expr=printable(limit.expr),
        value=limit_value(judged.value, limit.unit, limit.op, limit.threshold),
        over=observed(limit.metric, judged.n, findings.loss.method),
        ok=None if _may_yet_hold(findings, judged) else judged.ok,
        note=printable(note),
        named_by=limit.named_by,
    )


def observed(metric: str, n: int, loss_method: str) -> str:
    """How many observations of what stand behind a value: `4,819 reports`; nothing if there are
    none. Loss is checked by reports that a counter counts, or else by sessions."""
    what = METRICS[metric].observation
    if metric == "loss" and loss_method != "counter":
        what = "session"
    return counted(n, what) if n else ""


def _note(findings: Findings, judged: JudgedLimit) -> str:
    """What is to be said of the value, or why there is none yet."""
    limit = judged.limit
    waiting = _open(findings, limit) if limit.metric in ("errors", "offered") else 0
    if waiting:
        return f"{counted(waiting, 'report')} still without an outcome"
    if judged.ok is not None:
        return judged.reason
    if metric_of(limit).at_end:
        return "judged after the run"
    if limit.scope != RUN and not _reached(findings, limit.scope):
        return f"judged in the {limit.scope}"
    return judged.reason


def _open(findings: Findings, limit: Limit) -> int:
    found: Iterator[int] = (
        phase.scheduled - sum(phase.outcomes.values())
        for phase in findings.phases
        if phase.name == limit.scope
    )
    return next(found, 0)


def _entry(entry: TimelineEntry) -> EntrySoFar:
    return EntrySoFar(
        t_s=round(entry.t_s, 3), who=entry.who, kind=entry.kind, what=printable(entry.what)
    )
