"""A Plan in rows of words: what is printed before anything is sent."""

from collections.abc import Iterator

from qosflood.base.units import (
    SECOND,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
    format_utc,
)
from qosflood.plan.body_language import named_sources
from qosflood.plan.describe_row import Row, source_of
from qosflood.plan.describe_search import search_rows
from qosflood.plan.describe_watching import watching_rows
from qosflood.plan.judgeable import unjudgeable
from qosflood.plan.load_words import against_peak, load_line
from qosflood.plan.plan import Phase, Plan, Retries, Sessions, Storm
from qosflood.plan.profile.storms import herd_over_ns, herd_warnings
from qosflood.plan.report import DEFAULT_BODY


def describe(plan: Plan) -> list[Row]:
    """The plan as rows to print, totals first; a plan holds no secrets, so its rows show none."""
    load = (_load, _part, _herds, _phases, _totals) if plan.capacity is None else (_search, _herds)
    parts = (
        *((*load, _target, _network) if plan.floods else (_without_load,)),
        watching_rows,
        _limits,
    )
    return [row for part in parts for row in part(plan)]


def _search(plan: Plan) -> Iterator[Row]:
    for label, value in search_rows(plan):
        yield Row(label, value, "")
    yield from list(_load(plan))[1:]


def _without_load(plan: Plan) -> Iterator[Row]:
    lasting = format_duration(plan.main_phase.duration_ns)
    yield Row("watch", f"{lasting}, nothing is sent", source_of(plan, "run.duration"))
    yield from _address(plan)
    yield from _trust(plan)


def _load(plan: Plan) -> Iterator[Row]:
    load = plan.load
    yield Row(
        "load",
        load_line(load, against_peak(load)),
        source_of(plan, "run.rate") if "load.clients" not in plan.sources else _both(plan),
    )
    yield Row(
        "1x",
        f"{counted(load.base_clients, 'client')}, a report every "
        f"{format_duration(load.base_cadence_ns)}: {format_count(load.base_rate)} reports/s",
        source_of(plan, "peak.clients"),
    )
    yield Row("timeout", format_duration(load.timeout_ns), source_of(plan, "report.timeout"))
    yield Row("shards", format_count(load.shards), source_of(plan, "load.shards"))
    yield Row("seed", str(plan.seed), source_of(plan, "load.seed"))


def _herds(plan: Plan) -> Iterator[Row]:
    """What clients do together, and what a shard could not keep up with."""
    if plan.load.clocks == "synchronised":
        over_ns = herd_over_ns(plan)
        within = f"within {format_duration(over_ns)}" if over_ns else "at the same moment"
        value = f"synchronised: all clients report {within}"
        yield Row("clocks", value, source_of(plan, "report.clocks"))
    for line in herd_warnings(plan):
        yield Row("warning", line, "")
    flood = plan.maybe_phase("flood")
    for storm in plan.storms:
        since_ns = storm.at_ns - (flood.start_ns if flood else 0)
        yield Row("storm", _storm(storm, since_ns), source_of(plan, "storms"))


def _storm(storm: Storm, since_ns: int) -> str:
    back = f"back within {format_duration(storm.back_within_ns)}" * bool(storm.back_within_ns)
    return (
        f"{format_duration(since_ns)} into the flood {format_ratio(storm.drop)} of the connections "
        f"are dropped, {back or 'back at once'}"
    )


def _part(plan: Plan) -> Iterator[Row]:
    part, load = plan.part, plan.load
    if part is None:
        return
    clients = plan.here(load.clients)
    rate = format_count(clients * SECOND / load.cadence_ns)
    yield Row(
        "part",
        f"{part.index} of {part.of}: {format_count(clients)} of the clients, {rate} reports/s; "
        "the reports and sessions below are this part's",
        source_of(plan, "part"),
    )
    yield Row("start", f"at {format_utc(part.start_at_ns)}", source_of(plan, "start_at"))


def _both(plan: Plan) -> str:
    """`--clients`, and the rate too where it was asked for and the cadence had to follow."""
    clients, rate = source_of(plan, "load.clients"), source_of(plan, "run.rate")
    followed = plan.load.cadence_ns != plan.load.base_cadence_ns
    return f"{clients}, {rate}" if followed else clients


def _phases(plan: Plan) -> Iterator[Row]:
    for phase in plan.phases:
        clients = _span(phase.clients_from, phase.clients_to)
        noun = "client" if clients == "1" else "clients"
        rate = _span(_rate_from(phase), phase.rate)
        load = f"{clients} {noun}, {rate} reports/s" if phase.clients_to else "no load"
        yield Row(
            phase.name,
            f"{format_duration(phase.duration_ns)}, {load}",
            source_of(plan, "run.duration" if phase.name == "flood" else f"phases.{phase.name}"),
        )


def _span(start: float, end: float) -> str:
    first, last = format_count(start), format_count(end)
    return first if first == last else f"{first} to {last}"


def _rate_from(phase: Phase) -> float:
    return phase.clients_from * SECOND / phase.cadence_from_ns


def _totals(plan: Plan) -> Iterator[Row]:
    reports = _reports(plan)
    end = format_duration(plan.phases[-1].end_ns)
    each = plan.report.bytes_mean
    up = f", about {format_bytes(reports * each)} sent, {format_bytes(each)} each" if each else ""
    yield Row("reports", f"{format_count(reports)}{up}", "")
    yield Row("sessions", _sessions(plan), source_of(plan, "sessions.lifetime"))
    drain = format_duration(plan.load.timeout_ns)
    finish = f"after {end}" if plan.part is None else f"{end} after the start"
    yield Row("finish", f"{finish}, and at most {drain} more to drain", "")


