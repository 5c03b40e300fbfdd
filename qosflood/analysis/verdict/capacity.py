"""The verdict of a search for capacity, and its answer in words. Pure."""

from collections.abc import Iterator

from qosflood.analysis.findings import Findings
from qosflood.analysis.verdict.verdict import ENDINGS, JudgedLimit, Verdict, Word
from qosflood.base.errors import ExitCode
from qosflood.base.units import (
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
)
from qosflood.journal.trial_records import (
    AnswerRecord,
    Band,
    CapacityAnswer,
    Gives,
    NeedAnswer,
    SearchAnswer,
)
from qosflood.plan.limit_language import metric_of
from qosflood.plan.plan import Plan

_CODES: dict[Word, ExitCode] = {
    "PASS": ExitCode.PASS,
    "FAIL": ExitCode.FAIL,
    "INVALID": ExitCode.INVALID,
    "ABORTED": ExitCode.ABORTED,
    "INTERRUPTED": ExitCode.INTERRUPTED,
}
_INTERRUPTED = ("interrupted", "killed")
_OWN_ERROR = "internal_error"


def judge_search(
    plan: Plan, findings: Findings, limits: tuple[JudgedLimit, ...], last: AnswerRecord | None
) -> Verdict:
    """What a search found: PASS unless a need was missed, its flood of confirmation failed or the
    target did not come back. `limits` are those of the flood that the report shows."""
    answer = None if last is None else last.capacity
    word, why = _word(findings, last)
    words = tuple(answer_words(plan, answer)) if answer and is_known(answer) else ()
    reasons = tuple(dict.fromkeys((*why, *words)))
    return Verdict(
        verdict=word,
        exit_code=ExitCode.INTERNAL if findings.ended == _OWN_ERROR else _CODES[word],
        headline=f"capacity of {plan.target.url}: {word} - {'; '.join(reasons[:2])}",
        reasons=reasons,
        not_judged=(),
        limits=limits,
    )


def _word(findings: Findings, last: AnswerRecord | None) -> tuple[Word, tuple[str, ...]]:
    """The verdict, and what decides it where that is not the answer itself."""
    ended, detail = findings.ended, findings.ended_detail
    if ended in _INTERRUPTED:
        return "INTERRUPTED", (f"{ended}: {detail}" if detail else ended,)
    if ended == "aborted":
        return "ABORTED", (detail or "an abort limit was broken",)
    if ended != "completed":
        return "INVALID", (f"{ENDINGS.get(ended, ended)}: {detail}",)
    if last is None or not is_known(last.capacity):
        return "INVALID", ("no trial said anything about the target",)
    answer = last.capacity
    if answer.reason == "not_recovered":
        return "FAIL", ("the target did not come back after a trial",)
    if answer.confirmed is False:
        return "FAIL", (_unconfirmed(answer),)
    if answer.need is None or answer.need.met:
        return "PASS", ()
    return ("INVALID" if answer.need.met is None else "FAIL"), (need_words(answer.need),)


def is_known(answer: CapacityAnswer) -> bool:
    """Whether any trial has said something of the target."""
    return bool(answer.clients.low) or answer.clients.high is not None


def _unconfirmed(answer: CapacityAnswer) -> str:
    clients = counted(answer.confirm_clients or 0, "client")
    return f"no answer: a limit was broken in the longer flood of {clients} that was to confirm it"


def answer_words(plan: Plan, answer: CapacityAnswer) -> Iterator[str]:
    """The answer, a clause each, the carried clients first."""
    if answer.confirmed is not False:
        yield f"{_carried(answer)}{_within(plan)}{_ceiling(answer)}"
    gives = [clause for clause in (_first(answer.first), _second(answer)) if clause]
    if gives:
        yield ", ".join(gives)
    if per := _per_thousand(answer):
        yield f"needs per 1,000 clients: {per}"
    if answer.need is not None:
        yield need_words(answer.need)
    if answer.event_bytes is not None:
        yield _event(plan, answer)
    if answer.filled is not None:
        yield _both(answer, answer.filled)
    if answer.hysteresis is not None:
        back = answer.hysteresis.recovers_at
        how = f"recovers at {format_count(back)}" if back else "did not recover on the way down"
        before = counted(answer.hysteresis.good_before, "client")
        yield (
            f"the target stays slow after an overload: {before} were good before the search and "
            f"bad after it, {how}"
        )


