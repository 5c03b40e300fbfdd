import asyncio

import pytest
from collector_rig import running
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS
from qosflood.lab.collector.wire import accepts_gzip


async def raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (
            b"POST /api/v1/metrics/qos HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
        ),
        (
            b"POST /api/v1/metrics/qos HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            b"Content-Length: 2\r\n\r\n",
            100,
        ),
        (b"POST /api/v1/metrics/qos HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (
            b"POST /api/v1/metrics/qos HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
            415,
        ),
    ],
)
def test_odd_requests_get_an_answer_and_no_log(
    request_bytes: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> bytes:
        async with running() as (collector, _):
            return await raw(collector.port, request_bytes)

    assert int(asyncio.run(scenario()).split()[1]) == status
    assert caplog.text == ""


def test_an_idle_connection_is_closed_after_the_keep_alive_timeout() -> None:
    async def scenario() -> None:
        async with running(keepalive_timeout_ns=20 * MS) as (collector, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", collector.port)
            writer.write(b"GET /api/v1/sip/health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await asyncio.wait_for(reader.read(), 20)).endswith(b'{"healthy":true}')
            writer.close()

    asyncio.run(scenario())


def test_the_metrics_page_is_gzipped_for_those_who_accept_it() -> None:
    async def scenario() -> None:
        async with running() as (_, http):
            for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
                headers = {"Accept-Encoding": accepted}
                async with http.get("/metrics", headers=headers) as answer:
                    assert answer.headers.get("Content-Encoding") == encoding
                    kind = answer.headers["Content-Type"]
                    assert kind == "text/plain; version=0.0.4; charset=utf-8"
                    assert "intercom_webrtc_mos_mean" in await answer.text()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("gzip;q=10", True),
        ("", False),
        ("br, identity", False),
        ("x-gzip", False),
    ],
)
def test_gzip_is_used_where_it_is_named_and_not_forbidden(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@given(st.text())
def test_any_accept_encoding_can_be_read(header: str) -> None:
    assert isinstance(accepts_gzip(header), bool)
