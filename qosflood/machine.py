"""Can this machine carry the load?"""

import resource
import socket
from pathlib import Path

from qosflood.errors import PreflightError
from qosflood.plan import Plan
from qosflood.units import format_count

_SPARE_FILES = 64
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def check_machine(plan: Plan) -> None:
    """Open files, local addresses and ports; raises PreflightError with what helps."""
    _check_open_files(plan)
    _check_sources(plan)
    _check_ports(plan)


def _check_open_files(plan: Plan) -> None:
    # The embedded collector holds every client's connection, whatever the number of shards.
    embedded, everyone = plan.target.embedded, plan.load.clients
    clients = everyone if embedded else -(-everyone // plan.load.shards)
    needed = clients + _SPARE_FILES
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or needed <= hard:
        return
    who = "the embedded collector" if embedded else "a shard"
    room = 0 if embedded else hard - _SPARE_FILES
    spread = f", or spread the clients: --shards {-(-everyone // room)}" if room > 0 else ""
    raise PreflightError(
        f"open files: {who} with {format_count(clients)} clients needs {needed}, this machine "
        f"allows {hard}; raise the limit as root (ulimit -Hn {needed}){spread}"
    )


def _check_ports(plan: Plan) -> None:
    try:
        low, high = (int(word) for word in _PORT_RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return
    ends = len(plan.target.addresses) * max(len(plan.target.sources), 1)
    ports = (high - low + 1) * ends
    if plan.load.clients > ports:
        raise PreflightError(
            f"ports: {format_count(plan.load.clients)} clients need a local port each, this "
            f"machine has {format_count(ports)} for this target; widen the range as root: "
            'sysctl -w net.ipv4.ip_local_port_range="1024 65535", or connect from more addresses '
            "(target.sources)"
        )


def _check_sources(plan: Plan) -> None:
    for source in plan.target.sources:
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        with socket.socket(family) as probe:
            try:
                probe.bind((source, 0))
            except OSError as error:
                raise PreflightError(
                    f"target.sources: {source} cannot be connected from ({error.strerror}); "
                    "expected addresses of this host (ip address shows them)"
                ) from None
