"""The Plan out of its parts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from qosflood.base.endpoint import check_allow, parse_header
from qosflood.base.errors import PlanError
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.options import Options
from qosflood.plan.plan import Plan
from qosflood.plan.profile.audit import build_audit
from qosflood.plan.profile.control import build_control
from qosflood.plan.profile.instances import build_instances, check_memories
from qosflood.plan.profile.limits import Sourced, build_aborts, build_limits, check_scopes
from qosflood.plan.profile.load import build_load
from qosflood.plan.profile.memory import with_memory
from qosflood.plan.profile.model import LoadedProfile
from qosflood.plan.profile.network import build_networks
from qosflood.plan.profile.part import build_part, part_run_id
from qosflood.plan.profile.phases import build_phases
from qosflood.plan.profile.problems import Origins, Problems
from qosflood.plan.profile.prometheus import build_otel, build_prometheus
from qosflood.plan.profile.report import build_report
from qosflood.plan.profile.retries import build_retries, check_pool
from qosflood.plan.profile.scrape import build_watch
from qosflood.plan.profile.sessions import build_sessions
from qosflood.plan.profile.storms import build_storms
from qosflood.plan.profile.target import build_target, check_allowed, check_ceilings
from qosflood.plan.profile.validation import problem_lines, read_keys, spell_path

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

    `loaded` has the options on top already, as `with_options` returns it.
    `seed` serves where neither option nor profile names one. `addresses` are what the target's
    name resolved to (an address needs none, nor does the embedded collector). `cores` are those
    this machine allows. The phases' `planned` stay 0: the load's schedule knows them. The id of a
    part is not `run_id` but one that all parts share.
    """
    profile, problems = loaded.profile, Problems(loaded.sources | _derived(options))
    origins = Origins(loaded.sources, loaded.shipped)
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
    otel = build_otel(profile.otel)
    control = build_control(profile.control, target, problems)
    limits = build_limits(profile.limits, origins, options, watch, problems)
    aborts = build_aborts(profile.limits, origins, watch, target.loopback)
    check_scopes([*limits, *aborts], phases, watch, problems, prometheus=prometheus is not None)
    retries = build_retries(profile.retries, profile.report, problems)
    if options.ceilings:
        check_ceilings(profile.safety, load, retries, flood_ns, target, problems)
    check_allowed(options, problems)
    sessions, lifetime_from = build_sessions(profile.sessions, origins, load, problems)
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
        sources=_sources(loaded, options, {**limits, **aborts})
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
    if options.part is not None:
        derived["part"] = options.source("part")
    if options.start_at_ns is not None:
        derived["start_at"] = options.source("start_at_ns")
    if options.headers:
        derived["target.headers"] = options.source("headers")
    if options.prometheus_headers:
        derived["prometheus.headers"] = options.source("prometheus_headers")
    return derived


def _sources(loaded: LoadedProfile, options: Options, limits: Sourced) -> dict[str, str]:
    sources = loaded.sources | _derived(options)
    if loaded.profile.load.seed is None:
        sources["load.seed"] = _DRAWN
    by_limit = {f"limits.{limit.expr}": source for limit, source in limits.items()}
    kept = {key: text for key, text in sources.items() if not key.startswith("limits.")}
    return kept | by_limit


def allowed_targets(loaded: LoadedProfile, options: Options) -> tuple[str, ...]:
    """Hosts off loopback that the command line or the profile consents to."""
    return (*options.allow, *loaded.profile.target.allow)


def with_options(loaded: LoadedProfile, options: Options) -> LoadedProfile:
    """The profile as if it had what the options set, and where each value came from.

    Raises PlanError with a line for each value that its key's own reader refuses, and for each
    limit, header and host that is malformed.
    """
    try:
        read = read_keys(options.keys)
    except ValidationError as error:
        problems = Problems(loaded.sources)
        for line in problem_lines(error, lambda path: options.name(spell_path(path[:2]))):
            problems.add_line(line)
        _check_lists(options, problems)
        raise PlanError("\n".join(problems.lines)) from None
    sections = {
        name: getattr(loaded.profile, name).model_copy(update=update)
        for name, update in read.items()
    }
    sources = loaded.sources | {path: options.source(path) for path in options.keys}
    return replace(loaded, profile=loaded.profile.model_copy(update=sections), sources=sources)


def _check_lists(options: Options, problems: Problems) -> None:
    """Note what is malformed in itself, without a plan."""
    texts: dict[str, Callable[[str], object]] = {
        "headers": parse_header,
        "prometheus_headers": parse_header,
        "allow": check_allow,
        "limits": parse_limit,
    }
    for name, read in texts.items():
        for text in getattr(options, name):
            problems.catch(options.name(name), read, text)
