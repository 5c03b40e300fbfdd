"""Where the target's memory is read, in a profile. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import HeaderRef, parse_page
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

    Sources named here are tried first, in this order: pid, exposition, promql, command. Then
    detected ones: the process on the target's port, the gauge on its page.
    """

    pid: Count | None = key(None, "Process that is measured, with its children.", 4711)
    gauge: Text = key(
        "process_resident_memory_bytes", "Gauge of the resident memory on the target's page."
    )
    exposition: ScrapeUrl | None = key(
        None,
        "Another metrics page with the target's memory, such as cAdvisor's or the kubelet's.",
        "https://node-1:10250/metrics/cadvisor",
    )
    metric: SelectorText | None = key(
        None,
        "Series on that page, by name and labels; $instance is the instance's name.",
        _WORKING_SET,
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Request headers of that page; their values are read from env:VAR or file:PATH.",
        {"Authorization": "env:KUBELET_TOKEN"},
    )
    promql: Text | None = key(
        None, "PromQL expression for the memory, one series; needs --prometheus.", _WORKING_SET
    )
    limit_from: Text | None = key(
        None,
        "Series or PromQL expression for the memory limit, on the same page or Prometheus.",
        'container_spec_memory_limit_bytes{pod="$instance",container="qos"}',
    )
    restarts_from: Text | None = key(
        None,
        "PromQL expression that counts restarts, one series; needs --prometheus. Its growth is the "
        "number of restarts; a decrease counts as one restart.",
        'kube_pod_container_status_restarts_total{pod="$instance"}',
    )
    termination_from: Text | None = key(
        None,
        "PromQL expression whose label `reason` gives the reason why the target last ended.",
        'kube_pod_container_status_last_terminated_reason{pod="$instance"}',
    )
    command: Annotated[
        tuple[Text, ...],
        Field(strict=False, max_length=100),
        Expected("a list of a command's words"),
    ] = key(
        [],
        "Command that prints the memory in bytes and optionally the limit; run without a shell. "
        "Words env:VAR and file:PATH are read when it runs. The words are written to run.json, so "
        "no secrets here.",
        ["./memory-of", "qos-0"],
    )
    timeout: Duration = key("5s", "Timeout of page, Prometheus or command.")
    interval: Duration | None = key(
        None, "Time from one sample to the next. Default: 1s, 5s for the sources above.", "1s"
    )
    limit: Size | None = key(
        None, "Memory that the target may use, if no source reports it.", "512MiB"
    )
    block: Duration = key(
        "60s", "Length of a block; growth is judged on the minimum of each block."
    )
    warmup: Duration = key(
        "60s", "Start of the flood that is ignored; a third of the flood if that is longer."
    )
    least_growth: Size = key("5MB", "Growth up to this is never called a leak.")


_HERE_NS, _ELSEWHERE_NS = SECOND, 5 * SECOND


_OWNERS = {
    "limit_from": "memory.exposition or memory.promql",
    "headers": "memory.exposition",
}
"""The source that a key needs; other keys need memory.promql."""


def with_memory(
    watch: Watch,
    asked: MemorySection,
    prometheus: Prometheus | None,
    problems: Problems,
) -> Watch:
    """`watch` with the memory sources that the profile names, in the order they are tried."""
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
    """Note keys that have no effect without their source."""
    companions = {
        "limit_from": (memory.limit_from, memory.exposition or memory.promql),
        "restarts_from": (memory.restarts_from, memory.promql),
        "termination_from": (memory.termination_from, memory.promql),
        "headers": (memory.headers, memory.exposition),
    }
    for name, (value, source) in companions.items():
        if value and not source:
            owner = _OWNERS.get(name, "memory.promql")
            problems.add(f"memory.{name}", f"got one without its source, expected {owner} too")


def _page(url: str) -> str:
    return parse_page(url).url
