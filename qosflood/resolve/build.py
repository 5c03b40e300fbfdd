"""The Plan out of its parts."""

from collections.abc import Sequence
from dataclasses import replace

from qosflood.base.endpoint import check_allow
from qosflood.base.units import format_count, format_duration
from qosflood.plan import Load, Plan, Target
from qosflood.profile.model import LoadedProfile, SafetySection
from qosflood.resolve.address import build_target, build_watch
from qosflood.resolve.audit import build_audit
from qosflood.resolve.beside import build_otel, build_prometheus
from qosflood.resolve.body import build_report
from qosflood.resolve.bounds import Sourced, build_aborts, build_limits, check_scopes
from qosflood.resolve.control import build_control
from qosflood.resolve.herds import build_storms
from qosflood.resolve.instances import build_instances, check_memories
from qosflood.resolve.memory import with_memory
from qosflood.resolve.networks import build_networks
from qosflood.resolve.options import Options, with_options
from qosflood.resolve.parts import build_part, part_run_id
from qosflood.resolve.phases import build_phases
from qosflood.resolve.problems import Origins, Problems
from qosflood.resolve.rates import build_load
from qosflood.resolve.retries import build_retries, check_pool
from qosflood.resolve.sessions import build_sessions

_DRAWN = "drawn for this run"


def resolve(
    loaded: LoadedProfile,
    options: Options,
    *,
    run_id: str,
    seed: int,
    version: str,
    addresses: Sequence[str],
    cores: int,
) -> Plan:
    """The whole run, decided; raises PlanError with one line per problem.

    `seed` serves where neither option nor profile names one. `addresses` are what the target's
    name resolved to (an address needs none, nor does the embedded collector). `cores` are those
    this machine allows. The phases' `planned` stay 0: the load's schedule knows them. The id of a
    part is not `run_id` but one that all parts share.
    """
    said = with_options(loaded, options)
    profile, problems = said.profile, Problems(said.sources | _derived(options))
    origins = Origins(said.sources, said.shipped)
    flood_ns = problems.duration("run.duration", profile.run.duration)
    load = build_load(
        profile.load, profile.peak, profile.run, profile.report, options, cores, problems
    )
    phases = build_phases(load, flood_ns, profile.phases)
    target = build_target(profile.target, options, addresses, problems)
    networks, networks_from = build_networks(profile.network, origins, target.loopback)
    watch = build_watch(profile.scrape, profile.memory, target, flood_ns, problems)
    instances = build_instances(profile.instance, profile.scrape, target, watch, problems)
    prometheus = build_prometheus(profile.prometheus, options, phases, problems)
    watch = with_memory(watch, profile.memory, prometheus, problems)
    check_memories(profile.instance, watch.memory_sources, problems)
    otel = build_otel(profile.otel, problems)
    control = build_control(profile.control, target, problems)
    limits = build_limits(profile.limits, origins, options, watch, problems)
    aborts = build_aborts(profile.limits, origins, watch, target.loopback)
    check_scopes([*limits, *aborts], phases, watch, problems, prometheus=prometheus is not None)
    check_ceilings(profile.safety, load, flood_ns, target, problems)
    check_allowed(options, problems)
    sessions, lifetime_from = build_sessions(profile.sessions, origins, load, problems)
    retries = build_retries(profile.retries, profile.report, problems)
    storms = build_storms(profile.storms, profile.report, phases, problems)
    seeded = profile.load.seed is not None
    part = build_part(options, target, load.clients, seeded, problems)
    report = build_report(profile.report, target.headers, problems)
    check_pool(report, load, options, problems)
    audit = build_audit(profile.audit, options, target, report, watch, instances, problems)
    problems.raise_if_any()
    plan = Plan(
        version=version,
        run_id=run_id,
        profile=loaded.name,
        seed=seed if profile.load.seed is None else profile.load.seed,
        load=load,
        phases=phases,
        target=target,
        report=report,
        sessions=sessions,
        retries=retries,
        storms=storms,
        networks=networks,
        watch=watch,
        limits=tuple(limits),
        aborts=tuple(aborts),
        sources=_sources(said, options, {**limits, **aborts})
        | {"network": networks_from, "sessions.lifetime": lifetime_from},
        part=part,
        instances=instances,
        prometheus=prometheus,
        otel=otel,
        control=control,
        audit=audit,
    )
    return plan if part is None else replace(plan, run_id=part_run_id(plan, part))


def _derived(options: Options) -> dict[str, str]:
    """Where what is no key of a profile came from."""
    derived = {"load.clients": options.source("clients")} if options.clients is not None else {}
    for name in ("part", "start_at"):
        if getattr(options, name if name == "part" else f"{name}_ns") is not None:
            derived[name] = options.source(name)
    if options.headers:
        derived["target.headers"] = options.source("headers")
    if options.prometheus_headers:
        derived["prometheus.headers"] = options.source("prometheus_headers")
    return derived


def _sources(said: LoadedProfile, options: Options, limits: Sourced) -> dict[str, str]:
    sources = said.sources | _derived(options)
    if said.profile.load.seed is None:
        sources["load.seed"] = _DRAWN
    by_limit = {f"limits.{limit.expr}": source for limit, source in limits.items()}
    kept = {key: text for key, text in sources.items() if not key.startswith("limits.")}
    return kept | by_limit


def check_ceilings(
    safety: SafetySection, load: Load, flood_ns: int, target: Target, problems: Problems
) -> None:
    """Nobody floods another machine harder or longer than was meant."""
    if target.loopback:
        return
    rate, most = load.rate, safety.max_rate
    if rate > most:
        problems.add(
            "run.rate",
            f"got {format_count(rate)} reports/s, expected at most {format_count(most)} off "
            f"loopback; --max-rate {rate:.0f}/s raises that",
        )
    most_ns = safety.max_duration
    if flood_ns > most_ns:
        problems.add(
            "run.duration",
            f"got {format_duration(flood_ns)}, expected at most {format_duration(most_ns)} off "
            f"loopback; --max-duration {format_duration(flood_ns)} raises that",
        )


def check_allowed(options: Options, problems: Problems) -> None:
    for text in options.allow:
        problems.catch(options.source("allow").partition(" ")[2], check_allow, text)
