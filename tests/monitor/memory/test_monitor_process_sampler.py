"""A target's process over time: sampled, gone, restarted."""

import os
import signal
from functools import partial

from cgroups import FakeCgroups
from listeners import listener, renamed_python
from plan_maker import make_target
from processes import wait_until

from qosflood.base.cgroup import cgroup_of
from qosflood.journal.records import Event, MemorySample
from qosflood.monitor.memory import process_sampler
from qosflood.monitor.memory.judged_tree import JudgedTree
from qosflood.monitor.memory.process_sampler import ProcessSampler


def watch_port(port, pid=None):
    return ProcessSampler(make_target(port), pid, by_port=True)


def test_a_living_process_gives_a_sample_each_time():
    with listener(children=1, megabytes=20) as target:
        watch = ProcessSampler(make_target(target.port), target.pid, by_port=False)
        (first,), (second,) = watch.sample(1), watch.sample(2)
    assert (first.t, second.t) == (1, 2)
    assert (first.pid, first.processes, first.source) == (target.pid, 2, "process")
    assert first.rss_bytes > 20 << 20
    assert second.cpu_ns >= first.cpu_ns
    assert not first.own_fault


def test_the_owner_of_the_port_is_found_at_the_first_sample_without_an_event():
    with listener() as target:
        (sample,) = watch_port(target.port).sample(1)
    assert sample.pid == target.pid


def test_a_process_named_by_pid_that_ends_is_gone_once_and_then_silent():
    with listener() as target:
        watch = ProcessSampler(make_target(target.port), target.pid, by_port=False)
        (sample,) = watch.sample(1)
    (event,) = watch.sample(2)
    assert (event.who, event.kind, event.t) == ("target", "process_gone", 2)
    assert event.evidence == {"pid": sample.pid, "start_s": sample.start_s}
    assert watch.sample(3) == []
    assert watch.missed(4) == []


def test_a_process_that_was_found_by_its_port_and_comes_back_was_restarted():
    with listener() as first:
        watch = watch_port(first.port, first.pid)
        (before,) = watch.sample(1)
    assert [event.kind for event in watch.sample(2)] == ["process_gone"]
    with listener(port=first.port) as second:
        event, after = watch.sample(3)
        assert [type(record) for record in watch.sample(4)] == [MemorySample]
    assert (event.who, event.kind) == ("target", "restarted")
    assert event.evidence == {
        "old_pid": first.pid,
        "old_start_s": before.start_s,
        "new_pid": second.pid,
        "new_start_s": after.start_s,
    }


def test_a_quick_restart_is_one_event():
    with listener() as first:
        watch = watch_port(first.port)
        watch.sample(1)
    with listener(port=first.port):
        assert [type(record) for record in watch.sample(2)] == [Event, MemorySample]


def test_a_forwarder_that_takes_the_port_is_not_the_target_come_back(tmp_path):
    with listener() as first:
        watch = watch_port(first.port)
        watch.sample(1)
    with listener(port=first.port, program=renamed_python(tmp_path, "socat")):
        assert [event.kind for event in watch.sample(2)] == ["process_gone"]


def test_a_pid_that_was_gone_before_the_first_sample_is_told():
    with listener() as target:
        pass
    watch = ProcessSampler(make_target(target.port), target.pid, by_port=False)
    (event,) = watch.sample(1)
    assert (event.kind, event.evidence["pid"]) == ("process_gone", target.pid)


def test_a_missed_tick_carries_the_last_value_marked_as_our_fault():
    with listener() as target:
        watch = watch_port(target.port)
        (event,) = watch.missed(1)
        (sample,) = watch.sample(2)
        (stand_in,) = watch.missed(3)
    assert (event.who, event.kind, event.t) == ("generator", "memory_missed", 1)
    assert (stand_in.t, stand_in.own_fault) == (3, True)
    assert stand_in.rss_bytes == sample.rss_bytes


def test_a_killed_process_nobody_waited_for_is_gone():
    with listener() as target:
        watch = ProcessSampler(make_target(target.port), target.pid, by_port=False)
        watch.sample(1)
        os.kill(target.pid, signal.SIGKILL)
        (event,) = wait_until(
            lambda: [r for r in watch.sample(2) if isinstance(r, Event)], "the end to be seen"
        )
    assert event.kind == "process_gone"


def test_a_process_killed_for_want_of_memory_in_its_cgroup_is_told(tmp_path, monkeypatch):
    groups = FakeCgroups(tmp_path)
    monkeypatch.setattr(
        process_sampler,
        "JudgedTree",
        partial(JudgedTree, find_cgroup=lambda pid: cgroup_of(pid, groups.proc)),
    )
    with listener() as target:
        groups.place(target.pid, "qos")
        watch = ProcessSampler(
            make_target(target.port), target.pid, by_port=False, instance="qos-0"
        )
        assert len(watch.sample(1)) == 1
        groups.use("qos", 20 << 20, oom_kills=2)
        sample, event = watch.sample(2)
        assert len(watch.sample(3)) == 1
    assert (sample.instance, sample.oom_kills) == ("qos-0", 2)
    assert (event.who, event.kind) == ("target", "oom_kill")
    assert event.evidence == {"kills": 2, "limit_bytes": None, "instance": "qos-0"}


def test_a_pid_that_was_given_to_another_process_is_told(monkeypatch):
    with listener() as target, listener() as other:
        watch = ProcessSampler(make_target(target.port), target.pid, by_port=False)
        watch.sample(1)
        tree = watch._tree.tree
        monkeypatch.setattr(tree.root, "is_running", lambda: False)
        monkeypatch.setattr(tree, "pid", other.pid)
        (event,) = watch.sample(2)
    assert event.what.endswith("is gone; another process has its pid now")
