"""Which figure a process tree is judged on."""

import os

import psutil
import pytest
from cgroups import MIB, FakeCgroups
from listeners import listener

from qosflood.base.cgroup import cgroup_of
from qosflood.base.units import SECOND
from qosflood.monitor.memory import judged_tree
from qosflood.monitor.memory.judged_tree import JudgedTree

needs_pss = pytest.mark.skipif(
    not hasattr(psutil.Process().memory_full_info(), "pss"), reason="this system tells no PSS"
)


def nowhere(_pid):
    return None


def test_one_process_is_judged_by_its_rss():
    with listener(megabytes=10) as target:
        sample = JudgedTree(target.pid, find_cgroup=nowhere).read(1, "target")
    assert (sample.figure, sample.used_bytes, sample.limit_bytes) == ("rss", None, None)
    assert sample.rss_bytes > 10 * MIB


@needs_pss
def test_a_tree_is_judged_by_what_it_shares_once_each_ten_seconds():
    with listener(children=2, megabytes=40) as target:
        tree = JudgedTree(target.pid, find_cgroup=nowhere)
        first, between, next_one = (tree.read(s * SECOND, "target") for s in (0, 5, 10))
    assert [s.figure for s in (first, between, next_one)] == ["pss", "rss", "pss"]
    assert between.used_bytes is None
    assert 40 * MIB < first.used_bytes < 80 * MIB < first.rss_bytes


@needs_pss
def test_a_tree_whose_pss_may_not_be_read_is_judged_by_its_rss_and_that_is_told(monkeypatch):
    def denied(_self):
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(judged_tree.ProcessTree, "proportional", denied)
    with listener(children=1) as target:
        tree = JudgedTree(target.pid, find_cgroup=nowhere)
        samples = [tree.read(s * SECOND, "target") for s in (0, 20)]
        told = [*tree.problems(), *tree.problems()]
    assert [s.figure for s in samples] == ["rss", "rss"]
    assert len(told) == 1
    assert "may not be read" in told[0]


def test_a_cgroup_of_its_own_is_judged_by_its_working_set_against_its_limit(tmp_path):
    groups = FakeCgroups(tmp_path)
    with listener() as target:
        groups.place(target.pid, "qos")
        groups.limit("qos", str(64 * MIB))
        groups.use("qos", 20 * MIB, inactive_file=5 * MIB, oom_kills=1)
        tree = JudgedTree(target.pid, find_cgroup=lambda pid: cgroup_of(pid, groups.proc))
        sample = tree.read(1, "target")
    assert (sample.figure, sample.used_bytes) == ("working_set", 15 * MIB)
    assert (sample.limit_bytes, sample.oom_kills) == (64 * MIB, 1)
    assert sample.throttled_ns == 1_500_000


def test_a_cgroup_shared_with_others_tells_kills_and_throttling_but_not_the_targets_memory(
    tmp_path,
):
    groups = FakeCgroups(tmp_path)
    with listener() as target:
        groups.place(target.pid, "session")
        groups.place(os.getpid(), "session")
        tree = JudgedTree(target.pid, find_cgroup=lambda pid: cgroup_of(pid, groups.proc))
        sample = tree.read(1, "target")
    assert (sample.figure, sample.used_bytes, sample.limit_bytes) == ("rss", None, None)
    assert sample.oom_kills == 0
