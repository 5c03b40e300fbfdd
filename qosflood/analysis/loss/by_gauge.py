"""What a gauge of the sessions that the target holds reports about accepted reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qosflood.analysis.findings import LossFinding
from qosflood.analysis.loss.by_counter import own_reports
from qosflood.analysis.loss.series import Series, Span, gauge_doubt, span_of
from qosflood.base.units import format_count
from qosflood.journal.loss_records import AuditSample
from qosflood.plan.plan import Plan
from qosflood.plan.readback import alive

_EMPTIED = 0.5
"""A gauge that falls to this share of itself or less in a restart fell because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Sessions that began; reports that were not accepted, each of which may have been a session's
    only one; and when the target was seen to have restarted."""

    began: int
    not_accepted: int
    restarts: tuple[int, ...] = ()


def gauge_finding(plan: Plan, base: LossFinding, series: Series, sessions: Sessions) -> LossFinding:
    """Sessions held, compared with those that began and those alive at the end. It detects only
    whole sessions that are missing."""
    name = plan.audit.gauge or ""
    base = replace(base, method="gauge", checked=sessions.began)
    if plan.part is not None:
        return replace(
            base, reason=f"{name} also counts other parts' sessions; qosflood merge judges it"
        )
    span = span_of(series, falls=True)
    if isinstance(span, str):
        return replace(base, reason=f"{name}: {span}")
    if (emptied := _emptied(name, base, series, sessions.restarts)) is not None:
        return emptied
    return _held(plan, base, series, span, sessions)


def _emptied(
    name: str, base: LossFinding, series: Series, restarts: tuple[int, ...]
) -> LossFinding | None:
    """What a restart took with it, if the gauge shows that it did."""
    gone, held, words = 0, 0.0, []
    for _, mine in series.instances():
        if (fall := _deepest_fall(mine.read, restarts)) is None:
            continue
        high, low, again = fall
        gone += max(round(high - again), 0)
        held += again
        words.append(
            f"{name} fell from {format_count(high)} to {format_count(low)} and came back to "
            f"{format_count(again)}"
        )
    if not words:
        return None
    said = "; ".join(words)
    if gone:
        reason = f"the target restarted: {said}, so {format_count(gone)} sessions are gone"
        return replace(base, verdict="lost", reason=reason, seen=round(held), missing=gone)
    reason = f"the target restarted: {said}; what it had held before was sent again or is gone"
    return replace(base, verdict="inconclusive", reason=reason, seen=round(held))


def _deepest_fall(
    read: Sequence[AuditSample], restarts: tuple[int, ...]
) -> tuple[float, float, float] | None:
    """From what and to what a gauge fell most around a restart, and the most that it showed from
    there on."""
    falls = []
    for at, (before, after) in enumerate(pairwise(read), start=1):
        high, low, gap = before.value or 0.0, after.value or 0.0, after.t - before.t
        around = any(before.t - gap <= t <= after.t + gap for t in restarts)
        if around and low < high and low <= _EMPTIED * high:
            falls.append((high, low, max(one.value or 0.0 for one in read[at:])))
    return max(falls, key=lambda fall: fall[0] - fall[1], default=None)


def _held(
    plan: Plan, base: LossFinding, series: Series, span: Span, sessions: Sessions
) -> LossFinding:
    living, seen = min(alive(plan), sessions.began), round(span.most - span.before)
    later = f", {format_count(span.after)} after settle" if span.after < span.most else ""
    held = f"{plan.audit.gauge} is {format_count(span.most)}{later}"
    gone = round(living - sessions.not_accepted - span.most)
    if gone > 0:
        return _fewer_than_live(base, series, span, held, gone)
    base = replace(base, seen=seen)
    before = f" ({format_count(span.before)} before)" if span.before else ""
    began = f"the {format_count(sessions.began)} sessions that began"
    if seen > sessions.began:
        reason = (
            f"{held}{before}, more than {began}: it counts other clients' sessions, or one of this "
            "run more than once"
        )
        return replace(base, verdict="inconclusive", reason=reason)
    if seen < sessions.began - sessions.not_accepted - own_reports(plan):
        reason = f"{held}{before}, fewer than {began}: they expired, or were lost"
        return replace(base, verdict="inconclusive", reason=reason)
    reason = f"{held}{before}: no whole session is missing; a gauge does not count single reports"
    return replace(base, verdict="ok", reason=reason, missing=0)


def _fewer_than_live(
    base: LossFinding, series: Series, span: Span, held: str, gone: int
) -> LossFinding:
    less = f"{format_count(gone)} fewer than the sessions alive at the load's end"
    base = replace(base, seen=round(span.most), verdict="inconclusive")
    if span.after < span.most or not span.after:
        expires = "the target expires silent sessions, or they were lost"
        return replace(base, reason=f"{held}, {less}: {expires}")
    if doubt := gauge_doubt(series):
        return replace(base, reason=f"{held}, {less}, but {doubt}")
    return replace(base, verdict="lost", reason=f"{held}, {less}", missing=gone)
