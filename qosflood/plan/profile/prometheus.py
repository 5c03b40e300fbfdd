"""Your own Prometheus and OpenTelemetry Collector, in a profile. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import parse_endpoint
from qosflood.base.errors import PlanError
from qosflood.base.units import SECOND
from qosflood.plan.options import Options
from qosflood.plan.plan import Phase
from qosflood.plan.profile.fields import (
    Expected,
    Flag,
    HeaderName,
    HeaderSource,
    ScrapeUrl,
    Section,
    Text,
    key,
    spelled,
)
from qosflood.plan.profile.problems import Problems
from qosflood.plan.profile.target import header_refs
from qosflood.plan.watching import Prometheus


def _base(url: str) -> str:
    try:
        return parse_endpoint(url).base
    except PlanError as error:
        raise PlanError(str(error).replace("--header", "--prometheus-header")) from None


BaseUrl = Annotated[str, spelled("a URL", _base)]


class PrometheusSection(Section):
    """Your Prometheus, which scrapes the target: its `up` decides `scrape.success`."""

    url: BaseUrl | None = key(
        None, "URL of Prometheus. Default: none is queried.", "http://prometheus.example.com:9090"
    )
    job: Text | None = key(
        None,
        "The active targets of this job are the instances. Default: found by their URLs.",
        "qos",
    )
    instance: Text | None = key(
        None, "Only the target of the job with this instance label.", "qos-0:3000"
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Headers of the queries; their values are read from env:VAR or file:PATH.",
        {"Authorization": "env:PROMETHEUS_TOKEN"},
    )
    share_headers: Flag = key(
        False,
        "Scrape the targets of `job` with target.headers, the client certificate and `insecure`, "
        "wherever they are. Default: only those on the target's own origin.",
        True,
    )


class OtelSection(Section):
    """An OpenTelemetry Collector that scrapes the target."""

    urls: Annotated[
        tuple[ScrapeUrl, ...],
        Field(strict=False, max_length=10),
        Expected("a list of at most 10 URLs"),
    ] = key(
        [],
        "Metrics pages of the Collector: its own, and the one on which it exports `up`.",
        ["http://127.0.0.1:8888/metrics"],
    )


_METRICS = "/metrics"


_READINGS = 15


_LEAST_NS, _MOST_NS = 5 * SECOND, 60 * SECOND


def build_prometheus(
    said: PrometheusSection, options: Options, phases: Sequence[Phase], problems: Problems
) -> Prometheus | None:
    """The Prometheus to ask; None where none is named."""
    headers = header_refs(
        said.headers, options.prometheus_headers, options.name("prometheus_headers"), problems
    )
    if said.url is None:
        named = {"job": said.job, "instance": said.instance, "share_headers": said.share_headers}
        for name, given in (*named.items(), ("headers", headers)):
            if given:
                problems.add(
                    f"prometheus.{name}", "got one without a Prometheus, expected --prometheus URL"
                )
        return None
    if said.instance is not None and said.job is None:
        problems.add(
            "prometheus.instance", f"got {said.instance} without a job, expected --job too"
        )
    run_ns = max(phase.end_ns for phase in phases)
    return Prometheus(
        url=said.url,
        job=said.job,
        instance=said.instance,
        headers=headers,
        share_headers=said.share_headers,
        every_ns=min(max(run_ns // _READINGS, _LEAST_NS), _MOST_NS),
    )


def build_otel(said: OtelSection) -> tuple[str, ...]:
    """The pages of an OpenTelemetry Collector; one without a path is `/metrics`."""
    return tuple(dict.fromkeys(_page(url) for url in said.urls))


def _page(url: str) -> str:
    endpoint = parse_endpoint(url, allow_query=True)
    return endpoint.url if endpoint.path else replace(endpoint, path=_METRICS).url
