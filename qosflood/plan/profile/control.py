"""The reference endpoint of a run, in a profile. Pure."""

from dataclasses import replace

from qosflood.base.endpoint import parse_endpoint
from qosflood.plan.plan import Target
from qosflood.plan.profile.fields import Duration, ScrapeUrl, Section, key
from qosflood.plan.profile.problems import Problems
from qosflood.plan.watching import Control


class ControlSection(Section):
    """The reference endpoint: another server on the same network path, requested to distinguish
    the network from the target."""

    url: ScrapeUrl | None = key(
        None,
        "A small page of another server near the target. Default: none, the network is not blamed.",
        "http://qos-control.example.com/health",
    )
    interval: Duration = key("1s", "Time from one request to the next, each over a new connection.")
    timeout: Duration = key("1s", "Timeout of a request, at most the interval.")


def build_control(said: ControlSection, target: Target, problems: Problems) -> Control | None:
    """The reference endpoint; None if none is named. It cannot be the target itself."""
    if said.url is None:
        return None
    endpoint = parse_endpoint(said.url, allow_query=True)
    if not target.embedded and (endpoint.host, endpoint.port) == (target.host, target.port):
        problems.add(
            "control.url",
            f"got {endpoint.origin}, the target itself, expected another server on the same path",
        )
    interval_ns = problems.duration("control.interval", said.interval)
    timeout_ns = problems.duration("control.timeout", said.timeout)
    page = endpoint if endpoint.path else replace(endpoint, path="/")
    return Control(url=page.url, interval_ns=interval_ns, timeout_ns=min(timeout_ns, interval_ns))
