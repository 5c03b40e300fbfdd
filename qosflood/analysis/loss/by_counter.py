"""What a counter of the target reports about accepted reports."""

from dataclasses import replace

from qosflood.analysis.findings import LossFinding
from qosflood.analysis.loss.series import Series, counter_doubt, span_of
from qosflood.base.units import format_count
from qosflood.plan.plan import Plan

_HIDDEN = 0.001
"""Unanswered reports may hide lost ones up to this share of the accepted."""


def counter_finding(plan: Plan, base: LossFinding, series: Series) -> LossFinding:
    """acked <= seen <= acked + uncertain, plus the reports sent before the load, which a target may
    count late. Fewer are lost, once the counter is final; more are refused ones, counted twice, or
    other clients', and may hide losses."""
    name = plan.audit.counter or ""
    base = replace(base, method="counter", checked=base.acked)
    if plan.part is not None:
        return replace(
            base, reason=f"{name} also counts other parts' reports; qosflood merge judges it"
        )
    span = span_of(series, falls=False)
    if isinstance(span, str):
        return replace(base, reason=f"{name}: {span}")
    base = replace(base, seen=span.grown)
    grew = f"{name} grew by {format_count(span.grown)}"
    if span.grown < base.acked:
        return _fewer(base, grew, span.grown, counter_doubt(series))
    return _enough(plan, base, grew, span.grown)


def _fewer(base: LossFinding, grew: str, seen: int, doubt: str) -> LossFinding:
    lost = base.acked - seen
    reason = (
        f"{grew}, {format_count(lost)} fewer than the {format_count(base.acked)} accepted reports"
    )
    if doubt:
        return replace(base, verdict="inconclusive", reason=f"{reason}, but {doubt}")
    return replace(base, verdict="lost", reason=reason, missing=lost)


def _enough(plan: Plan, base: LossFinding, grew: str, seen: int) -> LossFinding:
    more = seen - base.acked - base.uncertain
    if more > own_reports(plan):
        reason = (
            f"{grew}, {format_count(more)} more than this run can have had accepted, which may "
            "hide losses"
        )
        return replace(base, verdict="inconclusive", reason=reason, foreign=more)
    accepted = f"all {format_count(base.acked)} accepted reports"
    hidden = max(-more, 0)
    could = f"{format_count(hidden)} unanswered reports could hide as many lost ones"
    if hidden > base.acked * _HIDDEN:
        reason = f"{grew}, enough for {accepted}, but {could}"
        return replace(base, verdict="inconclusive", reason=reason)
    reason = f"{grew}: {accepted} were counted" + (f"; {could}" if hidden else "")
    return replace(base, verdict="ok", reason=reason, missing=0)


def own_reports(plan: Plan) -> int:
    """The reports sent before the load, one for each part: counted before it or late, and of a
    session that reports in it too."""
    return max(plan.merged, 1)
