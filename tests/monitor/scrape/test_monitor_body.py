"""A body is taken in whole or fails by its limit or its encoding, however it is cut."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.monitor.scrape.body import MIB, Body, BodyError


def collect(chunks, *, limit=0, gzipped=False):
    body = Body(limit, gzipped=gzipped)
    for chunk in chunks:
        for _ in body.feed(chunk):
            pass
    return body.finish()


@given(st.binary(max_size=500), st.integers(1, 40), st.booleans())
def test_a_body_is_whole_however_it_is_cut(data, step, gzipped):
    sent = gzip.compress(data) if gzipped else data
    chunks = [sent[i : i + step] for i in range(0, len(sent), step)]
    assert collect(chunks, gzipped=gzipped) == data


def test_several_gzip_members_are_one_body():
    assert collect([gzip.compress(b"one ") + gzip.compress(b"two")], gzipped=True) == b"one two"


@pytest.mark.parametrize("cut", [0, 5, -9, -1])
def test_a_gzip_stream_that_is_cut_short_fails(cut):
    with pytest.raises(BodyError, match="bad gzip"):
        collect([gzip.compress(b"a 1\n" * 100)[:cut]], gzipped=True)


@pytest.mark.parametrize(
    "bad", [b"a 1\n", gzip.compress(b"a 1\n", mtime=0) + b"junk", b"\x1f\x8bjunkjunk"]
)
def test_what_is_no_gzip_fails(bad):
    with pytest.raises(BodyError, match="bad gzip"):
        collect([bad], gzipped=True)


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_body_that_reaches_the_limit_fails_and_one_byte_less_does_not(gzipped):
    limit = 10 * MIB
    data = bytes(limit)
    wrap = gzip.compress if gzipped else bytes
    assert len(collect([wrap(data[:-1])], limit=limit, gzipped=gzipped)) == limit - 1
    with pytest.raises(BodyError, match=r"^body over 10 MiB$"):
        collect([wrap(data)], limit=limit, gzipped=gzipped)


def test_a_line_that_never_ends_is_refused_at_the_hard_limit():
    mib = b"x" * MIB
    with pytest.raises(BodyError, match=r"^body over 256 MiB$"):
        collect([b"a 1\n", *[mib] * 256])


def test_a_gzip_bomb_ends_at_the_hard_limit_and_pauses_on_the_way():
    mib = gzip.compress(bytes(MIB))
    body = Body(0, gzipped=True)
    pauses = 0
    with pytest.raises(BodyError, match=r"^body over 256 MiB$"):
        for _ in body.feed(mib * 300):
            pauses += 1
    assert pauses >= 255
    assert body.size == 256 * MIB
