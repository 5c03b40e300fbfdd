"""What limited the run: generator, target, network, or nothing; with the figures that say so.

A sign of a limit is either an *answer* (a status that refuses, an answer that cannot be read),
which only the target gives, or *silence* (timeouts, lost connections, slow answers), which target
and network cause alike. The reference endpoint distinguishes these: another server on the same
path. Without one the network is never named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from qosflood.analysis.findings import (
    ControlFigures,
    GeneratorFinding,
    LatencyFigures,
    PhaseFigures,
)
from qosflood.analysis.generator.late import latency_limits
from qosflood.analysis.limited_by.evidence import evidence_lines
from qosflood.analysis.limited_by.stalls import Stall
from qosflood.analysis.limited_by.surroundings import grew
from qosflood.base.percentiles import share_above
from qosflood.base.units import MS, format_count, format_duration, format_ratio
from qosflood.journal.records import CUT_OFF
from qosflood.plan.plan import Plan

LimitedBy = Literal["none", "generator", "target", "network", "inconclusive"]
Baseline = PhaseFigures | None
"""The run at 1x; None where the plan leaves it out."""

ONE_CORE = (0.9, 1.3)
"""Cores that a process with one thread for its work uses when that is all it can; a little more
than one, because garbage collectors have threads of their own."""
_ANSWERED = ("rejected", "bad_response")
_SILENT = ("timeout", "connection_lost", "connect_error")
_OURS = "generator:"
"""How the reason of a failed connect begins that this machine caused."""
_TOLERATED_ERRORS = 0.001
_LEAST_OFFERED = 0.99
_LEAST_EXPECTED = 3.0
"""The reference endpoint counts as free of trouble only if so many of its requests were expected
to meet it."""
_LEAST_MET = 3
"""So many of its requests must meet trouble, because one or two do on a quiet day."""
_THROTTLED = 0.1
_BLOCKED_SHARE = 0.5
"""The event loop explains slow answers if it was blocked for this share of their time."""
_ALIKE, _UNLIKE = 0.5, 0.1
"""Of the load's share of trouble: at least so much of the control's is the same trouble, at most
so much is not."""
_GREW_AT = ("p50", "p90", "p99")
"""The percentiles by which the share of slow answers is told, lowest first."""
_REFUSED_FAST_NS = 10 * MS
_BEYOND = 5.0
"""Times its longest stall, which a generator may add to an answer that it reads late."""
_NOT_DONE = {
    "late": "it sent reports late, so it may have caused the slow answers itself",
    "starved": "it could not send the load as planned",
}
"""Of a generator that was not ok; its problems stand among the verdict's reasons."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What limited the flood, why in one line, and the other figures that were checked."""

    limited_by: LimitedBy
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sign:
    """Trouble that `share` of the reports met; `answered` by the target itself. `stormy`: a storm
    that was asked for may be all there is to it."""

    why: str
    share: float
    answered: bool = False
    slow: bool = False
    stormy: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    plan: Plan
    baseline: Baseline
    flood: PhaseFigures
    stalls: Sequence[Stall]


def attribute(
    plan: Plan,
    generator: GeneratorFinding,
    baseline: Baseline,
    flood: PhaseFigures,
    stalls: Sequence[Stall] = (),
) -> Attribution:
    """What limited the flood; `stalls` are those of the flood."""
    if not plan.floods:
        return Attribution("none", "no load was sent")
    limited_by, why = _judge(generator, _Case(plan, baseline, flood, stalls))
    evidence = evidence_lines(plan, generator, baseline, flood)
    return Attribution(limited_by, why, tuple(evidence))


def _judge(generator: GeneratorFinding, case: _Case) -> tuple[LimitedBy, str]:
    flood = case.flood
    if generator.verdict != "ok":
        return "generator", _NOT_DONE[generator.verdict] + _more_than_late(generator, flood)
    if not flood.scheduled:
        return "inconclusive", "no report came due in the flood"
    if ours := _by_our_connects(case):
        return "generator", ours
    for rule in _RULES:
        if sign := rule(case):
            return _cause(sign, case)
    return "none", "errors, offered rate and latency in the flood show no sign of a limit"


def _more_than_late(generator: GeneratorFinding, flood: PhaseFigures) -> str:
    """What a late generator does not explain: service time counts from the send."""
    own_stall, typical = generator.loop_stall_max_ns, flood.service.p50_ns
    if generator.verdict != "late" or typical is None or own_stall is None:
        return ""
    if typical < _BEYOND * max(own_stall, MS):
        return ""
    return (
        f"; but half of the answers took {format_duration(typical)} or more from the send, and "
        f"the generator's longest stall was {format_duration(own_stall)}: the target, or the "
        "network to it, is slow too"
    )


