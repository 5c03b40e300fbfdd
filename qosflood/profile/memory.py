"""What is known of the target's memory, in a profile. Pure."""

from typing import Annotated

from pydantic import Field

from qosflood.profile.fields import (
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
from qosflood.selector import parse_selector


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
