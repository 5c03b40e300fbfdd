"""The target's instances in a profile. Pure."""

from typing import Annotated

from pydantic import AfterValidator, Field

from qosflood.profile.fields import (
    Expected,
    HeaderName,
    HeaderSource,
    Name,
    ScrapeUrl,
    Section,
    Text,
    key,
)


class InstanceSection(Section):
    """One process (replica) that serves the target: scraped, measured and judged on its own."""

    name: Name = Field(description="What the instance is called.", examples=["qos-0"])
    scrape: ScrapeUrl = Field(
        description="The URL of its own metrics page; without a path, scrape.path is appended.",
        examples=["http://127.0.0.1:3001/metrics"],
    )
    headers: (
        Annotated[
            dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
        ]
        | None
    ) = key(
        None,
        "Headers of its scrapes in place of target.headers, which go along if this is left out.",
        {"Authorization": "env:QOSFLOOD_SCRAPE_TOKEN"},
    )
    memory: Text | None = key(None, "Where its memory is read; left out: found by itself.", "gauge")
    readback: Text | None = key(
        None, "Path or URL of its snapshot of sessions.", "/api/v1/metrics/qos"
    )


def _all_different(instances: tuple[InstanceSection, ...]) -> tuple[InstanceSection, ...]:
    for words, values in (
        ("a name", [instance.name for instance in instances]),
        ("a page", [instance.scrape for instance in instances]),
    ):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise ValueError(f'got "{twice}" twice, expected {words} of its own for each instance')
    return instances


Instances = Annotated[
    tuple[InstanceSection, ...],
    Field(strict=False, max_length=100),
    AfterValidator(_all_different),
    Expected("at most 100 tables [[instance]]"),
]
