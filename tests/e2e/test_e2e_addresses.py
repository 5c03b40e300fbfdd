"""Targets at IPv6 addresses, end to end."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from floods import flood
from parts import require
from test_e2e_certificates import Collector, Server

pytestmark = pytest.mark.e2e


class Serving6(Server):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def collector_on_ipv6() -> Iterator[Server]:
    server = Serving6(("::1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def require_ipv6() -> None:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return
    require(False, "sysctl -w net.ipv6.conf.lo.disable_ipv6=0")


def test_a_target_may_be_an_ipv6_address(tmp_path: Path) -> None:
    require_ipv6()
    with collector_on_ipv6() as server:
        done = flood(tmp_path / "run", "--target", f"http://[::1]:{server.server_port}")
    assert set(done.outcomes) == {"acked"}
    assert done.flood["scrapes"]["failed"] == 0
