"""A Plan in rows of words: what is printed before anything is sent."""

from collections.abc import Iterator
from typing import NamedTuple

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
from qosflood.plan.describe_search import search_rows
from qosflood.plan.judgeable import unjudgeable
from qosflood.plan.load_words import against_peak, load_line
from qosflood.plan.plan import DEFAULT_BODY, Phase, Plan, Retries, Sessions, Storm
from qosflood.plan.profile.storms import herd_over_ns, herd_warnings
from qosflood.plan.readback import alive, sources
from qosflood.plan.watching import ONE_INSTANCE, WATCHED, MemorySource


class Row(NamedTuple):
    """One line of a plan; `source` is empty for what follows from other rows."""

    label: str
    value: str
    source: str


def describe(plan: Plan) -> list[Row]:
    """The plan as rows to print, totals first; a plan holds no secrets, so its rows show none."""
    load = (_load, _part, _herds, _phases, _totals) if plan.capacity is None else (_search, _herds)
    parts = (
        *((*load, _target, _network) if plan.floods else (_without_load,)),
        _watch,
        _other_monitors,
        _control,
        _audit,
        _limits,
    )
    return [row for part in parts for row in part(plan)]


def _search(plan: Plan) -> Iterator[Row]:
    for label, value in search_rows(plan):
        yield Row(label, value, "")
    yield from list(_load(plan))[1:]


def _without_load(plan: Plan) -> Iterator[Row]:
    lasting = format_duration(plan.main_phase.duration_ns)
    yield Row("watch", f"{lasting}, nothing is sent", _source(plan, "run.duration"))
    yield from _address(plan)
    yield from _trust(plan)


def _load(plan: Plan) -> Iterator[Row]:
    load = plan.load
    yield Row(
        "load",
        load_line(load, against_peak(load)),
        _source(plan, "run.rate") if "load.clients" not in plan.sources else _both(plan),
    )
    yield Row(
        "1x",
        f"{counted(load.base_clients, 'client')}, a report every "
        f"{format_duration(load.base_cadence_ns)}: {format_count(load.base_rate)} reports/s",
        _source(plan, "peak.clients"),
    )
    yield Row("timeout", format_duration(load.timeout_ns), _source(plan, "report.timeout"))
    yield Row("shards", format_count(load.shards), _source(plan, "load.shards"))
    yield Row("seed", str(plan.seed), _source(plan, "load.seed"))


def _herds(plan: Plan) -> Iterator[Row]:
    """What clients do together, and what a shard could not keep up with."""
    if plan.load.clocks == "synchronised":
        over_ns = herd_over_ns(plan)
        within = f"within {format_duration(over_ns)}" if over_ns else "at the same moment"
        value = f"synchronised: all clients report {within}"
        yield Row("clocks", value, _source(plan, "report.clocks"))
    for line in herd_warnings(plan):
        yield Row("warning", line, "")
    flood = plan.maybe_phase("flood")
    for storm in plan.storms:
        since_ns = storm.at_ns - (flood.start_ns if flood else 0)
        yield Row("storm", _storm(storm, since_ns), _source(plan, "storms"))


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
        _source(plan, "part"),
    )
    yield Row("start", f"at {format_utc(part.start_at_ns)}", _source(plan, "start_at"))


def _both(plan: Plan) -> str:
    """`--clients`, and the rate too where it was asked for and the cadence had to follow."""
    clients, rate = _source(plan, "load.clients"), _source(plan, "run.rate")
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
            _source(plan, "run.duration" if phase.name == "flood" else f"phases.{phase.name}"),
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
    yield Row("sessions", _sessions(plan), _source(plan, "sessions.lifetime"))
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
        _source(plan, "report.path"),
    )
    yield from _body(plan)
    yield from _sending(plan)
    for name, value in report.headers:
        yield Row("header", f"{name}: {value}", _source(plan, "report.headers"))
    yield from _trust(plan)


