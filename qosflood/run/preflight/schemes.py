"""Whether a target's port speaks the other scheme than the one that was asked for."""

import asyncio
import re
import ssl
from typing import Literal

from qosflood.base.failures import CLOSED, CONNECT_RESET, CONNECT_TIMED_OUT, RESET
from qosflood.plan.plan import Target

_PATIENCE_S = 2.0
_HEAD_BYTES = 64
_STATUS = re.compile(rb"HTTP/\d\.\d +(\d{3})")
_BAD_REQUEST = 400
_NOT_A_RECORD = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls an answer to a handshake that is no TLS."""


async def other_scheme(
    target: Target, status: int | None, failure: str
) -> Literal["http", "https"] | None:
    """The port's own scheme, where it is another than the target's; asked only where the answer
    to a report (`status`, or `failure` in the words of base.failures) makes it likely."""
    if target.scheme == "http":
        # Servers answer plain HTTP on a TLS port with 400, with an alert, or not at all.
        likely = status == _BAD_REQUEST or failure in (CLOSED, RESET) or "not HTTP" in failure
        return "https" if likely and await _shakes_hands(target) else None
    # Servers of plain HTTP answer a handshake with 400, hang up, or wait for the end of a head.
    likely = failure.startswith("TLS: ") or failure in (CONNECT_RESET, CONNECT_TIMED_OUT)
    return "http" if likely and await _answers_plainly(target, failure) else None


async def _shakes_hands(target: Target) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_PATIENCE_S):
            _, writer = await asyncio.open_connection(
                target.addresses[0], target.port, ssl=context, server_hostname=target.host
            )
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # only who speaks TLS refuses so
    except OSError:  # TimeoutError is one
        return False
    writer.transport.abort()
    return True


async def _answers_plainly(target: Target, failure: str) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(target.addresses[0], target.port)
            try:
                writer.write(f"HEAD / HTTP/1.1\r\nHost: {target.netloc}\r\n\r\n".encode("ascii"))
                answer = await reader.read(_HEAD_BYTES)
            finally:
                writer.transport.abort()
    except OSError:
        return False
    found = _STATUS.match(answer)
    # TLS ports answer plain requests with 400, but a handshake with TLS.
    return found is not None and (int(found[1]) != _BAD_REQUEST or _NOT_A_RECORD in failure)