# Signs.


def _by_our_connects(case: _Case) -> str | None:
    ours = {why: n for why, n in case.flood.errors.items() if why.startswith(_OURS)}
    share = sum(ours.values()) / case.flood.scheduled
    if share <= _tolerated(case.plan):
        return None
    worst = max(ours, key=lambda why: ours[why]).removeprefix(_OURS).strip()
    return f"{format_ratio(share)} of the flood's reports failed on this machine: {worst}"


def _by_failures(case: _Case) -> _Sign | None:
    """By which failed more often: answers or silence."""
    failed = {name: case.flood.outcomes.get(name, 0) for name in (*_ANSWERED, *_SILENT)}
    failed["timeout"] = max(failed["timeout"] - case.flood.errors.get(CUT_OFF, 0), 0)
    share = sum(failed.values()) / case.flood.scheduled
    if share <= _tolerated(case.plan):
        return None
    answered = sum(failed[name] for name in _ANSWERED)
    most = sorted(failed.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{format_count(count)} {name}" for name, count in most if count)
    why = f"{format_ratio(share)} of the flood's reports failed: {listed}{_refusals(case.flood)}"
    return _Sign(why, share, answered=2 * answered >= sum(failed.values()))


def _refusals(flood: PhaseFigures) -> str:
    """With which status most were refused, and how fast if half of them were fast."""
    if not flood.outcomes.get("rejected") or not flood.statuses:
        return ""
    status = max(flood.statuses, key=lambda name: flood.statuses[name])
    typical = flood.failed.p50_ns
    fast = typical is not None and typical < _REFUSED_FAST_NS
    within = f", half of them within {format_duration(typical)}" if fast and typical else ""
    return f"; most had status {status}{within}"


def _by_offered(case: _Case) -> _Sign | None:
    share = case.flood.sent / case.flood.scheduled
    if share >= _LEAST_OFFERED:
        return None
    behind = "for answers to earlier reports"
    if case.plan.report.connection == "pooled":
        pool = format_count(case.plan.here(case.plan.report.pool))
        behind = (
            f"for one of {pool} shared connections, which were all busy with unanswered reports"
        )
    return _Sign(
        f"only {format_ratio(share)} of the flood's reports were sent: the others waited {behind}",
        1 - share,
    )


def _by_stalls(case: _Case) -> _Sign | None:
    if not case.stalls:
        return None
    worst = max(case.stalls, key=lambda stall: stall.seconds)
    silent_s = sum(stall.seconds for stall in case.stalls)
    times = "" if len(case.stalls) == 1 else f", {len(case.stalls)} times"
    return _Sign(
        f"no report was answered for {worst.seconds} whole seconds{times}; then the target "
        f"answered reports that had waited up to {format_duration(worst.waited_ns)}",
        min(silent_s / max(case.flood.seconds, 1.0), 1.0),
        slow=True,
    )


def _by_service(case: _Case) -> _Sign | None:
    if case.baseline is None:
        return None
    before, after = _p99(case.baseline.service), _p99(case.flood.service)
    if before is None or after is None or not grew(before, after):
        return None
    return _Sign(
        f"service time p99 went from {format_duration(before)} at 1x to "
        f"{format_duration(after)} in the flood",
        _slow_share(case.baseline.service, case.flood.service),
        slow=True,
    )


def _slow_share(before: LatencyFigures, after: LatencyFigures) -> float:
    """At least which share of the answers has grown slow, by the lowest percentile that grew."""
    for name in _GREW_AT:
        usual, now = before.percentiles[name], after.percentiles[name]
        if usual is not None and now is not None and grew(usual, now):
            return share_above(name)
    return share_above(_GREW_AT[-1])


def _by_limits(case: _Case) -> _Sign | None:
    for limit in latency_limits(case.plan):
        series, _, figure = limit.metric.partition(".")
        value = getattr(case.flood, series).figure(figure)
        if limit.scope == "flood" and value is not None and value > float(limit.threshold):
            stormy = series == "response" and any(s.back_within_ns for s in case.plan.storms)
            away = ": this includes reports of clients that a storm kept away" if stormy else ""
            return _Sign(
                f"{limit.metric} was {format_duration(value)} in the flood while the generator "
                f"was on time{away}",
                share_above(_GREW_AT[-1]),
                slow=True,
                stormy=stormy,
            )
    return None


_RULES: tuple[Callable[[_Case], _Sign | None], ...] = (
    _by_failures,
    _by_offered,
    _by_stalls,
    _by_service,
    _by_limits,
)


# What caused them.


def _cause(sign: _Sign, case: _Case) -> tuple[LimitedBy, str]:
    if sign.answered:
        return "target", sign.why
    if sign.stormy:
        return "inconclusive", sign.why
    control = case.flood.control
    if case.plan.target.loopback:
        return _on_this_machine(sign, control, case.baseline)
    if control is not None:
        return _by_control(sign, control, case.baseline)
    if full := _full(sign, case):
        return "target", f"{sign.why}; {full}"
    return (
        "inconclusive",
        f"{sign.why}: target or network; a reference endpoint would show which (--control URL)",
    )


def _full(sign: _Sign, case: _Case) -> str | None:
    """Why the target could not have done more, by its CPU and its event loop; None if neither
    shows it."""
    cores, throttled = case.flood.target_cores, case.flood.target_throttled
    if cores is not None and ONE_CORE[0] <= cores <= ONE_CORE[1]:
        return f"the target used {cores:.2f} cores, all that one thread can"
    if throttled is not None and throttled > _THROTTLED:
        return f"its CPU quota throttled the target for {format_ratio(throttled)} of the time"
    return _blocked_loop(case) if sign.slow else None


def _blocked_loop(case: _Case) -> str | None:
    """If the event loop alone was blocked for half of what slow answers took."""
    lag_ns, slow_ns = case.flood.target_loop_lag_ns, _p99(case.flood.service)
    before = case.baseline.target_loop_lag_ns if case.baseline is not None else None
    if lag_ns is None or slow_ns is None or before is None or not grew(before, lag_ns):
        return None
    blocked = f"the target reported that its event loop was blocked for {format_duration(lag_ns)}"
    return blocked if lag_ns >= _BLOCKED_SHARE * slow_ns else None


def _on_this_machine(
    sign: _Sign, control: ControlFigures | None, baseline: Baseline
) -> tuple[LimitedBy, str]:
    """On loopback there is no network between generator and target; they share a machine."""
    if control is not None and _compare(sign, control, baseline) == "alike":
        words = f"{sign.why}; {_trouble_of(sign, control)}, so it may be the machine they share"
        return "inconclusive", words
    return "target", sign.why


def _by_control(sign: _Sign, control: ControlFigures, baseline: Baseline) -> tuple[LimitedBy, str]:
    words = f"{sign.why}; {_trouble_of(sign, control)}"
    verdicts: dict[str, tuple[LimitedBy, str]] = {
        "alike": ("network", f"{words} in the same seconds, and it is another server"),
        "unlike": ("target", f"{words}, on the same path"),
        "unclear": ("inconclusive", f"{words}: too little to distinguish target from network"),
    }
    return verdicts[_compare(sign, control, baseline)]


def _compare(
    sign: _Sign, control: ControlFigures, baseline: Baseline
) -> Literal["alike", "unlike", "unclear"]:
    """Whether the reference endpoint met the load's trouble as often as a bad path would make it,
    beyond what it meets at 1x."""
    before = baseline.control if baseline is not None else None
    usual = _met(sign, before) / before.count if before is not None else 0.0
    met = _met(sign, control)
    share = max(met / control.count - usual, 0.0)
    if met >= _LEAST_MET and share and share >= _ALIKE * sign.share:
        return "alike"
    enough = sign.share * control.count >= _LEAST_EXPECTED
    return "unlike" if enough and share <= _UNLIKE * sign.share else "unclear"


def _met(sign: _Sign, control: ControlFigures) -> int:
    return control.failed + (control.slow if sign.slow else 0)


def _trouble_of(sign: _Sign, control: ControlFigures) -> str:
    failed = (
        f"{format_count(control.failed)} of {format_count(control.count)} requests to the "
        "reference endpoint failed"
    )
    return failed + (f" and {format_count(control.slow)} were slow" * sign.slow)


def _tolerated(plan: Plan) -> float:
    named = [
        float(limit.threshold)
        for limit in plan.limits
        if limit.metric == "errors" and limit.scope == "flood" and limit.op in ("<", "<=")
    ]
    return min(named, default=_TOLERATED_ERRORS)


def _p99(figures: LatencyFigures) -> int | None:
    return figures.max_ns if figures.p99_ns is None else figures.p99_ns


def in_flood(flood: PhaseFigures, stalls: Sequence[Stall]) -> list[Stall]:
    """The stalls that began in the flood."""
    end_s = flood.start_s + flood.seconds
    return [stall for stall in stalls if flood.start_s <= stall.start_s < end_s]
