"""Reading HTTP/1.1 responses: a memo of heads in front, a real parser behind. Pure.

The parser is as lenient as browsers are: lines that end in a bare LF, folded headers, a blank
before a colon or after a chunk's size. What leaves open where a body ends is refused. Preflight
reads its one answer here too, so what it accepts the load accepts.

Responses of one server differ by little more than `Date`, so the bytes before the blank line are
a key to (status, body length, keep-alive): one dictionary look-up instead of a parse. Where the
bodies are alike too, the whole response is the key, which spares finding the blank line. Whatever
the memo does not know goes to httptools (llhttp).
"""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import httptools

MEMO_ENTRIES = 256
MEMO_KEY_BYTES = 4096
MEMO_JUDGED_FROM = 256
"""A second with fewer responses is too short to judge the memo's share of hits."""
MAX_HEAD_BYTES = 64 * 1024
MAX_TRAILER_BYTES = 16 * 1024
"""What may come between two pieces of a body or behind it: trailers, extensions of chunks."""
SAMPLE_BODY_BYTES = 512
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LENIENT = {
    "lenient_headers": True,
    "lenient_version": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}
AMBIGUOUS = "ambiguous answer"
_AMBIGUOUS = {
    "Transfer-Encoding can't be present with Content-Length": "both chunks and a Content-Length",
    "Content-Length can't be present with Transfer-Encoding": "both chunks and a Content-Length",
    "Duplicate Content-Length": "two headers Content-Length",
    "Content-Length already present": "two headers Content-Length",
}
"""What leaves open where a body ends, by llhttp's words."""


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


class ResponseMemo:
    """Responses seen before, by head and, where they accept a report and keep the connection,
    as a whole. Bounded: a table is cleared when it is full, and no longer used when it is missed
    more often than hit (a request-id header, a body that differs)."""

    def __init__(self, expect: tuple[int, ...]) -> None:
        self.accepting: set[bytes] = set()
        self._heads: dict[bytes, Framing] = {}
        self._expect = frozenset(expect)
        self._head_hits = 0
        self._misses = 0
        self._keep_whole = True
        self._keep_heads = True

    def find(self, data: bytes) -> Framing | None:
        """The framing of `data`, which is not among `accepting`, if it is one plain response
        with a known head."""
        head_end = data.find(b"\r\n\r\n")
        framing = self._heads.get(data[:head_end])
        if framing is None or head_end < 0 or len(data) != head_end + 4 + framing.length:
            return None
        accepting = framing.keep_alive and framing.status in self._expect
        if accepting and self._keep_whole and len(data) <= MEMO_KEY_BYTES:
            # Only these could have been known as a whole: a run of 503s says nothing about bodies.
            self._head_hits += 1
            if len(self.accepting) >= MEMO_ENTRIES:
                self.accepting.clear()
            self.accepting.add(data)
        return framing

    def missed(self, learned: tuple[bytes, Framing] | None) -> None:
        """Count a response that had to be parsed, and remember its head if it can be."""
        self._misses += 1
        if learned is None or not self._keep_heads or len(learned[0]) > MEMO_KEY_BYTES:
            return
        if len(self._heads) >= MEMO_ENTRIES:
            self._heads.clear()
        head, framing = learned
        self._heads[head] = framing

    def drop_if_rarely_hit(self, responses: int) -> None:
        """Once a second, with its count of responses: stop using a table that rarely hits."""
        if responses >= MEMO_JUDGED_FROM:
            if self._misses * 2 > responses:
                self._keep_heads = False
                self._heads.clear()
            if (self._misses + self._head_hits) * 2 > responses:
                self._keep_whole = False
                self.accepting.clear()
        self._misses = self._head_hits = 0


