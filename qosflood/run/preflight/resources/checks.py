"""The needs one by one: open files, memory, handshakes, reports per second; ports are in `ports`.

Each check gives the need in words and, where the machine has too little, what helps. Advice
to use fewer clients is left to the caller, who knows how many fit all needs together.
"""

import math

from qosflood.base.units import (
    SECOND,
    US,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
)
from qosflood.plan.plan import Plan
from qosflood.run.preflight.resources.connects import (
    Connects,
    connected_at_most,
    connected_at_once,
    connects,
    herds,
    most_clients,
    most_rate,
    renewals,
)
from qosflood.run.preflight.resources.values import Facts, Need

SPARE_FILES = 64

_MIB = 1024 * 1024
_COORDINATION_BYTES = 110 * _MIB
_SHARD_BYTES = 30 * _MIB
_COLLECTOR_BYTES = 30 * _MIB
_CLIENT_BYTES = 4 * 1024
_TLS_BYTES = 24 * 1024
_SERVED_BYTES = 10 * 1024
_SESSION_BYTES = 1024
"""Measured: unshared memory of coordinator and monitor together, of an empty shard and an empty
embedded collector; per client, per TLS connection; per connection and session in the collector."""
_MEMORY_REFUSED = 0.9
_MEMORY_WARNED = 0.6

_CONNECT_NS = 50 * US
_HANDSHAKE_NS = 700 * US
_RESUMPTION_NS = 400 * US
"""Measured CPU time of connecting: plain, over TLS, and over TLS once more."""
_BUSY_WARNED = 0.5
_REPORTS_PER_CORE = 100_000


