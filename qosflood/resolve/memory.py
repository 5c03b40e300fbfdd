"""Where the target's memory is read beside its process and its page."""

from collections.abc import Iterator
from dataclasses import replace

from qosflood.base.endpoint import HeaderRef, parse_endpoint
from qosflood.base.secrets import secret_word
from qosflood.base.units import SECOND
from qosflood.plan_watch import MemorySource, Prometheus, Watch
from qosflood.profile.memory import MemorySection
from qosflood.resolve.problems import Problems
from qosflood.selector import parse_selector

_HERE_NS, _ELSEWHERE_NS = SECOND, 5 * SECOND
_OWNERS = {
    "limit_from": "memory.exposition or memory.promql",
    "headers": "memory.exposition",
}
"""What a key goes with; others go with memory.promql."""


def with_memory(
    watch: Watch,
    asked: MemorySection,
    prometheus: Prometheus | None,
    problems: Problems,
) -> Watch:
    """The watch with the sources that the profile names, in the order they are tried."""
    sources = tuple(_sources(asked, prometheus, problems))
    _check_companions(asked, problems)
    usual = _ELSEWHERE_NS if sources and asked.pid is None else _HERE_NS
    interval = asked.interval or usual
    return replace(watch, memory_sources=sources, memory_interval_ns=interval)


def _sources(
    memory: MemorySection, prometheus: Prometheus | None, problems: Problems
) -> Iterator[MemorySource]:
    if (memory.exposition is None) != (memory.metric is None):
        lacking = "metric" if memory.metric is None else "exposition"
        problems.add(f"memory.{lacking}", "got nothing, expected both memory.exposition and metric")
    elif memory.exposition is not None and memory.metric is not None:
        name = problems.name("memory.exposition")
        page = problems.catch(name, _page, memory.exposition)
        if memory.limit_from is not None:
            problems.catch(problems.name("memory.limit_from"), parse_selector, memory.limit_from)
        yield MemorySource(
            kind="exposition",
            url=page or "",
            read=memory.metric,
            limit=memory.limit_from or "",
            timeout_ns=memory.timeout,
            headers=tuple(
                HeaderRef(name=name, source=source) for name, source in memory.headers.items()
            ),
        )
    if memory.promql is not None and prometheus is None:
        problems.add("memory.promql", "got one without a Prometheus, expected --prometheus URL")
    elif memory.promql is not None and prometheus is not None:
        yield MemorySource(
            kind="promql",
            url=prometheus.url,
            read=memory.promql,
            limit=memory.limit_from or "",
            restarts=memory.restarts_from or "",
            termination=memory.termination_from or "",
            timeout_ns=memory.timeout,
            headers=prometheus.headers,
        )
    if number := secret_word(memory.command):
        problems.add(
            "memory.command",
            f"got what looks like a secret in word {number}, expected env:VAR or file:PATH in that "
            'word\'s place, read when it is run, e.g. "env:MEMORY_HEADER" with '
            "'Authorization: Bearer …' in it",
        )
    if memory.command:
        yield MemorySource(kind="command", command=memory.command, timeout_ns=memory.timeout)


def _check_companions(memory: MemorySection, problems: Problems) -> None:
    """What goes with a source tells nothing without it."""
    beside = {
        "limit_from": (memory.limit_from, memory.exposition or memory.promql),
        "restarts_from": (memory.restarts_from, memory.promql),
        "termination_from": (memory.termination_from, memory.promql),
        "headers": (memory.headers, memory.exposition),
    }
    for name, (told, source) in beside.items():
        if told and not source:
            owner = _OWNERS.get(name, "memory.promql")
            problems.add(f"memory.{name}", f"got one alone, expected {owner} beside it")


def _page(url: str) -> str:
    return parse_endpoint(url, allow_query=True).url
