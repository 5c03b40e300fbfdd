"""The real command beside a real Prometheus that scrapes the same target."""

import time

from flooding import flooding
from processes import faulty, read_journal, read_report
from prometheus_server import prometheus_server

_RUN = (
    *("--peak", "20@1s", "--rate", "5x", "--duration", "7s"),
    *("--set", "phases.baseline=1s", "--set", "phases.ramp=500ms"),
    *("--set", "phases.recovery=1s", "--set", "phases.settle=2500ms"),
    *("--set", "sessions.lifetime=0s", "--set", "scrape.dialect='2'"),
)
_FAILING_S = 2.5


def test_prometheus_decides_whether_scrapes_succeeded_and_its_alerts_are_listed(tmp_path):
    with (
        faulty() as target,
        prometheus_server(tmp_path / "prometheus", "qos", target.port) as prometheus,
        flooding(
            tmp_path / "run",
            *("--target", target.url, "--prometheus", prometheus.url, "--job", "qos"),
            *("--limit", "scrape.success >= 99%", "--json"),
            load=_RUN,
        ) as flood,
    ):
        flood.wait_for_phase("flood")
        target.behave("no_metrics")
        time.sleep(_FAILING_S)
        target.behave("ok")
        ended = flood.finish()
    assert ended.code == 1, ended.err
    report = read_report(tmp_path / "run")
    name = f"127.0.0.1:{target.port}"
    assert [one["name"] for one in report["instances"]] == [name]

    found = report["prometheus"]
    assert found["version"].startswith("2.")
    assert found["decides"] is True
    (instance,) = found["instances"]
    assert instance["labels"] == {"instance": name, "job": "qos"}
    assert instance["interval_s"] == 1.0
    in_flood = next(phase for phase in instance["phases"] if phase["name"] == "flood")
    assert 1 <= in_flood["failed"] <= 4
    assert in_flood["missing"] == 0
    assert in_flood["count"] >= 6
    success = next(limit for limit in report["limits"] if limit["metric"] == "scrape.success")
    assert success["ok"] is False
    assert success["value"] == 1 - in_flood["failed"] / in_flood["count"]

    assert found["agreed"] == 1
    assert found["disagreements"] == []
    assert instance["spans"][0]["error"] in ("", "server returned HTTP status 404 Not Found")
    alerts = {alert["name"]: alert for alert in found["alerts"]}
    assert alerts["Heartbeat"]["before"] is True
    assert alerts["ScrapesFail"]["before"] is False
    assert alerts["ScrapesFail"]["labels"]["severity"] == "page"
    assert 1.0 < alerts["ScrapesFail"]["since_s"] < 8.0
    kinds = [entry["kind"] for entry in report["timeline"]]
    assert "up_failing" in kinds
    assert "alert_fired" in kinds
    assert read_journal(tmp_path / "run", "prometheus")
