"""How many connections a plan holds at once, makes in each phase and closes itself."""

from collections.abc import Iterator
from typing import NamedTuple

from qosflood.base.units import SECOND, format_duration
from qosflood.load.schedule.sessions import churn_end_s
from qosflood.plan.plan import Phase, Plan

_PER_REPORT_HELD_S = 0.1
"""How long a connection for one report is taken to last: ample for a healthy target."""


class Connects(NamedTuple):
    """Connections made in a phase: `fresh` by clients that were not known to the target, `again` by
    those that come back."""

    phase: Phase
    fresh: float
    again: float

    @property
    def made(self) -> float:
        """Connections of both kinds."""
        return self.fresh + self.again


class Herd(NamedTuple):
    """Clients that connect together, whether they come back, and within what time the first
    reports of all of them are due."""

    clients: int
    again: bool
    when: str
    due_within_ns: int


def most_clients(plan: Plan) -> int:
    """The most clients that there are at any time."""
    return max(max(phase.clients_from, phase.clients_to) for phase in plan.phases)


def most_rate(plan: Plan) -> float:
    """The most reports per second that are due at any time, sessions that have just begun and
    report oftener at first among them."""
    return max(plan.load.rate, plan.load.base_rate) + _hasty_rate(plan)


def _hasty_rate(plan: Plan) -> float:
    lives = plan.sessions
    if not lives.startup_cadence_ns:
        return 0.0
    each = SECOND / lives.startup_cadence_ns - SECOND / plan.load.cadence_ns
    return max(_beginners(plan, phase) for phase in plan.phases) * max(each, 0.0)


def _beginners(plan: Plan, phase: Phase) -> float:
    """Sessions that are in their first `startup_ns` at a time, should all of a phase's begin alike;
    those that are there as the load begins do so together."""
    most = max(phase.clients_from, phase.clients_to)
    growing = max(phase.clients_to - phase.clients_from, 0) + renewals(plan, phase)
    going = growing * min(plan.sessions.startup_ns / phase.duration_ns, 1.0)
    return min(most, going + (phase.clients_from if phase.start_ns == 0 else 0))


def connected_at_once(plan: Plan) -> int:
    """Connections that are open at a time while the target answers."""
    most = connected_at_most(plan)
    if plan.report.connection == "per-report":
        return min(most, round(most_rate(plan) * _PER_REPORT_HELD_S) + 1)
    return most


def connected_at_most(plan: Plan) -> int:
    """Connections that are open at a time should the target not answer."""
    return plan.report.pool if plan.report.connection == "pooled" else most_clients(plan)


def closed_within(plan: Plan, seconds: float) -> float:
    """The most connections that clients themselves close within so many seconds."""
    if plan.report.connection == "pooled":
        return 0.0
    if plan.report.connection == "per-report":
        # Closed at the answer's last byte: the target seldom is first.
        return most_rate(plan) * min(seconds, plan.load_ns / SECOND)
    renewed = 0.0
    if plan.sessions.lifetime != "none":
        renewed = _renewals_per_second(plan, most_clients(plan)) * min(seconds, churn_end_s(plan))
    return renewed + _dropped_within(plan, seconds)


def _dropped_within(plan: Plan, seconds: float) -> float:
    """Connections that storms drop, in the worst stretch of so many seconds."""
    return max(
        (
            sum(
                storm.drop * plan.load.clients
                for storm in plan.storms
                if 0 <= storm.at_ns - first.at_ns < seconds * SECOND
            )
            for first in plan.storms
        ),
        default=0.0,
    )


def connects(plan: Plan) -> Iterator[Connects]:
    """What each phase of the load connects."""
    present = 0
    for phase in plan.phases:
        if phase.name == "settle":
            continue
        joining = max(phase.clients_from - present, 0)
        growing = max(phase.clients_to - phase.clients_from, 0)
        present = phase.clients_to
        if plan.report.connection == "per-report":
            yield Connects(phase, 0.0, _reports(phase))
        elif plan.report.connection == "pooled":
            yield Connects(phase, plan.report.pool if phase.start_ns == 0 else 0, 0.0)
        else:
            fresh = joining + growing + renewals(plan, phase)
            yield Connects(phase, fresh, _returns(plan, phase))


def herds(plan: Plan) -> Iterator[Herd]:
    """Clients that join where a phase begins, and those that come back from a storm; those of a
    search connect before a trial begins."""
    if plan.report.connection != "keep-alive" or plan.capacity is not None:
        return
    present = 0
    for phase in plan.phases:
        if phase.clients_from > present:
            when = f"join as {phase.name} begins"
            yield Herd(phase.clients_from - present, False, when, phase.cadence_from_ns)
        present = phase.clients_to
    for storm in plan.storms:
        back = round(storm.drop * plan.load.clients)
        when = f"come back from the storm at {format_duration(storm.at_ns)}"
        yield Herd(back, True, when, max(storm.back_within_ns, plan.load.cadence_ns))


def _reports(phase: Phase) -> float:
    rate_from = phase.clients_from * SECOND / phase.cadence_from_ns
    return (rate_from + phase.rate) / 2 * phase.duration_ns / SECOND


def renewals(plan: Plan, phase: Phase) -> float:
    """Sessions that give way to others in a phase; each of them connects anew."""
    if plan.sessions.lifetime == "none":
        return 0.0
    churning_s = min(churn_end_s(plan), phase.end_ns / SECOND) - phase.start_ns / SECOND
    clients = (phase.clients_from + phase.clients_to) / 2
    return _renewals_per_second(plan, clients) * max(churning_s, 0.0)


def _returns(plan: Plan, phase: Phase) -> float:
    dropped = sum(s.drop for s in plan.storms if phase.start_ns <= s.at_ns < phase.end_ns)
    return dropped * plan.load.clients


def _renewals_per_second(plan: Plan, clients: float) -> float:
    return clients * SECOND / plan.sessions.lifetime_ns
