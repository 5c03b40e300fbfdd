"""What the loss audit is judged from, made for tests: readings, snapshots, sessions sent."""

from plan_maker import make_plan

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import Totals
from qosflood.analysis.loss.loss import LossEvidence, loss_finding
from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSession, SentSessions
from qosflood.journal.records import Event
from qosflood.plan.watching import Audit

T0, OVER, SETTLED = 2 * SECOND, 30 * SECOND, 35 * SECOND

CLOCK = RunClock(wall_ns=0, t0=T0, stop_ns=40 * SECOND, completed=True)

FINISHED = Event(t=OVER, who="operator", kind="load_finished", what="the load is over")

COUNTER = make_plan(audit=Audit(counter="reports_total"))

GAUGE = make_plan(audit=Audit(gauge="sessions"))

READBACK = make_plan(audit=Audit(readback="/sessions", held_off_ms=0))


def totals(acked=100, *, resent=0, retried=None, **outcomes):
    return Totals(
        scheduled=acked + sum(outcomes.values()),
        sent=acked + sum(outcomes.values()),
        outcomes={"acked": acked} | outcomes,
        statuses={},
        errors={},
        resent=resent,
        in_flight=0,
        balanced=True,
        retried=retried or {},
    )


def counted(t, value, instance="target", reason=None, *, took=SECOND // 10, page=None):
    page = t if page is None else page
    return AuditSample(
        t=t, done_t=t + took, instance=instance, value=value, reason=reason, page=page
    )


def span(before, after, instance="target"):
    """Read before the load, and twice after it from a page that goes on."""
    return (
        counted(SECOND, before, instance),
        counted(SETTLED, after, instance),
        counted(SETTLED + SECOND, after, instance),
    )


def sent(*sessions, t=OVER, shard=0):
    made = (
        SentSession(session=name, acked_ms=acked, sent_ms=last) for name, acked, last in sessions
    )
    return SentSessions(t=t, shard=shard, sessions=tuple(made))


def read(held, t=SETTLED, reason=None, instance="target"):
    return ReadBack(
        t=t,
        done_t=t + 1,
        instance=instance,
        reason=reason,
        status=200,
        bytes=10,
        samples=len(held),
        held=held,
    )


def twice(held):
    """Read back twice, with the same sessions."""
    return (read(held), read(held, t=SETTLED + 1))


def found(plan, account=None, clock=CLOCK, **evidence):
    evidence = {"events": (FINISHED,), "sessions": 10, "restarts": 0} | evidence
    return loss_finding(plan, clock, account or totals(), LossEvidence(**evidence))


def readings(*values, t0=T0, every=SECOND):
    """A counter's readings from before the load on."""
    return tuple(
        counted(t0 - SECOND + index * every, value, took=1, page=0)
        for index, value in enumerate(values)
    )


def after(*values, first=SETTLED, every=SECOND, page=None):
    return tuple(
        counted(first + index * every, value, page=page) for index, value in enumerate(values)
    )


RISING = readings(0, *range(0, 81, 3))
"""Read every second from 1s to 29s: 80 at most."""


def ended(*numbers, acked=20_000):
    """Sessions of clients that left with the flood; ten live on."""
    return [(f"qosflood-test-{number}-0", acked + number, acked + number) for number in numbers]


RESTARTED = Event(t=25 * SECOND, who="target", kind="restarted", what="it restarted")

AFTER_A_RESTART = {"restarts": 1, "events": (RESTARTED, FINISHED)}
