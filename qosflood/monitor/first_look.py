"""A first look from the side: can the target be scraped, and where does its memory show?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from qosflood.base.errors import PreflightError
from qosflood.journal.records import MemoryKind
from qosflood.monitor.memory.find import PROXIES, FoundMemory, find_memory
from qosflood.monitor.memory.loop import DEFAULT_PORTS, WatchedMemory
from qosflood.monitor.memory.port_owner import ListeningProcess, Ownership, owner_of_port
from qosflood.monitor.scrape.first_look import Pages, look_at_pages
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Instance

_MOST_PIDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the monitor would see. `pages` are empty where scrapes are off.

    `process` is who holds the port (or `--pid`), whether or not its memory is the source;
    `memory_reason` says where the memory comes from, or why from nowhere. Both and
    `memory_source` are of the first instance; `memories` say it of each that has a source.
    `workers` says which processes share the target's port, if several do.
    """

    pages: Pages
    process: ListeningProcess | None
    memory_source: MemoryKind | None
    memory_reason: str
    warnings: tuple[str, ...]
    memories: tuple[WatchedMemory, ...] = ()
    workers: str = ""


async def look(plan: Plan) -> Sight:
    """One scrape of each instance and one look at memory.

    A scrape that fails is a sample that says why. Raises PreflightError for a pid that is not there
    or may not be read, for headers, for a CA file, and for a share of a memory limit that nobody
    knows.
    """
    pages = await look_at_pages(plan)
    found = [await _found(plan, instance, pages) for instance in plan.instances]
    _check_shares(plan, found)
    first, name = found[0], plan.instances[0].name
    port = plan.target.port
    owned = _owner_of_target(plan, first)
    if len(found) == 1 and (why := _hidden(plan, owned)):
        pages = replace(pages, several={name: why} | pages.several)
    reasons = [f"{one.instance}: {one.reason}" for one in found] if len(found) > 1 else []
    return Sight(
        pages=pages,
        process=first.owned.process,
        memory_source=first.watched.source if first.watched else None,
        memory_reason="; ".join(reasons) or first.reason,
        warnings=tuple(dict.fromkeys(text for one in found for text in one.warnings)),
        memories=tuple(one.watched for one in found if one.watched is not None),
        workers=_workers(port, owned),
    )


def _owner_of_target(plan: Plan, first: FoundMemory) -> Ownership:
    """Who holds the target's port, whichever process was named as the target's."""
    if not plan.target.loopback or plan.target.embedded:
        return Ownership(None)
    named = plan.watch.pid is not None or plan.instances[0].memory is not None
    if len(plan.instances) == 1 and not named:
        return first.owned
    return owner_of_port(plan.target.port, plan.target.addresses)


def _hidden(plan: Plan, owned: Ownership) -> str:
    """Why it cannot be known which process answers for the only instance; empty if it can."""
    if owned.several:
        return owned.reason
    process, page = owned.process, urlsplit(plan.instances[0].scrape_url)
    through = (page.port or DEFAULT_PORTS.get(page.scheme)) == plan.target.port
    if process is None or process.name not in PROXIES or not through:
        return ""
    return (
        f"{process.name} (pid {process.pid}) holds port {plan.target.port}: several processes may "
        "answer behind it; name each as an [[instance]]"
    )


def _workers(port: int, owned: Ownership) -> str:
    """Which processes accept connections there, in words; empty if one does."""
    if len(owned.workers) < 2:
        return ""
    pids = ", ".join(str(pid) for pid in owned.workers[:_MOST_PIDS])
    more = ", …" if len(owned.workers) > _MOST_PIDS else ""
    return f"{len(owned.workers)} processes share port {port} (pids {pids}{more})"


async def _found(plan: Plan, instance: Instance, pages: Pages) -> FoundMemory:
    mine = (scrape for scrape in pages.scrapes if scrape.instance == instance.name)
    scrape = next(mine, None)
    if scrape is None or not scrape.ok:
        return await find_memory(plan, instance, None)
    return await find_memory(plan, instance, scrape.rss_bytes, scrape.process_start_s)


def _check_shares(plan: Plan, found: Sequence[FoundMemory]) -> None:
    """What the user wants judged as a share of a limit needs one."""
    if plan.watch.memory_limit_bytes or any(one.limit_bytes for one in found):
        return
    for limit in (*plan.limits, *plan.aborts):
        if (limit.metric, limit.unit, limit.named_by) == ("memory.max", "ratio", "user"):
            raise PreflightError(
                f"limit {limit.expr}: needs the target's memory limit, which nothing here reports, "
                "expected e.g. --set memory.limit=512MiB"
            )
