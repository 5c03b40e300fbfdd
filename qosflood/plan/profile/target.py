"""The target of the load, in a profile, and the consent that it needs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from qosflood.base.endpoint import (
    Endpoint,
    HeaderRef,
    check_allow,
    is_address,
    is_allowed,
    is_loopback,
    parse_endpoint,
    parse_header,
)
from qosflood.base.units import format_count, format_duration
from qosflood.plan.options import Options
from qosflood.plan.plan import Load, Plan, Retries, Target
from qosflood.plan.profile.fields import (
    Address,
    Allow,
    Duration,
    Expected,
    Flag,
    HeaderName,
    HeaderSource,
    PerSecond,
    Section,
    Text,
    Url,
    key,
)
from qosflood.plan.profile.problems import Problems


class TargetSection(Section):
    """The collector under test, and how clients connect to it."""

    url: Url | None = key(
        None,
        "Scheme, host, port and base path. Default: the embedded collector is started and flooded.",
        "http://127.0.0.1:3000",
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Request headers; their values are read from env:VAR or file:PATH.",
        {"Authorization": "env:QOSFLOOD_TOKEN"},
    )
    cacert: Text | None = key(None, "PEM file of the CA to trust.", "ca.pem")
    insecure: Flag = key(False, "Do not verify the target's certificate.", True)
    cert: Text | None = key(None, "PEM file of the certificate that clients present.", "client.pem")
    key_password: HeaderSource | None = key(
        None,
        "Source of the private key's password: env:VAR or file:PATH.",
        "env:QOSFLOOD_KEY_PASSWORD",
    )
    resolve: Annotated[Literal["one", "all"], Expected('"one" or "all"')] = key(
        "one", "Connect to one address of the host's name, or to all of them in turn."
    )
    tls_resume: Flag = key(
        True, "A client that connects again resumes its TLS session, as browsers do.", False
    )
    sources: Annotated[
        tuple[Address, ...], Field(strict=False), Expected("a list of addresses of this host")
    ] = key(
        [],
        "Local addresses that clients connect from; each has its own ports.",
        ["127.0.0.2", "127.0.0.3"],
    )
    allow: Annotated[
        tuple[Allow, ...], Field(strict=False), Expected("a list of HOST or HOST:PORT")
    ] = key([], "Hosts other than loopback that may be flooded.", ["qos.staging.example.com:443"])
    # Last: below it, `key` is this field and no longer the function.
    key: Text | None = key(
        None,
        "PEM file of the certificate's private key. Default: the file of `cert`.",
        "client.key",
    )


class SafetySection(Section):
    """Ceilings for targets other than loopback."""

    max_rate: PerSecond = key("50000/s", "Highest rate of a flood in requests, retries included.")
    max_duration: Duration = key("24h", "Longest flood.")


_EMBEDDED = Endpoint("http", "127.0.0.1", 0)


def wanted_endpoint(asked: TargetSection) -> Endpoint | None:
    """The target's address, so that its name can be looked up before `resolve`; None: the
    embedded collector."""
    return parse_endpoint(asked.url) if asked.url else None


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
    given = wanted_endpoint(asked)
    endpoint = given or _EMBEDDED
    if given is None or (not addresses and is_address(given.host)):
        addresses = [endpoint.host]
    if not addresses:
        problems.add("target.url", f"got no address for {endpoint.host}, expected one to flood")
    if given is None and "memory.pid" in options.keys:
        problems.add_line("--pid: got no target to go with it, expected --target URL too")
    return Target(
        url=endpoint.base,
        scheme=endpoint.scheme,
        host=endpoint.host,
        port=endpoint.port,
        base_path=endpoint.base_path,
        addresses=tuple(addresses),
        loopback=bool(addresses) and all(is_loopback(address) for address in addresses),
        embedded=given is None,
        cacert=asked.cacert,
        insecure=asked.insecure,
        headers=header_refs(
            asked.headers,
            options.headers,
            options.name("headers"),
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


def most_attempts(load: Load, retries: Retries) -> float:
    """How many requests a second the load may send: every report with all of its retries."""
    return max(load.rate, load.base_rate) * (1 + retries.most)


def rate_in_words(rate: float, retries: Retries) -> str:
    """`20 reports/s`, or with retries what may come of them."""
    words = f"{format_count(rate)} reports/s"
    if retries.most:
        attempts = format_count(rate * (1 + retries.most))
        words += f", {attempts} requests/s with {format_count(retries.most)} retries of each"
    return words


def check_ceilings(
    safety: SafetySection,
    load: Load,
    retries: Retries,
    flood_ns: int,
    target: Target,
    problems: Problems,
) -> None:
    """Note a rate (of attempts, retries included) or duration above the ceilings for other
    machines."""
    if target.loopback:
        return
    attempts, most = most_attempts(load, retries), safety.max_rate
    if attempts > most:
        got = rate_in_words(max(load.rate, load.base_rate), retries)
        problems.add(
            "run.rate",
            f"got {got}, expected at most {format_count(most)} off loopback; "
            f"--max-rate {math.ceil(attempts)}/s raises that",
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
        problems.catch(options.name("allow"), check_allow, text)
