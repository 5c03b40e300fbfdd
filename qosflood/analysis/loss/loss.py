"""What is known of reports that were acknowledged: did the target keep them?

A counter shows every report, a gauge whole sessions, a read-back the last report of a session.
What is lost decides, then what is doubtful, then the method that shows most; the others' reasons
follow. So nothing is ok that one of them doubts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import LossFinding, Totals
from qosflood.analysis.loss.by_counter import counter_finding
from qosflood.analysis.loss.by_gauge import Sessions, gauge_finding
from qosflood.analysis.loss.by_readback import odd_times, readback_finding
from qosflood.analysis.loss.series import Series, stopped_early
from qosflood.base.units import MS, format_count
from qosflood.journal.loss_records import ABSENT, AuditSample, ReadBack, SentSessions
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan
from qosflood.plan.readback import sources, why_unread
from qosflood.plan.watching import WATCHED

Method = Literal["counter", "gauge", "readback"]
_UNCERTAIN = ("timeout", "connection_lost", "bad_response")
_STOPPED = "the run was stopped before the target had settled"
_RESTARTED = "the target restarted, and what it held before may be gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LossEvidence:
    """What was read from the target and what was sent to it; `sessions` began in the run. With
    `left_out` some of the run's own records could not be read."""

    sent: tuple[SentSessions, ...] = ()
    samples: tuple[AuditSample, ...] = ()
    read_back: tuple[ReadBack, ...] = ()
    events: tuple[Event, ...] = ()
    restarts: int | None = None
    sessions: int = 0
    left_out: bool = False


def loss_finding(
    plan: Plan, clock: RunClock, totals: Totals, evidence: LossEvidence
) -> LossFinding:
    """What the audit found; without one, how many there should be and no verdict.

    Uncertain are reports that may or may not have been accepted, once or more than once: attempts
    without a proper answer.
    """
    base = _base(totals)
    methods = _methods(plan, evidence)
    if methods and plan.part is not None and not plan.part.memory:
        return replace(base, reason=WATCHED)
    if not methods and sources(plan) and not clock.completed:
        return replace(base, reason=_STOPPED)
    if not methods:
        why = plan.audit.why or why_unread(plan)
        because = f": {why}" if why else ""
        return replace(
            base, reason=f"no counter, gauge or read-back shows what the target kept{because}"
        )
    if why := _unfit(clock, base, evidence):
        return replace(base, method=methods[0], reason=why)
    found = _findings(methods, plan, clock, totals, base, evidence)
    found = [_after_restart(one, evidence) for one in _agreed(found, plan, clock, evidence)]
    speaker = _speaker(found)
    others = (one.reason for one in found if one is not speaker)
    # That it restarted is said once.
    reasons = [speaker.reason, *(reason.removeprefix(f"{_RESTARTED}; ") for reason in others)]
    examples = next((one.examples for one in found if one.examples), ())
    return replace(
        speaker,
        reason="; ".join(dict.fromkeys(reasons)),
        foreign=found[0].foreign,
        examples=examples,
    )


def _speaker(found: Sequence[LossFinding]) -> LossFinding:
    """The finding that decides: what is lost, else what is doubtful, else what shows most."""
    for verdict in ("lost", "inconclusive"):
        for one in found:
            if one.verdict == verdict:
                return one
    return found[0]


def _agreed(
    found: Sequence[LossFinding], plan: Plan, clock: RunClock, evidence: LossEvidence
) -> Iterator[LossFinding]:
    """The findings, but for one that is contradicted: by several workers at the target's port, or
    a counter that stood still early, while the last reports of all sampled sessions are there."""
    kept = any(one.method == "readback" and one.verdict == "ok" for one in found)
    workers = next((one.what for one in evidence.events if one.kind == "several_workers"), "")
    for one in found:
        but = f"{workers}, and each may know only its own reports" if workers else ""
        if one.method == "counter" and kept and (early := _stopped_early(clock, evidence)):
            but = f"{plan.audit.counter} stands still: {early}"
        if one.verdict == "lost" and but:
            reason = f"{one.reason}, but {but}"
            yield replace(one, verdict="inconclusive", reason=reason, missing=None, examples=())
        else:
            yield one


def _stopped_early(clock: RunClock, evidence: LossEvidence) -> str:
    return stopped_early(_series(clock, evidence))