def open_files(plan: Plan, facts: Facts) -> Need:
    """A descriptor for each connection of the process that has most of them."""
    # The embedded collector holds every client's connection, whatever the number of shards.
    embedded, everyone = plan.target.embedded, connected_at_most(plan)
    held = everyone if embedded else -(-everyone // plan.load.shards)
    needed = held + SPARE_FILES
    who = "the embedded collector" if embedded else "a shard"
    if facts.open_files is None:
        return Need(line=f"open files: {format_count(needed)} in {who}, no limit")
    line = f"open files: {format_count(needed)} of {format_count(facts.open_files)} in {who}"
    if needed <= facts.open_files:
        return Need(line=line)
    what = "connections" if plan.report.connection == "pooled" else "clients"
    room = 0 if embedded else facts.open_files - SPARE_FILES
    spread = f", or spread the clients: --shards {-(-everyone // room)}" if room > 0 else ""
    return Need(
        line=line,
        problem=f"open files: {who} with {format_count(held)} {what} needs {needed}, this machine "
        f"allows {facts.open_files}; raise the limit as root (ulimit -Hn {needed}){spread}",
    )


def memory(plan: Plan, facts: Facts) -> Need:
    """What all processes of a run take together, the embedded collector's among them."""
    needed = _memory_needed(plan)
    if facts.memory_bytes is None:
        return Need(line=f"memory: about {format_bytes(needed)}")
    words = f"about {format_bytes(needed)} of {format_bytes(facts.memory_bytes)} available"
    line = f"memory: {words}"
    said = f"memory: {format_count(most_clients(plan))} clients{_and_sessions(plan)} take {words}"
    if needed > _MEMORY_REFUSED * facts.memory_bytes:
        most = format_ratio(_MEMORY_REFUSED)
        return Need(line=line, problem=f"{said}, expected at most {most} of it; free some memory")
    if needed > _MEMORY_WARNED * facts.memory_bytes:
        return Need(line=line, warning=f"{said}; other programs may leave too little")
    return Need(line=line)


def _memory_needed(plan: Plan) -> int:
    tls = _TLS_BYTES if plan.target.scheme == "https" else 0
    load = most_clients(plan) * _CLIENT_BYTES + connected_at_once(plan) * tls
    own = _COORDINATION_BYTES + plan.load.shards * _SHARD_BYTES + load
    if not plan.target.embedded:
        return own
    served = connected_at_once(plan) * _SERVED_BYTES + _sessions(plan) * _SESSION_BYTES
    return own + _COLLECTOR_BYTES + served


def _sessions(plan: Plan) -> int:
    return max(plan.planned_sessions, most_clients(plan))


def _and_sessions(plan: Plan) -> str:
    """The embedded collector never forgets a session."""
    if not plan.target.embedded or _sessions(plan) == most_clients(plan):
        return ""
    return f" and the embedded collector's {format_count(_sessions(plan))} sessions"


def handshakes(plan: Plan, facts: Facts) -> Need:
    """CPU time of connecting, against the phase it falls into."""
    workers = _workers(plan, facts)
    all_of_them = list(connects(plan))
    total_ns = sum(_cpu_ns(plan, one) for one in all_of_them)
    worst = max(all_of_them, key=lambda one: _share(plan, one, workers))
    share = _share(plan, worst, workers)
    line = (
        f"handshakes: {format_duration(total_ns)} of CPU, "
        f"at most {format_ratio(round(share, 4))} of a shard in {worst.phase.name}"
    )
    if share > 1.0:
        return Need(
            line=line, problem=f"{_busy(plan, worst, workers)}; {_relief(plan, worst, facts)}"
        )
    if share > _BUSY_WARNED:
        return Need(
            line=line, warning=f"{_busy(plan, worst, workers)}; {_relief(plan, worst, facts)}"
        )
    return Need(line=line, warning=_herd_warning(plan, workers))


def _workers(plan: Plan, facts: Facts) -> int:
    return max(min(plan.load.shards, facts.cores), 1)


def _cpu_ns(plan: Plan, one: Connects) -> float:
    return one.fresh * _cost_ns(plan, again=False) + one.again * _cost_ns(plan, again=True)


def _cost_ns(plan: Plan, *, again: bool) -> int:
    if plan.target.scheme != "https":
        return _CONNECT_NS
    return _RESUMPTION_NS if again and plan.target.tls_resume else _HANDSHAKE_NS


def _share(plan: Plan, one: Connects, workers: int) -> float:
    return _cpu_ns(plan, one) / workers / one.phase.duration_ns


def _busy(plan: Plan, one: Connects, workers: int) -> str:
    took = format_duration(_cpu_ns(plan, one) / workers)
    where = f"{one.phase.name} of {format_duration(one.phase.duration_ns)}"
    each = "" if workers == 1 else " in each shard"
    return (
        f"handshakes: {format_count(round(one.made))} connections take {took} of CPU{each} in a "
        f"{where}"
    )


def _relief(plan: Plan, one: Connects, facts: Facts) -> str:
    ways = []
    if one.phase.name != "flood" and plan.report.connection == "keep-alive":
        seconds = math.ceil(_cpu_ns(plan, one) / _workers(plan, facts) / _BUSY_WARNED / SECOND)
        ways.append(f"--set phases.{one.phase.name}={seconds}s")
    shards = math.ceil(_cpu_ns(plan, one) / one.phase.duration_ns / _BUSY_WARNED)
    if plan.load.shards < shards <= facts.cores:
        ways.append(f"--shards {shards}")
    if plan.report.connection == "keep-alive" and _mostly_renewals(plan, one):
        ways.append("a longer sessions.lifetime")
    if plan.report.connection == "per-report":
        ways.append("report.connection=keep-alive")
    return f"expected at most half of it: {', or '.join(ways) or 'fewer connections'}"


def _mostly_renewals(plan: Plan, one: Connects) -> bool:
    return renewals(plan, one.phase) > _BUSY_WARNED * one.made


def _herd_warning(plan: Plan, workers: int) -> str | None:
    """Clients that connect together do so within a cadence, or their first reports wait."""
    for herd in herds(plan):
        took_ns = herd.clients * _cost_ns(plan, again=herd.again) / workers
        if took_ns > _BUSY_WARNED * herd.due_within_ns:
            return (
                f"handshakes: {format_count(herd.clients)} clients {herd.when} and take "
                f"{format_duration(took_ns)} of CPU to connect; their reports are due within "
                f"{format_duration(herd.due_within_ns)} and may wait: use fewer clients, or more "
                "--shards"
            )
    return None


def reports(plan: Plan, facts: Facts) -> Need:
    """Reports per second against what a core sends: as a trial found, else as most do."""
    workers, rate = _workers(plan, facts), most_rate(plan)
    tried, each = facts.reports_per_core is not None, facts.reports_per_core or _REPORTS_PER_CORE
    have = workers * each
    line = f"reports: {format_count(rate)}/s of about {format_count(have)}/s"
    line += ", by a trial" if tried else ""
    if rate <= have:
        return Need(line=line)
    shards = math.ceil(rate / each)
    fix = f"--shards {shards}" if shards <= facts.cores else "a lower --rate, or more machines"
    return Need(
        line=line,
        warning=f"reports: {format_count(rate)}/s are more than the {format_count(have)}/s that "
        f"{workers} of {facts.cores} cores can send; the run may end INVALID: {fix}",
    )