class ResponseReader:
    """Reads one response fed in pieces; not used again after it has returned one."""

    __slots__ = ("_message", "_parser")

    def __init__(self) -> None:
        self._message = _Message()
        self._parser = httptools.HttpResponseParser(self._message)
        self._parser.set_dangerous_leniencies(**_LENIENT)

    def feed(self, data: bytes) -> Response | None:
        """Take more bytes; the response once it is complete. Raises BadResponseError."""
        message = self._message
        if not message.headers_done:
            message.head += data
        # Lent for the call only: the parser holds the message, and a cycle would outlive its
        # response (1 KB each), since a shard runs without garbage collection.
        message.parser = self._parser
        message.unframed += len(data) if message.headers_done else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise BadResponseError("a protocol upgrade instead of a response") from None
        except httptools.HttpParserError as error:
            if not message.complete:
                raise BadResponseError(_reason(error)) from None
            message.trailing = True
        finally:
            message.parser = None
        if message.unframed > MAX_TRAILER_BYTES and not message.complete:
            raise BadResponseError(f"trailers over {MAX_TRAILER_BYTES // 1024} KiB")
        if message.head_too_long:
            raise BadResponseError(f"response head over {MAX_HEAD_BYTES // 1024} KiB")
        return message.response() if message.complete else None

    def eof(self) -> Response | None:
        """The peer closed: the response if its body ran until then, None if it was cut short."""
        message = self._message
        if message.headers_done and message.until_eof:
            message.keep_alive = False
            return message.response()
        return None

    @property
    def partial(self) -> Response:
        """What has come so far, for a failure sample."""
        return self._message.response()

    def framing(self, data: bytes) -> tuple[bytes, Framing] | None:
        """The head and framing to memoise, if `data` alone was the whole plain response."""
        message = self._message
        head_end = data.find(b"\r\n\r\n")
        if message.length is None or message.status < 200 or message.trailing:
            return None
        if head_end < 0 or len(data) != head_end + 4 + message.length:
            return None
        return data[:head_end], Framing(message.status, message.length, message.keep_alive)


class _Message:
    """The response so far; httptools calls its `on_…` methods by name."""

    __slots__ = (
        "body",
        "complete",
        "head",
        "headers_done",
        "interims",
        "keep_alive",
        "length",
        "parser",
        "status",
        "trailing",
        "unframed",
        "until_eof",
    )

    def __init__(self) -> None:
        self.parser: Any = None
        self.head = b""
        self.body = b""
        self.length: int | None = None
        self.status = 0
        self.interims = 0
        self.headers_done = False
        self.complete = False
        self.keep_alive = False
        self.until_eof = True
        self.trailing = False
        self.unframed = 0

    @property
    def head_too_long(self) -> bool:
        if len(self.head) <= MAX_HEAD_BYTES:
            return False
        blank = _BLANK_LINE.search(self.head)
        return not self.headers_done or (blank is not None and blank.start() > MAX_HEAD_BYTES)

    def response(self) -> Response:
        head = _BLANK_LINE.split(self.head, self.interims + 1)[self.interims]
        keep_alive = self.keep_alive and not self.trailing
        return Response(self.status, keep_alive, head[:2048], self.body)

    def on_message_begin(self) -> None:
        if self.complete:
            self.trailing = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.headers_done:
            return  # a trailer, or a second response
        name = name.strip().lower()
        if name == b"content-length":
            self.until_eof = False
            self.length = int(value) if value.isdigit() else None
        elif name == b"transfer-encoding":
            # Without a final `chunked` the body runs until the peer closes (RFC 9112, 6.3).
            self.until_eof = value.lower().rpartition(b",")[2].strip() != b"chunked"
            self.length = None

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self.status = self.parser.get_status_code()
        if self.status >= 200:
            self.headers_done = True
            if self.status in (204, 304):
                self.until_eof = False
                self.length = 0

    def on_body(self, body: bytes) -> None:
        self.unframed = 0
        if not self.complete and len(self.body) < SAMPLE_BODY_BYTES:
            self.body += body[: SAMPLE_BODY_BYTES - len(self.body)]

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if self.status < 200:
            # An interim response (1xx) is not the answer; the next one is.
            self.interims += 1
            self.until_eof = True
            self.length = None
            return
        self.complete = True
        self.keep_alive = self.parser.should_keep_alive()


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if text in _AMBIGUOUS:
        return f"{AMBIGUOUS}: {_AMBIGUOUS[text]}, so it is open where its body ends"
    return f"not HTTP: {text[:80]}"
