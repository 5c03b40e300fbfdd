"""Reading HTTP/1.1 responses: a memo of heads in front, a real parser behind. Pure.

Responses of one server differ by little more than `Date`, so the bytes before the blank line are
a key to (status, body length, keep-alive): one dictionary look-up instead of a parse. Whatever
the memo does not know goes to httptools (llhttp).
"""

from dataclasses import dataclass
from typing import NamedTuple

import httptools

MEMO_ENTRIES = 256
MEMO_JUDGED_FROM = 256
"""Responses a second must have before its share of hits says anything about the server."""
MAX_HEAD_BYTES = 64 * 1024
SAMPLE_BODY_BYTES = 512


class BadResponseError(ValueError):
    """The peer's bytes are not an HTTP response; the text says how."""


class Framing(NamedTuple):
    """What a memoised head says: status, body length in bytes, and whether to keep the
    connection."""

    status: int
    length: int
    keep_alive: bool


@dataclass(slots=True)
class Response:
    """A complete response; `head` and `body` are kept short, for failure samples."""

    status: int
    keep_alive: bool
    head: bytes
    body: bytes


class HeadMemo:
    """Heads seen before. Bounded: cleared when full, given up when the server's heads differ
    more often than not (a request-id header, say)."""

    def __init__(self) -> None:
        self.table: dict[bytes, Framing] = {}
        self.misses = 0
        self._filling = True

    def missed(self, learned: tuple[bytes, Framing] | None) -> None:
        """Count a response that had to be parsed, and remember its head if it can be."""
        self.misses += 1
        if learned is None or not self._filling:
            return
        if len(self.table) >= MEMO_ENTRIES:
            self.table.clear()
        head, framing = learned
        self.table[head] = framing

    def judge(self, responses: int) -> None:
        """Once a second, with that second's count of responses: stop filling if under half
        of them were hits."""
        if responses >= MEMO_JUDGED_FROM and self.misses * 2 > responses:
            self._filling = False
            self.table.clear()
        self.misses = 0


class ResponseReader:
    """Reads one response fed in pieces; not used again after it has returned one."""

    __slots__ = (
        "_body",
        "_complete",
        "_head",
        "_headers_done",
        "_keep_alive",
        "_length",
        "_parser",
        "_status",
        "_trailing",
        "_until_eof",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._head = b""
        self._body = b""
        self._length: int | None = None
        self._status = 0
        self._headers_done = False
        self._complete = False
        self._keep_alive = False
        self._until_eof = True
        self._trailing = False

    def feed(self, data: bytes) -> Response | None:
        """Take more bytes; the response once it is complete. Raises BadResponseError."""
        if not self._headers_done:
            self._head += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise BadResponseError("got a protocol upgrade, expected a response") from None
        except httptools.HttpParserError as error:
            if not self._complete:
                raise BadResponseError(_reason(error)) from None
            self._trailing = True
        if not self._headers_done and len(self._head) > MAX_HEAD_BYTES:
            raise BadResponseError(f"response head over {MAX_HEAD_BYTES // 1024} KiB")
        return self._response() if self._complete else None

    def eof(self) -> Response | None:
        """The peer closed: the response if its body ran until then, None if it was cut short."""
        if self._headers_done and self._until_eof:
            self._keep_alive = False
            return self._response()
        return None

    @property
    def partial(self) -> Response:
        """What has come so far, for a failure sample."""
        return self._response()

    def framing(self, data: bytes) -> tuple[bytes, Framing] | None:
        """The head and framing to memoise, if `data` alone was the whole plain response."""
        cut = data.find(b"\r\n\r\n")
        if self._length is None or self._status < 200 or self._trailing:
            return None
        if cut < 0 or len(data) != cut + 4 + self._length:
            return None
        return data[:cut], Framing(self._status, self._length, self._keep_alive)

    def _response(self) -> Response:
        head = self._head.partition(b"\r\n\r\n")[0]
        keep_alive = self._keep_alive and not self._trailing
        return Response(self._status, keep_alive, head[:2048], self._body)

    # httptools calls these by name.

    def on_message_begin(self) -> None:
        if self._complete:
            self._trailing = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._complete:
            return
        name = name.lower()
        if name == b"content-length":
            self._until_eof = False
            self._length = int(value) if value.isdigit() else None
        elif name == b"transfer-encoding":
            # Without a final `chunked` the body runs until the peer closes (RFC 9112, 6.3).
            self._until_eof = not value.lower().rstrip().endswith(b"chunked")
            self._length = None

    def on_headers_complete(self) -> None:
        if self._complete:
            return
        self._status = self._parser.get_status_code()
        if self._status >= 200:
            self._headers_done = True
            if self._status in (204, 304):
                self._until_eof = False
                self._length = 0

    def on_body(self, body: bytes) -> None:
        if not self._complete and len(self._body) < SAMPLE_BODY_BYTES:
            self._body += body[: SAMPLE_BODY_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        if self._complete or self._status < 200:
            # An interim response (1xx) is not the answer; the next one is.
            self._until_eof = True
            self._length = None
            return
        self._complete = True
        self._keep_alive = self._parser.should_keep_alive()


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return f"not HTTP: {text[:80]}"
