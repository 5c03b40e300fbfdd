"""Whole answers to a scrape, and whether Prometheus 2.42 takes them.

HTTP, gzip, redirects, and the limits of a scrape's configuration.
"""

import gzip
import struct
import zlib

from prometheus import Page

TYPE = b"Content-Type: text/plain; version=0.0.4"
GOOD = b"a 1\n"
ZIPPED = gzip.compress(GOOD)
CHUNKED = b"Transfer-Encoding: chunked"
GZIP = b"Content-Encoding: gzip"
_CHUNKS = b"4\r\na 1\n\r\n0\r\n"
_FLAGGED = b"\x1f\x8b\x08\x02\0\0\0\0\0\xff"
_HEADER_SUM = struct.pack("<H", zlib.crc32(_FLAGGED) & 0xFFFF)


def answer(
    body: bytes = GOOD,
    *headers: bytes,
    status: bytes = b"HTTP/1.1 200 OK",
    type_: bytes = TYPE,
    length: int | None = -1,
) -> bytes:
    """An answer with its Content-Length, with another one, or with none."""
    sizes = (
        [] if length is None else [b"Content-Length: %d" % (len(body) if length < 0 else length)]
    )
    return b"\r\n".join([status, type_, *headers, *sizes, b"", b""]) + body


def _closing(raw: bytes) -> Page:
    return Page(answer=raw, closes=True)


def _moved(location: bytes, status: bytes = b"302 Found") -> Page:
    return Page(answer=answer(b"", b"Location: " + location, status=b"HTTP/1.1 " + status))


def _zipped(body: bytes) -> Page:
    return Page(answer=answer(body, GZIP))


def _limited(limits: str, count: int, end: bytes = b"") -> Page:
    body = b"".join(b"a%d 1\n" % number for number in range(count)) + end
    return Page(body, limits=limits)


