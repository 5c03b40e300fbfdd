"""Where a plan has memory read, as the profile names it."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import SECOND

PAGE = {"exposition": "http://127.0.0.1:9100/cadvisor", "metric": 'm{pod="$instance"}'}
PROMETHEUS = {"url": "http://127.0.0.1:9090"}


def watch(memory, **sections):
    return plan_of({"memory": memory} | sections).watch


def test_nothing_named_leaves_what_is_found_each_second():
    found = watch({})
    assert (found.memory_sources, found.memory_interval_ns) == ((), SECOND)


def test_named_sources_stand_in_their_order_and_are_asked_each_five_seconds():
    memory = PAGE | {"promql": "used", "limit_from": "most", "command": ["./memory-of"]}
    found = watch(memory, prometheus=PROMETHEUS)
    kinds = [source.kind for source in found.memory_sources]
    assert kinds == ["exposition", "promql", "command"]
    assert [source.limit for source in found.memory_sources] == ["most", "most", ""]
    assert found.memory_interval_ns == 5 * SECOND


def test_an_interval_that_is_named_holds_everywhere():
    assert watch({"command": ["x"], "interval": "2s"}).memory_interval_ns == 2 * SECOND


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        ({"promql": "used"}, "without a Prometheus, expected --prometheus URL"),
        ({"exposition": "http://127.0.0.1:1/m"}, "expected both memory.exposition and metric"),
        ({"metric": "m"}, "expected both memory.exposition and metric"),
        (PAGE | {"limit_from": "sum(m)"}, 'memory.limit_from: got "sum'),
        ({"limit_from": "m"}, "expected memory.exposition or memory.promql too"),
        ({"restarts_from": "m"}, "expected memory.promql too"),
        ({"termination_from": "m"}, "expected memory.promql too"),
        ({"headers": {"A": "env:B"}}, "expected memory.exposition too"),
    ],
)
def test_half_a_source_is_refused(memory, words):
    with pytest.raises(PlanError, match=words):
        watch(memory)


def test_an_instance_may_name_what_is_found_or_named():
    page = "http://127.0.0.1:3001/metrics"

    def named(memory, **section):
        instance = {"name": "a", "scrape": page, "memory": memory}
        return plan_of({"instance": [instance], "memory": section}).instances[0].memory

    for memory in ("gauge", "process", "pid:4711"):
        assert named(memory) == memory
    assert named("command", command=["x"]) == "command"
    with pytest.raises(PlanError, match='got "promql", expected process, gauge, pid:NUMBER'):
        named("promql")


def test_a_secret_in_a_command_is_refused_and_not_repeated():
    words = ["curl", "-H", "Authorization: Bearer hunter2", "http://127.0.0.1:1/"]
    with pytest.raises(
        PlanError, match=r"got what looks like a secret in word 3, expected env:V"
    ) as told:
        watch({"command": words})
    assert "hunter2" not in str(told.value)
    assert watch({"command": ["curl", "-H", "env:HEADER"]}).memory_sources
