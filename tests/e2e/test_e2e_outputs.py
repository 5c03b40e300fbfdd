"""A run that tells machines of itself: a page to scrape, a push over OTLP, and a clean `--json`."""

import json
import re
import socket
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from flooding import Flood, flooding
from floods import SMALL
from otlp_receiver import otlp_receiver
from processes import faulty, free_port, read_report, run_qosflood, wait_until
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.e2e

TOKEN = "t0k3n-9f8e7d6c5b4a"
HEADER = ("--otlp-header", "Authorization=env:PUSH_TOKEN")


def outcomes(text: str) -> Counter[str]:
    """Reports by outcome, over all phases, of a metrics page."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "qosflood_reports_total":
                found[sample.labels["outcome"]] += int(sample.value)
    return found


def page_of(flood: Flood) -> str:
    """The metrics page, once there is one, as it is when some reports were accepted."""

    def address() -> str:
        found = re.search(r"^metrics: (http://127\.0\.0\.1:\d+/metrics)$", flood.said(), re.M)
        return found[1] if found else ""

    url = wait_until(address, "the page's address", 30.0)

    def ask() -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:
            text: str = answer.read().decode()
        return text if outcomes(text)["acked"] else ""

    return wait_until(ask, "accepted reports", 30.0)


def test_a_run_is_scraped_and_pushed_and_its_json_stays_clean(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with otlp_receiver() as receiver:
        told = ("--web", "--metrics-port", "0", "--otlp", receiver.url, *HEADER, "--json")
        env = {"PUSH_TOKEN": TOKEN}
        with flooding(run_dir, *told, "--limit", "errors >= 50%", env=env) as flood:
            page = page_of(flood)
            done = flood.finish()
        assert done.code == 1
        report = json.loads(done.out)
        assert report == read_report(run_dir)
        assert f"metrics are pushed to {receiver.url}/v1/metrics every 10s" in done.err
        assert "warning: metrics" not in done.err
        assert 0 < outcomes(page)["acked"] <= report["totals"]["outcomes"]["acked"]
        assert len(receiver.requests) >= 2
        assert {head["authorization"] for _, head in receiver.heads} == {TOKEN}
        for phase in report["phases"]:
            if phase["name"] != "settle":
                for outcome, count in phase["outcomes"].items():
                    labels = {"phase": phase["name"], "outcome": outcome}
                    assert receiver.value("qosflood_reports_total", **labels) == count
        assert receiver.value("qosflood_run_exit_code") == 1
        assert receiver.value("qosflood_run_ended", reason="completed") == 1
        assert receiver.value("qosflood_limit_threshold", limit="errors >= 50%") == 0.5
    written = "".join(path.read_text() for path in run_dir.iterdir())
    assert TOKEN not in written + done.out + done.err + page


def test_an_endpoint_that_is_not_there_changes_nothing_but_a_warning(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    env = {"QOSFLOOD_RUN_OTLP": endpoint, "QOSFLOOD_RUN_METRICS_PORT": "0"}
    out = ("--quiet", "--json", "--out", str(tmp_path / "run"))
    done = run_qosflood(*SMALL, *out, env=env)
    assert json.loads(done.stdout)["run"]["ended"] == "completed"
    assert done.returncode in (0, 3)
    assert done.stderr.count("warning: metrics could not be pushed") == 1
    assert "metrics: http://127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_one_line_before_anything_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, faulty("ok") as target:
        port = str(taken.getsockname()[1])
        where = ("--target", target.url, "--out", str(tmp_path / "run"), "--json", "--quiet")
        done = run_qosflood(*SMALL, *where, "--metrics-port", port)
        seen = target.log()["paths"]
        assert {path for path in seen if "__log" not in path} == set()
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"--metrics-port: cannot listen on 127.0.0.1:{port}" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--metrics-port", "x"), 'got "x", expected [HOST:]PORT'),
        (("--metrics-port", "70000"), "expected [HOST:]PORT"),
        (("--metrics-port", "host"), "expected [HOST:]PORT"),
        (("--otlp", "collector:4318"), "expected a URL that starts with http:// or https://"),
        (("--otlp", "http://u:p@h"), "--otlp-header"),
        (("--otlp-header", "a=env:B"), "expected --otlp URL too"),
        (("--otlp", "http://127.0.0.1:1", "--otlp-header", "a=secret"), "got a literal value"),
        (("--otlp", "http://127.0.0.1:1", "--otlp-header", "a=env:NOT_SET_X"), "is not set"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = run_qosflood(*SMALL, "--quiet", "--json", "--out", str(tmp_path / "run"), *words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert says in line
    assert "secret" not in line.replace("no secret is", "")
    assert not (tmp_path / "run").exists()
