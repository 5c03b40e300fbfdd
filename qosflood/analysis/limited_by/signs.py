"""Signs that something limited the flood, each without what the generator's lateness explains.

A sign is either an *answer* (a status that refuses, an answer that cannot be read), which only the
target gives, or *silence* (timeouts, lost connections, slow answers), which target and network
cause alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qosflood.analysis.findings import LatencyFigures, PhaseFigures
from qosflood.analysis.findings_of_target import Cause, Crash
from qosflood.analysis.findings_series import Second
from qosflood.analysis.generator.late import latency_limits
from qosflood.analysis.latency import allowed_above, percentile_below
from qosflood.analysis.limited_by.stalls import Stall
from qosflood.analysis.limited_by.surroundings import SLOW_FACTOR, SLOW_NS, grew
from qosflood.analysis.limited_by.weighing import Weighed
from qosflood.base.percentiles import share_above
from qosflood.base.units import MS, format_count, format_duration, format_ratio
from qosflood.journal.records import CUT_OFF, NOT_SENT, OUR_REASONS, OWN_ABSENCE
from qosflood.plan.limit_language import judged_text, threshold_text
from qosflood.plan.plan import Limit, Plan

_ANSWERED = ("rejected", "bad_response")
_SILENT = ("timeout", "connection_lost", "connect_error")
_TOLERATED_ERRORS = 0.001
_TOLERATED_UNSENT = 0.01
_GREW_AT = ("p50", "p90", "p99")
"""The percentiles by which the share of slow answers is told, lowest first."""
_REFUSED_FAST_NS = 10 * MS
_NEVER_SHARE = 0.2
"""Reports were never answered, rather than late, if the slowest answer took less than this share of
the timeout."""
_LEAST_SLOW_SECONDS = 0.05
"""Growth counts only if so many of the flood's seconds show it: one pause lasts one second."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Trouble that `share` of the reports met; `answered` by the target itself. `stormy`: a storm
    that was asked for may be all there is to it. `ours`: this machine's own doing."""

    why: str
    share: float
    answered: bool = False
    slow: bool = False
    stormy: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Clues:
    """What was seen of the flood besides its figures; `causes` are the target's own."""

    stalls: Sequence[Stall] = ()
    seconds: Sequence[Second] = ()
    weighed: Weighed = field(default_factory=Weighed)
    crash: Crash | None = None
    causes: Sequence[Cause] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """The flood beside the run at 1x (None where the plan leaves it out)."""

    plan: Plan
    baseline: PhaseFigures | None
    flood: PhaseFigures
    clues: Clues


def first_sign(case: Case) -> Sign | None:
    """The sign that says most; None if there is none."""
    return next((sign for rule in _RULES if (sign := rule(case))), None)


def _by_our_connects(case: Case) -> Sign | None:
    ours = _of_this_machine(case.flood)
    count = sum(ours.values())
    share = count / case.flood.scheduled
    if share <= tolerated_errors(case.plan) or count < sum(_failed(case).values()):
        return None
    worst = max(ours, key=lambda why: ours[why]).removeprefix(OUR_REASONS).strip()
    why = f"{format_ratio(share)} of the flood's reports failed on this machine: {worst}"
    return Sign(why, share, ours=True)


def _of_this_machine(flood: PhaseFigures) -> dict[str, int]:
    """Connects that failed for want of something of this machine, by what."""
    absent = OWN_ABSENCE.values()
    return {
        why: count
        for why, count in flood.errors.items()
        if why.startswith(OUR_REASONS) and why not in absent
    }


def _failed(case: Case) -> dict[str, int]:
    """Failures by outcome without those that a stop, this machine or a late generator explains."""
    flood, explained = case.flood, case.clues.weighed.failures
    failed = {name: flood.outcomes.get(name, 0) for name in (*_ANSWERED, *_SILENT)}
    failed["timeout"] -= flood.errors.get(CUT_OFF, 0)
    failed["connect_error"] -= sum(_of_this_machine(flood).values())
    return {name: max(count - explained.get(name, 0), 0) for name, count in failed.items()}