def _after_restart(found: LossFinding, evidence: LossEvidence) -> LossFinding:
    """What a restart leaves of a finding: whatever was lost in it may have been sent again."""
    if not evidence.restarts or found.verdict in ("inconclusive", "unmeasured"):
        return found
    if found.verdict == "lost" and found.method != "counter":
        return found
    reason = f"{_RESTARTED}; {found.reason}"
    return replace(found, verdict="inconclusive", reason=reason, missing=None)


def loss_warnings(
    plan: Plan, totals: Totals, loss: LossFinding, evidence: LossEvidence
) -> tuple[str, ...]:
    """Warnings about the audit."""
    odd = odd_times(plan, evidence.read_back)
    found = (f"audit: in the snapshot {odd}",) if odd else ()
    return (*_never_read(plan, evidence.samples), *_foreign(totals, loss), *found)


def _never_read(plan: Plan, samples: Sequence[AuditSample]) -> Iterator[str]:
    """A counter or gauge that an instance's page never exported, or never as a count."""
    kind = "counter" if plan.audit.counter else "gauge"
    for name in dict.fromkeys(one.instance for one in samples):
        mine = [one for one in samples if one.instance == name]
        if all(one.value is None for one in mine):
            whose = f"{name}: " if len(plan.instances) > 1 else ""
            why = mine[-1].reason or ""
            check = f"; check audit.{kind} and audit.labels" if why.startswith(ABSENT) else ""
            yield f"audit: {whose}{plan.audit.metric} was never read: {why}{check}"


def _foreign(totals: Totals, loss: LossFinding) -> Iterator[str]:
    """All that may explain too many; refused reports only where some were."""
    if loss.foreign:
        were_refused = totals.outcomes.get("rejected", 0) + totals.retried.get("rejected", 0)
        refused = ", counts reports that it refused" if were_refused else ""
        yield (
            f"audit: the target counted {format_count(loss.foreign)} reports more than this run "
            f"can have had accepted: it counts some twice{refused}, or other clients report to it"
        )


def _base(totals: Totals) -> LossFinding:
    outcomes, retried = totals.outcomes, totals.retried
    unanswered = sum(outcomes.get(name, 0) + retried.get(name, 0) for name in _UNCERTAIN)
    return LossFinding(
        method="none",
        verdict="unmeasured",
        reason="",
        acked=outcomes.get("acked", 0),
        uncertain=unanswered + totals.resent,
    )


def _methods(plan: Plan, evidence: LossEvidence) -> list[Method]:
    """The methods used, the one that shows most first."""
    audit = plan.audit
    methods: dict[Method, object] = {
        "counter": audit.counter,
        "gauge": audit.gauge,
        "readback": evidence.read_back or (evidence.sent and sources(plan)),
    }
    return [method for method, there in methods.items() if there]


def _unfit(clock: RunClock, base: LossFinding, evidence: LossEvidence) -> str:
    """Why reading the target cannot show whether reports were lost; empty if it can."""
    several = next((one for one in evidence.events if one.kind == "several_processes"), None)
    if not clock.completed:
        return _STOPPED
    if evidence.left_out:
        return "lines of the journal were left out, so what was accepted is not known"
    if several is not None:
        return f"only one of several processes can be read: {several.what}"
    return "" if base.acked else "no report was accepted, so none can be missing"


def _findings(
    methods: Sequence[Method],
    plan: Plan,
    clock: RunClock,
    totals: Totals,
    base: LossFinding,
    evidence: LossEvidence,
) -> list[LossFinding]:
    series = _series(clock, evidence)
    restarts = tuple(one.t for one in evidence.events if one.kind == "restarted")
    restart_ms = (clock.wall_ns + restarts[-1]) // MS if restarts else None
    sessions = Sessions(
        began=evidence.sessions, not_accepted=totals.scheduled - base.acked, restarts=restarts
    )
    made: dict[Method, Callable[[], LossFinding]] = {
        "counter": lambda: counter_finding(plan, base, series),
        "gauge": lambda: gauge_finding(plan, base, series, sessions),
        "readback": lambda: readback_finding(
            plan, base, evidence.sent, evidence.read_back, restart_ms, clock.wall_ns // MS
        ),
    }
    return [made[method]() for method in methods]


def _series(clock: RunClock, evidence: LossEvidence) -> Series:
    finished_t = max((one.t for one in evidence.events if one.kind == "load_finished"), default=0)
    return Series(evidence.samples, clock.t0, finished_t)
