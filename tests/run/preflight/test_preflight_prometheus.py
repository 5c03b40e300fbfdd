"""A Prometheus that is none, or not the one that was meant, is one line before the load."""

import asyncio
import json
from dataclasses import replace

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PreflightError
from qosflood.monitor.prometheus.client import Failure, open_prometheus
from qosflood.plan.watching import Prometheus
from qosflood.run.preflight.prometheus import look_at_other_monitors, with_instances_of_job

JOBS = (("qos", "a:3000"), ("qos", "b:3000"), ("node", "a:9100"))


def answering(data, **more):
    return page(json.dumps({"status": "success", "data": data, **more}).encode())


def target(job, instance, url=None, health="up"):
    return {
        "labels": {"job": job, "instance": instance},
        "scrapeUrl": url or f"http://{instance}/metrics",
        "health": health,
        "lastError": "" if health == "up" else "connection refused",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }


TARGETS = tuple(target(*job) for job in JOBS)


def a_prometheus(targets=TARGETS, *, version="3.1.0", alerts=()):
    """Answers each question of the API."""
    answers = {
        "query?": answering({"resultType": "scalar", "result": [1.0, "1.0"]}),
        "targets?": answering({"activeTargets": list(targets)}),
        "alerts ": answering({"alerts": list(alerts)}),
        "status/buildinfo": answering({"version": version}),
    }

    async def answer(head, writer):
        found = next((data for path, data in answers.items() if path.encode() in head), None)
        writer.write(found or page(b"404 page not found", status="404 Not Found"))

    return answer


async def looked(answer, plan=None, *, url="", **changes):
    async with raw_server(answer) as server:
        url = url or f"http://127.0.0.1:{server.port}"
        asked = Prometheus(url=url, **changes)
        plan = replace(plan or make_plan(), prometheus=asked)
        await asyncio.to_thread(with_instances_of_job, plan)
        return await look_at_other_monitors(await asyncio.to_thread(with_instances_of_job, plan))


def refusal(answer, **changes):
    with pytest.raises(PreflightError) as caught:
        asyncio.run(looked(answer, **changes))
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(b"<html>hello", type_="text/html"), "status 200 with a body of text/html"),
        (page(b"", status="401 Unauthorized"), "status 401; access refused; give a token"),
        (page(b"[1]", type_="application/json"), "JSON of another kind"),
        (page(b"", "Location: /login", status="302 Found"), "a redirect"),
        (a_prometheus(version="1.8.2"), "got version 1.8.2, expected 2.14 or newer"),
    ],
)
def test_what_is_no_prometheus_of_today_is_refused_in_one_line(answer, words):
    assert words in refusal(answer)


def test_an_address_where_nobody_listens_is_refused():
    line = refusal(page(b""), url="http://127.0.0.1:1")
    assert "connection refused; expected a Prometheus there" in line


def test_a_job_that_is_not_there_is_answered_with_those_that_are():
    line = refusal(a_prometheus(), job="qso")
    assert "expected one of node, qos; did you mean qos?" in line


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url", 'target a: got "no url", expected a URL'),
        (f"http://{'a' * 64}/metrics", "expected a URL with a host"),
        ("http://a:3000/metrics?token=hunter2", "got a query with a secret by its name, token"),
    ],
)
def test_a_target_whose_url_cannot_be_taken_is_named(url, words):
    line = refusal(a_prometheus((target("qos", "a", url=url),)), job="qos")
    assert words in line
    assert "hunter2" not in line


def test_an_instance_that_is_not_there_is_answered_with_those_that_are():
    line = refusal(a_prometheus(), job="qos", instance="a:300")
    assert "expected one of a:3000, b:3000; did you mean a:3000?" in line


def test_a_jobs_targets_become_the_instances():
    async def instances():
        async with raw_server(a_prometheus()) as server:
            asked = Prometheus(url=f"http://127.0.0.1:{server.port}", job="qos")
            plan = make_plan(prometheus=asked)
            return (await asyncio.to_thread(with_instances_of_job, plan)).instances

    assert [(one.name, one.scrape_url) for one in asyncio.run(instances())] == [
        ("a:3000", "http://a:3000/metrics"),
        ("b:3000", "http://b:3000/metrics"),
    ]


def test_where_the_scrapes_go_is_said():
    beside = asyncio.run(looked(a_prometheus(), job="qos"))
    assert beside.words == ("prometheus ✓ 3.1.0, 2 of 2 targets",)
    assert any("scrapes go to a, b too" in line for line in beside.warnings)


def test_targets_that_are_scraped_without_the_secrets_are_named():
    token = HeaderRef(name="Authorization", source="env:QOSFLOOD_TOKEN")
    plan = make_plan(target={"headers": (token,)})
    line = "a:3000, b:3000: scraped without target.headers"
    bare = asyncio.run(looked(a_prometheus(), plan, job="qos"))
    assert any(line in warning for warning in bare.warnings)
    shared = asyncio.run(looked(a_prometheus(), plan, job="qos", share_headers=True))
    assert not any(line in warning for warning in shared.warnings)


def test_a_target_is_known_by_its_page_under_any_name_of_this_machine():
    known = target("qos", "one", url="http://localhost:8080/metrics", health="down")
    beside = asyncio.run(looked(a_prometheus((known,))))
    assert beside.words == ("prometheus ✓ 3.1.0, 1 of 1 targets",)
    assert "is already down before the load: connection refused" in beside.warnings[0]


def test_a_prometheus_that_does_not_scrape_the_target_is_a_warning():
    beside = asyncio.run(looked(a_prometheus()))
    assert any("does not scrape http://127.0.0.1:8080/metrics" in w for w in beside.warnings)
    assert any("name its job with --job: node, qos" in w for w in beside.warnings)


def test_alerts_that_fire_already_are_said():
    firing = {"labels": {"alertname": "Watchdog"}, "state": "firing", "activeAt": None}
    beside = asyncio.run(looked(a_prometheus(alerts=[firing])))
    assert "prometheus: alerts already firing before the load: Watchdog" in beside.warnings


def test_a_secret_that_is_echoed_is_hidden(monkeypatch):
    monkeypatch.setenv("PROMETHEUS_TOKEN", "Bearer hunter2hunter2")
    body = {"status": "error", "errorType": "x", "error": "no hunter2hunter2 here"}

    async def asked():
        refs = (HeaderRef(name="Authorization", source="env:PROMETHEUS_TOKEN"),)
        async with (
            raw_server(page(json.dumps(body).encode(), status="400 Bad Request")) as server,
            open_prometheus(
                f"http://127.0.0.1:{server.port}/base", refs, user_agent="qosflood/0"
            ) as client,
        ):
            answer = await client.query("up")
            return answer, server.headers(), server.requests[0].split()[1]

    answer, headers, path = asyncio.run(asked())
    assert answer == Failure("refused", "no *** here")
    assert headers["authorization"] == "Bearer hunter2hunter2"
    assert path == b"/base/api/v1/query?query=up"
