"""The control of a run, in a profile. Pure."""

from dataclasses import replace

from qosflood.base.endpoint import parse_endpoint
from qosflood.plan.plan import Target
from qosflood.plan.profile.fields import Duration, ScrapeUrl, Section, key
from qosflood.plan.profile.problems import Problems
from qosflood.plan.watching import Control


class ControlSection(Section):
    """An address on the same path as the load that is not the target, by which the network is told
    from the target."""

    url: ScrapeUrl | None = key(
        None,
        "A small page of another host beside the target; left out: the network is never named.",
        "http://qos-control.example.com/health",
    )
    interval: Duration = key("1s", "From one request to the next, each over a new connection.")
    timeout: Duration = key("1s", "A request's timeout, at most the interval.")


def build_control(said: ControlSection, target: Target, problems: Problems) -> Control | None:
    """The control; None where none is named. The target itself cannot be its own control."""
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
