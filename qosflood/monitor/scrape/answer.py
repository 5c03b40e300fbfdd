"""An answer to a scrape, read as the HTTP client of Go's standard library reads it.

Prometheus has no other, so what that client takes is up and what it refuses is down, whatever
RFC 9112 says. Dialect 2 follows Go 1.19 (Prometheus 2.42), dialect 3 the Go 1.24 of Prometheus
3.x, which checks header names, values and chunks more strictly.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from qosflood.base.failures import CLOSED, CUT_SHORT

MOST_HEAD_BYTES = 10 << 20
_MOST_INTERIMS = 5
_MOST_CHUNK_LINE = 4096
_MOST_TRAILER = 4096
_MOST_CHUNK_DIGITS = 16
_MOST_EXCESS = 16 << 10
"""Bytes around chunks beyond those that sensible chunks have."""
_PIECE = 1 << 18
_VERSION = re.compile(r"HTTP/([0-9])\.([0-9])")
_STATUS = re.compile(r"[+]?[0-9]+")
_LENGTH = re.compile(r"[0-9]+")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]*")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z -]+")
_CONTROL = re.compile(r"[\0-\x08\x0a-\x1f\x7f]")
_NOT_IN_TRAILERS = ("transfer-encoding", "trailer", "content-length")
_INTERIM = range(100, 200)
_SWITCHING = 101
_NO_BODY = (204, 304)


class AnswerError(Exception):
    """The answer is none that Go's client takes; the text is the scrape's reason."""


class Incoming:
    """The bytes of a connection, as they are asked for; `read` gives b"" at its end. `received`
    counts all that came."""

    def __init__(self, read: Callable[[int], Awaitable[bytes]]) -> None:
        self._read = read
        self._buffer = bytearray()
        self._ended = False
        self.received = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is left over that nobody asked for."""
        return not self._buffer and not self._ended

    async def peek(self, count: int) -> bytes:
        """The next `count` bytes, or as many as there are."""
        while len(self._buffer) < count and await self._more():
            pass
        return bytes(self._buffer[:count])

    async def take(self, most: int) -> bytes:
        """Between one and `most` bytes; none at the end."""
        if not self._buffer:
            await self._more()
        return self._cut(most)

    async def line(self, most: int) -> bytes | None:
        """A line with its end, None if the connection ended before; raises AnswerError for one of
        more than `most` bytes."""
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > most:
                break
            if not await self._more():
                return None
        if end < 0 or end >= most:
            raise AnswerError("bad response: a line too long")
        return self._cut(end + 1)

    async def holds(self, wanted: bytes, within: int) -> bool:
        """Whether `wanted` comes in the next `within` bytes."""
        while (at := self._buffer.find(wanted)) < 0 and len(self._buffer) < within:
            if not await self._more():
                return False
        return 0 <= at <= within - len(wanted)

    def _cut(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more(self) -> bool:
        data = b"" if self._ended else await self._read(_PIECE)
        self._ended = not data
        self.received += len(data)
        self._buffer += data
        return bool(data)


@dataclass(slots=True)
class Answer:
    """A status, its headers, and what says where the body ends: `length` in bytes, None until the
    last chunk or until the connection ends. `reusable`: once the body was read to its end, another
    request may be sent."""

    status: int
    headers: list[tuple[str, str]]
    chunked: bool = False
    length: int | None = None
    reusable: bool = True
    modern: bool = True
    incoming: Incoming = field(repr=False, kw_only=True)

    def get(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Every value of a header, by its name in lower case."""
        return _values(self.headers, name.lower())

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body; raises AnswerError."""
        if self.chunked:
            async for piece in _chunks(self.incoming, modern=self.modern):
                yield piece
            return
        left = self.length
        while left is None or left > 0:
            piece = await self.incoming.take(_PIECE if left is None else min(left, _PIECE))
            if not piece:
                if left is not None:
                    raise AnswerError(CUT_SHORT)
                return
            if left is not None:
                left -= len(piece)
            yield piece


async def read_answer(incoming: Incoming, dialect: str) -> Answer:
    """The first answer that is no interim one, up to its body; raises AnswerError."""
    modern = dialect != "2"
    if not await incoming.peek(1):
        raise AnswerError(CLOSED)
    for _ in range(_MOST_INTERIMS + 1):
        answer = await _head(incoming, modern=modern)
        if answer.status not in _INTERIM or answer.status == _SWITCHING:
            return answer
    raise AnswerError("bad response: too many interim answers")


async def _head(incoming: Incoming, *, modern: bool) -> Answer:
    left = MOST_HEAD_BYTES
    first = await _line(incoming, left)
    version, status = _status_line(first)
    headers = await _headers(incoming, left - len(first), modern=modern)
    return _framed(Answer(status, headers, modern=modern, incoming=incoming), version)


def _status_line(line: str) -> tuple[tuple[int, int], int]:
    proto, blank, rest = line.partition(" ")
    code = rest.lstrip(" ").partition(" ")[0]
    found = _VERSION.fullmatch(proto)
    if not blank or len(code) != 3 or not _STATUS.fullmatch(code) or found is None:
        raise AnswerError("bad response: no HTTP status line")
    return (int(found[1]), int(found[2])), int(code)


async def _headers(incoming: Incoming, left: int, *, modern: bool) -> list[tuple[str, str]]:
    """Lines up to a blank one; those that begin with a blank continue the one before."""
    if await incoming.peek(1) in (b" ", b"\t"):
        raise AnswerError("bad response: a header that begins with a blank")
    headers = []
    while line := await _line(incoming, left):
        left -= len(line)
        if ":" not in line:
            raise AnswerError("bad response: a header without a colon")
        line = line.strip(" \t")
        while await incoming.peek(1) in (b" ", b"\t"):
            more = await _line(incoming, left)
            left -= len(more)
            line += " " + more.strip(" \t")
        name, _, value = line.partition(":")
        value = value.lstrip(" \t")
        if modern and (not _NAME.fullmatch(name) or _CONTROL.search(value)):
            raise AnswerError("bad response: a header with characters that none may have")
        if name:
            headers.append((name, value))
    return headers


async def _line(incoming: Incoming, most: int) -> str:
    line = await incoming.line(most)
    if line is None:
        raise AnswerError(CUT_SHORT)
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")


def _values(headers: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _framed(answer: Answer, version: tuple[int, int]) -> Answer:
    """The answer with where its body ends; raises AnswerError."""
    lengths = {value.strip(" \t") for value in answer.all("content-length")}
    if (codings := answer.all("transfer-encoding")) and version >= (1, 1):
        if len(codings) > 1 or codings[0].lower() != "chunked":
            raise AnswerError("bad response: a Transfer-Encoding other than one plain chunked")
        answer.chunked, lengths = True, set()
        _check_trailer(answer)
    if len(lengths) > 1:
        raise AnswerError("bad response: different lengths")
    answer.reusable = _stays_open(answer, version)
    if answer.status in _INTERIM or answer.status in _NO_BODY:
        answer.chunked, answer.length = False, 0
    elif not answer.chunked:
        answer.length = _length(lengths.pop() if lengths else None, modern=answer.modern)
        answer.reusable = answer.reusable and answer.length is not None
    return answer


def _check_trailer(answer: Answer) -> None:
    for value in answer.all("trailer"):
        if any(key.strip(" \t").lower() in _NOT_IN_TRAILERS for key in value.split(",")):
            raise AnswerError("bad response: a trailer that must not be one")


def _stays_open(answer: Answer, version: tuple[int, int]) -> bool:
    words = {
        word.strip(" \t").lower() for value in answer.all("connection") for word in value.split(",")
    }
    if version < (1, 0) or "close" in words:
        return False
    return version != (1, 0) or "keep-alive" in words


def _length(text: str | None, *, modern: bool) -> int | None:
    if text is None or (not text and not modern):
        return None
    if not _LENGTH.fullmatch(text) or (length := int(text)) >= 1 << 63:
        raise AnswerError("bad response: a Content-Length that is none")
    return length


async def _chunks(incoming: Incoming, *, modern: bool) -> AsyncIterator[bytes]:
    excess = 0
    while True:
        line = await incoming.line(_MOST_CHUNK_LINE - 1)
        if line is None:
            raise AnswerError(CUT_SHORT)
        size = _chunk_size(line, modern=modern)
        excess = max(excess + len(line) - 16 - 2 * size, 0)
        if modern and excess > _MOST_EXCESS:
            raise AnswerError("bad response: more around the chunks than in them")
        if not size:
            break
        while size:
            piece = await incoming.take(min(size, _PIECE))
            if not piece:
                raise AnswerError(CUT_SHORT)
            size -= len(piece)
            yield piece
        if (end := await incoming.peek(2)) != b"\r\n":
            raise AnswerError(CUT_SHORT if len(end) < 2 else "bad response: a chunk's end")
        await incoming.take(2)
    await _trailers(incoming, modern=modern)


def _chunk_size(line: bytes, *, modern: bool) -> int:
    if modern and (not line.endswith(b"\r\n") or line.find(b"\r") != len(line) - 2):
        raise AnswerError("bad response: a chunk's size whose line ends in LF alone")
    digits = line.rstrip(b" \t\r\n").partition(b";")[0]
    known = _CHUNK_SIZE.fullmatch(digits) and len(digits) <= _MOST_CHUNK_DIGITS
    if not known or (modern and not digits):
        raise AnswerError("bad response: a chunk's size that is none")
    return int(digits or b"0", 16)


async def _trailers(incoming: Incoming, *, modern: bool) -> None:
    beginning = await incoming.peek(2)
    if beginning == b"\r\n":
        await incoming.take(2)
        return
    if len(beginning) < 2:
        raise AnswerError(CUT_SHORT)
    if not await incoming.holds(b"\r\n\r\n", _MOST_TRAILER):
        raise AnswerError("bad response: trailers without an end")
    await _headers(incoming, MOST_HEAD_BYTES, modern=modern)
