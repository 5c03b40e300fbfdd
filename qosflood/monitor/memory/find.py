"""Where an instance's memory shows: what the profile names is tried in order, then what is found
on this machine and on the instance's page."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

import psutil

from qosflood.base.errors import PreflightError
from qosflood.base.units import format_bytes
from qosflood.monitor.memory.external_sources import Unread
from qosflood.monitor.memory.judged_tree import JudgedTree
from qosflood.monitor.memory.loop import WatchedMemory, address_of
from qosflood.monitor.memory.open_external import open_external
from qosflood.monitor.memory.port_owner import ListeningProcess, Ownership, describe, owner_of_port
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance, MemorySource

NO_SOURCE = "no source: add --pid"
PROXIES = frozenset(("nginx", "haproxy", "traefik", "caddy", "httpd", "apache2", "varnishd"))
"""Servers that stand before the one whose memory is asked for, unless `--pid` names them."""
_AGREEMENT = 0.2
"""A gauge within this share of a process's RSS speaks of the same process."""
_SAME_START_S = 1.5
"""Start times are whole seconds on some pages, and count from a boot time that may wobble."""
_FAR = 1.6
"""A gauge that is so many times what its process has, or less than that part of it, is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMemory:
    """What was found for an instance. `watched` is None without a source; `reason` says where the
    memory comes from, or why from nowhere; `limit_bytes` is what the source says it may use."""

    instance: str
    watched: WatchedMemory | None
    owned: Ownership
    reason: str
    warnings: tuple[str, ...] = ()
    limit_bytes: int | None = None


async def find_memory(
    plan: Plan, instance: Instance, gauge: int | None, start_s: float | None = None
) -> FoundMemory:
    """Look for an instance's memory; `gauge` and `start_s` (epoch seconds) are what its page
    exposes of its process.

    Raises PreflightError for a pid that is not there or may not be read, and for what a source
    needs and lacks.
    """
    pid = _pid(plan, instance)
    owned = await asyncio.to_thread(_owner, plan, instance, pid)
    if pid is not None or instance.memory == "process":
        return _found_here(plan, instance, owned, gauge, pid, start_s)
    if instance.memory == "gauge":
        return _from_gauge(plan, instance, owned, gauge)
    named = await _named(plan, instance, owned)
    if named.watched is not None or instance.memory is not None:
        return named
    here = _found_here(plan, instance, owned, gauge, pid, start_s)
    return replace(here, warnings=(*named.warnings, *here.warnings))


def _pid(plan: Plan, instance: Instance) -> int | None:
    kind, _, number = (instance.memory or "").partition(":")
    return int(number) if kind == "pid" else plan.watch.pid if instance.memory is None else None


async def _named(plan: Plan, instance: Instance, owned: Ownership) -> FoundMemory:
    """The first of the profile's sources that has a reading."""
    found = FoundMemory(instance=instance.name, watched=None, owned=owned, reason=NO_SOURCE)
    asked = instance.memory
    for source in plan.watch.memory_sources:
        if asked not in (None, source.kind):
            continue
        async with open_external(plan, source, instance.name) as elsewhere:
            reading = await elsewhere.read()
        if not isinstance(reading, Unread):
            watched = WatchedMemory(instance=instance.name, source=source.kind, elsewhere=source)
            return replace(
                found,
                watched=watched,
                reason=words_of(source),
                limit_bytes=reading.limit_bytes,
                warnings=(*found.warnings, *(f"memory: {why}" for why in reading.missing)),
            )
        warning = f"memory: {words_of(source)}: {reading.words}"
        found = replace(found, warnings=(*found.warnings, warning))
    return found


def words_of(source: MemorySource) -> str:
    """A source in words that hold no secret: of a command its first one alone."""
    if source.kind == "command":
        return f"the command {source.command[0].rpartition('/')[2]}"
    where = "Prometheus" if source.kind == "promql" else source.url.partition("?")[0]
    return f"{source.read} of {where}"


def _owner(plan: Plan, instance: Instance, pid: int | None) -> Ownership:
    if pid is not None:
        return Ownership(_described(pid))
    target = address_of(plan, instance)
    if not target.loopback:
        return Ownership(None, "the target is on another host")
    return owner_of_port(target.port, target.addresses)


def _described(pid: int) -> ListeningProcess:
    try:
        return describe(pid)
    except psutil.NoSuchProcess:
        raise PreflightError(
            f"--pid {pid}: no such process, expected the pid of the running collector"
        ) from None
    except psutil.AccessDenied:
        raise PreflightError(
            f"--pid {pid}: this user may not read that process; run qosflood as its owner"
        ) from None


