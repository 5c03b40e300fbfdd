"""Can this machine generate the load? Reads its facts; run.preflight.resources judges them."""

import os
import resource
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import psutil

from qosflood.base.cgroup import cpu_quota, memory_rooms
from qosflood.plan.plan import Plan
from qosflood.run.preflight.resources import Facts, Needs, weigh

_KERNEL = Path("/proc/sys/net/ipv4")
_EARLY: dict[str, Literal["loopback", "all"]] = {"1": "all", "2": "loopback"}


def examine(plan: Plan, reports_per_core: float | None = None) -> Needs:
    """What the plan needs of this machine; a watch needs too little to check. A core sends
    `reports_per_core` a second, None where that was not tried."""
    if not plan.floods:
        return Needs((), (), ())
    return weigh(plan, replace(machine_facts(plan), reports_per_core=reports_per_core))


def allowed_cores() -> int:
    """Cores this process may use: by affinity, and by the cgroup's quota where there is one."""
    quota = cpu_quota()
    cores = affine_cores()
    return cores if quota is None else max(min(cores, int(quota)), 1)


def affine_cores() -> int:
    """Cores of this process's affinity."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def machine_facts(plan: Plan) -> Facts:
    """This machine's limits as they are now, and the plan's source addresses that it does not
    have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Facts(
        open_files=None if hard == resource.RLIM_INFINITY else hard,
        ports=_ports(),
        memory_bytes=min([psutil.virtual_memory().available, *memory_rooms()]),
        cores=allowed_cores(),
        early_ports=_EARLY.get(_text(_KERNEL / "tcp_tw_reuse"), "none"),
        unusable=tuple(_unusable(plan.target.sources)),
    )


def _ports() -> int | None:
    try:
        low, high = (int(word) for word in _text(_KERNEL / "ip_local_port_range").split())
        return high - low + 1 - sum(_reserved(low, high))
    except ValueError:
        return None


def _reserved(low: int, high: int) -> Iterator[int]:
    """How many ports each entry of `8080,9000-9010` takes from the range."""
    for entry in filter(None, _text(_KERNEL / "ip_local_reserved_ports").split(",")):
        first, _, last = entry.partition("-")
        yield max(min(int(last or first), high) - max(int(first), low) + 1, 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _unusable(sources: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for source in sources:
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        try:
            with socket.socket(family) as probe:
                probe.bind((source, 0))
        except OSError as error:
            yield source, error.strerror or str(error)