def _address(plan: Plan) -> Iterator[Row]:
    target = plan.target
    where = "the embedded collector" if target.embedded else target.url
    named = target.host in target.addresses
    pinned = "" if target.embedded or named else f" at {', '.join(target.addresses)}"
    yield Row("target", f"{where}{pinned}", _source(plan, "target.url"))


def _trust(plan: Plan) -> Iterator[Row]:
    """Secret headers, and TLS."""
    target = plan.target
    for header in target.headers:
        yield Row(
            "header", f"{header.name}: *** (from {header.source})", _source(plan, "target.headers")
        )
    if target.insecure:
        yield Row("tls", "certificate not verified", _source(plan, "target.insecure"))
    elif target.cacert:
        yield Row("tls", f"trusts {target.cacert}", _source(plan, "target.cacert"))
    if target.scheme == "https" and not target.tls_resume:
        yield Row(
            "tls", "every connection makes a full handshake", _source(plan, "target.tls_resume")
        )
    if target.cert:
        key = f"key {target.key}" if target.key else "its key in the same file"
        yield Row("certificate", f"{target.cert}, {key}", _source(plan, "target.cert"))


def _body(plan: Plan) -> Iterator[Row]:
    """What a report contains, where it is not the shipped default."""
    report = plan.report
    if report.body == DEFAULT_BODY and not report.gzip:
        return
    names = [name for _, name in named_sources(report.body)]
    words = f"{counted(len(names), 'place')} filled from {counted(len(set(names)), 'source')}"
    if report.counters:
        words += f", {counted(len(report.counters), 'counter')} among them"
    yield Row("body", f"{words}, gzip" if report.gzip else words, _source(plan, "report.body"))


def _sending(plan: Plan) -> Iterator[Row]:
    """Connections and retries, where they are not the shipped ones."""
    report, retries = plan.report, plan.retries
    ways = {
        "per-report": "one for each report",
        "pooled": f"{format_count(report.pool)} shared by all clients",
    }
    if report.connection in ways:
        yield Row("connection", ways[report.connection], _source(plan, "report.connection"))
    if retries.most:
        yield Row("retries", _retries(retries), _source(plan, "retries.most"))


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
    yield Row("network", ", ".join(shares), _source(plan, "network"))


def _watch(plan: Plan) -> Iterator[Row]:
    watch, interval_ns = plan.watch, plan.scrape_interval_ns
    if watch.interval_ns is not None and interval_ns is None:
        yield Row("scrape", WATCHED, "")
    elif interval_ns is None:
        yield Row("scrape", "off", _source(plan, "scrape.interval"))
    else:
        every, timeout = format_duration(interval_ns), format_duration(watch.timeout_ns)
        value = f"{_scraped(plan)} every {every}, timeout {timeout}{_limited(plan)}"
        yield Row("scrape", value, _source(plan, "scrape.url"))
    yield from _instances(plan)
    if plan.part is not None and not plan.part.memory:
        yield Row("memory", WATCHED, "")
        return
    limit = watch.memory_limit_bytes
    known = f"limit {format_bytes(limit)}" if limit else "no limit known"
    every = format_duration(watch.memory_interval_ns)
    yield Row(
        "memory", f"{_measured(plan)} every {every}, {known}", _source(plan, _memory_key(plan))
    )


def _other_monitors(plan: Plan) -> Iterator[Row]:
    if plan.watches and (asked := plan.prometheus) is not None:
        of = f", job {asked.job}" if asked.job else ", its targets by their URLs"
        one = f", instance {asked.instance}" if asked.instance else ""
        every = format_duration(asked.every_ns)
        shared = ", its targets get the headers of the load's" if asked.share_headers else ""
        value = f"asked every {every} at {asked.url}{of}{one}{shared}"
        yield Row("prometheus", value, _source(plan, "prometheus.url"))
    for url in plan.otel if plan.watches else ():
        yield Row("otel", url, _source(plan, "otel.urls"))


