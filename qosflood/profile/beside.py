"""What watches the target beside us, in a profile: Prometheus and OpenTelemetry. Pure."""

from typing import Annotated

from pydantic import Field

from qosflood.profile.fields import (
    Expected,
    HeaderName,
    HeaderSource,
    ScrapeUrl,
    Section,
    Text,
    Url,
    key,
)


class PrometheusSection(Section):
    """The Prometheus that scrapes the target: its `up` decides `scrape.success`."""

    url: Url | None = key(
        None, "Its URL; left out: none is asked.", "http://prometheus.example.com:9090"
    )
    job: Text | None = key(
        None, "The instances are the active targets of this job; left out: by their URLs.", "qos"
    )
    instance: Text | None = key(
        None, "Of the job, only the target with this instance label.", "qos-0:3000"
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Headers of what it is asked; values are read from env:VAR or file:PATH.",
        {"Authorization": "env:PROMETHEUS_TOKEN"},
    )


class OtelSection(Section):
    """An OpenTelemetry Collector that scrapes the target."""

    urls: Annotated[
        tuple[ScrapeUrl, ...],
        Field(strict=False, max_length=10),
        Expected("a list of at most 10 URLs"),
    ] = key(
        [],
        "Its metrics pages: its own, and the one it exports `up` on.",
        ["http://127.0.0.1:8888/metrics"],
    )
