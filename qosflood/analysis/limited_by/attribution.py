"""What limited the run: generator, target, network, or nothing; with the figures that say so.

The signs come from the flood without what the generator's lateness explains; what is left is the
target's or the network's whether the run is INVALID or not. The reference endpoint distinguishes
these two: another server on the same path. Without one the network is never named.
"""

from dataclasses import dataclass, replace
from typing import Literal

from qosflood.analysis.findings import ControlFigures, GeneratorFinding, PhaseFigures
from qosflood.analysis.generator.late import WAITING_SHARE
from qosflood.analysis.limited_by.evidence import evidence_lines
from qosflood.analysis.limited_by.signs import (
    Case,
    Clues,
    Sign,
    failed_share,
    first_sign,
    p99,
    tolerated_errors,
)
from qosflood.analysis.limited_by.surroundings import grew
from qosflood.analysis.limited_by.weighing import Weighed
from qosflood.base.units import format_count, format_duration, format_ratio
from qosflood.plan.plan import Plan

LimitedBy = Literal["none", "generator", "target", "network", "inconclusive"]
Baseline = PhaseFigures | None
"""The run at 1x; None where the plan leaves it out."""

ONE_CORE = (0.9, 1.3)
"""Cores that a process with one thread for its work uses when that is all it can; a little more
than one, because garbage collectors have threads of their own."""
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
_NOT_DONE = {
    "late": "it was late or stood still, and nothing else shows that the target or the network was "
    "the limit",
    "starved": "it was kept from the CPU or a part of its load is missing, and nothing else shows "
    "that the target or the network was the limit",
}
"""Of a generator that was not ok; which it is stands among the verdict's reasons."""
_NO_SIGN = "errors, offered rate and latency in the flood show no sign of a limit"


@dataclass(frozen=True, slots=True)
class Attribution:
    """What limited the flood, why in one line, and the other figures that were checked."""

    limited_by: LimitedBy
    why: str
    evidence: tuple[str, ...] = ()


def attribute(
    plan: Plan,
    generator: GeneratorFinding,
    baseline: Baseline,
    flood: PhaseFigures,
    clues: Clues,
) -> Attribution:
    """What limited the flood; `clues` are of the flood alone."""
    if not plan.floods:
        return Attribution("none", "no load was sent")
    limited_by, why = _judge(generator, Case(plan, baseline, flood, clues))
    seen = [cause.what for cause in clues.causes]
    evidence = [*seen, *evidence_lines(plan, generator, baseline, flood)]
    return Attribution(limited_by, why, tuple(evidence))


def _judge(generator: GeneratorFinding, case: Case) -> tuple[LimitedBy, str]:
    if case.clues.crash is not None:
        return "target", case.clues.crash.what
    sign = first_sign(case) if case.flood.scheduled else None
    if sign is not None and sign.ours:
        return "generator", sign.why
    if sign is not None:
        limited_by, why = _cause(sign, case)
        return limited_by, why + _late_too(case.clues.weighed)
    if generator.verdict != "ok":
        return "generator", _NOT_DONE[generator.verdict]
    if not case.flood.scheduled:
        return "inconclusive", "no report came due in the flood"
    return _by_lateness(case) or _by_little_of_each(case) or ("none", _NO_SIGN)


def _by_little_of_each(case: Case) -> tuple[LimitedBy, str] | None:
    """Several kinds of failures, none of which says much."""
    share = failed_share(case)
    if share <= tolerated_errors(case.plan):
        return None
    return "inconclusive", (
        f"{format_ratio(share)} of the flood's reports failed or were not sent, too few of each "
        "kind to say what limited them"
    )


def _late_too(weighed: Weighed) -> str:
    """That the generator was late as well, which explains a part of it at most."""
    words = _own_words(weighed)
    return f"; {words}, which cannot explain all of it" if words else ""


def _own_words(weighed: Weighed) -> str:
    """In how much of the flood the generator's lateness, or its waiting for a core, may show."""
    affected = f"lateness affected {format_count(weighed.seconds)} of the flood's seconds"
    waited = (
        f"waited for a core for over {format_ratio(WAITING_SHARE)} of the time in "
        f"{format_count(weighed.waiting)}"
    )
    if weighed.seconds and weighed.waiting:
        return f"the generator's {affected}, and it {waited} others"
    if weighed.seconds:
        return f"the generator's {affected}"
    return f"the generator {waited} of the flood's seconds" if weighed.waiting else ""