def _found_here(
    plan: Plan,
    instance: Instance,
    owned: Ownership,
    gauge: int | None,
    pid: int | None,
    start_s: float | None,
) -> FoundMemory:
    """The process, unless it is not the target's or the page's gauge speaks of another one. Start
    times decide that where the page has one, for memory moves between two reads."""
    process, port = owned.process, address_of(plan, instance).port
    if process is None:
        return _from_gauge(plan, instance, owned, gauge)
    if process.forwarder and pid is None:
        why = f"{_title(process)} holds port {port} as a forwarder"
        return _from_gauge(plan, instance, replace(owned, reason=why), gauge)
    named = pid is not None or instance.memory == "process"
    if process.name in PROXIES and not named:
        return _behind_proxy(plan, instance, owned, gauge, process)
    same = _is_of(process.pid, start_s)
    disagree = _odd_gauge if same else _disagreement
    warnings = disagree(plan, process, gauge, named=named)
    if warnings and not named and not same:
        why = f"{_title(process)} is not what the gauge speaks of"
        found = _from_gauge(plan, instance, replace(owned, reason=why), gauge)
        return replace(found, warnings=warnings)
    return FoundMemory(
        instance=instance.name,
        watched=WatchedMemory(
            instance=instance.name, source="process", pid=process.pid, by_port=True
        ),
        owned=owned,
        reason=_title(process),
        warnings=warnings,
        limit_bytes=_limit_of(process.pid),
    )


def _behind_proxy(
    plan: Plan, instance: Instance, owned: Ownership, gauge: int | None, process: ListeningProcess
) -> FoundMemory:
    """The page's gauge, for a proxy's memory is not the target's."""
    why = f"{_title(process)} holds port {address_of(plan, instance).port} as a proxy"
    found = _from_gauge(plan, instance, replace(owned, reason=why), gauge)
    if found.watched is not None:
        return found
    warning = f"memory: {why}: its memory is not the collector's; name that with --pid"
    return replace(found, warnings=(warning,))


def _limit_of(pid: int) -> int | None:
    """The limit of the cgroup that a process has for itself."""
    with suppress(psutil.Error):
        sample = JudgedTree(pid).read(0, "")
        return None if sample is None else sample.limit_bytes
    return None


def _from_gauge(plan: Plan, instance: Instance, owned: Ownership, gauge: int | None) -> FoundMemory:
    because = f" ({owned.reason})" if owned.reason else ""
    where = f"{plan.watch.gauge} of the scrape{because}"
    watched = WatchedMemory(instance=instance.name, source="gauge") if gauge is not None else None
    return FoundMemory(
        instance=instance.name,
        watched=watched,
        owned=owned,
        reason=where if watched else f"{NO_SOURCE}{because}",
    )


def _disagreement(
    plan: Plan, process: ListeningProcess, gauge: int | None, *, named: bool
) -> tuple[str, ...]:
    if gauge is None or any(
        abs(gauge - rss) <= _AGREEMENT * max(gauge, rss)
        for rss in (process.rss_bytes, process.root_rss_bytes)
    ):
        return ()
    used = "the process" if named else "the gauge"
    return (
        f"memory: {plan.watch.gauge} says {format_bytes(gauge)}, {_title(process)} has "
        f"{format_bytes(process.rss_bytes)}: not the same process, {used} is used",
    )


def _is_of(pid: int, start_s: float | None) -> bool:
    """Whether the page's start time is that of the process or of one of its children."""
    if start_s is None:
        return False
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        started = [one.create_time() for one in (root, *root.children(recursive=True))]
        return any(abs(one - start_s) <= _SAME_START_S for one in started)
    return False


def _odd_gauge(
    plan: Plan, process: ListeningProcess, gauge: int | None, *, named: bool
) -> tuple[str, ...]:
    """A gauge far from what its own process has; a little it moves between two reads."""
    del named
    known = (process.rss_bytes, process.root_rss_bytes)
    if gauge is None or any(rss / _FAR <= gauge <= rss * _FAR for rss in known):
        return ()
    return (
        f"memory: {plan.watch.gauge} says {format_bytes(gauge)}, and {_title(process)}, which "
        f"began at the same time, has {format_bytes(process.rss_bytes)}: the process is used",
    )


def _title(process: ListeningProcess) -> str:
    return f"{process.name} (pid {process.pid})"
