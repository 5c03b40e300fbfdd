"""The target's instances: each with a page of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from qosflood.base.endpoint import HeaderRef, parse_endpoint
from qosflood.plan import Target
from qosflood.plan_watch import ONE_INSTANCE, Instance, MemorySource, Watch
from qosflood.profile.instances import InstanceSection
from qosflood.profile.model import ScrapeSection
from qosflood.resolve.problems import Problems

_FOUND = ("process", "gauge")
_PID = re.compile(r"pid:[1-9][0-9]{0,9}")


def build_instances(
    asked: Sequence[InstanceSection],
    scrape: ScrapeSection,
    target: Target,
    watch: Watch,
    problems: Problems,
) -> tuple[Instance, ...]:
    """The profile's instances; without any, one at the load's address."""
    if not asked:
        return (Instance(name=ONE_INSTANCE, scrape_url=watch.scrape_url, headers=target.headers),)
    if scrape.url is not None:
        problems.add(
            "scrape.url",
            f"got {scrape.url} beside [[instance]], expected one of the two: "
            "each instance names its own page",
        )
    _check_pages(asked, scrape.path, problems)
    return tuple(
        Instance(
            name=one.name,
            scrape_url=_with_path(one.scrape, scrape.path),
            headers=target.headers if one.headers is None else _refs(one.headers),
            memory=one.memory,
            readback=one.readback,
        )
        for one in asked
    )


def check_memories(
    asked: Sequence[InstanceSection], sources: Iterable[MemorySource], problems: Problems
) -> None:
    """Note each memory that an instance names and that is neither found by itself nor among the
    `sources` of [memory]."""
    known = [source.kind for source in sources]
    for number, one in enumerate(asked):
        if one.memory is None or one.memory in _FOUND or _PID.fullmatch(one.memory):
            continue
        if one.memory not in known:
            problems.add(
                f"instance[{number}].memory",
                f'got "{one.memory}", expected process, gauge, pid:NUMBER, or one that [memory] '
                "names: exposition, promql or command",
            )


def instances_from(
    targets: Iterable[tuple[str, str]], headers: tuple[HeaderRef, ...] = ()
) -> tuple[Instance, ...]:
    """Instances of (name, URL of the page), such as a Prometheus lists them."""
    return tuple(Instance(name=name, scrape_url=url, headers=headers) for name, url in targets)


def _check_pages(asked: Sequence[InstanceSection], path: str, problems: Problems) -> None:
    """Two instances may have the same page only once their paths are whole."""
    owners: dict[str, str] = {}
    for index, one in enumerate(asked):
        page = _with_path(one.scrape, path)
        owner = owners.setdefault(page, one.name)
        if owner != one.name:
            problems.add(
                f"instance[{index}].scrape",
                f"got {one.scrape}, whose page {page} is that of {owner} too, expected a page of "
                "its own for each instance",
            )


def _with_path(url: str, path: str) -> str:
    endpoint = parse_endpoint(url, allow_query=True)
    return endpoint.url if endpoint.path else replace(endpoint, path=path).url


def _refs(headers: dict[str, str]) -> tuple[HeaderRef, ...]:
    return tuple(HeaderRef(name=name, source=source) for name, source in headers.items())
