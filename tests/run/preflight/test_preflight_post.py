"""The one report before the load, against servers that answer with given bytes."""

import asyncio
import gzip
import ssl
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from certificates import Certificates, make_certificates
from plan_maker import make_plan, make_target
from raw_server import Answer, raw_server

from qosflood.base.units import MS, SECOND
from qosflood.load.body.request import RequestBuilder
from qosflood.run.preflight.post import Posted, post

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"
PLAIN_ON_TLS = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_side(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good.cert, certificates.good.key)
    return context


def posted(
    answer: Answer | bytes,
    scheme: str = "http",
    tls: ssl.SSLContext | None = None,
    authority: Path | None = None,
) -> Posted:
    async def meet() -> Posted:
        async with raw_server(answer, tls=tls) as server:
            cacert = None if authority is None else str(authority)
            target = make_target(server.port, scheme=scheme, cacert=cacert)
            return await post(make_plan(target=target))

    return asyncio.run(meet())


@pytest.mark.parametrize(
    "answer",
    [
        ACCEPTED,
        ACCEPTED.replace(b"\r\n", b"\n"),
        b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 202 A\r\nX-Note: one\r\n two\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED,
    ],
)
def test_what_the_load_accepts_is_accepted(answer):
    met = posted(answer)
    assert (met.status, met.failure, met.body, met.speaks) == (202, None, "ok", None)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP: "),
        (
            b"HTTP/1.1 202 A\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            "ambiguous answer: both chunks and a Content-Length",
        ),
    ],
)
def test_what_the_load_cannot_read_is_named_in_its_words(answer, failure):
    met = posted(answer)
    assert met.failure is not None
    assert met.failure.startswith(failure)
    assert (met.status, met.reached, met.unreadable) == (None, True, True)


def test_an_answer_that_stops_or_never_begins_is_told_apart():
    async def hang_up(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def stop(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ACCEPTED[:-1])
        writer.close()

    assert posted(hang_up).failure == "closed by the peer before an answer"
    assert posted(stop).failure == "cut short"


def test_a_redirect_shows_where_it_leads_without_its_query():
    answer = b"HTTP/1.1 301 M\r\nlocation: //there/x?token=secret\r\nContent-Length: 0\r\n\r\n"
    assert posted(answer).location == "//there/x"


@pytest.mark.parametrize("scheme", [b"https:", b""])
def test_a_redirect_shows_no_password(scheme):
    answer = b"HTTP/1.1 301 M\r\nLocation: %s//me:secret@there/@x\r\nContent-Length: 0\r\n\r\n"
    assert posted(answer % scheme).location == f"{scheme.decode()}//there/@x"


SAID = b'{"error":"mos is missing"}' + b" " * 1000


@pytest.mark.parametrize(
    ("coding", "body", "shown"),
    [
        (b"identity", SAID[:26], '{"error":"mos is missing"}'),
        (b"gzip", gzip.compress(SAID, mtime=0), '{"error":"mos is missing"}'),
        (b"deflate", zlib.compress(SAID), '{"error":"mos is missing"}'),
        (b"gzip", b"\x1f\x8b\x08\xff no gzip", ""),
        (b"br", b"\x0b\x02\x80no\x03", ""),
    ],
)
def test_a_body_is_shown_inflated_or_not_at_all(coding, body, shown):
    head = b"HTTP/1.1 400 No\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
    assert posted(head % (coding, len(body)) + body).body.rstrip() == shown


def test_the_beginning_of_a_refusal_is_kept_fit_for_a_terminal():
    answer = b"HTTP/1.1 422 No\r\nContent-Length: 10\r\n\r\n\x1b[31mmos\r\n"
    assert posted(answer).body == "\ufffd[31mmos"


def test_plain_http_on_a_port_of_tls_is_recognised(certificates):
    met = posted(b"", tls=server_side(certificates))
    assert (met.status, met.reached, met.speaks) == (None, True, "https")


def test_a_plain_refusal_by_a_port_that_speaks_no_tls_is_a_refusal():
    met = posted(PLAIN_ON_TLS)
    assert (met.status, met.speaks) == (400, None)


@pytest.mark.parametrize("answer", [ACCEPTED, PLAIN_ON_TLS])
def test_tls_on_a_port_of_plain_http_is_recognised(answer):
    async def meet() -> Posted:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await post(make_plan(target=make_target(port, scheme="https")))

    met = asyncio.run(meet())
    assert (met.status, met.reached, met.speaks) == (None, False, "http")
    assert (met.failure or "").startswith("TLS: ")


def test_a_port_of_plain_http_that_waits_for_the_rest_of_a_head_is_recognised():
    async def meet() -> Posted:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ACCEPTED)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            target = make_target(server.sockets[0].getsockname()[1], scheme="https")
            return await post(make_plan(target=target, load={"timeout_ns": SECOND}))

    met = asyncio.run(meet())
    assert (met.failure, met.reached, met.speaks) == ("connect timed out", False, "http")


def test_a_port_of_tls_whose_certificate_is_not_trusted_is_no_plain_one(certificates):
    met = posted(ACCEPTED, "https", server_side(certificates))
    assert (met.reached, met.speaks) == (False, None)
    assert (met.failure or "").startswith("certificate: ")


def test_a_report_over_tls_is_accepted(certificates):
    met = posted(ACCEPTED, "https", server_side(certificates), certificates.authority)
    assert met.status == 202


def test_the_report_bears_the_time_at_which_it_is_sent(monkeypatch):
    """A body's first writer takes long to make."""
    made = RequestBuilder.writer

    def slowly(builder):
        time.sleep(0.2)
        return made(builder)

    monkeypatch.setattr(RequestBuilder, "writer", slowly)
    arrived = []

    async def answer(_, writer):
        arrived.append(time.time_ns() // MS)
        writer.write(ACCEPTED)

    met = posted(answer)
    assert met.sent is not None
    assert met.sent.session == "qosflood-test-0-0"
    assert met.sent.sent_ms <= arrived[0] <= met.sent.sent_ms + met.took_ns // MS + 1
