"""Which instances a plan has, and what each is asked with."""

import orjson
import pytest
from plan_maker import make_target
from resolving import plan_of

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PlanError
from qosflood.plan.plan import plan_from_builtins
from qosflood.plan.profile.instances import instances_found
from qosflood.plan.profile.target import with_target_port
from qosflood.plan.watching import Instance

ONE = {"name": "qos-0", "scrape": "http://127.0.0.1:3001"}
TWO = {"name": "qos-1", "scrape": "http://127.0.0.1:3002/stats"}
TOKEN = {"Authorization": "env:QOSFLOOD_TOKEN"}


def test_without_instances_there_is_one_at_the_loads_address():
    (instance,) = plan_of({"target": {"url": "http://127.0.0.1:3000"}}).instances
    assert instance == Instance(
        name="target", scrape_url="http://127.0.0.1:3000/metrics", trusted=True
    )


def test_the_embedded_collectors_port_is_its_instances_too():
    (instance,) = with_target_port(plan_of(), 8123).instances
    assert instance.scrape_url == "http://127.0.0.1:8123/metrics"


def test_a_page_without_a_path_has_the_profiles():
    plan = plan_of({"instance": [ONE, TWO], "scrape": {"path": "/prom"}})
    assert [(one.name, one.scrape_url) for one in plan.instances] == [
        ("qos-0", "http://127.0.0.1:3001/prom"),
        ("qos-1", "http://127.0.0.1:3002/stats"),
    ]


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ({}, ("Authorization", "env:QOSFLOOD_TOKEN")),
        ({"headers": {"X-Key": "file:key"}}, ("X-Key", "file:key")),
        ({"headers": {}}, None),
    ],
)
def test_an_instances_own_headers_replace_the_targets(own, sent):
    target = {"headers": TOKEN, "url": "http://127.0.0.1:3001/api"}
    (instance,) = plan_of({"instance": [ONE | own], "target": target}).instances
    assert instance.headers == ((HeaderRef(name=sent[0], source=sent[1]),) if sent else ())


@pytest.mark.parametrize(
    ("profile", "source"),
    [
        ({"instance": [ONE]}, None),
        ({"instance": [ONE], "scrape": {"headers": {"Authorization": "env:A"}}}, "env:A"),
        ({"instance": [ONE | {"headers": {"Authorization": "env:B"}}]}, "env:B"),
        ({"scrape": {"url": "http://127.0.0.1:3001"}}, None),
        ({"scrape": {"url": "http://127.0.0.1:3001", "headers": {"A": "env:A"}}}, "env:A"),
        ({"scrape": {"url": "http://localhost:3000/metrics"}}, None),
        ({"scrape": {"url": "https://127.0.0.1:3000/metrics"}}, None),
        ({"scrape": {"url": "http://127.0.0.1:3000/other"}}, "env:QOSFLOOD_TOKEN"),
        ({"scrape": {"headers": {}}}, None),
    ],
)
def test_the_targets_headers_go_to_its_own_origin_and_to_others_those_named_for_them(
    profile, source
):
    target = {"headers": TOKEN, "url": "http://127.0.0.1:3000"}
    (instance,) = plan_of(profile | {"target": target}).instances
    assert [header.source for header in instance.headers] == ([source] if source else [])


@pytest.mark.parametrize(
    ("url", "share", "sent"),
    [
        ("http://10.0.0.1:3000/metrics", False, False),
        ("http://10.0.0.1:3000/metrics", True, True),
        ("http://qos.example.com:3000/metrics", False, True),
        ("http://qos.example.com:3000\\@evil.example/metrics", False, False),
        ("http://qos.example.com:3000@evil.example/metrics", False, False),
        ("https://qos.example.com:3000/metrics", False, False),
        ("no url", False, False),
    ],
)
def test_a_page_that_a_prometheus_lists_gets_the_targets_headers_only_where_it_may(
    url, share, sent
):
    token = HeaderRef(name="Authorization", source="env:A")
    target = make_target(
        url="http://qos.example.com:3000/base", host="qos.example.com", headers=(token,)
    )
    (instance,) = instances_found([("a", url)], target, share=share)
    assert (instance.headers == (token,), instance.trusted) == (sent, share)


def test_memory_and_readback_are_kept_as_they_are_written():
    more = {"memory": "pid:4711", "readback": "/api/v1/metrics/qos"}
    (instance,) = plan_of({"instance": [ONE | more]}).instances
    assert (instance.memory, instance.readback) == ("pid:4711", "/api/v1/metrics/qos")


def test_a_plan_keeps_its_instances_in_run_json_and_an_old_one_has_the_one_it_meant():
    plan = plan_of({"instance": [ONE, TWO]})
    data = orjson.loads(orjson.dumps(plan))
    assert plan_from_builtins(data).instances == plan.instances
    del data["instances"]
    (instance,) = plan_from_builtins(data).instances
    assert (instance.name, instance.scrape_url) == ("target", plan.watch.scrape_url)


def test_a_page_that_two_instances_share_once_its_path_is_whole_is_a_problem():
    one = {"name": "a", "scrape": "http://127.0.0.1:1"}
    two = {"name": "b", "scrape": "http://127.0.0.1:1/metrics"}
    with pytest.raises(PlanError, match=r"instance\[1\].scrape: .* is also that of a, expected"):
        plan_of({"instance": [one, two]})


def test_a_page_for_all_beside_instances_is_a_problem():
    with pytest.raises(PlanError, match=r"scrape\.url: got http.* together with \[\[instance\]\]"):
        plan_of({"instance": [ONE], "scrape": {"url": "http://127.0.0.1:1/metrics"}})
