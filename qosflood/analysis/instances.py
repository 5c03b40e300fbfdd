"""What is known of each instance (replica) of the target."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import InstanceFinding
from qosflood.analysis.scrapes.scrapes import scrape_figures
from qosflood.analysis.scrapes.wording import scrape_words
from qosflood.journal.records import Event, MemorySample, ScrapeSample
from qosflood.plan.plan import Plan

_JITTER_S = 1.0
_OF_A_PROCESS = ("old_pid", "new_pid", "new_start_s")


def names(plan: Plan, scrapes: Sequence[ScrapeSample], memory: Sequence[MemorySample]) -> list[str]:
    """The plan's instances, then others in the order they appeared. Of a merged run only others:
    its parts name their own."""
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
        restarts=_restarts(plan, name, scrapes, memory, events),
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


def all_restarts(instances: Iterable[InstanceFinding], events: Iterable[Event]) -> int | None:
    """Restarts of all instances; None if those of one are unknown.

    One process may be watched for several of them, and restarts once nevertheless.
    """
    counts = [instance.restarts for instance in instances]
    known = [count for count in counts if count is not None]
    processes = Counter(
        tuple(event.evidence.get(key) for key in _OF_A_PROCESS)
        for event in events
        if event.kind == "restarted" and "new_pid" in event.evidence
    )
    again = processes.total() - len(processes)
    return sum(known) - again if len(known) == len(counts) else None


def named_process(plan: Plan, samples: Sequence[MemorySample]) -> bool:
    """Whether one instance's memory is that of a process which the user named: it is
    sampled with its children, whichever of them answers."""
    if not samples or samples[0].source != "process":
        return False
    own = {one.name: one.memory or "" for one in plan.instances}.get(samples[0].instance, "")
    return own.startswith("pid:") or (not own and plan.watch.pid is not None)


def _is_of(event: Event, name: str) -> bool:
    """Whether an event may be the instance's: it says so, or names none."""
    return bool(event.evidence.get("instance", name) == name)


def _restarts(
    plan: Plan,
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
    announced = _announced(mine)
    several = any(event.kind == "several_processes" for event in mine)
    if several and not named_process(plan, memory):
        return None
    if not (processes or starts or counted or announced):
        return None
    # Where a process is watched, its page may still be answered by one worker or another.
    return max(announced, _changes(processes) if processes else _jumps(starts))


def _announced(events: Iterable[Event]) -> int:
    """The most restarts that one source reported: the process itself, the page and the source of
    the memory may each report the same one."""
    reported: Counter[str] = Counter()
    for event in events:
        if event.kind == "restarted":
            source = next((key for key in ("new_pid", "times") if key in event.evidence), "page")
            reported[source] += int(event.evidence.get("times", 1))
    return max(reported.values(), default=0)


def _gone_for_good(kinds: list[str]) -> bool:
    """Whether it went before the run was over, and nothing came after it."""
    while_running = kinds[: kinds.index("settled")] if "settled" in kinds else kinds
    changes = [kind for kind in while_running if kind in ("restarted", "process_gone")]
    return bool(changes) and changes[-1] == "process_gone"


def _changes(identities: Sequence[Hashable]) -> int:
    return sum(before != after for before, after in pairwise(identities))


def _jumps(starts_s: Sequence[float]) -> int:
    """Some targets compute their start time anew for every page, so it may vary a little."""
    return sum(abs(after - before) > _JITTER_S for before, after in pairwise(starts_s))