def _control(plan: Plan) -> Iterator[Row]:
    if (control := plan.control) is not None:
        every = format_duration(control.interval_ns)
        value = f"{control.url} every {every}, timeout {format_duration(control.timeout_ns)}"
        yield Row("control", value, _source(plan, "control.url"))


def _audit(plan: Plan) -> Iterator[Row]:
    audit = plan.audit
    if audit.metric is not None:
        labels = ", ".join(f'{name}="{value}"' for name, value in audit.labels)
        of = f"{audit.metric}{{{labels}}}" if labels else audit.metric
        kind = "counter" if audit.counter else "gauge"
        yield Row("audit", f"{kind} {of} before and after", _source(plan, f"audit.{kind}"))
    source = _source(plan, "audit.readback")
    for one in sources(plan):
        where = one.url.removeprefix(plan.target.url) if plan.target.embedded else one.url
        of = "" if one.instance == ONE_INSTANCE else f" of {one.instance}"
        when = "" if audit.asked else ", if it lists them"
        many = format_count(min(audit.sessions, alive(plan)))
        yield Row(
            "audit", f"{many} sessions read back after the run from {where}{of}{when}", source
        )


def _instances(plan: Plan) -> Iterator[Row]:
    """Each instance with its page, where they are named."""
    if not plan.watches or [one.name for one in plan.instances] == [ONE_INSTANCE]:
        return
    asked = plan.prometheus
    of_job = asked is not None and asked.job is not None
    source = f"job {asked.job}" if asked is not None and of_job else _source(plan, "instance")
    for one in plan.instances:
        own = f", memory: {one.memory}" if one.memory else ""
        yield Row("instance", f"{one.name} at {one.scrape_url}{own}", source)


def _limited(plan: Plan) -> str:
    """What a page may not exceed, where that was asked for."""
    watch = plan.watch
    limits = (
        f"{format_count(watch.sample_limit)} samples" if watch.sample_limit else "",
        f"{format_bytes(watch.body_size_limit_bytes)}" if watch.body_size_limit_bytes else "",
    )
    said = " and ".join(filter(None, limits))
    return f", at most {said}" if said else ""


def _scraped(plan: Plan) -> str:
    """The URL; the embedded collector's port is not known yet."""
    if len(plan.instances) > 1:
        return f"{len(plan.instances)} instances"
    url, target = plan.instances[0].scrape_url, plan.target
    unknown = target.embedded and target.port == 0 and url.startswith(f"{target.url}/")
    page = f"{url.removeprefix(target.url)} of the embedded collector" if unknown else url
    dialect = plan.watch.dialect
    return page if dialect == "3" else f"{page} by the rules of Prometheus {dialect}"


def _memory_key(plan: Plan) -> str:
    if plan.watch.pid is not None or not plan.watch.memory_sources:
        return "memory.pid"
    return f"memory.{plan.watch.memory_sources[0].kind}"


def _measured(plan: Plan) -> str:
    if plan.watch.pid is not None:
        return f"process {plan.watch.pid} and its children"
    if plan.watch.memory_sources:
        return ", else ".join(map(_source_words, plan.watch.memory_sources))
    if plan.target.embedded:
        return "the embedded collector's process"
    if plan.target.loopback:
        return f"the process on port {plan.target.port}, else {plan.watch.gauge}"
    return f"{plan.watch.gauge} in the scrape"


def _source_words(source: MemorySource) -> str:
    """Only the first word of a command: the others may be private."""
    if source.kind == "command":
        return f"the command {source.command[0]}"
    return f"{source.read} of {'Prometheus' if source.kind == 'promql' else source.url}"


def _limits(plan: Plan) -> Iterator[Row]:
    for label, limits in (("limit", plan.limits), ("abort", plan.aborts)):
        for limit in limits:
            yield Row(label, limit.expr, _source(plan, f"limits.{limit.expr}"))
    yield from (Row("note", line, "") for line in unjudgeable(plan))


def _source(plan: Plan, key: str) -> str:
    return plan.sources.get(key, "")
