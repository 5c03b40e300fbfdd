"""What this machine must have before a flood: open files, ports, addresses."""

from dataclasses import replace

import pytest
from plan_maker import make_plan

from qosflood.errors import PreflightError
from qosflood.machine import check_machine


def test_addresses_of_this_host_may_be_connected_from():
    check_machine(make_plan(target={"sources": ("127.0.0.2", "127.0.0.3")}))


def test_an_address_of_another_host_may_not():
    with pytest.raises(PreflightError, match=r"192\.0\.2\.1 cannot be connected from") as caught:
        check_machine(make_plan(target={"sources": ("127.0.0.2", "192.0.2.1")}))
    assert "\n" not in str(caught.value)


def test_more_source_addresses_have_more_ports(monkeypatch, tmp_path):
    ports = tmp_path / "ports"
    ports.write_text("40000 40099\n")
    monkeypatch.setattr("qosflood.machine._PORT_RANGE", ports)
    plan = make_plan(load={"clients": 150})
    with pytest.raises(PreflightError, match="150 clients need a local port each"):
        check_machine(plan)
    check_machine(replace(plan, target=replace(plan.target, sources=("127.0.0.2", "127.0.0.3"))))
