"""What is asked before a flood, and that nothing is sent before the answer."""

from unittest.mock import Mock

import pytest
from plan_maker import make_plan

from qosflood.base.errors import PreflightError
from qosflood.plan.plan import Retries
from qosflood.plan.watching import Prometheus
from qosflood.run import run as carrying_out
from qosflood.run.preflight.preflight import check_consent, lacks_consent
from qosflood.run.run import Request

ELSEWHERE = {"host": "203.0.113.7", "addresses": ("203.0.113.7",), "loopback": False}


@pytest.mark.parametrize(
    ("retries", "rate"),
    [
        (Retries(), "100 reports/s"),
        (Retries(most=100), "100 reports/s, 10,100 requests/s with 100 retries of each"),
    ],
)
def test_the_question_says_how_many_requests_may_come(retries, rate):
    questions = []
    plan = make_plan(target=ELSEWHERE, retries=retries)
    with pytest.raises(PreflightError):
        check_consent(plan, (), lambda question: bool(questions.append(question)))
    assert questions == [f"203.0.113.7:8080 is not this machine. Send it up to {rate}?"]


def test_consent_is_lacking_until_the_target_is_named():
    plan = make_plan(target=ELSEWHERE)
    assert lacks_consent(plan, ())
    assert lacks_consent(plan, ("203.0.113.7:81",))
    assert not lacks_consent(plan, ("203.0.113.7",))


def test_no_prometheus_is_asked_while_consent_is_lacking(tmp_path, monkeypatch):
    asked = []

    def with_instances(plan):
        asked.append(plan)
        raise PreflightError("prometheus: asked")

    monkeypatch.setattr(carrying_out, "with_instances_of_job", with_instances)
    plan = make_plan(target=ELSEWHERE, prometheus=Prometheus(url="http://p:9090", job="qos"))

    def carry_out(allow=(), ask=None):
        out = tmp_path / "run"
        request = Request(plan=plan, allow=allow, out=out, arguments=(), ask=ask)
        with pytest.raises(PreflightError) as refused:
            carrying_out.run(request, Mock())
        return str(refused.value)

    assert "to allow the flood, add --allow-target" in carry_out()
    assert "to allow the flood, add --allow-target" in carry_out(ask=lambda _: False)
    assert asked == []
    assert carry_out(ask=lambda _: True) == "prometheus: asked"
    assert carry_out(allow=("203.0.113.7",)) == "prometheus: asked"
