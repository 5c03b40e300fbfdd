"""What a Prometheus says of others is shown without secrets, its own and those it quotes."""

import asyncio
import json

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.endpoint import HeaderRef
from qosflood.monitor.prometheus.client import open_planned
from qosflood.plan.watching import Prometheus

ECHOES = [
    "401 for Bearer hunter2hunter2",
    "401 for hunter2hunter2, cut short: hunter2hu",
    "401 for Basic bWU6c2VjcmV0cGFzcw==",
    "401 for me:secretpass",
    'Get "http://me:secretpass@10.0.0.1/metrics": EOF',
    "refused: api_key=other-secret",
]
SECRETS = ("hunter2", "bWU6", "secretpass", "other-secret")
LABELS = {"job": "qos", "instance": "a:1"}


def answers(echo):
    alert = {
        "labels": {"alertname": "Down", "why": echo},
        "state": "firing",
        "annotations": {"summary": echo},
    }
    target = {"labels": LABELS, "scrapeUrl": "http://a:1/m", "health": "down", "lastError": echo}
    data = {"alerts": {"alerts": [alert]}, "targets": {"activeTargets": [target]}}

    async def answer(head, writer):
        found = data["alerts" if b"/alerts" in head else "targets"]
        writer.write(page(json.dumps({"status": "success", "data": found}).encode()))

    return answer


async def asked(echo):
    async with raw_server(answers(echo)) as server:
        token = HeaderRef(name="Authorization", source="env:TOKEN")
        basic = HeaderRef(name="Authorization", source="env:BASIC")
        prometheus = Prometheus(url=f"http://127.0.0.1:{server.port}", headers=(token,))
        plan = make_plan(target={"headers": (basic,)}, prometheus=prometheus)
        async with open_planned(plan, prometheus) as client:
            return *await client.targets(), *await client.alerts(), server.headers()


@pytest.mark.parametrize("echo", ECHOES)
def test_a_last_error_and_an_alert_show_no_secret(monkeypatch, echo):
    monkeypatch.setenv("TOKEN", "Bearer hunter2hunter2")
    monkeypatch.setenv("BASIC", "Basic bWU6c2VjcmV0cGFzcw==")
    target, alert, sent = asyncio.run(asked(echo))
    assert sent["authorization"] == "Bearer hunter2hunter2"
    assert (target.labels, alert.name, alert.state) == (LABELS, "Down", "firing")
    for text in (target.last_error, alert.summary, alert.labels["why"]):
        assert "***" in text
        assert not any(secret in text for secret in SECRETS)


def test_what_holds_no_secret_is_kept_as_it_is(monkeypatch):
    monkeypatch.setenv("TOKEN", "Bearer hunter2hunter2")
    monkeypatch.setenv("BASIC", "Basic bWU6c2VjcmV0cGFzcw==")
    said = 'Get "http://10.0.0.1:9/metrics": dial tcp 10.0.0.1:9: connect: connection refused'
    target, alert, _ = asyncio.run(asked(said))
    assert target.last_error == alert.summary == said