_TEN = "sample_limit: 10"
_BYTES = "body_size_limit: 100B"
ACCEPTED = {
    "gzip": _zipped(ZIPPED),
    "gzip of two members": _zipped(ZIPPED + gzip.compress(b"b 1\n")),
    "gzip of nothing": _zipped(gzip.compress(b"")),
    "gzip with a sum of its header": _zipped(_FLAGGED + _HEADER_SUM + ZIPPED[10:]),
    "gzip and then another encoding": Page(answer=answer(ZIPPED, GZIP, b"Content-Encoding: br")),
    "identity": Page(answer=answer(GOOD, b"Content-Encoding: identity")),
    "an encoding that is none of it": Page(answer=answer(GOOD, b"Content-Encoding: br")),
    "chunks": Page(answer=answer(_CHUNKS + b"\r\n", CHUNKED, length=None)),
    "chunks with trailers": Page(
        answer=answer(_CHUNKS + b"X-T: 1\r\nY: 2\r\n\r\n", CHUNKED, length=None)
    ),
    "chunks with extensions": Page(
        answer=answer(_CHUNKS.replace(b"4", b"4;x=y") + b"\r\n", CHUNKED, length=None)
    ),
    "1.0 until closed": _closing(answer(status=b"HTTP/1.0 200 OK", length=None)),
    "1.1 until closed": _closing(answer(length=None)),
    "1.0 kept alive": Page(answer=answer(GOOD, b"Connection: keep-alive", status=b"HTTP/1.0 200")),
    "early hints": Page(answer=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer()),
    "lines that end in LF alone": Page(answer=answer().replace(b"\r\n", b"\n")),
    "a header of 10 kB": Page(answer=answer(GOOD, b"X: " + b"x" * 10_000)),
    "a header of 1 MB": Page(answer=answer(GOOD, b"X: " + b"x" * 1_000_000)),
    "500 headers": Page(answer=answer(GOOD, *(b"X%d: x" % number for number in range(500)))),
    "a status line of 20 kB": Page(answer=answer(status=b"HTTP/1.1 200 " + b"x" * 20_000)),
    "a header in Latin-1": Page(answer=answer(GOOD, b"X: b\xe4r")),
    "two types": Page(answer=answer(GOOD, b"Content-Type: application/openmetrics-text")),
    "as many samples as allowed": _limited(_TEN, 10),
    "fewer bytes than allowed": Page(b"#" * 98 + b"\n", limits=_BYTES),
    "a long page that is small in gzip, without limit": _zipped(gzip.compress(b"#" * 999 + b"\n")),
}
REFUSED = {
    "gzip in capitals": Page(answer=answer(ZIPPED, b"Content-Encoding: GZIP")),
    "gzip twice": Page(answer=answer(ZIPPED, b"Content-Encoding: gzip, gzip")),
    "gzip that is none": _zipped(GOOD),
    "gzip of no byte": _zipped(b""),
    "gzip cut short": _zipped(ZIPPED[:-3]),
    "gzip with a wrong sum": _zipped(ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]),
    "gzip with a wrong size": _zipped(ZIPPED[:-4] + bytes(4)),
    "gzip with zeros behind": _zipped(ZIPPED + bytes(8)),
    "gzip with half a member behind": _zipped(ZIPPED + ZIPPED[:5]),
    "gzip that is not said": Page(answer=answer(ZIPPED)),
    "chunks that end too soon": _closing(answer(b"4\r\na 1\n\r\n", CHUNKED, length=None)),
    "chunks without their last line": _closing(answer(_CHUNKS, CHUNKED, length=None)),
    "chunks of no size": _closing(answer(b"zz\r\na 1\n\r\n0\r\n\r\n", CHUNKED, length=None)),
    "chunks in HTTP 1.0": _closing(
        answer(_CHUNKS + b"\r\n", CHUNKED, status=b"HTTP/1.0 200 OK", length=None)
    ),
    "a body shorter than told": _closing(answer(length=9)),
    "lengths that differ": _closing(answer(GOOD, b"Content-Length: 9")),
    "a length below zero": _closing(answer(GOOD, b"Content-Length: -1", length=None)),
    "a status of four digits": _closing(answer(status=b"HTTP/1.1 2000 OK")),
    "a header without a colon": _closing(answer(GOOD, b"X")),
    "no HTTP": _closing(GOOD),
    "no content": Page(answer=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "partial content": Page(answer=answer(status=b"HTTP/1.1 206 Partial")),
    "many choices": _moved(b"/0", b"300 Choices"),
    "moved nowhere": Page(answer=answer(status=b"HTTP/1.1 302 Found")),
    "moved to an empty place": _moved(b""),
    "moved to another protocol": _moved(b"ftp://127.0.0.1/0"),
    "moved to no port": _moved(b"http://127.0.0.1:99999/0"),
    "a sample too many": _limited(_TEN, 11),
    "a sample too many, of a series again": _limited(_TEN, 10, b"a0 1\n"),
    "a sample too many, of a time told": _limited(_TEN, 10, b"b NaN 1700000000000\n"),
    "a sample too many, and junk": _limited(_TEN, 11, b"{\n"),
    "samples that are allowed, and junk": _limited(_TEN, 10, b"{\n"),
    "as many bytes as allowed": Page(b"#" * 99 + b"\n", limits=_BYTES),
    "more bytes than allowed once inflated": Page(
        answer=answer(gzip.compress(b"#" * 999 + b"\n"), GZIP), limits=_BYTES
    ),
}
_FIRST_OF_CHAIN = len(ACCEPTED) + len(REFUSED)
_REDIRECTS = 10


def chain() -> list[Page]:
    """Each page moves to the next one, up to the last; Prometheus asks ten times, not more."""
    following = range(_FIRST_OF_CHAIN + 1, _FIRST_OF_CHAIN + _REDIRECTS + 1)
    statuses = [b"301 a", b"302 b", b"303 c", b"307 d", b"308 e"] * 2
    moved = [_moved(b"/%d" % n, status) for n, status in zip(following, statuses, strict=True)]
    return [*moved, Page(GOOD)]


PAGES = [*ACCEPTED.values(), *REFUSED.values(), *chain()]
NAMES = [*ACCEPTED, *REFUSED, *(f"{left} redirects" for left in range(_REDIRECTS, -1, -1))]
