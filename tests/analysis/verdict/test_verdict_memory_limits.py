"""Each limit on memory against what was found of it."""

from dataclasses import replace

import pytest
from judged_limits import healthy, judged
from record_maker import MIB

from qosflood.analysis.findings import MemoryFinding

MEMORY = MemoryFinding(
    verdict="steady",
    source="process",
    reason="held",
    max_bytes=90 * MIB,
    limit_bytes=100 * MIB,
    slope_low=1.0,
    slope_mid=2.0,
    slope_high=4.0,
    time_to_limit_low_s=3600.0,
    time_to_limit_high_s=7200.0,
)


@pytest.mark.parametrize(
    ("verdict", "ok"),
    [
        ("steady", True),
        ("grows_with_sessions", True),
        ("leak", False),
        ("inconclusive", None),
        ("unmeasured", None),
    ],
)
def test_only_a_leak_is_a_leak_and_only_a_finding_clears_one(verdict, ok):
    findings = replace(healthy(), memory=replace(MEMORY, verdict=verdict, reason="why so"))
    limit = judged("memory.leak == none", findings)
    assert limit.ok is ok
    assert limit.reason == ("why so" if ok is None else "")


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("memory.time_to_limit > 30m", True),
        ("memory.time_to_limit > 90m", None),
        ("memory.time_to_limit > 3h", False),
        ("memory.max < 95%", True),
        ("memory.max < 85%", False),
    ],
)
def test_memory_is_judged_against_the_targets_own_limit(text, ok):
    assert judged(text, replace(healthy(), memory=MEMORY)).ok is ok


def of_instances(**memories):
    """Findings of several instances; the first is the gravest one's."""
    found = healthy()
    several = tuple(
        replace(found.instances[0], name=name, memory=memory) for name, memory in memories.items()
    )
    return replace(found, instances=several, memory=next(iter(memories.values())))


def test_memory_is_judged_on_the_instance_that_used_most_and_not_on_the_first():
    small = replace(MEMORY, max_bytes=10 * MIB)
    findings = of_instances(a=small, b=replace(small, max_bytes=700 * MIB))
    limit = judged("memory.max < 512MiB", findings)
    assert (limit.ok, limit.value) == (False, 700 * MIB)
    sooner = replace(MEMORY, time_to_limit_low_s=60.0, time_to_limit_high_s=120.0)
    assert judged("memory.time_to_limit > 30m", of_instances(a=MEMORY, b=sooner)).ok is False


def test_an_instance_whose_memory_was_not_seen_leaves_the_limit_open_unless_another_breaks_it():
    unseen = replace(MEMORY, verdict="unmeasured", max_bytes=None, slope_mid=None, reason="nobody")
    findings = of_instances(a=unseen, b=replace(MEMORY, max_bytes=100 * MIB))
    limit = judged("memory.max < 512MiB", findings)
    assert (limit.ok, limit.reason) == (None, "instance a; nobody")
    assert judged("memory.max < 50MiB", findings).ok is False
    assert judged("memory.time_to_limit > 30m", findings).ok is None


def test_memory_that_does_not_grow_never_reaches_its_limit():
    flat = replace(MEMORY, time_to_limit_low_s=None, time_to_limit_high_s=None)
    limit = judged("memory.time_to_limit > 24h", replace(healthy(), memory=flat))
    assert (limit.ok, limit.value) == (True, None)


def test_without_a_known_limit_shares_of_it_are_not_judged():
    findings = replace(healthy(), memory=replace(MEMORY, limit_bytes=None))
    for text in ("memory.max < 90%", "memory.time_to_limit > 1h"):
        limit = judged(text, findings)
        assert (limit.ok, limit.reason) == (None, "the target's memory limit is not known")


@pytest.mark.parametrize(
    ("text", "ok"), [("memory.max < 95%", None), ("memory.max < 80MiB", False)]
)
def test_memory_of_one_of_several_processes_can_break_a_limit_but_not_keep_it(text, ok):
    several = replace(MEMORY, verdict="unmeasured", reason="several processes answer")
    limit = judged(text, replace(healthy(), memory=several))
    assert (limit.ok, limit.reason) == (ok, "several processes answer")
