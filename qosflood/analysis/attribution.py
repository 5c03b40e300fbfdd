"""What limited the run: generator, target, or nothing. Never the network, which nothing here
controls for: what may be either is inconclusive."""

from collections.abc import Callable
from typing import Literal

from qosflood.analysis.findings import GeneratorFinding, PhaseFigures
from qosflood.analysis.late import latency_limits
from qosflood.plan import Plan
from qosflood.units import MS, format_count, format_duration, format_ratio

LimitedBy = Literal["none", "generator", "target", "network", "inconclusive"]
Attribution = tuple[LimitedBy, str]
Baseline = PhaseFigures | None
"""The run at 1x; None where the plan leaves it out."""

_BY_TARGET = ("rejected", "timeout", "bad_response", "connection_lost")
_TOLERATED_ERRORS = 0.001
_LEAST_OFFERED = 0.99
_GREW_FACTOR = 5
_GREW_NS = 50 * MS


def attribute(
    plan: Plan, generator: GeneratorFinding, baseline: Baseline, flood: PhaseFigures
) -> Attribution:
    """Who limited the flood, and the figure that says so."""
    if generator.verdict != "ok":
        return "generator", generator.problems[0]
    if not flood.scheduled:
        return "inconclusive", "no report came due in the flood"
    for rule in _RULES:
        if found := rule(plan, baseline, flood):
            return found
    return "none", "errors, offered rate and latency in the flood give no sign of a limit"


def _by_failures(plan: Plan, baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    """By what failed more often: reports that were sent, or connects."""
    at_target = sum(flood.outcomes.get(name, 0) for name in _BY_TARGET)
    connects = flood.outcomes.get("connect_error", 0)
    rules = (_by_errors, _by_connects) if at_target >= connects else (_by_connects, _by_errors)
    return rules[0](plan, baseline, flood) or rules[1](plan, baseline, flood)


def _by_errors(plan: Plan, _baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    failed = {name: flood.outcomes.get(name, 0) for name in _BY_TARGET}
    share = sum(failed.values()) / flood.scheduled
    if share <= _tolerated(plan):
        return None
    told = ", ".join(f"{format_count(count)} {name}" for name, count in failed.items() if count)
    return "target", f"{format_ratio(share)} of the flood's reports failed at the target: {told}"


def _by_connects(plan: Plan, _baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    count = flood.outcomes.get("connect_error", 0)
    if count / flood.scheduled <= _tolerated(plan):
        return None
    return _unless_remote(plan, f"{format_count(count)} connects of the flood failed")


def _by_offered(plan: Plan, _baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    share = flood.sent / flood.scheduled
    if share >= _LEAST_OFFERED:
        return None
    behind = "behind earlier reports that were not answered yet"
    if plan.report.connection == "pooled":
        pool = format_count(plan.here(plan.report.pool))
        behind = f"for one of {pool} shared connections, all busy with unanswered reports"
    return (
        "target",
        f"only {format_ratio(share)} of the flood's reports could be sent: the others waited "
        f"{behind}",
    )


def _by_service(_plan: Plan, baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    before, after = _p99(baseline) if baseline else None, _p99(flood)
    if before is None or after is None:
        return None
    if after <= _GREW_FACTOR * before or after - before <= _GREW_NS:
        return None
    return (
        "target",
        f"service time p99 went from {format_duration(before)} at 1x to "
        f"{format_duration(after)} in the flood",
    )


def _by_limits(plan: Plan, _baseline: Baseline, flood: PhaseFigures) -> Attribution | None:
    for limit in latency_limits(plan):
        series, _, figure = limit.metric.partition(".")
        value = getattr(getattr(flood, series), f"{figure}_ns")
        if limit.scope == "flood" and value is not None and value > float(limit.threshold):
            why = (
                f"{limit.metric} was {format_duration(value)} in the flood while the generator "
                "was on time"
            )
            if series == "response" and any(storm.back_within_ns for storm in plan.storms):
                return "inconclusive", f"{why}: reports of clients that a storm keeps away wait too"
            return _unless_remote(plan, why)
    return None


_RULES: tuple[Callable[[Plan, Baseline, PhaseFigures], Attribution | None], ...] = (
    _by_failures,
    _by_offered,
    _by_service,
    _by_limits,
)


def _unless_remote(plan: Plan, why: str) -> Attribution:
    if plan.target.loopback:
        return "target", why
    return "inconclusive", f"{why}: target or network, which nothing here tells apart"


def _tolerated(plan: Plan) -> float:
    named = [
        float(limit.threshold)
        for limit in plan.limits
        if limit.metric == "errors" and limit.scope == "flood" and limit.op in ("<", "<=")
    ]
    return min(named, default=_TOLERATED_ERRORS)


def _p99(phase: PhaseFigures) -> int | None:
    service = phase.service
    return service.max_ns if service.p99_ns is None else service.p99_ns
