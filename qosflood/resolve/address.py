"""Where the load goes and where the monitor looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qosflood.base.endpoint import (
    Endpoint,
    HeaderRef,
    check_header_source,
    is_address,
    is_allowed,
    is_loopback,
    parse_endpoint,
    parse_header,
)
from qosflood.base.errors import PlanError
from qosflood.base.units import MINUTE, SECOND, format_bytes
from qosflood.plan import Plan, Target
from qosflood.plan_watch import MOST_PAGE_BYTES, Watch
from qosflood.profile.memory import MemorySection
from qosflood.profile.model import ScrapeSection, TargetSection
from qosflood.resolve.options import Options
from qosflood.resolve.problems import Problems

_EMBEDDED = Endpoint("http", "127.0.0.1", 0)


def wanted_endpoint(asked: TargetSection, options: Options) -> Endpoint | None:
    """The target's address, so that its name can be looked up before `resolve`.

    None: the embedded collector. Raises PlanError.
    """
    url = options.target or asked.url
    try:
        return parse_endpoint(url) if url else None
    except PlanError as error:
        name = options.source("target").partition(" ")[2]
        raise PlanError(f"{name}: {error}") from None


def wants_all_addresses(asked: TargetSection, options: Options) -> bool:
    """Whether connections go to every address of the target's name."""
    return (options.resolve or asked.resolve) == "all"


def needs_consent(plan: Plan, allow: Sequence[str]) -> str | None:
    """`host:port` if the target is off loopback and none of `allow` (HOST[:PORT]) names it."""
    target = plan.target
    if target.loopback or is_allowed(target.host, target.port, allow):
        return None
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}"


def with_target_port(plan: Plan, port: int) -> Plan:
    """The plan with the embedded collector's port, which the kernel chose."""
    endpoint = replace(_EMBEDDED, port=port)
    target = replace(plan.target, url=endpoint.base, port=port)

    def known(url: str) -> str:
        at_collector = url.startswith(f"{_EMBEDDED.origin}/")
        return endpoint.origin + url.removeprefix(_EMBEDDED.origin) if at_collector else url

    return replace(
        plan,
        target=target,
        watch=replace(plan.watch, scrape_url=known(plan.watch.scrape_url)),
        instances=tuple(
            replace(instance, scrape_url=known(instance.scrape_url)) for instance in plan.instances
        ),
    )


def build_target(
    asked: TargetSection, options: Options, addresses: Sequence[str], problems: Problems
) -> Target:
    """The target with its addresses pinned; the embedded collector's port is still 0."""
    url = asked.url
    given = problems.catch(problems.name("target.url"), parse_endpoint, url) if url else None
    endpoint = given or _EMBEDDED
    if given is None or (not addresses and is_address(given.host)):
        addresses = [endpoint.host]
    if not addresses:
        problems.add("target.url", f"got no address for {endpoint.host}, expected one to flood")
    if url is None and options.pid is not None:
        problems.add_line("--pid: got no target to go with it, expected --target URL too")
    return Target(
        url=endpoint.base,
        scheme=endpoint.scheme,
        host=endpoint.host,
        port=endpoint.port,
        base_path=endpoint.base_path,
        addresses=tuple(addresses),
        loopback=bool(addresses) and all(is_loopback(address) for address in addresses),
        embedded=url is None,
        cacert=asked.cacert,
        insecure=asked.insecure,
        headers=header_refs(
            asked.headers,
            options.headers,
            options.source("headers").partition(" ")[2],
            problems,
        ),
        sources=_sources(asked, addresses, problems),
        tls_resume=asked.tls_resume,
        **_certificate(asked, endpoint, problems),
    )


def _certificate(
    target: TargetSection, endpoint: Endpoint, problems: Problems
) -> dict[str, str | None]:
    """The files of the clients' certificate; none may be named that could not be used."""
    given = {"cert": target.cert, "key": target.key, "key_password": target.key_password}
    if target.key_password is not None:
        name = problems.name("target.key_password")
        problems.catch(name, check_header_source, target.key_password)
    for name, value in given.items():
        shown = "one" if name == "key_password" else value
        if value is not None and endpoint.scheme != "https":
            problems.add(f"target.{name}", f"got {shown} for {_plain(target.url)}, expected https")
        elif value is not None and target.cert is None:
            problems.add(
                f"target.{name}", f"got {shown} without a certificate, expected --cert too"
            )
    return given


