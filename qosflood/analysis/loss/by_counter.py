"""What a counter or gauge of the target reports about accepted reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qosflood.analysis.findings import LossFinding
from qosflood.base.units import format_count
from qosflood.journal.loss_records import AuditSample
from qosflood.plan.plan import Plan
from qosflood.plan.readback import alive


@dataclass(frozen=True, slots=True)
class Span:
    """A metric before the load and after it, over all instances; `most` is the highest value
    read after it."""

    before: float
    after: float
    most: float

    @property
    def grown(self) -> int:
        """By how much it grew."""
        return round(self.after - self.before)


def counter_finding(
    plan: Plan, t0: int, finished_t: int, base: LossFinding, samples: Sequence[AuditSample]
) -> LossFinding:
    """acked <= seen <= acked + uncertain, plus the reports sent before the load, which a target may
    count late. Fewer are lost; more come from other clients and may hide losses."""
    name = plan.audit.counter or ""
    base = replace(base, method="counter", checked=base.acked)
    if plan.part is not None:
        return replace(
            base, reason=f"{name} also counts other parts' reports; qosflood merge judges it"
        )
    span = _span(t0, finished_t, samples, falls=False)
    if isinstance(span, str):
        return replace(base, reason=f"{name}: {span}")
    seen, most = span.grown, base.acked + base.uncertain
    grew = f"{name} grew by {format_count(seen)}"
    accepted = f"{format_count(base.acked)} accepted reports"
    if seen < base.acked:
        lost = base.acked - seen
        reason = f"{grew}, {format_count(lost)} fewer than the {accepted}"
        return replace(base, verdict="lost", reason=reason, seen=seen, missing=lost)
    if seen > most + _own(plan):
        reason = (
            f"{grew}, {format_count(seen - most)} more than this run can have sent, which may "
            "hide losses"
        )
        more = seen - most
        return replace(base, verdict="inconclusive", reason=reason, seen=seen, foreign=more)
    hidden = (
        f"; {format_count(base.uncertain)} unanswered reports could hide as many lost ones"
        if base.uncertain
        else ""
    )
    reason = f"{grew}: all {accepted} were counted{hidden}"
    return replace(base, verdict="ok", reason=reason, seen=seen, missing=0)


def gauge_finding(
    plan: Plan,
    t0: int,
    finished_t: int,
    base: LossFinding,
    samples: Sequence[AuditSample],
    sessions: int,
    not_accepted: int,
) -> LossFinding:
    """Sessions held, compared with those that began and those alive at the end. It detects only
    whole sessions that are missing; each of the `not_accepted` reports may have been a session's
    only one."""
    name = plan.audit.gauge or ""
    base = replace(base, method="gauge", checked=sessions)
    if plan.part is not None:
        return replace(
            base, reason=f"{name} also counts other parts' sessions; qosflood merge judges it"
        )
    span = _span(t0, finished_t, samples, falls=True)
    if isinstance(span, str):
        return replace(base, reason=f"{name}: {span}")
    living, seen = min(alive(plan), sessions), round(span.most - span.before)
    later = f", {format_count(span.after)} after settle" if span.after < span.most else ""
    held = f"{name} is {format_count(span.most)}{later}"
    before = f" ({format_count(span.before)} before)" if span.before else ""
    gone = round(living - not_accepted - span.most)
    if gone > 0:
        less = f"{format_count(gone)} fewer than the sessions alive at the load's end"
        if span.after < span.most or not span.after:
            reason = f"{held}, {less}: the target expires silent sessions, or they were lost"
            return replace(base, verdict="inconclusive", reason=reason, seen=round(span.most))
        reason = f"{held}, {less}"
        return replace(base, verdict="lost", reason=reason, seen=round(span.most), missing=gone)
    base = replace(base, seen=seen)
    began = f"the {format_count(sessions)} sessions that began"
    if seen > sessions:
        reason = f"{held}{before}, more than {began}: other clients report too"
        return replace(base, verdict="inconclusive", reason=reason)
    if seen < sessions - not_accepted - _own(plan):
        reason = f"{held}{before}, fewer than {began}: they expired, or were lost"
        return replace(base, verdict="inconclusive", reason=reason)
    reason = f"{held}{before}: no whole session is missing; a gauge does not count single reports"
    return replace(base, verdict="ok", reason=reason, missing=0)


def _own(plan: Plan) -> int:
    """The reports sent before the load, one for each part: counted before it or late, and of a
    session that reports in it too."""
    return max(plan.merged, 1)


def _span(t0: int, finished_t: int, samples: Sequence[AuditSample], *, falls: bool) -> Span | str:
    """The sum over instances before and after the load, or why there is none."""
    if not samples:
        return "was never read"
    spans = []
    for name in dict.fromkeys(one.instance for one in samples):
        mine = [one for one in samples if one.instance == name]
        span = _instance_span(t0, finished_t, mine, falls=falls)
        if isinstance(span, str):
            return span if len({one.instance for one in samples}) == 1 else f"{name}: {span}"
        spans.append(span)
    return Span(
        sum(span.before for span in spans),
        sum(span.after for span in spans),
        sum(span.most for span in spans),
    )


def _instance_span(
    t0: int, finished_t: int, samples: Sequence[AuditSample], *, falls: bool
) -> Span | str:
    before = [one for one in samples if one.done_t <= t0]
    after = [one for one in samples if one.t >= finished_t > 0]
    for when, ones in (("before the load", before), ("after the load", after)):
        if not any(one.value is not None for one in ones):
            why = next((f": {one.reason}" for one in ones if one.reason), "")
            return f"was not read {when}{why}"
    first = [one.value for one in before if one.value is not None][-1]
    last = [one.value for one in after if one.value is not None][-1]
    in_order = sorted(samples, key=lambda one: one.t)
    values = [one.value for one in in_order if one.value is not None]
    fell = next((high for high, low in pairwise(values) if low < high), None)
    if not falls and fell is not None:
        return f"fell from {format_count(fell)}: a restart, or several processes"
    return Span(first, last, max(one.value for one in after if one.value is not None))
