"""The memo of responses: never says more than a reader would, stays bounded, gives up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.load.http1 import (
    MEMO_ENTRIES,
    MEMO_JUDGED_FROM,
    MEMO_KEY_BYTES,
    BadResponseError,
    Framing,
    Response,
    ResponseMemo,
    ResponseReader,
)

OK_BODY = b'{"status":"accepted"}'
NOT_PLAIN = (
    b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 202 A\r\nX: y\r\n\r\nall",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 A\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 202 A\r\nContent-Length: 2\r\n\r\nokx",
    b"HTTP/1.1 202 A\nContent-Length: 6\n\n1\r\n\r\n2",
)
PLAIN = (
    b"HTTP/1.1 202 A\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 202 A\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 202 A\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\n\r\n",
)
plain = st.sampled_from(PLAIN)


def read(data: bytes) -> tuple[Response | None, tuple[bytes, Framing] | None]:
    """What a reader makes of `data`, and what it would have memoised."""
    reader = ResponseReader()
    try:
        response = reader.feed(data)
    except BadResponseError:
        return None, None
    return response, reader.framing(data) if response else None


def memo_of(*responses: bytes) -> ResponseMemo:
    memo = ResponseMemo((202, 204))
    for data in responses:
        memo.missed(read(data)[1])
    return memo


@given(st.lists(plain), plain)
def test_a_memoised_response_is_what_a_reader_would_have_made_of_it(seen, data):
    framing = memo_of(*seen).find(data)
    if framing is not None:
        response, _ = read(data)
        assert framing == Framing(response.status, len(response.body), response.keep_alive)


@given(plain)
def test_a_plain_response_is_known_when_it_comes_again(data):
    memo = memo_of(data)
    assert memo.find(data) is not None


@given(plain, st.data())
def test_a_part_or_a_surplus_of_a_memoised_response_is_not_taken_for_it(data, more):
    memo = memo_of(data)
    assert memo.find(data[: more.draw(st.integers(0, len(data) - 1))]) is None
    assert memo.find(data + b"x") is None
    assert memo.find(data + data) is None


def test_a_head_cut_in_its_blank_line_is_not_taken_for_a_whole_response():
    for length in range(20, 80):
        head = b"HTTP/1.1 202 Accepted\r\nContent-Length: %d" % length
        memo = memo_of(head + b"\r\n\r\n" + b"x" * length)
        assert memo.find(head + b"\r") is None


@pytest.mark.parametrize("data", NOT_PLAIN)
def test_only_plain_responses_of_known_length_are_memoised(data):
    memo = memo_of(data)
    assert memo.find(data) is None


@given(st.lists(plain, min_size=1))
def test_only_what_accepts_a_report_and_keeps_the_connection_is_known_as_a_whole(responses):
    memo = memo_of(*responses)
    for data in responses:
        memo.find(data)
    for data in memo.accepting:
        response, _ = read(data)
        assert response.status in (202, 204)
        assert response.keep_alive


def numbered(marker: int, body: bytes = OK_BODY, status: int = 202) -> bytes:
    head = f"HTTP/1.1 {status} Some\r\nDate: {marker}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_the_memo_is_bounded_however_many_responses_come():
    memo = memo_of()
    for marker in range(3 * MEMO_ENTRIES):
        memo.missed(read(numbered(marker))[1])
        for tail in range(3):
            memo.find(numbered(marker, b"%020d" % tail))
        assert memo.find(numbered(marker)) is not None
        assert len(memo._heads) <= MEMO_ENTRIES
        assert len(memo.accepting) <= MEMO_ENTRIES


def test_what_is_too_long_to_be_worth_it_is_not_memoised():
    long = b"y" * MEMO_KEY_BYTES
    long_head = numbered(1).replace(b"\r\n\r\n", b"\r\nX: " + long + b"\r\n\r\n")
    memo = memo_of(long_head, numbered(2, long))
    assert memo.find(long_head) is None
    assert memo.find(numbered(2, long)) is not None
    assert not memo.accepting


def play(
    memo: ResponseMemo, second: int, count: int, *, unique: bool, body: bool = False, **more: int
) -> tuple[int, int]:
    """A second of `count` responses; how many were known as a whole, and by their heads."""
    whole = heads = 0
    for i in range(count):
        marker = second * count + i if unique else second
        data = numbered(marker, b"%06d" % i if body else OK_BODY, **more)
        if data in memo.accepting:
            whole += 1
        elif memo.find(data):
            heads += 1
        else:
            memo.missed(read(data)[1])
    memo.drop_if_rarely_hit(count)
    return whole, heads


def test_a_server_whose_heads_differ_by_date_alone_stays_memoised():
    memo = memo_of()
    count = MEMO_JUDGED_FROM
    seconds = [play(memo, second, count, unique=False) for second in range(400)]
    assert set(seconds) == {(count - 2, 1)}


def test_a_server_with_a_head_of_its_own_for_each_response_is_given_up():
    memo = memo_of()
    assert play(memo, 0, MEMO_JUDGED_FROM, unique=True) == (0, 0)
    assert play(memo, 1, MEMO_JUDGED_FROM, unique=False) == (0, 0)


def test_a_server_whose_bodies_differ_is_known_by_its_heads_alone():
    memo = memo_of()
    count = MEMO_JUDGED_FROM
    assert play(memo, 0, count, unique=False, body=True) == (0, count - 1)
    assert not memo.accepting
    assert play(memo, 0, count, unique=False, body=True) == (0, count)
    assert not memo.accepting


def test_a_spell_of_rejections_does_not_end_knowing_whole_responses():
    memo = memo_of()
    count = MEMO_JUDGED_FROM
    assert play(memo, 0, count, unique=False, status=503) == (0, count - 1)
    assert play(memo, 1, count, unique=False) == (count - 2, 1)


def test_a_handful_of_responses_says_nothing_about_the_server():
    memo = memo_of()
    play(memo, 0, MEMO_JUDGED_FROM - 1, unique=True)
    assert play(memo, 1, 10, unique=False) == (9, 1)
