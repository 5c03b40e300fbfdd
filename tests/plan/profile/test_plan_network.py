"""Which networks a plan's clients report from."""

import orjson
import pytest
from resolving import loaded_profile, plan_of

from qosflood.base.units import MS
from qosflood.plan.describe import describe
from qosflood.plan.plan import NetworkClass, Plan, plan_from_builtins
from qosflood.plan.profile.files import load_profile

REMOTE = {"target": "https://qos.example.com", "addresses": ("203.0.113.7",)}
MIXED = ["good-wifi", "poor-wifi", "mobile", "congested"]


def names(plan: Plan) -> list[str]:
    return [network.name for network in plan.networks]


def row(plan: Plan) -> tuple[str, str]:
    (found,) = (row for row in describe(plan) if row.label == "network")
    return found.value, found.source


@pytest.mark.parametrize("where", [{}, {"target": "http://127.0.0.1:1"}], ids=["own", "loopback"])
def test_on_loopback_networks_are_mixed(where):
    assert names(plan_of(**where)) == MIXED


def test_off_loopback_networks_are_healthy_unless_poor_ones_are_asked_for():
    assert names(plan_of(**REMOTE)) == ["healthy"]
    assert names(plan_of({"network": {"mix": "auto"}}, **REMOTE)) == ["healthy"]
    assert names(plan_of({"network": {"mix": "mixed"}}, **REMOTE)) == MIXED
    own = {"network": {"classes": [{"name": "vpn", "bad_loss": 0.9}]}}
    assert names(plan_of(own, **REMOTE)) == ["vpn"]


def test_a_name_that_only_partly_leads_to_loopback_counts_as_off_it():
    plan = plan_of(target="http://localhost", addresses=("127.0.0.1", "203.0.113.7"))
    assert names(plan) == ["healthy"]


def test_healthy_can_be_asked_for_on_loopback():
    assert names(plan_of({"network": {"mix": "healthy"}})) == ["healthy"]


def test_classes_of_ones_own_come_in_base_units_and_are_healthy_where_they_say_nothing():
    (healthy,) = plan_of({"network": {"mix": "healthy"}}).networks
    document = {"network": {"classes": [{"name": "vpn", "rtt": "80ms", "jitter": "0.5ms"}]}}
    (vpn,) = plan_of(document).networks
    assert (vpn.name, vpn.rtt_ns, vpn.jitter_ns) == ("vpn", 80 * MS, MS // 2)
    rest = set(NetworkClass.__slots__) - {"name", "rtt_ns", "jitter_ns"}
    assert all(getattr(vpn, field) == getattr(healthy, field) for field in rest)


def test_the_networks_survive_the_plans_way_to_a_shard():
    plan = plan_of()
    assert plan_from_builtins(orjson.loads(orjson.dumps(plan))).networks == plan.networks


def test_the_networks_are_shown_with_their_shares_and_source():
    assert row(plan_of(load_profile("intercom"))) == (
        "55% good-wifi, 20% poor-wifi, 15% mobile, 10% congested",
        "profile intercom",
    )
    assert row(plan_of(load_profile("intercom", ["network.mix=healthy"]))) == (
        "100% healthy",
        "option --set",
    )
    classes = [{"name": "a", "weight": 2}, {"name": "b"}]
    loaded = loaded_profile(
        {"network": {"classes": classes}}, sources={"network.classes": "profile soak.toml"}
    )
    assert row(plan_of(loaded)) == ("66.7% a, 33.3% b", "profile soak.toml")
