"""A report's bytes on the wire."""

import http.server
import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_plan

from qosflood.load.body.figures import Figures
from qosflood.load.body.request import RequestBuilder

REQUIRED = {"sessionId": str, "mos": float, "packetLoss": float, "roundTripTime": float}
OPTIONAL = {
    "bridgeId": str,
    "productionId": str,
    "lineId": str,
    "direction": str,
    "observedAt": int,
}


BUILDER = RequestBuilder(make_plan(), {})
WRITE = BUILDER.writer()


class Parsed(http.server.BaseHTTPRequestHandler):
    """A request read by the standard library's server."""

    def __init__(self, request: bytes) -> None:
        self.rfile = io.BytesIO(request)
        self.raw_requestline = self.rfile.readline()
        assert self.parse_request()
        self.body = self.rfile.read()


@given(st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 2**43))
def test_a_request_is_what_a_server_reads_and_the_reference_api_takes(number, turn, now_ms):
    request = Parsed(WRITE(BUILDER.template(number), BUILDER.walk(number)[0], turn, now_ms))
    assert (request.command, request.path) == ("POST", "/api/v1/metrics/qos")
    assert request.request_version == "HTTP/1.1"
    assert request.headers["Host"] == "127.0.0.1:8080"
    assert request.headers["User-Agent"] == "qosflood/0.0.0 run=test"
    assert request.headers["Content-Type"] == "application/json"
    assert int(request.headers["Content-Length"]) == len(request.body)
    report = orjson.loads(request.body)
    assert {name: type(value) for name, value in report.items()} == REQUIRED | OPTIONAL
    assert report["sessionId"] == BUILDER.session_id(number)
    assert report["observedAt"] == now_ms
    assert report["direction"] in ("ingress", "egress")
    assert 1 <= report["mos"] <= 4.5
    assert 0 <= report["packetLoss"] <= 100


def test_a_clients_bodies_tell_the_figures_of_its_path_in_turn():
    plan = make_plan()
    figures, turn = Figures(plan.networks, plan.seed, tuple).walk(3)
    path, _ = BUILDER.walk(3)
    for step in range(1, 2 * len(path)):
        body = WRITE(BUILDER.template(3), path, turn + step, 1_000).partition(b"\r\n\r\n")[2]
        told = orjson.loads(body)
        expected = figures[(turn + step) % len(path)][1:4]
        assert (told["mos"], told["packetLoss"], told["roundTripTime"]) == expected


def test_bodies_differ_between_clients_and_from_turn_to_turn():
    clients = [(BUILDER.template(number), *BUILDER.walk(number)) for number in range(20)]
    bodies = {
        WRITE(template, path, turn + k, 1_000 + k)
        for template, path, turn in clients
        for k in range(50)
    }
    assert len(bodies) == 1000


def test_the_same_turn_at_the_same_time_is_byte_by_byte_the_same():
    other = RequestBuilder(make_plan(), {})
    template, path = BUILDER.template(7), BUILDER.walk(7)[0]
    first = WRITE(template, path, 3, 1_000)
    WRITE(template, path, 4, 1_001)
    assert WRITE(template, path, 3, 1_000) == first
    assert other.writer()(template, other.walk(7)[0], 3, 1_000) == first


def test_base_path_method_and_own_headers_are_sent():
    plan = make_plan(
        target={"base_path": "/qos", "host": "::1"}, report={"method": "PUT", "path": "/r?a=b"}
    )
    builder = RequestBuilder(plan, {"Authorization": "Bearer x", "X-Two": "2"})
    request = Parsed(builder.writer()(builder.template(1), *builder.walk(1), 1))
    assert (request.command, request.path) == ("PUT", "/qos/r?a=b")
    assert request.headers["Authorization"] == "Bearer x"
    assert request.headers["X-Two"] == "2"
    assert request.headers["Host"] == "[::1]:8080"


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_default_port_is_left_out_of_the_host(scheme, port):
    plan = make_plan(port=port, target={"scheme": scheme})
    builder = RequestBuilder(plan, {})
    assert (
        Parsed(builder.writer()(builder.template(1), *builder.walk(1), 1)).headers["Host"]
        == "127.0.0.1"
    )
