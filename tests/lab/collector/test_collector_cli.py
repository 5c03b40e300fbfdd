import re
import select
import signal
import subprocess
import sys
import urllib.request
from typing import Any

import pytest
from click.testing import CliRunner

import qosflood.cli.collector as command
from qosflood.base.units import MINUTE, MS, SECOND
from qosflood.lab.collector import server
from qosflood.lab.collector.options import BridgeOption, CollectorOptions


@pytest.fixture
def started_with(monkeypatch: pytest.MonkeyPatch) -> list[CollectorOptions]:
    """The options each invocation would have served with."""
    taken: list[CollectorOptions] = []
    monkeypatch.setattr(server, "run_in_foreground", lambda options, _: taken.append(options))
    return taken


def test_without_options_it_is_the_reference_on_a_free_port(
    started_with: list[CollectorOptions],
) -> None:
    assert CliRunner().invoke(command.collector).exit_code == 0
    assert started_with == [CollectorOptions()]


def test_every_option_reaches_the_collector(started_with: list[CollectorOptions]) -> None:
    line = (
        "--host ::1 --port 8090 --session-ttl 1m --service-time 2ms --token env:T "
        "--bridge http://a:1/=3 --bridge http://b:2 --sip http://c:3 --keepalive-timeout 5s"
    )
    result = CliRunner().invoke(command.collector, line.split())
    assert result.exit_code == 0, result.output
    assert started_with == [
        CollectorOptions(
            host="::1",
            port=8090,
            session_ttl_ns=MINUTE,
            service_time_ns=2 * MS,
            token="env:T",
            bridges=(BridgeOption(url="http://a:1/", weight=3), BridgeOption(url="http://b:2")),
            sip="http://c:3",
            keepalive_timeout_ns=5 * SECOND,
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--service-time", "2"],
            "Invalid value for '--service-time': got \"2\", expected a duration with a unit, "
            "e.g. 2m or 2s",
        ),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--bridge", "somewhere=2"], 'bridge: got "somewhere", expected a URL'),
        (["--bridge", "http://a=0"], "bridge http://a: got weight 0, expected 1 or more"),
    ],
)
def test_a_bad_option_is_explained(
    arguments: list[str], problem: str, started_with: list[CollectorOptions]
) -> None:
    result = CliRunner().invoke(command.collector, arguments)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.split())
    assert started_with == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_a_signal_stops_it(number: signal.Signals) -> None:
    script = "from qosflood.cli.collector import collector; collector(prog_name='collector')"
    process: Any = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    try:
        assert select.select([process.stderr], [], [], 20)[0], "it said nothing"
        said = process.stderr.readline().decode()
        match = re.fullmatch(
            rf"collector on (http://127\.0\.0\.1:\d+) \(pid {process.pid}\); "
            r"POST /api/v1/metrics/qos, GET /metrics; Ctrl-C stops it\n",
            said,
        )
        assert match, said
        urllib.request.urlopen(f"{match[1]}/metrics", timeout=20).close()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