def _by_lateness(case: Case) -> tuple[LimitedBy, str] | None:
    """Trouble that is all in seconds in which the generator was late or waited for a core."""
    weighed = case.clues.weighed
    blamed = replace(case, clues=replace(case.clues, weighed=Weighed()))
    words = _own_words(weighed)
    if not words or (sign := first_sign(blamed)) is None:
        return None
    return "generator", f"{sign.why}; {words}, which is enough to explain it"


# What caused them.


def _cause(sign: Sign, case: Case) -> tuple[LimitedBy, str]:
    if sign.answered:
        return "target", sign.why
    if sign.stormy:
        return "inconclusive", sign.why
    control, full = case.flood.control, _full(sign, case)
    if case.plan.target.loopback:
        named = replace(sign, why=f"{sign.why}; {full}") if full else sign
        return _on_this_machine(named, control, case.baseline)
    if control is not None:
        return _by_control(sign, control, case.baseline)
    if full:
        return "target", f"{sign.why}; {full}"
    return (
        "inconclusive",
        f"{sign.why}: target or network; a reference endpoint would show which (--control URL)",
    )


def _full(sign: Sign, case: Case) -> str | None:
    """Why the target could not have done more: by what it ran out of, its CPU and its event loop;
    None if none of them shows it."""
    kinds = ("any", "slow" if sign.slow else "failures")
    if cause := next((one for one in case.clues.causes if one.explains in kinds), None):
        return cause.what
    cores, throttled = case.flood.target_cores, case.flood.target_throttled
    if cores is not None and ONE_CORE[0] <= cores <= ONE_CORE[1]:
        return f"the target used {cores:.2f} cores, and one thread can use 1"
    if throttled is not None and throttled > _THROTTLED:
        return f"its CPU quota throttled the target for {format_ratio(throttled)} of the time"
    return _blocked_loop(case) if sign.slow else None


def _blocked_loop(case: Case) -> str | None:
    """If the event loop alone was blocked for half of what slow answers took."""
    lag_ns, slow_ns = case.flood.target_loop_lag_ns, p99(case.flood.service)
    before = case.baseline.target_loop_lag_ns if case.baseline is not None else None
    if lag_ns is None or slow_ns is None or before is None or not grew(before, lag_ns):
        return None
    blocked = f"the target reported that its event loop was blocked for {format_duration(lag_ns)}"
    return blocked if lag_ns >= _BLOCKED_SHARE * slow_ns else None


def _on_this_machine(
    sign: Sign, control: ControlFigures | None, baseline: Baseline
) -> tuple[LimitedBy, str]:
    """On loopback there is no network between generator and target; they share a machine."""
    if control is not None and _compare(sign, control, baseline) == "alike":
        words = f"{sign.why}; {_trouble_of(sign, control)}, so it may be the machine they share"
        return "inconclusive", words
    return "target", sign.why


def _by_control(sign: Sign, control: ControlFigures, baseline: Baseline) -> tuple[LimitedBy, str]:
    words = f"{sign.why}; {_trouble_of(sign, control)}"
    verdicts: dict[str, tuple[LimitedBy, str]] = {
        "alike": ("network", f"{words} in the same flood, and it is another server"),
        "unlike": ("target", f"{words}, on the same path"),
        "unclear": ("inconclusive", f"{words}: too little to distinguish target from network"),
    }
    return verdicts[_compare(sign, control, baseline)]


def _compare(
    sign: Sign, control: ControlFigures, baseline: Baseline
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


def _met(sign: Sign, control: ControlFigures) -> int:
    return control.failed + (control.slow if sign.slow else 0)


def _trouble_of(sign: Sign, control: ControlFigures) -> str:
    failed = (
        f"{format_count(control.failed)} of {format_count(control.count)} requests to the "
        "reference endpoint failed"
    )
    return failed + (f" and {format_count(control.slow)} were slow" * sign.slow)
