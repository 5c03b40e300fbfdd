"""A first look from the side: can the target be scraped, and where does its memory show?"""

import asyncio
from dataclasses import dataclass, replace
from typing import Literal

import psutil

from qosflood.errors import PreflightError
from qosflood.monitor.ownership import ListeningProcess, Ownership, describe, owner_of_port
from qosflood.monitor.pages import Pages, look_at_pages
from qosflood.plan import Plan
from qosflood.units import format_bytes

NO_SOURCE = "no source: add --pid"
PROXIES = frozenset(("nginx", "haproxy", "traefik", "caddy", "httpd", "apache2", "varnishd"))
"""Servers that often stand before the one whose memory is asked for."""
_AGREEMENT = 0.2
"""A gauge within this share of a process's RSS speaks of the same process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the monitor would see. `pages` are empty where scrapes are off.

    `process` is who holds the port (or `--pid`), whether or not its memory is the source;
    `memory_reason` says where the memory comes from, or why from nowhere.
    """

    pages: Pages
    process: ListeningProcess | None
    memory_source: Literal["process", "gauge"] | None
    memory_reason: str
    warnings: tuple[str, ...]


async def look(plan: Plan) -> Sight:
    """One scrape of each instance and one look at memory.

    A scrape that fails is told in its sample. Raises PreflightError for a pid that is not there
    or may not be read, for headers and for a CA file.
    """
    pages = await look_at_pages(plan)
    owned = await asyncio.to_thread(_owner, plan)
    if owned.several and len(plan.instances) == 1:
        pages = replace(pages, several={plan.instances[0].name: owned.reason} | pages.several)
    scrape = next(iter(pages.scrapes), None)
    gauge = scrape.rss_bytes if scrape is not None and scrape.ok else None
    return _judge(plan, pages, owned, gauge)


def _owner(plan: Plan) -> Ownership:
    if plan.watch.pid is not None:
        return Ownership(_named(plan.watch.pid))
    if not plan.target.loopback:
        return Ownership(None, "the target is on another host")
    return owner_of_port(plan.target.port, plan.target.addresses)


def _named(pid: int) -> ListeningProcess:
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


def _judge(plan: Plan, pages: Pages, owned: Ownership, gauge: int | None) -> Sight:
    process = owned.process
    source: Literal["process", "gauge"] | None = "gauge" if gauge is not None else None
    reason = owned.reason
    warnings: tuple[str, ...] = ()
    if process is not None and process.forwarder and plan.watch.pid is None:
        reason = f"{_title(process)} holds port {plan.target.port} as a forwarder"
    elif process is not None:
        warnings = _disagreement(plan, process, gauge)
        if not warnings or plan.watch.pid is not None:
            source, reason = "process", _title(process)
            warnings += _maybe_a_proxy(plan, process, gauge)
        else:
            reason = f"{_title(process)} is not what the gauge speaks of"
    return Sight(
        pages=pages,
        process=process,
        memory_source=source,
        memory_reason=_words(plan, source, reason),
        warnings=warnings,
    )


def _maybe_a_proxy(plan: Plan, process: ListeningProcess, gauge: int | None) -> tuple[str, ...]:
    if process.name not in PROXIES or gauge is not None or plan.watch.pid is not None:
        return ()
    return (
        f"memory: {_title(process)} holds port {plan.target.port}; if it stands before the "
        "collector, its memory is not the collector's: name that with --pid",
    )


def _disagreement(plan: Plan, process: ListeningProcess, gauge: int | None) -> tuple[str, ...]:
    if gauge is None or any(
        abs(gauge - rss) <= _AGREEMENT * max(gauge, rss)
        for rss in (process.rss_bytes, process.root_rss_bytes)
    ):
        return ()
    used = "the process" if plan.watch.pid is not None else "the gauge"
    return (
        f"memory: {plan.watch.gauge} says {format_bytes(gauge)}, {_title(process)} has "
        f"{format_bytes(process.rss_bytes)}: not the same process, {used} is used",
    )


def _words(plan: Plan, source: str | None, reason: str) -> str:
    if source == "process":
        return reason
    because = f" ({reason})" if reason else ""
    return f"{plan.watch.gauge} of the scrape{because}" if source else f"{NO_SOURCE}{because}"


def _title(process: ListeningProcess) -> str:
    return f"{process.name} (pid {process.pid})"
