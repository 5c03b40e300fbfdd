"""The target's instances in a profile. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, get_args

from pydantic import AfterValidator, Field

from qosflood.base.endpoint import HeaderRef, parse_endpoint, same_origin
from qosflood.plan.plan import Target
from qosflood.plan.profile.fields import (
    Expected,
    HeaderName,
    HeaderSource,
    Name,
    ScrapeUrl,
    Section,
    Text,
    key,
    without_secret,
)
from qosflood.plan.profile.problems import Problems
from qosflood.plan.profile.scrape import ScrapeSection
from qosflood.plan.watching import ONE_INSTANCE, ExternalKind, Instance, MemorySource, Watch


class InstanceSection(Section):
    """One process (replica) that serves the target: scraped, measured and judged on its own."""

    name: Name = Field(description="Name of the instance, as reports show it.", examples=["qos-0"])
    scrape: ScrapeUrl = Field(
        description="URL of its own metrics page; without a path, scrape.path is appended.",
        examples=["http://127.0.0.1:3001/metrics"],
    )
    headers: (
        Annotated[
            dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
        ]
        | None
    ) = key(
        None,
        "Headers of its scrapes. Default: scrape.headers; without those target.headers for a page "
        "on the target's own origin, none for any other.",
        {"Authorization": "env:QOSFLOOD_SCRAPE_TOKEN"},
    )
    memory: Text | None = key(None, "Where its memory is read. Default: detected.", "gauge")
    readback: Annotated[Text, AfterValidator(without_secret)] | None = key(
        None, "Path or URL of its snapshot of sessions, for the loss audit.", "/api/v1/metrics/qos"
    )


def _all_different(instances: tuple[InstanceSection, ...]) -> tuple[InstanceSection, ...]:
    for words, values in (
        ("a different name", [instance.name for instance in instances]),
        ("a different page", [instance.scrape for instance in instances]),
    ):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise ValueError(f'got "{twice}" twice, expected {words} for each instance')
    return instances


Instances = Annotated[
    tuple[InstanceSection, ...],
    Field(strict=False, max_length=100),
    AfterValidator(_all_different),
    Expected("at most 100 tables [[instance]]"),
]


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
        page = watch.scrape_url
        headers = _headers(page, scrape.headers, target)
        return (Instance(name=ONE_INSTANCE, scrape_url=page, headers=headers, trusted=True),)
    if scrape.url is not None:
        problems.add(
            "scrape.url",
            f"got {scrape.url} together with [[instance]], expected one of the two: "
            "each instance names its own page",
        )
    _check_pages(asked, scrape.path, problems)
    return tuple(
        Instance(
            name=one.name,
            scrape_url=_with_path(one.scrape, scrape.path),
            headers=_headers(
                one.scrape, scrape.headers if one.headers is None else one.headers, target
            ),
            memory=one.memory,
            readback=one.readback,
            trusted=True,
        )
        for one in asked
    )


def check_memories(
    asked: Sequence[InstanceSection], sources: Iterable[MemorySource], problems: Problems
) -> None:
    """Note each memory that an instance names and that is neither found by itself nor among the
    `sources` of [memory]."""
    known = [source.kind for source in sources]
    *most, last = get_args(ExternalKind)
    for number, one in enumerate(asked):
        if one.memory is None or one.memory in _FOUND or _PID.fullmatch(one.memory):
            continue
        if one.memory not in known:
            problems.add(
                f"instance[{number}].memory",
                f'got "{one.memory}", expected process, gauge, pid:NUMBER, or one that [memory] '
                f"names: {', '.join(most)} or {last}",
            )


def instances_found(
    pages: Iterable[tuple[str, str]], target: Target, *, share: bool
) -> tuple[Instance, ...]:
    """Instances of (name, URL of the page) as a Prometheus lists them. Whoever can write that list
    chooses the hosts: those on other origins than the target's get its headers and its
    certificate only where the plan says so (`share`)."""
    return tuple(
        Instance(
            name=name,
            scrape_url=url,
            headers=target.headers if share else _headers(url, None, target),
            trusted=share,
        )
        for name, url in pages
    )


def _check_pages(asked: Sequence[InstanceSection], path: str, problems: Problems) -> None:
    """Two instances may have the same page only once their paths are whole."""
    owners: dict[str, str] = {}
    for index, one in enumerate(asked):
        page = _with_path(one.scrape, path)
        owner = owners.setdefault(page, one.name)
        if owner != one.name:
            problems.add(
                f"instance[{index}].scrape",
                f"got {one.scrape}: its page {page} is also that of {owner}, expected a different "
                "page for each instance",
            )


def _with_path(url: str, path: str) -> str:
    endpoint = parse_endpoint(url, allow_query=True)
    return endpoint.url if endpoint.path else replace(endpoint, path=path).url


def _headers(page: str, named: dict[str, str] | None, target: Target) -> tuple[HeaderRef, ...]:
    """Those named for a page; where none are, the target's, but on its own origin alone."""
    if named is None:
        return target.headers if same_origin(page, target.url) else ()
    return tuple(HeaderRef(name=name, source=source) for name, source in named.items())
