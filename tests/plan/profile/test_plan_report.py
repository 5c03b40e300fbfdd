"""The report of a plan: what a profile's body, counters, query and headers become."""

import msgspec
import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.plan.plan import plan_from_builtins
from qosflood.plan.report import DEFAULT_BODY, Counter

REPORT = {
    "path": "/a?b=c",
    "query": {"d e": "f&g", "h": 1.5},
    "headers": {"X-Tenant": "studio-3"},
    "gzip": True,
    "counters": {"n": {"per_second": 50, "of": "lost", "start": 2}, "r": {"per_report": 1}},
    "body": {"n": "$counter.n", "list": [1, 2.5, True, {"r": "$counter.r"}]},
}


def test_a_report_is_planned_as_the_profile_says():
    report = plan_of({"report": REPORT}).report
    assert report.location == "/a?b=c&d%20e=f%26g&h=1.5"
    assert report.headers == (("X-Tenant", "studio-3"),)
    assert report.gzip is True
    assert report.counters == (
        Counter(name="n", per_second=50, of="lost", start=2),
        Counter(name="r", per_report=1),
    )
    assert report.body == REPORT["body"]


def test_left_out_it_is_the_reference_apis():
    report = plan_of().report
    assert (report.body, report.counters, report.headers) == (DEFAULT_BODY, (), ())
    assert report.location == "/api/v1/metrics/qos"


def test_a_plan_with_a_body_survives_json():
    plan = plan_of({"report": REPORT})
    assert plan_from_builtins(msgspec.json.decode(msgspec.json.encode(plan))) == plan


def test_a_header_that_is_constant_and_secret_is_a_problem():
    document = {"report": {"headers": {"X-Tenant": "a"}}}
    with pytest.raises(PlanError, match=r"report\.headers: got X-Tenant, which target\.headers"):
        plan_of(document, headers=("x-tenant=env:TENANT",))
