"""How the monitor speaks HTTP: one way to open a session, to receive a body, to name a failure."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from qosflood.base.failures import (
    CUT_SHORT,
    HOST_NOT_FOUND,
    connect_failure,
    handshake_failure,
    lost_connection,
)
from qosflood.base.units import SECOND
from qosflood.monitor.scrape.body import Body
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Target

T = TypeVar("T")
_MOST_HEAD_BYTES = 10 << 20
"""What Go's client takes of a head, in one line or in many."""
_MOST_HEADERS = 100_000
_READ_BYTES = 1 << 18
_IDLE_S = 300.0
"""How long Prometheus keeps an idle connection for the next scrape."""
_MOST_WORDS = 120


@asynccontextmanager
async def open_session(
    tls: ssl.SSLContext,
    *,
    at_once: int = 0,
    timeout_ns: int | None = None,
    pinned: Target | None = None,
    each_anew: bool = False,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps no cookies and inflates nothing, with at most `at_once` connections
    (0: any number). `timeout_ns` is for a whole exchange, None where the caller has its own;
    the name of `pinned` has the addresses of the plan; `each_anew`: an exchange a connection."""
    kept: dict[str, Any] = (
        {"force_close": True, "ttl_dns_cache": None}
        if each_anew
        else {"keepalive_timeout": _IDLE_S}
    )
    connector = aiohttp.TCPConnector(
        limit=at_once,
        resolver=None if pinned is None else PinnedResolver(pinned),
        ssl=tls,
        **kept,
    )
    total_s = None if timeout_ns is None else timeout_ns / SECOND
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=_READ_BYTES,
        max_line_size=_MOST_HEAD_BYTES,
        max_field_size=_MOST_HEAD_BYTES,
        max_headers=_MOST_HEADERS,
        timeout=aiohttp.ClientTimeout(total=total_s, sock_connect=None),
        headers=headers,
    ) as session:
        yield session


async def receive(
    response: aiohttp.ClientResponse,
    limit_bytes: int = 0,
    *,
    begun: Callable[[], object] = lambda: None,
) -> bytes:
    """A whole body, inflated if it is gzipped; others run meanwhile. `begun` is called once there
    is something of it, and may raise. Raises BodyError for one of `limit_bytes` or more (0: the
    hard limit of a page), or that is not what its encoding says."""
    body = Body(limit_bytes, gzipped=response.headers.get("Content-Encoding") == "gzip")
    async for chunk in response.content.iter_any():
        for _ in body.feed(chunk):
            await asyncio.sleep(0)
        if body.size:
            begun()
    return body.finish()


async def skim(response: aiohttp.ClientResponse, most_bytes: int | None = None) -> bytes:
    """Read a body that nobody wants, up to `most_bytes` (None: to its end); its first piece."""
    first, left = b"", most_bytes
    async for chunk in response.content.iter_any():
        first = first or chunk
        if left is not None and (left := left - len(chunk)) <= 0:
            break
    return first


async def unless_stopped(work: Coroutine[Any, Any, T], timer: Timer) -> T | None:
    """What `work` returns; None if the timer was stopped first: nobody waits for it any more."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(timer.stopped())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


def exchange_failure(error: Exception) -> str:
    """A failed exchange in the words of base.failures, the most special kind first; without what
    the peer answered, but for the first line of what was wrong with it."""
    if isinstance(error, aiohttp.ClientConnectorDNSError | UnicodeError):  # a name that is none
        return HOST_NOT_FOUND
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return handshake_failure(_certificate_error(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return connect_failure(error.os_error)
    if (refusal := tls_refusal(error)) is not None:
        return handshake_failure(refusal)
    if isinstance(error, aiohttp.ClientPayloadError):
        return CUT_SHORT
    if isinstance(error, aiohttp.ServerDisconnectedError):
        # With a message that is no text, the answer had begun.
        return lost_connection(None) if isinstance(error.message, str) else CUT_SHORT
    if isinstance(error, OSError):
        return lost_connection(error)
    return f"bad response: {_in_a_line(error)}".rstrip(": ")


def tls_refusal(error: BaseException | None) -> ssl.SSLError | None:
    """The alert behind a failed exchange: with TLS 1.3 a server refuses a client's certificate only
    after the handshake."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def as_stranger(target: Target) -> Target:
    """The target's TLS settings for somebody else: the same authorities, and nothing else."""
    return replace(target, insecure=False, cert=None, key=None, key_password=None)


class PinnedResolver(AbstractResolver):
    """Answers the target's name with the plan's pinned addresses, any other by the system."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host.lower() != self._target.host.lower():
            return await self._system.resolve(host, port, family)
        return [_resolved(host, address, port) for address in self._target.addresses]

    async def close(self) -> None:
        await self._system.close()


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )


def _certificate_error(error: aiohttp.ClientConnectorCertificateError) -> ssl.SSLError:
    found = error.certificate_error
    return found if isinstance(found, ssl.SSLError) else ssl.SSLCertVerificationError(str(found))


def _in_a_line(error: Exception) -> str:
    """Its first line; those after it quote the answer."""
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    first = said.strip().partition("\n")[0].rstrip(":")
    return re.sub(r"[^ -~]+", " ", first)[:_MOST_WORDS]
