"""One kept-alive connection for scrapes, and the requests that go over it."""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping

from yarl import URL

from qosflood.base.failures import (
    HOST_NOT_FOUND,
    connect_failure,
    handshake_failure,
    lost_connection,
)
from qosflood.monitor.scrape.answer import Answer, AnswerError, Incoming, read_answer
from qosflood.plan.plan import Target

_IDLE_S = 300.0
"""How long Prometheus keeps an idle connection for the next scrape."""
_SKIMMED_BYTES = 2 << 10
"""A redirect's body up to which Go's client reads it to keep the connection."""


class _Open:
    """A connection, to whom, and when it was used last."""

    def __init__(
        self, origin: URL, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.origin = origin
        self.reader = reader
        self.writer = writer
        self.incoming = Incoming(self._read)
        self.used_s = time.monotonic()

    async def _read(self, most: int) -> bytes:
        try:
            return await self.reader.read(most)
        except ssl.SSLError as error:  # with TLS 1.3 a certificate is refused after the handshake
            raise AnswerError(handshake_failure(error)) from None
        except OSError as error:
            raise AnswerError(lost_connection(error)) from None

    async def fits(self, origin: URL) -> bool:
        """Whether another request to `origin` may go over it: nothing may have come unasked."""
        if self.origin != origin or not self.incoming.idle or self.writer.is_closing():
            return False
        return time.monotonic() - self.used_s < _IDLE_S and await self._quiet()

    async def _quiet(self) -> bool:
        try:
            async with asyncio.timeout(0):
                await self.reader.read(1)
        except TimeoutError:
            return True
        except OSError:  # ssl.SSLError is one
            pass
        return False


class Connection:
    """Sends GET requests one after the other; the name of `pinned` has the addresses of the plan.

    `dialect` is whose client reads the answers.
    """

    def __init__(self, tls: ssl.SSLContext, pinned: Target, dialect: str) -> None:
        self._tls = tls
        self._pinned = pinned
        self._dialect = dialect
        self._open: _Open | None = None

    async def get(
        self, url: URL, headers: Mapping[str, str], tls: ssl.SSLContext | None = None
    ) -> Answer:
        """The answer up to its body, which is read with `pieces` and then `done`. `tls` is for an
        origin of somebody else, None for the usual one. Raises AnswerError for whatever went
        wrong."""
        kept = await self._take(url.origin())
        if kept is not None:
            before = kept.incoming.received
            try:
                return await self._ask(kept, url, headers)
            except AnswerError:
                if kept.incoming.received > before:
                    raise
                # The peer, or what is between, gave it up as idle before the request came. Go's
                # client tries again whatever it met instead of a first byte.
        return await self._ask(await self._connect(url, tls or self._tls), url, headers)

    def done(self, answer: Answer) -> None:
        """The body was read to its end: the connection may be used again."""
        opened = self._open
        if opened is not None:
            opened.used_s = time.monotonic()
            if not answer.reusable:
                self.close()

    async def skim(self, answer: Answer) -> None:
        """The body is not wanted: a short one is read, any other ends the connection."""
        if answer.length is None or answer.length > _SKIMMED_BYTES:
            self.close()
            return
        async for _ in answer.pieces():
            pass
        self.done(answer)

    def close(self) -> None:
        """Close it, without waiting."""
        if self._open is not None:
            self._open.writer.transport.abort()
            self._open = None

    async def _take(self, origin: URL) -> _Open | None:
        if self._open is not None and not await self._open.fits(origin):
            self.close()
        return self._open

    async def _ask(self, opened: _Open, url: URL, headers: Mapping[str, str]) -> Answer:
        self._open = opened
        try:
            opened.writer.write(_request(url, headers))
            return await read_answer(opened.incoming, self._dialect)
        except BaseException:
            self.close()
            raise

    async def _connect(self, url: URL, tls: ssl.SSLContext) -> _Open:
        self.close()
        host = url.raw_host or ""
        error: OSError | None = None
        for address in await self._addresses(host, url.port or 0):
            try:
                reader, writer = await asyncio.open_connection(
                    address,
                    url.port,
                    ssl=tls if url.scheme == "https" else None,
                    server_hostname=host if url.scheme == "https" else None,
                )
            except OSError as failure:
                error = error or failure
            else:
                return _Open(url.origin(), reader, writer)
        raise AnswerError(HOST_NOT_FOUND if error is None else connect_failure(error))

    async def _addresses(self, host: str, port: int) -> list[str]:
        if host.lower() == self._pinned.host.lower():
            return list(self._pinned.addresses)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):  # UnicodeError: a name that is none
            return []
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _request(url: URL, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"GET {url.raw_path_qs or '/'} HTTP/1.1",
        f"Host: {url.host_port_subcomponent}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
