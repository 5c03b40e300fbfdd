"""Findings and limits to a verdict with its evidence. Pure."""

from dataclasses import dataclass
from typing import Literal

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.gaps import DECIDING, error_words, left_out
from qosflood.analysis.generator.late import WAITING_SHARE
from qosflood.analysis.missing import WHY
from qosflood.analysis.verdict.comparison import compare
from qosflood.analysis.verdict.metrics import read
from qosflood.analysis.verdict.readings import Case
from qosflood.base.errors import ExitCode
from qosflood.base.text import clip, printable
from qosflood.base.units import (
    SECOND,
    counted,
    format_count,
    format_duration,
    format_ratio,
)
from qosflood.journal.records import CUT_OFF, INCOMPLETE, NOT_SENT, nobodys_failures
from qosflood.plan.judgeable import judged_by_merge
from qosflood.plan.limit_language import (
    RUN,
    judged_text,
    metric_of,
    threshold_text,
)
from qosflood.plan.load_words import against_peak
from qosflood.plan.plan import Limit, Plan
from qosflood.plan.watching import WATCHED

Word = Literal["PASS", "FAIL", "INVALID", "ABORTED", "INTERRUPTED"]

MOST_IN_HEADLINE = 200
"""Characters of the headline before what was not judged is added."""
_WORTH_SAYING = 0.001
_AUTH = ("401", "403")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLimit:
    """A limit with the value found; `ok` is None when it could not be judged, `reason` says why.

    `value` is in the limit's base unit; `n` is how many observations stand behind it. `bound`: the
    value is not known, only that it lies there or beyond.
    """

    limit: Limit
    value: float | str | None
    n: int
    ok: bool | None
    reason: str
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `reasons` are all that speak for it, the deciding one first."""

    verdict: Word
    exit_code: ExitCode
    headline: str
    reasons: tuple[str, ...]
    not_judged: tuple[str, ...]
    limits: tuple[JudgedLimit, ...]


def judge(plan: Plan, findings: Findings) -> Verdict:
    """The verdict: INTERRUPTED before ABORTED before FAIL before INVALID before PASS."""
    limits = tuple(judge_limit(plan, findings, limit) for limit in plan.limits)
    found = {
        "INTERRUPTED": _interrupted(plan, findings),
        "ABORTED": _aborted(findings),
        "FAIL": [_broken(judged) for judged in limits if judged.ok is False],
        "INVALID": _invalid(plan, findings, limits),
    }
    word: Word = next((word for word in _PRECEDENCE if found[word]), "PASS")
    reasons = tuple(reason for kind in _PRECEDENCE for reason in found[kind])
    if findings.crash is not None and word in _LED_BY_A_CRASH:
        reasons = (findings.crash.what, *reasons)
    not_judged = tuple(f"{judged.limit.expr} ({judged.reason})" for judged in _unjudged(limits))
    return Verdict(
        verdict=word,
        exit_code=ExitCode.INTERNAL if findings.ended == _OWN_ERROR else _EXIT_CODES[word],
        headline=_headline(plan, findings, word, reasons, limits),
        reasons=reasons or (_all_well(limits),),
        not_judged=not_judged,
        limits=limits,
    )


_PRECEDENCE: tuple[Word, ...] = ("INTERRUPTED", "ABORTED", "FAIL", "INVALID")
_EXIT_CODES: dict[Word, ExitCode] = {
    "PASS": ExitCode.PASS,
    "FAIL": ExitCode.FAIL,
    "INVALID": ExitCode.INVALID,
    "ABORTED": ExitCode.ABORTED,
    "INTERRUPTED": ExitCode.INTERRUPTED,
}
_LED_BY_A_CRASH = ("FAIL", "ABORTED")
"""What a crash is the reason for; the limits that broke with it follow."""
_OWN_ERROR = "internal_error"
_FAILED_JUDGING = "its judging failed"
_OWN_FAULTS = (_FAILED_JUDGING, WHY)
"""How the reason of a limit begins that qosflood itself did not manage to judge."""
_OF_ALL_RECORDS = ("offered", "scrape.gap")
"""Limits that break by what is not there, be it a line that could not be read."""
_OWN_VERDICT = ("completed", "interrupted", "killed", "aborted", INCOMPLETE)
BY_MERGE = f"{WATCHED}; judged once the parts are merged"
ENDINGS = {
    "not_started": "the load did not start",
    "disk_full": "the disk is full",
    "journal_lost": "the journal could no longer be written",
    "shard_died": "a part of the generator died",
    "shard_stuck": "a part of the generator hung",
    _OWN_ERROR: "qosflood itself failed",
}


def _interrupted(plan: Plan, findings: Findings) -> list[str]:
    if findings.ended not in ("interrupted", "killed"):
        return []
    detail = f": {findings.ended_detail}" if findings.ended_detail else ""
    if plan.merged:
        return [f"interrupted{detail}"]
    return [f"{findings.ended} {_how_far(plan, findings)}{detail}"]


def _how_far(plan: Plan, findings: Findings) -> str:
    begun = [phase for phase in findings.phases if phase.seconds > 0]
    if not begun:
        return f"before the {'load' if plan.floods else plan.main_phase.name}"
    return f"{format_duration(round(begun[-1].seconds) * SECOND)} into {begun[-1].name}"


def _aborted(findings: Findings) -> list[str]:
    if findings.ended != "aborted":
        return []
    return [findings.ended_detail or "an abort limit was broken"]


def _invalid(plan: Plan, findings: Findings, limits: tuple[JudgedLimit, ...]) -> list[str]:
    ended = [] if findings.ended in _OWN_VERDICT else [_ending(findings)]
    unjudged = [
        f"{judged.limit.expr} could not be judged: {judged.reason}"
        for judged in _unjudged(limits)
        if judged.limit.named_by == "user" or judged.reason.startswith(_OWN_FAULTS)
    ]
    gaps = [f"{gap.section}: {gap.reason}" for gap in findings.gaps if gap.section in DECIDING]
    problems = [
        *findings.generator.problems,
        *gaps,
        *_unbalanced(findings),
        *_unseen(plan, findings),
    ]
    return list(dict.fromkeys([*ended, *problems, *unjudged]))


def _unbalanced(findings: Findings) -> list[str]:
    """A run that ended by itself accounts for every report; a stopped one may not."""
    totals = findings.totals
    if findings.ended != "completed" or totals.balanced:
        return []
    return [
        f"outcomes do not add up: {format_count(totals.scheduled)} reports were scheduled, "
        f"{format_count(sum(totals.outcomes.values()))} ended"
    ]


def _unseen(plan: Plan, findings: Findings) -> list[str]:
    """A watch none of whose scrapes of an instance succeeded says nothing of the page that it was
    to watch."""
    phases = [phase for phase in findings.phases if phase.name == plan.main_phase.name]
    if plan.floods or not phases:
        return []
    failed = {
        name: f"none of {counted(figures.count, 'scrape')} succeeded"
        for name, figures in (phases[0].by_instance or {"": phases[0].scrapes}).items()
        if 0 < figures.count == figures.failed
    }
    if "" in failed and not findings.memory_points:
        return [f"nothing of the target was seen: {failed['']}"]
    fix = "name its page with --scrape URL, or turn scrapes off with --scrape-interval off"
    return [f"{f'{name}: ' if name else ''}{none}; {fix}" for name, none in failed.items()]


def _ending(findings: Findings) -> str:
    what = ENDINGS.get(findings.ended, f"the run ended early ({findings.ended})")
    detail = findings.ended_detail
    if detail.startswith(what):
        return detail
    return f"{what}: {detail}" if detail else what


def _unjudged(limits: tuple[JudgedLimit, ...]) -> list[JudgedLimit]:
    """Those that could not be judged, but for those that a merge will."""
    return [judged for judged in limits if judged.ok is None and judged.reason != BY_MERGE]


# Limits.


def judge_limit(plan: Plan, findings: Findings, limit: Limit) -> JudgedLimit:
    """The limit with what was found; one whose judging fails is not judged, whatever the others
    are."""
    try:
        return _judged(plan, findings, limit)
    except Exception as error:
        reason = f"{_FAILED_JUDGING}: {error_words(error)}"
        return JudgedLimit(limit=limit, value=None, n=0, ok=None, reason=reason)


def _judged(plan: Plan, findings: Findings, limit: Limit) -> JudgedLimit:
    """The limit with what was found.

    A latency limit that is broken, but only with windows in it in which the generator was late,
    cannot be judged: lag adds to response time.
    """
    if judged_by_merge(plan, limit):
        return JudgedLimit(limit=limit, value=None, n=0, ok=None, reason=BY_MERGE)
    phase = next((phase for phase in findings.phases if phase.name == limit.scope), None)
    reading = read(Case(plan, findings, limit, phase))
    ok, value = compare(limit, reading)
    reason = reading.reason if ok is None or reading.value is None else ""
    if reading.whose:
        reason = "; ".join(filter(None, (f"instance {reading.whose}", reason)))
    if ok is False and _late_only(limit, findings, phase):
        assert phase is not None
        ok = None
        reason = _by_lateness(phase)
    if ok is False and limit.metric in _OF_ALL_RECORDS and left_out(findings.gaps):
        ok, reason = None, "broken only with the lines of the journal that were left out"
    bound = reading.value is None and value is not None
    return JudgedLimit(limit=limit, value=value, n=reading.n, ok=ok, reason=reason, bound=bound)


def _by_lateness(phase: PhaseFigures) -> str:
    late, waiting, windows = phase.late_windows, phase.waiting_windows, phase.windows
    waited = f"waited for a core for over {format_ratio(WAITING_SHARE)} of the time"
    if late and waiting:
        return (
            f"broken only with the seconds in which the generator was late ({late} of {windows}) "
            f"or {waited} ({waiting} of {windows})"
        )
    count, what = (late, "was late") if late else (waiting, waited)
    return f"broken only with {count} of {windows} seconds in which the generator {what}"


def _late_only(limit: Limit, findings: Findings, phase: PhaseFigures | None) -> bool:
    late = phase is not None and phase.late_windows + phase.waiting_windows > 0
    return bool(metric_of(limit).series) and late and limit.expr not in findings.broken_on_time


# Words.


_PLURALS = ("errors",)


def _broken(judged: JudgedLimit) -> str:
    limit = judged.limit
    where = "" if limit.scope == RUN else f" in {limit.scope}"
    why = f" ({judged.reason})" if judged.reason else ""
    op = "" if limit.op == "==" else f"{limit.op} "
    if isinstance(judged.value, str):
        return f"{limit.expr} does not hold: {judged.value}{where}{why}"
    threshold = threshold_text(limit.unit, limit.threshold)
    if judged.value is None:
        return f"{limit.metric} is not within the limit {op}{threshold}{where}{why}"
    value = judged_text(limit.unit, judged.value, limit.op, limit.threshold)
    verb = "were" if limit.metric in _PLURALS else "was"
    if judged.bound:
        verb += " at most" if limit.op in (">", ">=") else " at least"
    return f"{limit.metric} {verb} {value}{where}; limit {op}{threshold}{why}"


def _headline(
    plan: Plan,
    findings: Findings,
    word: Word,
    reasons: tuple[str, ...],
    limits: tuple[JudgedLimit, ...],
) -> str:
    """One line: absolute figures, the verdict, the deciding reason, what was not judged."""
    lead = f"{load_words(plan)}: {word} - {reasons[0] if reasons else _all_well(limits)}"
    further = len(reasons) - 1
    more = [f"{further} more reason{'s' * (further > 1)}"] if further > 0 else []
    tail = "".join(f"; {said}" for said in [*_failures(findings, reasons), *more])
    line = clip(printable(lead), MOST_IN_HEADLINE - len(tail)) + tail
    unjudged = [judged.limit.expr for judged in _unjudged(limits)]
    return f"{line}; not judged: {', '.join(unjudged)}" if unjudged else line


def load_words(plan: Plan) -> str:
    """What the run is, in absolute figures: `5,000 clients, 1,000 reports/s (…) for 15m`."""
    load = plan.load
    if not plan.floods:
        lasting = format_duration(plan.main_phase.duration_ns)
        return f"watched {plan.target.url} for {lasting}"
    clients, rate = counted(load.clients, "client"), format_count(load.rate)
    lead = ""
    if plan.part is not None:
        here = plan.here(load.clients)
        lead = f"{plan.part.name}: "
        clients = f"{format_count(here)} of {clients}"
        rate = f"{format_count(here * SECOND / load.cadence_ns)} of {rate}"
    return (
        f"{lead}{clients}, {rate} reports/s ({against_peak(load)}) for "
        f"{format_duration(plan.phase('flood').duration_ns)}"
    )


def _all_well(limits: tuple[JudgedLimit, ...]) -> str:
    limits = tuple(judged for judged in limits if judged.reason != BY_MERGE)
    held = sum(judged.ok is True for judged in limits)
    if not limits:
        return "no limit was set"
    if held == len(limits):
        return "all limits held"
    return f"{held} of {len(limits)} limits held" if held else "no limit could be judged"


def _failures(findings: Findings, reasons: tuple[str, ...]) -> list[str]:
    """How much of the flood failed, and what of it for want of a token; the share is left out
    where the deciding reason says it already."""
    flood = next((phase for phase in findings.phases if phase.name == "flood"), None)
    if flood is None or not flood.scheduled:
        return []
    said = []
    refused = {status: flood.statuses[status] for status in _AUTH if flood.statuses.get(status)}
    if refused:
        share = format_ratio(sum(refused.values()) / flood.scheduled)
        said.append(f"auth: {share} of reports refused with {'/'.join(refused)}")
    failed = sum(count for name, count in flood.outcomes.items() if name != "acked")
    stopped = flood.errors.get(CUT_OFF, 0) + flood.errors.get(NOT_SENT, 0)
    failed -= stopped + nobodys_failures(flood.errors)
    said_already = bool(reasons) and reasons[0].startswith("errors ")
    if not said_already and failed - sum(refused.values()) > _WORTH_SAYING * flood.scheduled:
        said.append(f"{format_ratio(failed / flood.scheduled)} of reports failed")
    return said
