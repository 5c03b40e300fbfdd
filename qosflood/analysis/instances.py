"""What is known of each instance (replica) of the target."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import InstanceFinding
from qosflood.analysis.scrape import scrape_figures
from qosflood.analysis.scrape_words import scrape_words
from qosflood.plan import Plan
from qosflood.records import Event, MemorySample, ScrapeSample

_TREMBLE_S = 1.0


def names(plan: Plan, scrapes: Sequence[ScrapeSample], memory: Sequence[MemorySample]) -> list[str]:
    """The plan's instances, then others in the order they appeared: of a merged run, whose parts
    name their own, only those."""
    known = [] if plan.merged else [instance.name for instance in plan.instances]
    seen = [*(sample.instance for sample in scrapes), *(sample.instance for sample in memory)]
    return list(dict.fromkeys([*known, *seen])) or [plan.instances[0].name]


def instance_finding(
    plan: Plan,
    clock: RunClock,
    name: str,
    scrapes: Sequence[ScrapeSample],
    memory: Sequence[MemorySample],
    events: Sequence[Event],
) -> InstanceFinding:
    """The finding over the instance's own samples, of the whole run."""
    times = [sample.t for sample in scrapes]
    start, end = min(times, default=0), max(times, default=0) + 1
    return InstanceFinding(
        name=name,
        scrape_url=_page(plan, name),
        memory_source=memory[0].source if memory else None,
        restarts=_restarts(name, scrapes, memory, events),
        gone=_gone_for_good([event.kind for event in events if _is_of(event, name)]),
        rss_max=max((sample.rss_bytes for sample in memory), default=None),
        scrapes=scrape_figures(scrapes, start, end, plan.watch.timeout_ns),
        scrape_words=scrape_words(plan, clock, scrapes),
    )


def _page(plan: Plan, name: str) -> str:
    """Where it was scraped; a part of a merged run adds itself to the name."""
    own = name.partition(" (part ")[0]
    urls = {instance.name: instance.scrape_url for instance in plan.instances}
    return urls.get(own, plan.watch.scrape_url)


def all_restarts(instances: Iterable[InstanceFinding]) -> int | None:
    """Restarts of all instances; None if those of one are unknown."""
    counts = [instance.restarts for instance in instances]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _is_of(event: Event, name: str) -> bool:
    """Whether an event may be the instance's: it says so, or says nothing."""
    return bool(event.evidence.get("instance", name) == name)


def _restarts(
    name: str,
    scrapes: Sequence[ScrapeSample],
    memory: Sequence[MemorySample],
    events: Sequence[Event],
) -> int | None:
    """Restarts by events, by the identity of the process, or as its memory's source counts them;
    None where none of these can be seen."""
    mine = [event for event in events if _is_of(event, name)]
    processes = [(s.pid, s.start_s) for s in memory if s.pid is not None]
    starts = [s.process_start_s for s in scrapes if s.process_start_s is not None]
    counted = any(s.restarts is not None for s in memory)
    announced = sum(int(e.evidence.get("times", 1)) for e in mine if e.kind == "restarted")
    if any(event.kind == "several_processes" for event in mine):
        return None
    if not (processes or starts or counted or announced):
        return None
    # Where a process is watched, its page may still be answered by one worker or another.
    return max(announced, _changes(processes) if processes else _jumps(starts))


def _gone_for_good(kinds: list[str]) -> bool:
    """Whether it went before the run was over, and nothing came after it."""
    while_running = kinds[: kinds.index("settled")] if "settled" in kinds else kinds
    told = [kind for kind in while_running if kind in ("restarted", "process_gone")]
    return bool(told) and told[-1] == "process_gone"


def _changes(identities: Sequence[Hashable]) -> int:
    return sum(before != after for before, after in pairwise(identities))


def _jumps(starts_s: Sequence[float]) -> int:
    """Some targets compute their start time anew for each page, so it may tremble."""
    return sum(abs(after - before) > _TREMBLE_S for before, after in pairwise(starts_s))