def _by_failures(case: Case) -> Sign | None:
    """By which failed more often: answers or silence."""
    failed = _failed(case)
    share = sum(failed.values()) / case.flood.scheduled
    if share <= tolerated_errors(case.plan):
        return None
    answered = sum(failed[name] for name in _ANSWERED)
    most = sorted(failed.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{format_count(count)} {name}" for name, count in most if count)
    how = f"{_refusals(case.flood)}{_never_answered(case, most[0][0])}"
    others = any(case.clues.weighed.failures.get(name) for name in failed)
    apart = ", apart from those that the generator's lateness explains" if others else ""
    why = f"{format_ratio(share)} of the flood's reports failed{apart}: {listed}{how}"
    return Sign(why, share, answered=2 * answered >= sum(failed.values()))


def _refusals(flood: PhaseFigures) -> str:
    """With which status most were refused, and how fast if half of them were fast; that is known
    only where nothing else failed."""
    refused = flood.outcomes.get("rejected")
    if not refused or not flood.statuses:
        return ""
    status = max(flood.statuses, key=lambda name: flood.statuses[name])
    typical = flood.failed.p50_ns if refused == flood.failed.count else None
    fast = typical is not None and typical < _REFUSED_FAST_NS
    within = (
        f"; half of the refusals came within {format_duration(typical)}" if fast and typical else ""
    )
    most = 2 * flood.statuses[status] > sum(flood.statuses.values())
    which = "most" if most else "the most common"
    return f"; {which} {'had' if most else 'was'} status {status}{within}"


def _never_answered(case: Case, worst: str) -> str:
    """Timeouts beside answers that were all fast: a queue would have slowed those too. Whether the
    others would ever have come is not known."""
    slowest, timeout_ns = case.flood.service.max_ns, case.plan.load.timeout_ns
    if worst != "timeout" or slowest is None or slowest >= _NEVER_SHARE * timeout_ns:
        return ""
    return (
        f"; every report that was accepted had its answer within {format_duration(slowest)}, none "
        f"between that and the timeout of {format_duration(timeout_ns)}"
    )


def _by_unsent(case: Case) -> Sign | None:
    share = _unsent(case) / case.flood.scheduled
    if share <= _tolerated_unsent(case.plan):
        return None
    behind = f"for {_behind(case)}"
    if case.plan.report.connection == "pooled":
        pool = format_count(case.plan.here(case.plan.report.pool))
        behind = (
            f"for one of {pool} shared connections, which were all busy with unanswered reports"
        )
    stormy = _keeps_away(case.plan)
    away = ", or were those of clients that a storm kept away" if stormy else ""
    return Sign(
        f"{format_ratio(share)} of the flood's reports could not be sent by their deadline: they "
        f"waited {behind}{away}",
        share,
        stormy=stormy,
    )


def _unsent(case: Case) -> int:
    """Reports not sent by their deadline, without those of a stop or of a late generator."""
    explained = case.clues.weighed.failures.get("unsent", 0) + case.flood.errors.get(NOT_SENT, 0)
    return max(case.flood.outcomes.get("unsent", 0) - explained, 0)


def _behind(case: Case) -> str:
    """What a client waits for before it can send: a connection, and the answer before."""
    connects = case.flood.connects
    connected = connects is None or not (connects.failed or connects.slow)
    if connected and not case.flood.outcomes.get("connect_error"):
        return "answers to earlier reports"
    return "a connection, or for answers to earlier reports"


def _keeps_away(plan: Plan) -> bool:
    """Whether a storm keeps clients away, so that their reports wait for them."""
    return any(storm.back_within_ns for storm in plan.storms)


def _by_stalls(case: Case) -> Sign | None:
    stalls = case.clues.stalls
    if not stalls:
        return None
    worst = max(stalls, key=lambda stall: stall.seconds)
    silent_s = sum(stall.seconds for stall in stalls)
    times = "" if len(stalls) == 1 else f", {len(stalls)} times"
    return Sign(
        f"no report was answered for {worst.seconds} whole seconds{times}; then the target "
        f"answered reports that had waited up to {format_duration(worst.waited_ns)}",
        min(silent_s / max(case.flood.seconds, 1.0), 1.0),
        slow=True,
    )


def _by_limits(case: Case) -> Sign | None:
    for limit in _flood_limits(case.plan):
        series, _, figure = limit.metric.partition(".")
        figures, threshold = getattr(case.flood, series), float(limit.threshold)
        value, least = figures.figure(figure), percentile_below(figures, figure)
        known = least if value is None else value
        if known is None or known <= threshold or _explained(case, series, figure, threshold):
            continue
        stormy = series == "response" and _keeps_away(case.plan)
        away = ": this may include reports of clients that a storm kept away" if stormy else ""
        at_least = "at least " if value is None else ""
        return Sign(
            f"{limit.metric} was {at_least}"
            f"{judged_text(limit.unit, known, limit.op, threshold)} in the flood; limit "
            f"{threshold_text(limit.unit, threshold)}{away}",
            share_above(_GREW_AT[-1]),
            slow=True,
            stormy=stormy,
        )
    return None


def _by_service(case: Case) -> Sign | None:
    """By growth, for want of a limit that says which latency is still good."""
    if case.baseline is None or _flood_limits(case.plan):
        return None
    before, after = p99(case.baseline.service), p99(case.flood.service)
    if before is None or after is None or not grew(before, after):
        return None
    threshold = max(SLOW_FACTOR * before, before + SLOW_NS)
    if _explained(case, "service", "p99", threshold) or not _lasts(case, threshold):
        return None
    return Sign(
        f"service time p99 went from {format_duration(before)} in the baseline to "
        f"{format_duration(after)} in the flood",
        _slow_share(case.baseline.service, case.flood.service),
        slow=True,
    )


def _flood_limits(plan: Plan) -> list[Limit]:
    return [limit for limit in latency_limits(plan) if limit.scope == "flood"]


def _explained(case: Case, series: str, figure: str, threshold: float) -> bool:
    """Whether no more answers lie above the threshold than a percentile allows, once those are
    left out that the generator's lateness explains."""
    weighed = case.clues.weighed
    if not weighed.seconds and not weighed.waiting:
        return False
    above, count = weighed.still_above(series, threshold)
    return above <= allowed_above(figure, count)


def _lasts(case: Case, threshold: float) -> bool:
    """Whether answers were that slow in more than a few of the flood's seconds."""
    answered = [s for s in case.clues.seconds if s.service_max_ns is not None]
    slow = sum(s.service_max_ns > threshold for s in answered if s.service_max_ns is not None)
    return not answered or slow > max(_LEAST_SLOW_SECONDS * len(answered), 1)


def _slow_share(before: LatencyFigures, after: LatencyFigures) -> float:
    """At least which share of the answers has grown slow, by the lowest percentile that grew."""
    for name in _GREW_AT:
        usual, now = before.percentiles[name], after.percentiles[name]
        if usual is not None and now is not None and grew(usual, now):
            return share_above(name)
    return share_above(_GREW_AT[-1])


_RULES: tuple[Callable[[Case], Sign | None], ...] = (
    _by_our_connects,
    _by_failures,
    _by_unsent,
    _by_stalls,
    _by_limits,
    _by_service,
)


def _tolerated_unsent(plan: Plan) -> float:
    """What is not sent is not accepted either, so that the limits on both speak of it."""
    offered = [
        1 - float(limit.threshold)
        for limit in plan.limits
        if limit.metric == "offered" and limit.scope == "flood" and limit.op in (">", ">=")
    ]
    named = [*offered, *_named_errors(plan)]
    return min([_TOLERATED_UNSENT, *named])


def _named_errors(plan: Plan) -> list[float]:
    return [
        float(limit.threshold)
        for limit in plan.limits
        if limit.metric == "errors" and limit.scope == "flood" and limit.op in ("<", "<=")
    ]


def failed_share(case: Case) -> float:
    """Which share of the reports failed or was not sent, by all that is not the generator's own."""
    if not case.flood.scheduled:
        return 0.0
    return (sum(_failed(case).values()) + _unsent(case)) / case.flood.scheduled


def tolerated_errors(plan: Plan) -> float:
    """Which share of the reports may fail: what the limits say, else a little."""
    return min(_named_errors(plan), default=_TOLERATED_ERRORS)


def p99(figures: LatencyFigures) -> int | None:
    """The 99th percentile where it is given, else the maximum."""
    return figures.max_ns if figures.p99_ns is None else figures.p99_ns
