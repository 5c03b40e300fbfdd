import asyncio
import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_rig import QOS, REPORT

from qosflood.base.errors import StartError
from qosflood.lab.collector.options import CollectorOptions
from qosflood.lab.collector.server import BACKLOG, Collector

Child = subprocess.Popen[bytes]
_DEADLINE_S = 20


@contextlib.contextmanager
def child(command: tuple[str, ...] = ("-m", "qosflood.lab.collector")) -> Iterator[Child]:
    process = subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def tell(process: Child, value: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(value).encode() + b"\n")
    process.stdin.flush()


def hear(process: Child) -> dict[str, Any]:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], _DEADLINE_S)[0], "the child said nothing"
    message: dict[str, Any] = json.loads(process.stdout.readline())
    return message


def hang_up(process: Child) -> None:
    assert process.stdin is not None
    process.stdin.close()


def post(port: int) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{QOS}",
        json.dumps(REPORT).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_DEADLINE_S) as answer:
        status: int = answer.status
        return status


def test_a_child_says_where_it_listens_and_ends_when_told_to() -> None:
    with child() as process:
        tell(process, {"host": "127.0.0.1", "port": 0, "session_ttl_ns": None})
        ready = hear(process)
        assert ready == {"type": "ready", "port": ready["port"], "pid": process.pid}
        assert post(ready["port"]) == 202
        tell(process, {"cmd": "unknown"})
        tell(process, {"cmd": "stop"})
        assert process.wait(_DEADLINE_S) == 0


def test_a_child_ends_when_its_parent_is_gone_even_with_requests_under_way() -> None:
    with child() as process:
        tell(process, {"service_time_ns": 3600 * 10**9})
        port = hear(process)["port"]
        body = json.dumps(REPORT).encode()
        with socket.create_connection(("127.0.0.1", port)) as client:
            head = f"POST {QOS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            hang_up(process)
            assert process.wait(_DEADLINE_S) == 0


def test_a_child_ignores_an_interrupt_meant_for_its_parent() -> None:
    with child() as process:
        tell(process, {})
        port = hear(process)["port"]
        process.send_signal(signal.SIGINT)
        assert post(port) == 202
        hang_up(process)
        assert process.wait(_DEADLINE_S) == 0


def test_a_child_that_cannot_listen_says_why_and_ends_with_2() -> None:
    with socket.socket() as taken, child() as process:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        tell(process, {"port": port})
        assert hear(process) == {
            "type": "failed",
            "error": f"collector: cannot listen on 127.0.0.1 port {port}: Address already in use; "
            "choose another host or port (port 0 takes a free one)",
        }
        assert process.wait(_DEADLINE_S) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"port":"many"}\n', "collector options: Expected `int`, got `str` - at `$.port`"),
        (b'{"token":"hunter2"}\n', "expected env:VARIABLE or file:PATH"),
        (b"nonsense\n", "collector options: not JSON: "),
        (b"", "the coordinator closed the pipe before sending a spec"),
    ],
)
def test_a_spec_that_cannot_be_used_is_answered_in_one_line(line: bytes, problem: str) -> None:
    with child() as process:
        assert process.stdin is not None
        process.stdin.write(line)
        hang_up(process)
        answer = hear(process)
        assert answer["type"] == "failed"
        assert problem in answer["error"]
        assert "hunter2" not in answer["error"]
        assert process.wait(_DEADLINE_S) == 2


def test_a_variant_of_the_collector_runs_under_the_same_protocol(tmp_path: Path) -> None:
    (tmp_path / "lossy.py").write_text(
        "from qosflood.lab.collector.app import App\n"
        "from qosflood.lab.collector.process import main\n"
        "class Lossy(App):\n"
        "    def accept_report(self, report): pass\n"
        "main(Lossy)\n"
    )
    with child((str(tmp_path / "lossy.py"),)) as process:
        tell(process, {})
        port = hear(process)["port"]
        assert post(port) == 202
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_DEADLINE_S)
        assert b"\nintercom_webrtc_reports_total 0\n" in page.read()
        hang_up(process)
        assert process.wait(_DEADLINE_S) == 0


def test_the_process_stays_lean() -> None:
    heavy = ("pydantic", "rich", "plotly", "click", "numpy", "prometheus_client")
    script = (
        "import sys, qosflood.lab.collector.process\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert shown.stdout == b"[]\n"


def test_a_collector_listens_on_ipv6_too() -> None:
    async def scenario() -> None:
        collector = Collector(CollectorOptions(host="::1"))
        try:
            await collector.start()
        except StartError:
            pytest.skip("no IPv6 loopback here")
        assert collector.url == f"http://[::1]:{collector.port}"
        reader, writer = await asyncio.open_connection("::1", collector.port)
        writer.write(b"GET /api/v1/sip/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b'{"healthy":true}')
        writer.close()
        await collector.stop()

    asyncio.run(scenario())


def test_a_host_that_is_no_address_is_explained() -> None:
    async def scenario() -> None:
        await Collector(CollectorOptions(host="no.such.host.invalid")).start()

    with pytest.raises(StartError, match=r"cannot listen on no\.such\.host\.invalid port 0: "):
        asyncio.run(scenario())


def test_the_backlog_holds_a_flood_of_connections() -> None:
    assert BACKLOG >= 4096


def test_the_port_can_be_taken_again_at_once() -> None:
    async def scenario(port: int) -> int:
        collector = Collector(CollectorOptions(port=port))
        await collector.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", collector.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readline()
        await collector.stop()
        writer.close()
        return collector.port

    port = asyncio.run(scenario(0))
    assert asyncio.run(scenario(port)) == port
