"""What is watched, in words."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.plan.describe_watching import watching_rows
from qosflood.plan.plan import Plan


def rows(plan: Plan) -> dict[str, tuple[str, str]]:
    return {row.label: (row.value, row.source) for row in watching_rows(plan)}


def test_the_memorys_source_and_limit_are_shown():
    memory = {"memory": {"limit": "512MiB"}}
    known = rows(plan_of(memory, target="http://127.0.0.1:1", pid=7))
    assert known["memory"] == (
        "process 7 and its children every 1s, limit 512.0 MiB",
        "option --pid",
    )
    found = rows(plan_of(target="http://127.0.0.1:1"))
    assert found["memory"][0].startswith("the process on port 1, else process_resident_memory_b")
    remote = rows(plan_of(target="http://192.0.2.1:1"))
    assert remote["memory"][0].startswith("process_resident_memory_bytes in the scrape")


def test_the_rules_of_an_older_prometheus_are_named():
    said = rows(plan_of({"scrape": {"dialect": "2"}}, target="http://127.0.0.1:8123"))
    page = "http://127.0.0.1:8123/metrics by the rules of Prometheus 2"
    assert said["scrape"][0] == f"{page} every 5s, timeout 5s"


def test_each_instance_is_shown_with_its_page():
    one = {"name": "qos-0", "scrape": "http://127.0.0.1:3001/m"}
    two = {"name": "qos-1", "scrape": "http://127.0.0.1:3002", "memory": "gauge"}
    for options in ({}, {"scrape_interval": "off"}):
        said = watching_rows(
            plan_of({"instance": [one, two]}, target="http://127.0.0.1:1", **options)
        )
        assert [row.value for row in said if row.label == "instance"] == [
            "qos-0 at http://127.0.0.1:3001/m",
            "qos-1 at http://127.0.0.1:3002/metrics, memory: gauge",
        ]


def test_what_a_page_may_not_exceed_is_shown():
    limits = {"scrape": {"sample_limit": 10_000, "body_size_limit": "10MiB"}}
    said = rows(plan_of(limits, target="http://127.0.0.1:1"))["scrape"][0]
    assert said.endswith("timeout 5s, at most 10,000 samples and 10.0 MiB")


def test_a_page_may_not_be_allowed_more_than_is_ever_read():
    with pytest.raises(PlanError, match=r"got 257.0 MiB, expected at most 256.0 MiB: no larger"):
        plan_of({"scrape": {"body_size_limit": "257MiB"}})


def test_scrapes_may_be_off():
    assert rows(plan_of(scrape_interval="off"))["scrape"] == ("off", "option --scrape-interval")


@pytest.mark.parametrize("share", [False, True])
def test_that_listed_targets_get_the_secrets_is_said(share):
    asked = {"url": "http://p:9090", "job": "qos", "share_headers": share}
    said = rows(plan_of({"prometheus": asked}))["prometheus"][0]
    assert said.startswith("asked every 1m at http://p:9090, job qos")
    assert said.endswith(", its targets get the headers of the load's") is share
