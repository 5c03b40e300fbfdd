"""The address by which network and target are told apart."""

from dataclasses import replace

from qosflood.base.endpoint import parse_endpoint
from qosflood.plan import Target
from qosflood.plan_watch import Control
from qosflood.profile.control import ControlSection
from qosflood.resolve.problems import Problems


def build_control(said: ControlSection, target: Target, problems: Problems) -> Control | None:
    """The control; None where none is named. The target itself cannot be its own control."""
    if said.url is None:
        return None
    name = problems.name("control.url")
    endpoint = problems.catch(name, lambda text: parse_endpoint(text, allow_query=True), said.url)
    if endpoint is None:
        return None
    if not target.embedded and (endpoint.host, endpoint.port) == (target.host, target.port):
        problems.add(
            "control.url",
            f"got {endpoint.origin}, the target itself, expected another server on the same path",
        )
    interval_ns = problems.duration("control.interval", said.interval)
    timeout_ns = problems.duration("control.timeout", said.timeout)
    page = endpoint if endpoint.path else replace(endpoint, path="/")
    return Control(url=page.url, interval_ns=interval_ns, timeout_ns=min(timeout_ns, interval_ns))
