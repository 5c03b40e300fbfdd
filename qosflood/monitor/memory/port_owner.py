"""Which process of this machine holds a listening port, and whether it is a mere forwarder."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePath

import psutil

from qosflood.monitor.memory.process_tree import ProcessTree

FORWARDERS = frozenset(
    {
        "kubectl",
        "ssh",
        "sshd",
        "sshd-session",
        "docker-proxy",
        "envoy",
        "socat",
        "rootlessport",
        "gvproxy",
    }
)
"""Programs that hold a local port on behalf of somebody elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningProcess:
    """A process that may be the target. `rss_bytes` sums its tree, `root_rss_bytes` is its own.

    `cmdline` may hold secrets: never print it.
    """

    pid: int
    start_s: float
    name: str
    cmdline: tuple[str, ...]
    rss_bytes: int
    root_rss_bytes: int
    forwarder: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who holds a port; if nobody that can be named, `reason` says why. `several`: processes that
    have nothing to do with each other. `workers` are those that hold it below the process."""

    process: ListeningProcess | None
    reason: str = ""
    several: bool = False
    workers: tuple[int, ...] = ()


def owner_of_port(port: int, addresses: Iterable[str]) -> Ownership:
    """The process listening on `port` at one of these local addresses or at all of them."""
    try:
        pids = _listeners(port, tuple(addresses))
    except psutil.AccessDenied:
        return Ownership(None, "this user may not see which process holds a port")
    if not pids:
        return Ownership(None, f"no process of this machine listens on port {port}")
    if None in pids:
        return Ownership(None, f"port {port} is held by a process this user may not read")
    known = {pid for pid in pids if pid is not None}
    root = _common_root(known)
    if root is None:
        listed = ", ".join(str(pid) for pid in sorted(known))
        reason = f"several processes listen on port {port}: pids {listed}"
        return Ownership(None, reason, several=True)
    return replace(_owned(port, root), workers=tuple(sorted(known - {root})))


def describe(pid: int) -> ListeningProcess:
    """What is known of a process; raises psutil.NoSuchProcess or psutil.AccessDenied."""
    tree = ProcessTree(pid)
    reading = tree.read(0)
    if reading is None:
        raise psutil.NoSuchProcess(pid)
    name, cmdline = tree.root.name(), tuple(tree.root.cmdline())
    return ListeningProcess(
        pid=pid,
        start_s=tree.start_s,
        name=name,
        cmdline=cmdline,
        rss_bytes=reading.rss_bytes,
        root_rss_bytes=reading.root_rss_bytes,
        forwarder=_is_forwarder(name, cmdline),
    )


def _owned(port: int, pid: int) -> Ownership:
    try:
        return Ownership(describe(pid))
    except psutil.AccessDenied:
        return Ownership(None, f"port {port} is held by pid {pid}, which this user may not read")
    except psutil.NoSuchProcess:
        return Ownership(None, f"pid {pid}, which held port {port}, has just ended")


def _listeners(port: int, addresses: tuple[str, ...]) -> set[int | None]:
    """Pids listening there; the kernel prefers an exact address to a wildcard, so do we."""
    by_address: dict[str, set[int | None]] = {}
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            address = connection.laddr.ip.removeprefix("::ffff:")
            by_address.setdefault(address, set()).update(_holders(connection.pid, connection.fd))
    pids: set[int | None] = set()
    for address in addresses:
        wildcards = ("::",) if ":" in address else ("0.0.0.0", "::")
        found = (by_address[place] for place in (address, *wildcards) if place in by_address)
        pids |= next(found, set())
    return pids


def _holders(pid: int | None, fd: int) -> set[int | None]:
    """Every process that holds the socket; on Linux psutil names but one of them."""
    if pid is None:
        return {None}
    try:
        socket = os.readlink(f"/proc/{pid}/fd/{fd}")  # noqa: PTH115 - see _open_files
    except OSError:
        return {pid}
    return {pid} | {other for other in psutil.pids() if socket in _open_files(other)}


def _open_files(pid: int) -> Iterator[str]:
    """Where a process's descriptors lead, as far as this user may see.

    Without pathlib: a flooded target has tens of thousands of them.
    """
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
        for descriptor in descriptors:
            with suppress(OSError):
                yield os.readlink(descriptor.path)  # noqa: PTH115


def _common_root(pids: set[int]) -> int | None:
    """The one pid that is an ancestor of all the others: a server and its workers."""
    for pid in pids:
        if all(pid in _ancestors(other) for other in pids - {pid}):
            return pid
    return None


def _ancestors(pid: int) -> set[int]:
    try:
        return {parent.pid for parent in psutil.Process(pid).parents()}
    except psutil.Error:
        return set()


def _is_forwarder(name: str, cmdline: tuple[str, ...]) -> bool:
    # sshd names its children `sshd: user@pts/0`; the kernel cuts the name at 15 characters.
    first = PurePath(cmdline[0].partition(":")[0]).name if cmdline else ""
    return name in FORWARDERS or first in FORWARDERS
