"""What is known of reports that were acknowledged: did the target keep them?

A counter shows every report, a gauge whole sessions, a read-back the last report of a session. The
gravest finding decides; the others' reasons follow it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import LossFinding, Totals
from qosflood.analysis.loss.by_counter import counter_finding, gauge_finding
from qosflood.analysis.loss.by_readback import readback_finding
from qosflood.base.units import format_count
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSessions
from qosflood.journal.records import Event
from qosflood.plan.plan import Plan
from qosflood.plan.readback import sources
from qosflood.plan.watching import WATCHED

Method = Literal["counter", "gauge", "readback"]
_UNCERTAIN = ("timeout", "connection_lost", "bad_response")
_GRAVITY = ("lost", "ok", "inconclusive", "unmeasured")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossEvidence:
    """What was read from the target and what was sent to it; `sessions` began in the run."""

    sent: tuple[SentSessions, ...] = ()
    samples: tuple[AuditSample, ...] = ()
    read_back: tuple[ReadBack, ...] = ()
    events: tuple[Event, ...] = ()
    restarts: int | None = None
    sessions: int = 0


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
    if not methods:
        because = f": {plan.audit.why}" if plan.audit.why else ""
        return replace(
            base, reason=f"no counter, gauge or read-back shows what the target kept{because}"
        )
    if why := _unfit(clock, base, evidence):
        return replace(base, method=methods[0], reason=why)
    not_accepted = totals.scheduled - base.acked
    found = [_finding(method, plan, clock, base, not_accepted, evidence) for method in methods]
    gravest = min(found, key=lambda one: _GRAVITY.index(one.verdict))
    if gravest.verdict == "ok" and any(_never_read(plan, evidence.samples)):
        gravest = found[
            0
        ]  # the audit that was asked for could not be made, whatever the others show
    reasons = [gravest.reason, *(one.reason for one in found if one is not gravest)]
    examples = next((one.examples for one in found if one.examples), ())
    return replace(gravest, reason="; ".join(reasons), foreign=found[0].foreign, examples=examples)


def loss_warnings(plan: Plan, loss: LossFinding, samples: Sequence[AuditSample]) -> tuple[str, ...]:
    """Warnings about the audit."""
    return (*_never_read(plan, samples), *_foreign(loss))


def _never_read(plan: Plan, samples: Sequence[AuditSample]) -> Iterator[str]:
    """A counter or gauge that an instance's page never exported."""
    kind = "counter" if plan.audit.counter else "gauge"
    for name in dict.fromkeys(one.instance for one in samples):
        mine = [one for one in samples if one.instance == name]
        if all(one.value is None for one in mine):
            whose = f"{name}: " if len(plan.instances) > 1 else ""
            yield (
                f"audit: {whose}{plan.audit.metric} was never read, so it could not be "
                f"judged: {mine[-1].reason}; check audit.{kind} and audit.labels"
            )


def _foreign(loss: LossFinding) -> Iterator[str]:
    if loss.foreign:
        yield (
            f"audit: the target counted {format_count(loss.foreign)} reports more than this "
            "run can have sent: other clients report to it, or it counts reports that it refused"
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
        return "the run was stopped before the target had settled"
    if several is not None:
        return f"only one of several processes can be read: {several.what}"
    if evidence.restarts:
        return "the target restarted, so what it held before cannot be read"
    return "" if base.acked else "no report was accepted, so none can be missing"


def _finding(
    method: Method,
    plan: Plan,
    clock: RunClock,
    base: LossFinding,
    not_accepted: int,
    evidence: LossEvidence,
) -> LossFinding:
    finished_t = max((one.t for one in evidence.events if one.kind == "load_finished"), default=0)
    if method == "counter":
        return counter_finding(plan, clock.t0, finished_t, base, evidence.samples)
    if method == "gauge":
        return gauge_finding(
            plan, clock.t0, finished_t, base, evidence.samples, evidence.sessions, not_accepted
        )
    return readback_finding(base, evidence.sent, evidence.read_back)
