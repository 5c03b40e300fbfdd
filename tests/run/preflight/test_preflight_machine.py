"""What is read of this machine before a flood: limits, ports, memory, addresses."""

import resource
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from plan_maker import make_plan

from qosflood.base import cgroup
from qosflood.run.preflight import machine
from qosflood.run.preflight.machine import examine, machine_facts

MIB = 1024 * 1024


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that stands for the kernel's network settings."""
    monkeypatch.setattr(machine, "_KERNEL", tmp_path)
    return tmp_path


@pytest.fixture
def cgroups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that stands for /sys/fs/cgroup; `proc` in it is /proc."""
    monkeypatch.setattr(cgroup, "MOUNT", tmp_path)
    monkeypatch.setattr(cgroup, "PROC", tmp_path / "proc")
    (tmp_path / "proc/self").mkdir(parents=True)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=9000 * MIB))
    return tmp_path


def limited(folder: Path, **files: object) -> None:
    """Write the files of a cgroup, a double underscore for each dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def test_this_machine_carries_a_small_plan():
    needs = examine(make_plan(target={"sources": ("127.0.0.2", "127.0.0.3")}))
    assert needs.check() == ()


def test_addresses_of_another_host_are_found_all_at_once():
    plan = make_plan(target={"sources": ("127.0.0.2", "192.0.2.1", "2001:db8::1")})
    facts = machine_facts(plan)
    assert [source for source, _ in facts.unusable] == ["192.0.2.1", "2001:db8::1"]
    assert all(reason and "\n" not in reason for _, reason in facts.unusable)


def test_the_hard_limit_of_open_files_counts():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    known = None if hard == resource.RLIM_INFINITY else hard
    assert machine_facts(make_plan()).open_files == known


@pytest.mark.parametrize(
    ("text", "ports"),
    [("32768\t60999\n", 28_232), ("1024 65535\n", 64_512), ("", None), ("many", None)],
)
def test_the_kernel_s_range_of_ports_is_counted(kernel, text, ports):
    (kernel / "ip_local_port_range").write_text(text)
    assert machine_facts(make_plan()).ports == ports


@pytest.mark.parametrize(
    ("text", "ports"), [("", 101), ("1-20,80", 101), ("1050", 100), ("8,1000-1009,1095-2000", 85)]
)
def test_reserved_ports_are_left_out(kernel, text, ports):
    (kernel / "ip_local_port_range").write_text("1000 1100")
    (kernel / "ip_local_reserved_ports").write_text(text)
    assert machine_facts(make_plan()).ports == ports


@pytest.mark.parametrize(("text", "early"), [("0", "none"), ("1", "all"), ("2", "loopback")])
def test_whether_ports_are_given_away_early_is_read(kernel, text, early):
    (kernel / "tcp_tw_reuse").write_text(text)
    assert machine_facts(make_plan()).early_ports == early


def test_a_kernel_that_says_nothing_leaves_ports_unknown(kernel):
    facts = machine_facts(make_plan())
    assert (facts.ports, facts.early_ports) == (None, "none")


def test_memory_is_what_is_available_without_a_limit(cgroups):
    limited(cgroups / "a", memory__max="max", memory__current=5)
    (cgroups / "proc/self/cgroup").write_text("0::/a\n")
    assert machine_facts(make_plan()).memory_bytes == 9000 * MIB


@pytest.mark.parametrize("above", ["", "a"])
def test_the_nearest_memory_limit_counts_without_what_can_be_reclaimed(cgroups, above):
    limited(
        cgroups / above,
        memory__max=1000 * MIB,
        memory__current=700 * MIB,
        memory__stat=f"anon 5\ninactive_file {100 * MIB}",
    )
    limited(cgroups / "a" / "b", memory__max="max", memory__current=5)
    (cgroups / "proc/self/cgroup").write_text("0::/a/b\n")
    assert machine_facts(make_plan()).memory_bytes == 400 * MIB


def test_the_first_version_of_cgroups_is_read_too(cgroups):
    limited(
        cgroups / "memory" / "a",
        memory__limit_in_bytes=1000 * MIB,
        memory__usage_in_bytes=950 * MIB,
        memory__stat=f"total_inactive_file {50 * MIB}",
    )
    (cgroups / "proc/self/cgroup").write_text("2:cpu,cpuacct:/\n3:memory:/a\n0::/\n")
    assert machine_facts(make_plan()).memory_bytes == 100 * MIB


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/", {".": {"cpu__max": "150000 100000"}}, 1.5),
        ("0::/a/b", {"a": {"cpu__max": "50000 100000"}, "a/b": {"cpu__max": "max 100000"}}, 0.5),
        ("0::/a", {".": {"cpu__max": "200000 100000"}, "a": {"cpu__max": "max 100000"}}, 2.0),
        ("0::/a", {"a": {"cpu__max": "max 100000"}}, None),
        (
            "1:cpu,cpuacct:/a\n0::/",
            {"cpu/a": {"cpu__cfs_quota_us": 300_000, "cpu__cfs_period_us": 100_000}},
            3.0,
        ),
        (
            "1:cpu:/\n0::/",
            {"cpu": {"cpu__cfs_quota_us": -1, "cpu__cfs_period_us": 100_000}},
            None,
        ),
        ("", {}, None),
    ],
    ids=["container", "above", "root", "none", "v1", "v1 none", "no cgroups"],
)
def test_the_tightest_quota_counts_in_both_versions_of_cgroups(cgroups, own, files, cores):
    for folder, values in files.items():
        limited(cgroups / folder, **values)
    (cgroups / "proc/self/cgroup").write_text(f"{own}\n" if own else "")
    assert cgroup.cpu_quota() == cores


def test_a_group_beyond_its_limit_has_nothing_left(cgroups):
    limited(cgroups / "a", memory__max=100, memory__current=200)
    (cgroups / "proc/self/cgroup").write_text("0::/a\n")
    assert machine_facts(make_plan()).memory_bytes == 0
