"""Local ports: the need that a flood meets first."""

import math

from qosflood.base.units import SECOND, format_count, format_duration
from qosflood.plan.plan import Plan
from qosflood.run.preflight.resources.connects import closed_within, connected_at_once
from qosflood.run.preflight.resources.values import Facts, Need

WIDEST_PORTS = 65_535 - 1024 + 1
_TIME_WAIT_S = 60.0
_EARLY_S = 1.0
"""A port that may be given away early is so after a second (RFC 6191)."""


def ports(plan: Plan, facts: Facts) -> Need:
    """A local port for each connection, and for each that still waits after it was closed."""
    needed = _ports_needed(plan, facts)
    if facts.ports is None:
        return Need(line=f"ports: {format_count(needed)}")
    pairs = _pairs(plan)
    have = facts.ports * pairs
    line = f"ports: {format_count(needed)} of {format_count(have)}"
    if needed <= have:
        return Need(line=line)
    return Need(
        line=line,
        problem=f"{_ports_missing(plan, facts, have)}; {_more_ports(plan, facts, needed, have)}",
    )


def _ports_needed(plan: Plan, facts: Facts) -> int:
    return connected_at_once(plan) + math.ceil(closed_within(plan, _kept_s(plan, facts)))


def _kept_s(plan: Plan, facts: Facts) -> float:
    """How long a port stays taken after its connection was closed."""
    early = facts.early_ports == "all" or (facts.early_ports == "loopback" and plan.target.loopback)
    return _EARLY_S if early else _TIME_WAIT_S


def _pairs(plan: Plan) -> int:
    """Source and target address together name a connection, so each pair has all the ports."""
    sources = plan.target.sources
    if not sources:
        return max(len(plan.target.addresses), 1)
    alike = sum(
        (":" in source) == (":" in address)
        for source in sources
        for address in plan.target.addresses
    )
    return max(alike, 1)


def _ports_missing(plan: Plan, facts: Facts, have: int) -> str:
    at_once = connected_at_once(plan)
    who = f"{format_count(at_once)} clients need a local port each"
    if plan.report.connection != "keep-alive":
        who = f"{format_count(at_once)} connections need a local port each"
    if (closed := math.ceil(closed_within(plan, _kept_s(plan, facts)))) > 0:
        kept = format_duration(_kept_s(plan, facts) * SECOND)
        who += (
            f" and {format_count(closed)} ports stay taken for {kept} after their connections close"
        )
    return f"ports: {who}, this machine has {format_count(have)} for this target"


def _more_ports(plan: Plan, facts: Facts, needed: int, have: int) -> str:
    sources = math.ceil(needed / (WIDEST_PORTS * max(len(plan.target.addresses), 1)))
    many = f"{sources} source addresses" if sources > 1 else "more addresses"
    spread = f"connect from {many} (target.sources)"
    if connected_at_once(plan) + closed_within(plan, _EARLY_S) <= have:
        spread = f"reuse ports sooner: sysctl -w net.ipv4.tcp_tw_reuse=1, or {spread}"
    if facts.ports is not None and facts.ports >= WIDEST_PORTS:
        return spread
    joined = "and" if needed > WIDEST_PORTS * _pairs(plan) else "or"
    return (
        'widen the range as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535", '
        f"{joined} {spread}"
    )
