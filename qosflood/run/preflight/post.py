"""The one report before the load, sent and read exactly as the load sends and reads its own."""

import asyncio
import re
import ssl
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from qosflood.base.failures import (
    CERTIFICATE_REFUSED,
    CLOSED,
    CUT_SHORT,
    RESET,
    connect_failure,
    handshake_failure,
    lost_connection,
    no_answer,
)
from qosflood.base.header_values import redact, resolve_headers
from qosflood.base.text import printable
from qosflood.base.tls import tls_context
from qosflood.base.units import MS, SECOND
from qosflood.journal.loss_records import SentSession
from qosflood.load.body.request import RequestBuilder
from qosflood.load.http1 import SAMPLE_BODY_BYTES, BadResponseError, Response, ResponseReader
from qosflood.plan.plan import Plan
from qosflood.run.preflight.schemes import other_scheme

_NGINX_REFUSES = b"SSL certificate"
"""In the page with which nginx answers clients whose certificate it does not like."""
_USER = re.compile(rb"^([a-z][a-z0-9+.-]*:)?//[^/]*@", re.IGNORECASE)
_ANY_HEADER = zlib.MAX_WBITS | 32
"""zlib finds out whether gzip's header or its own comes first."""
_ALERT_PATIENCE_S = 1.0
_READ_BYTES = 1 << 16
_MOST_WORDS = 160
_MOST_BODY = 200


@dataclass(frozen=True, slots=True)
class Posted:
    """What one report met: a status, or a failure in words; `reached` is whether it connected.

    `location` is where a redirect leads, without its query, and `body` the beginning of the
    answer's; both fit for a terminal. `unreadable`: what came is no answer that the load could
    read. `speaks` is the scheme of the port where that is known to be the other one. `sent`: whose
    report it was, and its time of observation.
    """

    status: int | None
    failure: str | None
    reached: bool
    took_ns: int
    location: str = ""
    body: str = ""
    unreadable: bool = False
    speaks: Literal["http", "https"] | None = None
    sent: SentSession | None = None


class _MetError(Exception):
    """The exchange failed."""

    def __init__(self, failure: str, *, reached: bool, unreadable: bool = False) -> None:
        super().__init__(failure)
        self.failure = failure
        self.reached = reached
        self.unreadable = unreadable


async def post(plan: Plan) -> Posted:
    """Send the first client's report once, over a connection of its own."""
    secrets = resolve_headers(plan.target.headers)
    builder = RequestBuilder(plan, secrets)
    write, template, walk = builder.writer(), builder.template(0), builder.walk(0)
    # The time of observation is the sending's, though the first report takes long to build.
    now_ms, began_ns = time.time_ns() // MS, time.monotonic_ns()
    request = write(template, *walk, now_ms)
    try:
        response = await _exchange(plan, request)
    except _MetError as met:
        took_ns = time.monotonic_ns() - began_ns
        return Posted(
            None,
            printable(redact(met.failure, secrets), _MOST_WORDS),
            met.reached,
            took_ns,
            unreadable=met.unreadable,
            speaks=await other_scheme(plan.target, None, met.failure),
        )
    took_ns = time.monotonic_ns() - began_ns
    if response.status == 400 and _NGINX_REFUSES in response.body:
        return Posted(None, CERTIFICATE_REFUSED, False, took_ns)

    def shown(raw: bytes) -> str:
        return printable(redact(raw.decode("utf-8", "replace"), secrets), _MOST_BODY)

    return Posted(
        response.status,
        None,
        True,
        took_ns,
        location=shown(_location(response.head)),
        body=shown(_words(response)),
        speaks=await other_scheme(plan.target, response.status, ""),
        sent=SentSession(session=builder.session_id(0), acked_ms=now_ms, sent_ms=now_ms),
    )


async def _exchange(plan: Plan, request: bytes) -> Response:
    """The answer; raises _MetError."""
    target, timeout_ns = plan.target, plan.load.timeout_ns
    secure, address = target.scheme == "https", target.addresses[0]
    context = tls_context(target) if secure else None
    deadline = asyncio.get_running_loop().time() + timeout_ns / SECOND
    try:
        async with asyncio.timeout_at(deadline):
            reader, writer = await asyncio.open_connection(
                address,
                target.port,
                ssl=context,
                server_hostname=target.host if secure else None,
            )
    except OSError as error:  # ssl.SSLError and TimeoutError are some
        raise _MetError(connect_failure(error), reached=False) from None
    try:
        async with asyncio.timeout_at(deadline):
            writer.write(request)
            return await _read(reader)
    except TimeoutError:
        raise _MetError(no_answer(timeout_ns), reached=True) from None
    except BadResponseError as error:
        raise _MetError(str(error), reached=True, unreadable=True) from None
    except ssl.SSLError as error:
        raise _MetError(handshake_failure(error), reached=False) from None
    except (OSError, EOFError) as error:
        failure = str(error) if isinstance(error, EOFError) else lost_connection(error)
        if failure in (CLOSED, RESET) and (refusal := await _late_refusal(plan)) is not None:
            raise _MetError(handshake_failure(refusal), reached=False) from None
        raise _MetError(failure, reached=True) from None
    finally:
        writer.transport.abort()


async def _read(stream: asyncio.StreamReader) -> Response:
    """A whole answer; raises EOFError, with why, where none came."""
    reader, begun = ResponseReader(), False
    while data := await stream.read(_READ_BYTES):
        begun = True
        if (response := reader.feed(data)) is not None:
            return response
    if (response := reader.eof()) is not None:
        return response
    raise EOFError(CUT_SHORT if begun else CLOSED)


def _location(head: bytes) -> bytes:
    """Where a redirect leads, without what may be a secret."""
    return _USER.sub(rb"\1//", _header(head, b"location").partition(b"?")[0])


def _words(response: Response) -> bytes:
    """The beginning of the body, inflated; nothing of one in another coding."""
    coding = _header(response.head, b"content-encoding").lower()
    if coding in (b"", b"identity"):
        return response.body
    with suppress(zlib.error):
        if coding in (b"gzip", b"x-gzip", b"deflate"):
            return zlib.decompressobj(_ANY_HEADER).decompress(response.body, SAMPLE_BODY_BYTES)
    return b""


def _header(head: bytes, wanted: bytes) -> bytes:
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return value.strip()
    return b""


async def _late_refusal(plan: Plan) -> ssl.SSLError | None:
    """The alert that a target sends after the handshake: a report written before it is read ends
    in a broken pipe that says nothing."""
    target = plan.target
    if target.scheme != "https":
        return None
    try:
        async with asyncio.timeout(_ALERT_PATIENCE_S):
            reader, writer = await asyncio.open_connection(
                target.addresses[0],
                target.port,
                ssl=tls_context(target),
                server_hostname=target.host,
            )
            try:
                await reader.read(1)
            finally:
                writer.close()
    except ssl.SSLError as error:
        return error
    except OSError:  # TimeoutError is one
        return None
    return None