def _plain(url: str | None) -> str:
    return "the embedded collector" if url is None else f"the target {url}"


def _sources(asked: TargetSection, addresses: Sequence[str], problems: Problems) -> tuple[str, ...]:
    """The local addresses to connect from; each family needs both ends."""
    sources = asked.sources
    kinds = {":" in address for address in addresses}
    wrong = [source for source in sources if (":" in source) not in kinds]
    if wrong:
        problems.add(
            "target.sources",
            f"got {wrong[0]} for a target at {addresses[0]}, expected addresses of one family",
        )
    elif sources and kinds != {":" in source for source in sources}:
        problems.add(
            "target.sources",
            f"got {sources[0]} for a target at {' and '.join(addresses)}, expected at least one "
            "of each family, or --resolve one",
        )
    return sources


def header_refs(
    known: Mapping[str, str], said: Iterable[str], name: str, problems: Problems
) -> tuple[HeaderRef, ...]:
    """The `known` headers (name, source) of a profile, each replaced by what the option `name`
    `said` of the same one."""
    refs = {key.lower(): HeaderRef(name=key, source=source) for key, source in known.items()}
    seen: set[str] = set()
    for text in said:
        ref = problems.catch(name, parse_header, text)
        if ref is None:
            continue
        if ref.name.lower() in seen:
            problems.add_line(f"{name}: got {ref.name} twice, expected each header once")
        seen.add(ref.name.lower())
        refs[ref.name.lower()] = ref
    return tuple(refs.values())


def _body_size_limit(asked: ScrapeSection, problems: Problems) -> int:
    limit = asked.body_size_limit
    if limit > MOST_PAGE_BYTES:
        most = format_bytes(MOST_PAGE_BYTES)
        problems.add(
            "scrape.body_size_limit",
            f"got {format_bytes(limit)}, expected at most {most}: no larger page is read",
        )
    return limit


def build_watch(
    asked: ScrapeSection,
    memory: MemorySection,
    target: Target,
    flood_ns: int,
    problems: Problems,
) -> Watch:
    """What the monitor looks at; the scrape's timeout is never above its interval."""
    interval, timeout = _scrape_times(asked, flood_ns, problems)
    return Watch(
        scrape_url=_scrape_url(asked, target, problems),
        interval_ns=interval,
        timeout_ns=timeout,
        body_size_limit_bytes=_body_size_limit(asked, problems),
        pid=memory.pid,
        memory_interval_ns=SECOND,
        gauge=memory.gauge,
        memory_limit_bytes=memory.limit or None,
        memory_block_ns=memory.block,
        memory_warmup_ns=memory.warmup,
        memory_growth_bytes=memory.least_growth,
        dialect=asked.dialect,
        sample_limit=asked.sample_limit or 0,
    )


def _scrape_times(
    asked: ScrapeSection, flood_ns: int, problems: Problems
) -> tuple[int | None, int]:
    usual = SECOND if flood_ns < 2 * MINUTE else 5 * SECOND
    timeout = asked.timeout or usual
    interval = asked.interval
    if interval == "off":
        return None, timeout
    interval = problems.duration("scrape.interval", usual if interval is None else interval)
    return interval, min(timeout, interval)


def _scrape_url(asked: ScrapeSection, target: Target, problems: Problems) -> str:
    """The asked URL, with the profile's path if it has none; else the target's with that path."""
    if asked.url is None:
        return f"{target.url}{asked.path}"
    name = problems.name("scrape.url")
    endpoint = problems.catch(name, lambda text: parse_endpoint(text, allow_query=True), asked.url)
    if endpoint is None:
        return ""
    return endpoint.url if endpoint.path else replace(endpoint, path=asked.path).url