def _carried(answer: CapacityAnswer) -> str:
    if answer.level is None:
        return _steps(answer.clients)
    level, rate, times = format_ratio(answer.level), answer.reports_per_s, answer.multiple
    figures = f"({level}; {span(rate)} reports/s, {span(times, 'x')})"
    if answer.clients.high is not None and not answer.clients.low:
        return f"carries fewer than {counted(answer.clients.high, 'client')} {figures}"
    return f"carries {span(answer.clients)} clients {figures}"


def _steps(clients: Band) -> str:
    held = f"held {counted(clients.low, 'client')}" if clients.low else "held none of the steps"
    high = clients.high
    return f"{held} (the greatest step)" if high is None else f"{held}, not {format_count(high)},"


def _ceiling(answer: CapacityAnswer) -> str:
    if answer.ceiling == "generator":
        return "; the generator can do no more"
    tried = answer.ceiling == "max" and answer.level is not None
    return "; no more were tried (--max)" if tried else ""


def span(band: Band, unit: str = "") -> str:
    """`3,400-3,700`, `at least 3,400`, or `less than 500`."""
    low, high = _short(band.low), None if band.high is None else _short(band.high)
    if high is None:
        return f"at least {low}{unit}"
    if not band.low:
        return f"less than {high}{unit}"
    return f"{low}{unit}" if low == high else f"{low}-{high}{unit}"


def _short(value: float) -> str:
    return format_count(round(value, 1)) if value < 100 else format_count(value)


def _within(plan: Plan) -> str:
    """The limits on latency, or the user's own where there is none."""
    latency = [limit.expr for limit in plan.limits if metric_of(limit).series]
    own = [limit.expr for limit in plan.limits if limit.named_by == "user"]
    named = list(dict.fromkeys([*latency, *own]))
    return f" within {', '.join(named)}" if named else ""


def _first(gives: Gives | None) -> str:
    return f"gives first: {_metric(gives)}" if gives is not None else ""


def _metric(gives: Gives) -> str:
    return gives.limit.partition(" ")[0]


def _second(answer: CapacityAnswer) -> str:
    second = answer.second
    if answer.first is None or second is None:
        return ""
    if second.high is None:
        return f"second: none up to {counted(second.low, 'client')}"
    times = "" if second.times is None else f" at {second.times:.2g}x the first"
    return f"second: {_metric(second)}{times}"


def _per_thousand(answer: CapacityAnswer) -> str:
    per = answer.per_1000_clients
    parts = [] if per.cores is None else [f"{per.cores:.2f} cores"]
    parts += [] if per.bytes is None or per.bytes < 0 else [format_bytes(per.bytes)]
    return ", ".join(parts)


def need_words(need: NeedAnswer) -> str:
    """`need 40,000: NO, short by 36,000, about 11 such targets (extrapolated)`."""
    asked = f"need {format_count(need.clients)}"
    sure = "" if need.probability is None else f" ({format_ratio(round(need.probability, 3))})"
    if need.met:
        return f"{asked}: YES{sure}"
    if need.met is None:
        return f"{asked}: not known{sure}"
    short = "" if need.short_by is None else f", short by {format_count(need.short_by)}"
    targets = need.targets
    more = "" if targets is None else f", about {targets:.2g} such targets (extrapolated)"
    return f"{asked}: NO{short}{more}"


def _event(plan: Plan, answer: CapacityAnswer) -> str:
    asked, most = plan.capacity, answer.memory_limit_bytes
    lasting = "the event" if asked is None else format_duration(asked.event_ns)
    against = "" if most is None else f" of {format_bytes(most)}"
    sessions = counted(answer.event_sessions, "session")
    size = format_bytes(answer.event_bytes or 0)
    return f"memory after {lasting} ({sessions}): {size}{against} (extrapolated)"


def _both(answer: CapacityAnswer, filled: SearchAnswer) -> str:
    fresh = span(answer.fresh.clients)
    return f"fresh {fresh}, after {counted(answer.held, 'session')} {span(filled.clients)} clients"
