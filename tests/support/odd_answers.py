"""Odd answers to a scrape, by what is odd about them; a real Prometheus says which of them it
takes. All are of HTTP alone: the page in them is a good one."""

from collections.abc import Iterator

from prometheus import Page

PAGE = b"a 1\n"
OTHER = b"b 2\n"
TYPE = b"Content-Type: text/plain; version=0.0.4"
LENGTH = b"Content-Length: %d" % len(PAGE)
CHUNKED = b"Transfer-Encoding: chunked"
OK = b"HTTP/1.1 200 OK"
CHUNKS = b"4\r\na 1\n\r\n0\r\n\r\n"


def _head(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    return end.join([*lines, b"", b""])


def _plain(*lines: bytes, first: bytes = OK, length: bytes | None = LENGTH) -> bytes:
    sizes = () if length is None else (length,)
    return _head(first, TYPE, *lines, *sizes) + PAGE


def _coded(*lines: bytes, body: bytes = CHUNKS, first: bytes = OK) -> bytes:
    return _head(first, TYPE, *lines) + body


def _status_lines() -> Iterator[tuple[str, bytes]]:
    for line in (
        *(b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1"),
        *(b"HTTP/1.2 200 OK", b"HTTP/2.0 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1.10 200 OK"),
        *(b"HTTP/11 200 OK", b"http/1.1 200 OK", b"HTTP/1.x 200 OK", b"HTTP/ 1.1 200 OK"),
        *(b" HTTP/1.1 200 OK", b"HTTP/1.1 0200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 +20 OK"),
        *(b"HTTP/1.1 -20 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 200\tOK", b"HTTP/1.1 200 \xff\xfe"),
        *(b"HTTP/1.1 200 OK\r", b"\r\nHTTP/1.1 200 OK", b"ICY 200 OK", b"HTTP/1.1 200OK"),
        *(b"HTTP/0.0 200 OK", b"HTTP/1.1 201 Created", b"HTTP/1.1 101 Switching Protocols"),
    ):
        yield f"status line {line!r}", _plain(first=line)


def _headers() -> Iterator[tuple[str, bytes]]:
    for line in (
        *(b"X Y: 1", b"X : 1", b": 1", b"X:", b"X", b"X\t: 1", b"X\x00: 1", b"\xe4: 1", b"(X): 1"),
        *(b"X: a\x00b", b"X: a\x01b", b"X: a\x7fb", b"X: a\rb", b"X: \xff", b"X: 1\r\n 2"),
        *(b"X: 1\r\n\t2", b"X: 1\r\n ", b"X: 1\r\n : 2", b"X: 1\r\n  \r\n 2", b"X:1\r", b"@: 1"),
        *(b"X\r\n : 1", b"Content-Length : 9", b"Transfer-Encoding : chunked"),
    ):
        yield f"header {line!r}", _plain(line)
    yield "a first header after a blank", _head(OK, b" X: 1", TYPE, LENGTH) + PAGE
    yield "lines that end in LF", _head(OK, TYPE, LENGTH, end=b"\n") + PAGE
    yield "lines that end in CR", _head(OK, TYPE, LENGTH, end=b"\r") + PAGE
    yield "lines that end in CR CR LF", _head(OK, TYPE, LENGTH, end=b"\r\r\n") + PAGE
    yield "a blank line that ends in LF", _plain().replace(b"\r\n\r\n", b"\r\n\n")
    yield "no blank line", OK + b"\r\n" + TYPE + b"\r\n"
    yield "a folded type", _plain().replace(b"plain; ", b"plain;\r\n ")
    yield "a folded length", _plain().replace(b"Length: ", b"Length:\r\n ")
    yield "5,000 headers", _plain(*(b"X%d: x" % number for number in range(5000)))


def _lengths() -> Iterator[tuple[str, bytes]]:
    for value in (
        *(b"", b" 4 ", b"\t4", b"+4", b"-4", b"04", b"0000000000000000000000004", b"4.0", b"0x4"),
        *(b"4,4", b"4, 4", b"four", b"4 4", b"9223372036854775808", b"18446744073709551620", b"4;"),
        *(b"0", b"3", b"5", b"\xd9\xa4", b"4_0", b"4\x00"),
    ):
        yield f"length {value!r}", _plain(length=b"Content-Length: " + value)
    yield "the same length twice", _plain(LENGTH)
    yield "the same length thrice", _plain(LENGTH, LENGTH)
    yield "the same length otherwise", _plain(b"Content-Length:   4 ")
    yield "two lengths", _plain(b"Content-Length: 5")
    yield "an empty length beside one", _plain(b"Content-Length:")
    yield "length and chunks", _coded(LENGTH, CHUNKED)
    yield "a length that is none and chunks", _coded(b"Content-Length: x", CHUNKED)
    yield "two lengths and chunks", _coded(LENGTH, b"Content-Length: 5", CHUNKED)
    yield "bytes behind the length", _plain() + OTHER
    yield "an answer behind the length", _plain() + _plain()
    yield "blank lines behind the length", _plain() + b"\r\n\r\n"


def _codings() -> Iterator[tuple[str, bytes]]:
    for value in (
        *(b"chunked", b"Chunked", b"CHUNKED ", b"\tchunked", b"chunked, chunked", b"gzip, chunked"),
        *(b"identity", b"", b"chunked;q=1", b'"chunked"', b",chunked", b"chunked,", b"xchunked"),
        *(b"\x0bchunked", b"chunked\x00", b"gzip"),
    ):
        yield f"coding {value!r}", _coded(b"Transfer-Encoding: " + value)
    yield "chunked twice", _coded(CHUNKED, CHUNKED)
    yield "identity and a length", _plain(b"Transfer-Encoding: identity")
    yield "an empty coding and a length", _plain(b"Transfer-Encoding:")
    yield "chunks of 1.0 and a length", _plain(CHUNKED, first=b"HTTP/1.0 200 OK")
    yield "a coding of 1.0 that is none", _plain(b"Transfer-Encoding: x", first=b"HTTP/1.0 200 OK")
    yield "chunks of 1.2", _coded(CHUNKED, first=b"HTTP/1.2 200 OK")


def _chunks() -> Iterator[tuple[str, bytes]]:
    for size in (
        *(b"04", b"4 ", b"4\t", b" 4", b"4  ;x", b"4;x=y", b'4;x="\r"', b"4; x = y", b"+4", b"0x4"),
        *(b"0000000000000004", b"00000000000000004", b"", b"-4", b"g", b"4\r", b"4h", b"4 4"),
        *(b"ffffffffffffffff", b"10000000000000000", b"4;" + b"x" * 4000, b"4;" + b"x" * 4100),
        *(b"4\x00", b"4\x0b", b"3", b"5"),
    ):
        body = size + b"\r\na 1\n\r\n0\r\n\r\n"
        shown = size if len(size) < 99 else b"%s of %d bytes" % (size[:4], len(size))
        yield f"chunk size {shown!r}", _coded(CHUNKED, body=body)
    for name, body in {
        "upper case": b"A\r\nabcdefg 1\n\r\n0\r\n\r\n",
        "sizes that end in LF": b"4\na 1\n\r\n0\n\r\n",
        "a size that ends in LF": b"4\na 1\n\r\n0\r\n\r\n",
        "a last size that ends in LF": b"4\r\na 1\n\r\n0\n\r\n",
        "data that ends in LF": b"4\r\na 1\n\n0\r\n\r\n",
        "data without an end": b"4\r\na 1\n0\r\n\r\n",
        "an end of LF alone": b"4\r\na 1\n\r\n0\r\n\n",
        "a last size of many zeros": b"4\r\na 1\n\r\n0000\r\n\r\n",
        "a last size with an extension": b"4\r\na 1\n\r\n0;x\r\n\r\n",
        "no chunk": b"0\r\n\r\n",
        "no bytes": b"",
        "bytes behind the last one": b"4\r\na 1\n\r\n0\r\n\r\n" + OTHER,
        "many of one byte": b"".join(b"1\r\n%c\r\n" % byte for byte in PAGE * 200) + b"0\r\n\r\n",
    }.items():
        yield f"chunks: {name}", _coded(CHUNKED, body=body)
    for trailer in (
        *(b"X: y", b"X", b" X: y", b"X : y", b": y", b"X: y\r\n z", b"Content-Length: 9"),
        *(b"X: " + b"y" * 3000, b"X: " + b"y" * 5000, b"X: \x00", b"X: y\n", b"X\x01: y"),
    ):
        body = CHUNKS[:-2] + trailer + b"\r\n\r\n"
        shown = trailer if len(trailer) < 99 else b"X of %d bytes" % len(trailer)
        yield f"trailer {shown!r}", _coded(CHUNKED, body=body)
    for named in (b"X", b"Content-Length", b"X, transfer-encoding", b"trailer", b""):
        yield f"named trailer {named!r}", _coded(CHUNKED, b"Trailer: " + named)
    yield "a named trailer without chunks", _plain(b"Trailer: Content-Length")


def _interim() -> Iterator[tuple[str, bytes]]:
    hint = _head(b"HTTP/1.1 103 Early Hints", b"Link: </x>")
    for count in (1, 5, 6):
        yield f"{count} interim answers", hint * count + _plain()
    for name, head in {
        "100": _head(b"HTTP/1.1 100 Continue"),
        "102 with a length": _head(b"HTTP/1.1 102 Processing", b"Content-Length: 4"),
        "199": _head(b"HTTP/1.1 199 Odd"),
        "100 of 1.0": _head(b"HTTP/1.0 100 Continue"),
        "100 in chunks": _head(b"HTTP/1.1 100 Continue", CHUNKED),
        "100 of another coding": _head(b"HTTP/1.1 100 Continue", b"Transfer-Encoding: x"),
        "100 with a header that is none": _head(b"HTTP/1.1 100 Continue", b"X"),
        "100 of LF": _head(b"HTTP/1.1 100 Continue", end=b"\n"),
        "100 that says close": _head(b"HTTP/1.1 100 Continue", b"Connection: close"),
        "101": _head(b"HTTP/1.1 101 Switching", b"Upgrade: x", b"Connection: upgrade"),
        "099": _head(b"HTTP/1.1 099 Odd"),
    }.items():
        yield f"interim {name}", head + _plain()


def _connections() -> Iterator[tuple[str, bytes]]:
    for value in (b"close", b"Close, x", b"keep-alive", b"upgrade", b""):
        yield f"connection {value!r}", _plain(b"Connection: " + value)
    yield "0.9 and no length", _plain(first=b"HTTP/0.9 200 OK", length=None)
    yield (
        "1.0 and keep-alive without a length",
        _plain(b"Connection: keep-alive", first=b"HTTP/1.0 200 OK", length=None),
    )
    yield "a length of 204", _plain(first=b"HTTP/1.1 204 None")


def _all() -> Iterator[tuple[str, bytes]]:
    for kind in (_status_lines, _headers, _lengths, _codings, _chunks, _interim, _connections):
        yield from kind()


ODD = {name: Page(answer=raw, closes=True) for name, raw in _all()}