def _sessions(plan: Plan) -> str:
    """How many the target will have seen, counted by the schedule once it is known."""
    places = plan.here(max(max(p.clients_from, p.clients_to) for p in plan.phases))
    lives = plan.sessions
    if lives.lifetime == "none":
        return f"{_distinct(places)}{_manners(lives)}"
    until = "until a third of the flood has passed" if lives.hold else "to the end"
    clients = counted(places, "client")
    many = f"{_distinct(plan.planned_sessions)} of {clients}"
    if not plan.planned_sessions:
        many = f"more sessions than the {clients}"
    return (
        f"{many}; {lives.lifetime} lifetimes of "
        f"{format_duration(lives.lifetime_ns)}, {until}{_manners(lives)}"
    )


def _distinct(sessions: int) -> str:
    return f"{format_count(sessions)} distinct session{'' if sessions == 1 else 's'}"


def _manners(lives: Sessions) -> str:
    """How sessions begin and end, where that differs from the rest of them."""
    cadence, over = (format_duration(ns) for ns in (lives.startup_cadence_ns, lives.startup_ns))
    hasty = f"; a report every {cadence} in their first {over}" if lives.startup_cadence_ns else ""
    return f"{hasty}; a final report" if lives.final_report else hasty


def _reports(plan: Plan) -> int:
    """Planned reports; before the schedule has counted them, the rate's integral."""
    counted = sum(phase.planned for phase in plan.phases)
    integral = sum(
        (_rate_from(phase) + phase.rate) / 2 * phase.duration_ns / SECOND for phase in plan.phases
    )
    return counted or round(integral * plan.share)


def _target(plan: Plan) -> Iterator[Row]:
    report = plan.report
    yield from _address(plan)
    statuses = ", ".join(str(status) for status in report.expect)
    yield Row(
        "report",
        f"{report.method} {report.location}, expects {statuses}",
        source_of(plan, "report.path"),
    )
    yield from _body(plan)
    yield from _sending(plan)
    for name, value in report.headers:
        yield Row("header", f"{name}: {value}", source_of(plan, "report.headers"))
    yield from _trust(plan)


def _address(plan: Plan) -> Iterator[Row]:
    target = plan.target
    where = "the embedded collector" if target.embedded else target.url
    named = target.host in target.addresses
    pinned = "" if target.embedded or named else f" at {', '.join(target.addresses)}"
    yield Row("target", f"{where}{pinned}", source_of(plan, "target.url"))


def _trust(plan: Plan) -> Iterator[Row]:
    """Secret headers, and TLS."""
    target = plan.target
    for header in target.headers:
        yield Row(
            "header",
            f"{header.name}: *** (from {header.source})",
            source_of(plan, "target.headers"),
        )
    if target.insecure:
        yield Row("tls", "certificate not verified", source_of(plan, "target.insecure"))
    elif target.cacert:
        yield Row("tls", f"trusts {target.cacert}", source_of(plan, "target.cacert"))
    if target.scheme == "https" and not target.tls_resume:
        yield Row(
            "tls", "every connection makes a full handshake", source_of(plan, "target.tls_resume")
        )
    if target.cert:
        key = f"key {target.key}" if target.key else "its key in the same file"
        yield Row("certificate", f"{target.cert}, {key}", source_of(plan, "target.cert"))


def _body(plan: Plan) -> Iterator[Row]:
    """What a report contains, where it is not the shipped default."""
    report = plan.report
    if report.body == DEFAULT_BODY and not report.gzip:
        return
    names = [name for _, name in named_sources(report.body)]
    words = f"{counted(len(names), 'place')} filled from {counted(len(set(names)), 'source')}"
    if report.counters:
        words += f", {counted(len(report.counters), 'counter')} among them"
    yield Row("body", f"{words}, gzip" if report.gzip else words, source_of(plan, "report.body"))


def _sending(plan: Plan) -> Iterator[Row]:
    """Connections and retries, where they are not the shipped ones."""
    report, retries = plan.report, plan.retries
    ways = {
        "per-report": "one for each report",
        "pooled": f"{format_count(report.pool)} shared by all clients",
    }
    if report.connection in ways:
        yield Row("connection", ways[report.connection], source_of(plan, "report.connection"))
    if retries.most:
        yield Row("retries", _retries(retries), source_of(plan, "retries.most"))


def _retries(retries: Retries) -> str:
    share = " (a random share of it)" if retries.jitter else ""
    given_up = retries.attempt_timeout_ns
    attempt = f"; an attempt is given up after {format_duration(given_up)}" if given_up else ""
    return (
        f"at most {retries.most}, after {format_duration(retries.backoff_ns)} growing "
        f"{retries.factor:g}-fold to {format_duration(retries.longest_ns)}{share}, "
        f"on {', '.join(retries.on)}{attempt}"
    )


def _network(plan: Plan) -> Iterator[Row]:
    total = sum(network.weight for network in plan.networks)
    shares = (f"{100 * one.weight / total:.3g}% {one.name}" for one in plan.networks)
    yield Row("network", ", ".join(shares), source_of(plan, "network"))


def _limits(plan: Plan) -> Iterator[Row]:
    for label, limits in (("limit", plan.limits), ("abort", plan.aborts)):
        for limit in limits:
            yield Row(label, limit.expr, source_of(plan, f"limits.{limit.expr}"))
    yield from (Row("note", line, "") for line in unjudgeable(plan))
