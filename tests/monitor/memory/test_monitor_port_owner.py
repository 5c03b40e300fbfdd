"""Who holds a port: real processes, their workers, and forwarders."""

import os
from contextlib import ExitStack

import psutil
import pytest
from listeners import listener, renamed_python
from plan_maker import make_plan

from qosflood.monitor.memory import port_owner
from qosflood.monitor.memory.port_owner import owner_of_port

LOOPBACK = ("127.0.0.1",)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
def test_the_owner_of_a_port_is_found_at_its_address_or_a_wildcard(host):
    with listener(host) as target:
        process = owner_of_port(target.port, LOOPBACK).process
        assert process.pid == target.pid
        assert process.start_s == psutil.Process(target.pid).create_time()
        assert process.rss_bytes >= process.root_rss_bytes > 0
        assert not process.forwarder
        assert process.cmdline[1] == "-c"


def test_an_address_that_is_not_ours_does_not_count():
    with listener("127.0.0.2") as target:
        owner = owner_of_port(target.port, LOOPBACK)
    assert owner.process is None
    assert owner.reason == f"no process of this machine listens on port {target.port}"


def test_an_exact_address_wins_over_a_wildcard(monkeypatch):
    class Address:
        def __init__(self, ip):
            self.ip, self.port = ip, 80

    class Connection:
        status, fd = psutil.CONN_LISTEN, -1

        def __init__(self, ip, pid):
            self.laddr, self.pid = Address(ip), pid

    table = [Connection("0.0.0.0", 1), Connection("127.0.0.1", os.getpid())]
    monkeypatch.setattr(port_owner.psutil, "net_connections", lambda kind: table)
    assert owner_of_port(80, LOOPBACK).process.pid == os.getpid()
    assert owner_of_port(80, ("::1",)).process is None


def test_workers_that_share_the_socket_count_as_their_master():
    with listener(children=2, shared=True) as target:
        process = owner_of_port(target.port, LOOPBACK).process
        assert process.pid == target.pid
        assert process.rss_bytes > process.root_rss_bytes


def test_workers_whose_master_does_not_listen_are_ambiguous():
    with listener(children=2, shared=True, leaves=True) as target:
        owner = owner_of_port(target.port, LOOPBACK)
        listed = ", ".join(str(pid) for pid in sorted(target.children))
        assert owner.process is None
        assert owner.reason == f"several processes listen on port {target.port}: pids {listed}"


def test_unrelated_processes_on_one_port_are_ambiguous():
    with ExitStack() as stack:
        one = stack.enter_context(listener("127.0.0.1"))
        two = stack.enter_context(listener("127.0.0.2", one.port))
        owner = owner_of_port(one.port, ("127.0.0.1", "127.0.0.2"))
        pids = sorted((one.pid, two.pid))
    assert owner.process is None
    assert owner.reason == (
        f"several processes listen on port {one.port}: pids {pids[0]}, {pids[1]}"
    )


@pytest.mark.parametrize("name", ["socat", "kubectl", "docker-proxy", "rootlessport"])
def test_a_program_with_a_forwarders_name_is_flagged(tmp_path, name):
    with listener(program=renamed_python(tmp_path, name)) as target:
        process = owner_of_port(target.port, LOOPBACK).process
        assert (process.pid, process.name, process.forwarder) == (target.pid, name, True)


def test_a_port_held_by_another_user_is_told(monkeypatch):
    class Listening:
        status, pid, fd = psutil.CONN_LISTEN, None, -1

        class laddr:  # noqa: N801
            ip, port = "127.0.0.1", 80

    monkeypatch.setattr(port_owner.psutil, "net_connections", lambda kind: [Listening])
    owner = owner_of_port(80, make_plan().target.addresses)
    assert owner.reason == "port 80 is held by a process this user may not read"


def test_a_system_that_shows_no_owners_is_told(monkeypatch):
    def refuse(kind):
        raise psutil.AccessDenied

    monkeypatch.setattr(port_owner.psutil, "net_connections", refuse)
    assert "may not see" in owner_of_port(80, LOOPBACK).reason
