"""What is known of the target's memory, in a profile. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import HeaderRef, parse_endpoint
from qosflood.base.secrets import secret_word
from qosflood.base.units import SECOND
from qosflood.plan.profile.fields import (
    Count,
    Duration,
    Expected,
    HeaderName,
    HeaderSource,
    ScrapeUrl,
    Section,
    Size,
    Text,
    key,
    spelled,
)
from qosflood.plan.profile.problems import Problems
from qosflood.plan.series_selector import parse_selector
from qosflood.plan.watching import MemorySource, Prometheus, Watch


def _selector(text: str) -> str:
    parse_selector(text)
    return text.strip()


SelectorText = Annotated[str, spelled("a metric with its labels", _selector)]
_WORKING_SET = 'container_memory_working_set_bytes{pod="$instance",container="qos"}'


class MemorySection(Section):
    """Where the target's memory is read, and when its growth is called a leak.

    Places that are named here come first, in this order: pid, exposition, promql, command; then
    what is found: the process on the target's port, the gauge on its page.
    """

    pid: Count | None = key(None, "Process whose tree is measured.", 4711)
    gauge: Text = key(
        "process_resident_memory_bytes", "Gauge in the scrape that holds the resident memory."
    )
    exposition: ScrapeUrl | None = key(
        None,
        "Another page of metrics that tells it, such as cAdvisor's or the kubelet's.",
        "https://node-1:10250/metrics/cadvisor",
    )
    metric: SelectorText | None = key(
        None,
        "Its series there, by name and labels; $instance is the instance's name.",
        _WORKING_SET,
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Request headers of the page; a value is read from env:VAR or file:PATH.",
        {"Authorization": "env:KUBELET_TOKEN"},
    )
    promql: Text | None = key(
        None, "An expression for it, asked of --prometheus; one series.", _WORKING_SET
    )
    limit_from: Text | None = key(
        None,
        "What it may use, by the same page or Prometheus.",
        'container_spec_memory_limit_bytes{pod="$instance",container="qos"}',
    )
    restarts_from: Text | None = key(
        None,
        "An expression that counts its restarts, asked of --prometheus; one series. What it grows "
        "by is restarts; a count that goes back is one more and begins anew.",
        'kube_pod_container_status_restarts_total{pod="$instance"}',
    )
    termination_from: Text | None = key(
        None,
        "An expression whose label `reason` says why it ended last.",
        'kube_pod_container_status_last_terminated_reason{pod="$instance"}',
    )
    command: Annotated[
        tuple[Text, ...],
        Field(strict=False, max_length=100),
        Expected("a list of a command's words"),
    ] = key(
        [],
        "Prints the bytes, and the limit if it likes; run without a shell. A word env:VAR or "
        "file:PATH is read when it is run: the words are written down, so no place for secrets.",
        ["./memory-of", "qos-0"],
    )
    timeout: Duration = key("5s", "How long page, Prometheus or command may take.")
    interval: Duration | None = key(
        None, "From one sample to the next; left out: 1s, 5s where it is told elsewhere.", "1s"
    )
    limit: Size | None = key(None, "Memory the target may use, where it cannot be seen.", "512MiB")
    block: Duration = key("60s", "Block length; growth is judged on the minimum of each block.")
    warmup: Duration = key("60s", "Least time dropped from the flood's start; a third if longer.")
    least_growth: Size = key("5MB", "Growth up to this is never called a leak.")


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
