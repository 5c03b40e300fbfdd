"""Cgroups read from files as the kernel writes them."""

from pathlib import Path

import pytest
from cgroups import MIB, FakeCgroups

from qosflood.base.cgroup import cgroup_of, cpu_stat

PID = 4711


@pytest.fixture
def groups(tmp_path):
    made = FakeCgroups(tmp_path)
    made.place(PID, "pods/qos")
    return made


def reading(groups):
    return cgroup_of(PID, groups.proc).read()


def test_the_working_set_is_what_it_holds_less_its_inactive_files(groups):
    groups.use("pods/qos", 100 * MIB, inactive_file=30 * MIB)
    assert reading(groups).working_set_bytes == 70 * MIB


def test_the_lowest_limit_above_it_holds(groups):
    assert reading(groups).limit_bytes is None
    groups.limit("pods/qos", str(512 * MIB))
    assert reading(groups).limit_bytes == 512 * MIB
    groups.make("pods")
    groups.limit("pods", str(256 * MIB))
    assert reading(groups).limit_bytes == 256 * MIB


def test_kills_and_throttling_are_told(groups):
    groups.use("pods/qos", MIB, oom_kills=2)
    found = reading(groups)
    assert (found.oom_kills, found.throttled_ns) == (2, 1_500_000)


def test_files_a_controller_does_not_write_tell_nothing(groups):
    for name in ("cpu.stat", "memory.events"):
        (groups.mount / "pods/qos" / name).unlink()
    assert (reading(groups).oom_kills, reading(groups).throttled_ns) == (None, None)


def test_a_cgroup_belongs_to_a_tree_that_has_it_for_itself(groups):
    cgroup = cgroup_of(PID, groups.proc)
    assert cgroup.belongs_to({PID})
    groups.place(4712, "pods/qos/worker")
    assert not cgroup.belongs_to({PID})
    assert cgroup.belongs_to({PID, 4712})


def test_a_hybrid_host_whose_memory_is_accounted_in_v1_has_none(tmp_path):
    groups = FakeCgroups(tmp_path, controllers="cpu pids")
    groups.place(PID, "pods/qos")
    assert cgroup_of(PID, groups.proc) is None


def test_the_root_which_accounts_nothing_is_none(groups):
    (groups.mount / "cgroup.controllers").write_text("cpu memory\n")
    (groups.proc / str(PID) / "cgroup").write_text("4:memory:/\n0::/\n")
    assert cgroup_of(PID, groups.proc) is None


@pytest.mark.parametrize("line", ["4:memory:/a\n", "0::/../elsewhere\n", ""])
def test_a_process_outside_what_is_seen_here_has_none(groups, line):
    (groups.proc / str(PID) / "cgroup").write_text(line)
    assert cgroup_of(PID, groups.proc) is None


def test_a_process_that_is_not_there_has_none(groups):
    assert cgroup_of(1, groups.proc) is None


def test_a_cgroup_that_was_removed_reads_as_none(groups):
    cgroup = cgroup_of(PID, groups.proc)
    (groups.mount / "pods/qos/memory.current").unlink()
    assert cgroup.read() is None


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        ("0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.stat"),
        ("4:cpu,cpuacct:/x\n0::/x\n", "/sys/fs/cgroup/cpu/x/cpu.stat"),
        ("7:memory:/x\n", None),
        ("", None),
    ],
)
def test_the_cgroups_cpu_stat_is_found_in_both_hierarchies(monkeypatch, cgroup, expected):
    monkeypatch.setattr(Path, "read_text", lambda self, **_: cgroup)
    monkeypatch.setattr(Path, "exists", lambda self: True)
    found = cpu_stat()
    assert (str(found) if found else None) == expected


def test_without_cgroups_there_is_no_cpu_stat(monkeypatch):
    def absent(self, **_):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", absent)
    assert cpu_stat() is None
