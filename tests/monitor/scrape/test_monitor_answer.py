"""Odd answers as the client of Prometheus 3 reads them, in pieces of any size."""

import asyncio

import pytest
from odd_answers import CHUNKED, ODD, OK, PAGE, TYPE

from qosflood.monitor.scrape.answer import AnswerError, Incoming, read_answer


def body_of(data: bytes, dialect: str, piece: int = 1 << 20) -> bytes | str:
    """The body of the answer in `data`, or why there is none; it comes `piece` by piece."""
    left = bytearray(data)

    async def read(most: int) -> bytes:
        taken = bytes(left[: min(most, piece)])
        del left[: len(taken)]
        return taken

    async def whole() -> bytes:
        answer = await read_answer(Incoming(read), dialect)
        return b"".join([part async for part in answer.pieces()])

    try:
        return asyncio.run(whole())
    except AnswerError as error:
        return str(error)


@pytest.mark.parametrize("dialect", ["2", "3"])
@pytest.mark.parametrize("piece", [1, 7])
def test_answers_in_small_pieces_are_read_the_same(dialect, piece):
    short = {name: page.answer for name, page in ODD.items() if len(page.answer or b"") < 500}
    for name, data in short.items():
        assert data is not None
        assert body_of(data, dialect, piece) == body_of(data, dialect), name


STRICTER = {
    "header b': 1'",
    "header b'X\\t: 1'",
    "header b'X\\x00: 1'",
    "header b'\\xe4: 1'",
    "header b'(X): 1'",
    "header b'@: 1'",
    "header b'X: a\\x00b'",
    "header b'X: a\\x01b'",
    "header b'X: a\\x7fb'",
    "header b'X: a\\rb'",
    "header b'X:1\\r'",
    "length b''",
}
"""What Go took until 1.19, and takes no more."""


def test_the_newer_client_is_stricter_and_never_more_lenient():
    changed = {
        name
        for name, page in ODD.items()
        if page.answer is not None and body_of(page.answer, "2") != body_of(page.answer, "3")
    }
    for name in changed:
        assert isinstance(body_of(ODD[name].answer or b"", "3"), str), name
    assert changed >= STRICTER


def test_a_trailer_without_end_is_left_early():
    head = b"\r\n".join([OK, TYPE, CHUNKED, b"", b""])
    endless = head + b"4\r\na 1\n\r\n0\r\n" + b"X: y\r\n" * 10_000
    assert body_of(endless, "3") == "bad response: trailers without an end"


def test_chunks_that_are_mostly_extensions_are_left_early():
    head = b"\r\n".join([OK, TYPE, CHUNKED, b"", b""])
    wasteful = head + b"".join(b"1;%s\r\n%c\r\n" % (b"x" * 4000, byte) for byte in PAGE * 3)
    assert body_of(wasteful, "3") == "bad response: more around the chunks than in them"
