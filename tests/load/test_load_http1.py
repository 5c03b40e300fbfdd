"""Reading responses: one table of cases, fed whole, byte by byte and split at every point."""

import gc
import http.client
import io
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.load.http1 import (
    MAX_HEAD_BYTES,
    MAX_TRAILER_BYTES,
    SAMPLE_BODY_BYTES,
    BadResponseError,
    Response,
    ResponseReader,
)

OK_BODY = b'{"status":"accepted"}'
PLAIN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 21\r\n\r\n" + OK_BODY
CHUNKED = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """Bytes, then the peer closes; what must come of it: (status, keep_alive, body) or BAD."""

    data: bytes
    want: tuple[int, bool, bytes] | None


BAD = None
CASES = {
    "plain": Case(PLAIN, (202, True, OK_BODY)),
    "no reason phrase": Case(b"HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", (202, True, b"")),
    "odd case and blanks": Case(
        b"HTTP/1.1 200 OK\r\ncontent-LENGTH:   2 \r\n\r\nok", (200, True, b"ok")
    ),
    "another status": Case(b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", (503, True, b"no")),
    "chunked": Case(CHUNKED + b"2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", (202, True, b"ok!")),
    "chunk extensions": Case(CHUNKED + b'2;a=b;c="d e"\r\nok\r\n0;x\r\n\r\n', (202, True, b"ok")),
    "trailers": Case(CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", (202, True, b"ok")),
    "a trailer that speaks of framing": Case(
        CHUNKED + b"2\r\nok\r\n0\r\nX-Content-Length: 9\r\n\r\n", (202, True, b"ok")
    ),
    "chunked after another coding": Case(
        CHUNKED.replace(b"chunked", b"gzip, chunked") + b"2\r\nok\r\n0\r\n\r\n", (202, True, b"ok")
    ),
    "close with a length": Case(
        b"HTTP/1.1 202 A\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", (202, False, b"ok")
    ),
    "close and chunked": Case(
        CHUNKED[:-2] + b"Connection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n", (202, False, b"ok")
    ),
    "close-delimited": Case(
        b"HTTP/1.1 202 A\r\nConnection: close\r\n\r\nuntil the end", (202, False, b"until the end")
    ),
    "no length at all": Case(b"HTTP/1.1 202 A\r\nX: y\r\n\r\nall", (202, False, b"all")),
    "a coding that is not chunked": Case(
        b"HTTP/1.1 202 A\r\nTransfer-Encoding: gzip\r\n\r\nzzz", (202, False, b"zzz")
    ),
    "HTTP/1.0": Case(b"HTTP/1.0 202 A\r\nContent-Length: 2\r\n\r\nok", (202, False, b"ok")),
    "HTTP/1.0 keep-alive": Case(
        b"HTTP/1.0 202 A\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        (202, True, b"ok"),
    ),
    "HTTP/1.0 close-delimited": Case(b"HTTP/1.0 202 A\r\n\r\nok", (202, False, b"ok")),
    "204": Case(b"HTTP/1.1 204 No Content\r\n\r\n", (204, True, b"")),
    "304 with a length": Case(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", (304, True, b"")
    ),
    "after 100": Case(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, (202, True, OK_BODY)),
    "after 100 and 103": Case(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + PLAIN,
        (202, True, OK_BODY),
    ),
    "an offer to upgrade": Case(
        b"HTTP/1.1 202 A\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\n"
        b"Content-Length: 2\r\n\r\nok",
        (202, True, b"ok"),
    ),
    "an upgrade": Case(
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n\0\0\0", BAD
    ),
    "only interim": Case(b"HTTP/1.1 100 Continue\r\n\r\n", BAD),
    "garbage": Case(b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\r\n\r\n", BAD),
    "a TLS alert": Case(b"\x15\x03\x01\x00\x02\x02\x46", BAD),
    "another protocol's version": Case(b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n", BAD),
    "a status that is none": Case(b"HTTP/1.1 2xx A\r\nContent-Length: 0\r\n\r\n", BAD),
    "a length that is none": Case(b"HTTP/1.1 202 A\r\nContent-Length: two\r\n\r\nok", BAD),
    "a negative length": Case(b"HTTP/1.1 202 A\r\nContent-Length: -1\r\n\r\n", BAD),
    "two lengths": Case(
        b"HTTP/1.1 202 A\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", BAD
    ),
    "a length and chunks": Case(
        CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n", BAD
    ),
    "a chunk size that is none": Case(CHUNKED + b"zz\r\nok\r\n0\r\n\r\n", BAD),
    "a chunk longer than its size": Case(CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", BAD),
    "a head without end": Case(b"HTTP/1.1 202 A\r\nX: " + b"y" * (MAX_HEAD_BYTES + 10), BAD),
    "a huge head": Case(
        b"HTTP/1.1 202 A\r\nX: " + b"y" * MAX_HEAD_BYTES + b"\r\nContent-Length: 0\r\n\r\n", BAD
    ),
    "nothing": Case(b"", BAD),
    "lines that end in LF": Case(PLAIN.replace(b"\r\n", b"\n"), (202, True, OK_BODY)),
    "lines that end in LF, after 100": Case(
        b"HTTP/1.1 100 Continue\n\n" + PLAIN.replace(b"\r\n", b"\n"), (202, True, OK_BODY)
    ),
    "blanks after a chunk's size": Case(
        CHUNKED + b"2  \r\nok\r\n1\t\r\n!\r\n0 \r\n\r\n", (202, True, b"ok!")
    ),
    "a folded header": Case(
        b"HTTP/1.1 202 A\r\nX-Note: one\r\n two\r\nContent-Length: 2\r\n\r\nok", (202, True, b"ok")
    ),
    "a folded length": Case(
        b"HTTP/1.1 202 A\r\nContent-Length:\r\n 2\r\n\r\nok", (202, True, b"ok")
    ),
    "a folded coding": Case(
        CHUNKED.replace(b"chunked", b"gzip,\r\n\tchunked") + b"2\r\nok\r\n0\r\n\r\n", BAD
    ),
    "a blank before a colon": Case(
        b"HTTP/1.1 202 A\r\nContent-Length : 2\r\n\r\nok", (202, True, b"ok")
    ),
    "a length after a blank before a colon that is too long": Case(
        b"HTTP/1.1 202 A\r\nContent-Length : 3\r\n\r\nok", BAD
    ),
    "a version that does not exist": Case(
        b"HTTP/1.2 202 A\r\nContent-Length: 2\r\n\r\nok", (202, True, b"ok")
    ),
    "the same length twice": Case(
        b"HTTP/1.1 202 A\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", BAD
    ),
}
SHORT = {name: case for name, case in CASES.items() if len(case.data) < 1000}


ENDLESS = {
    "one trailer": (b"2\r\nok\r\n0\r\nX: ", b"y"),
    "many trailers": (b"2\r\nok\r\n0\r\n", b"X: y\r\n"),
    "an extension of a chunk": (b"2;x=", b"y"),
    "an extension of the last chunk": (b"2\r\nok\r\n0;x=", b"y"),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_never_ends_a_chunked_body_is_a_bad_response_after_a_few_bytes(name, size):
    beginning, endless = ENDLESS[name]
    reader = ResponseReader()
    assert reader.feed(CHUNKED + beginning) is None
    piece, fed = endless * size, 0
    with pytest.raises(BadResponseError, match="trailers over 16 KiB"):
        while fed < 10 * MAX_TRAILER_BYTES:
            fed += len(piece)
            assert reader.feed(piece) is None
    assert fed <= MAX_TRAILER_BYTES + len(piece)


def test_a_body_of_any_length_is_no_trailer():
    reader = ResponseReader()
    assert reader.feed(CHUNKED) is None
    for _ in range(100):
        assert reader.feed(b"1000\r\n" + b"x" * 2000) is None
        assert reader.feed(b"x" * 2096 + b"\r\n") is None
    assert reader.feed(b"0\r\nX-Sum: " + b"1" * 8000) is None
    assert reader.feed(b"1" * 8000 + b"\r\n\r\n") is not None


def read(*pieces: bytes) -> Response | None:
    """What a reader makes of the pieces and the peer's close."""
    reader = ResponseReader()
    try:
        for piece in pieces:
            response = reader.feed(piece)
            if response is not None:
                return response
    except BadResponseError:
        return None
    return reader.eof()


def told(response: Response | None) -> tuple[int, bool, bytes] | None:
    return response and (response.status, response.keep_alive, response.body)


@pytest.mark.parametrize("name", CASES)
def test_a_response_fed_whole_is_read_right(name):
    assert told(read(CASES[name].data)) == CASES[name].want


@pytest.mark.parametrize("name", SHORT)
def test_a_response_fed_byte_by_byte_is_read_the_same(name):
    case = SHORT[name]
    assert told(read(*(case.data[i : i + 1] for i in range(len(case.data))))) == case.want


@pytest.mark.parametrize("name", SHORT)
def test_a_response_split_at_any_point_is_read_the_same(name):
    data = SHORT[name].data
    for cut in range(len(data) + 1):
        assert told(read(data[:cut], data[cut:])) == SHORT[name].want, cut


@pytest.mark.parametrize("size", [1000, 65536])
def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory(size):
    reader = ResponseReader()
    fed = 0
    with pytest.raises(BadResponseError, match="64 KiB"):
        for _ in range(1000):
            fed += size
            reader.feed(b"HTTP/1.1 202 A\r\n" if fed == size else b"X: " + b"y" * size + b"\r\n")
    assert fed < MAX_HEAD_BYTES + 3 * 65536


@pytest.mark.parametrize("name", ["plain", "chunked", "trailers", "after 100", "close and chunked"])
def test_a_response_cut_short_at_any_point_is_none(name):
    data = SHORT[name].data
    for cut in range(len(data)):
        assert read(data[:cut]) is None, cut


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"\0"])
@pytest.mark.parametrize("name", ["plain", "chunked", "204", "close with a length"])
def test_bytes_behind_a_response_end_its_connection_but_not_the_response(name, extra):
    status, _, body = CASES[name].want
    assert told(read(CASES[name].data + extra)) == (status, False, body)


def test_a_sample_shows_the_answers_own_head_and_not_an_interim_one():
    response = read(CASES["after 100 and 103"].data)
    assert response.head == PLAIN.partition(b"\r\n\r\n")[0]


def test_a_sample_keeps_a_long_head_and_a_long_body_short():
    head = b"HTTP/1.1 500 No\r\nX: " + b"y" * 5000 + b"\r\nContent-Length: 9000\r\n\r\n"
    response = read(head + b"z" * 4000, b"z" * 5000)
    assert (len(response.head), response.body) == (2048, b"z" * SAMPLE_BODY_BYTES)


def test_a_bad_response_says_what_was_wrong_and_keeps_what_came():
    reader = ResponseReader()
    with pytest.raises(BadResponseError, match="not HTTP: "):
        reader.feed(CASES["garbage"].data)
    assert reader.partial.head.startswith(b"SSH-2.0")
    assert reader.partial.status == 0


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a length and chunks", "both chunks and a Content-Length"),
        ("two lengths", "two headers Content-Length"),
        ("the same length twice", "two headers Content-Length"),
    ],
)
def test_an_answer_that_leaves_open_where_it_ends_is_refused_and_says_why(name, what):
    with pytest.raises(BadResponseError, match=f"^ambiguous answer: {what}, "):
        ResponseReader().feed(CASES[name].data)


def test_a_sample_of_an_answer_with_bare_line_ends_shows_its_own_head():
    response = read(CASES["lines that end in LF, after 100"].data)
    assert response.head == PLAIN.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")


def test_responses_are_freed_without_garbage_collection():
    def all_ways() -> None:
        for case in SHORT.values():
            read(case.data)
            reader = ResponseReader()
            assert reader.partial.status == 0

    all_ways()
    gc.collect()
    gc.disable()
    try:
        all_ways()
        assert gc.collect() == 0
    finally:
        gc.enable()


# A foreign parser as the oracle.

token = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789!#$&'*+-.^_`|~", min_size=1)
names = token.filter(
    lambda name: (
        name.lower()
        not in ("connection", "content-length", "transfer-encoding", "upgrade", "proxy-connection")
    )
)
values = st.text([chr(c) for c in range(0x21, 0x7F)], min_size=1).map(str.strip)
headers = st.lists(st.tuples(names, values), max_size=6)
statuses = st.integers(200, 599)
framings = st.sampled_from(["length", "chunked", "close"])
connections = st.sampled_from([None, "close", "keep-alive", "Keep-Alive, X-Own", "Close"])


@st.composite
def responses(draw) -> bytes:
    """A valid response: status line, headers in any order, body by any framing."""
    body = draw(st.binary(max_size=40))
    status, framing, connection = draw(statuses), draw(framings), draw(connections)
    version = draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    if status in (204, 304):
        body, framing = b"", "none"
    if version == "1.0" and framing == "chunked":
        framing = "close"
    lines = [f"{name}: {value}" for name, value in draw(headers)]
    own = {
        "length": [f"Content-Length: {len(body)}"],
        "chunked": ["Transfer-Encoding: chunked"],
    }.get(framing, [])
    if connection:
        own.append(f"Connection: {connection}")
    lines = draw(st.permutations(lines + own))
    head = "\r\n".join([f"HTTP/{version} {status} Some Reason", *lines, "", ""]).encode()
    if framing == "chunked":
        cut = draw(st.integers(0, len(body)))
        parts = [part for part in (body[:cut], body[cut:]) if part]
        body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"
    return head + body


class FakeSocket:
    """What http.client needs of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def by_stdlib(data: bytes) -> tuple[int, bool, bytes]:
    answer = http.client.HTTPResponse(FakeSocket(data), method="POST")
    answer.begin()
    keep_alive = not answer.will_close
    return answer.status, keep_alive, answer.read()


@given(responses(), st.data())
def test_valid_responses_are_read_as_the_standard_library_reads_them(data, more):
    cut = more.draw(st.integers(0, len(data)))
    assert told(read(data[:cut], data[cut:])) == by_stdlib(data)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_raise_anything_but_a_bad_response(data, cut):
    read(data[:cut], data[cut:])


@given(responses(), st.data())
def test_a_spoilt_response_never_raises_anything_but_a_bad_response(data, more):
    at = more.draw(st.integers(0, len(data) - 1))
    read(data[:at] + more.draw(st.binary(max_size=3)) + data[at + 1 :])
