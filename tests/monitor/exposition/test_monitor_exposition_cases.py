"""Pages that Prometheus takes or refuses, in both dialects, in blocks of any size."""

import math
from dataclasses import replace
from random import Random
from unittest.mock import patch

import pytest
from exposition_cases import CASES, OPENMETRICS, TEXT
from exposition_maker import make_page, spoil
from hypothesis import given
from hypothesis import strategies as st

from qosflood.monitor.exposition import scanner
from qosflood.monitor.exposition.exposition import (
    Exposition,
    ExpositionError,
    read_exposition,
)

GAUGE = "process_resident_memory_bytes"
SMALL = [case for case in CASES if len(case.body) < 500]


def said(body, content_type, dialect, *, block=None):
    """What the page says, or why it is refused; `block`: read so many bytes at a time."""
    with patch.object(scanner, "_BLOCK_BYTES", block or scanner._BLOCK_BYTES):
        try:
            return plain(read_exposition(body, content_type, GAUGE, dialect, wanted=("a",)))
        except ExpositionError as error:
            return str(error)


def plain(page: Exposition) -> Exposition:
    """The page with its NaN replaced, so that it equals itself."""
    wanted = tuple(
        replace(sample, value=-1.5) if math.isnan(sample.value) else sample
        for sample in page.wanted
    )
    return replace(page, wanted=wanted)


@pytest.mark.parametrize("dialect", ["2", "3"])
def test_each_page_is_accepted_or_refused_as_prometheus_does(dialect):
    wrong = []
    for case in CASES:
        try:
            read_exposition(case.body, case.content_type, GAUGE, dialect=dialect)
            accepted = True
        except ExpositionError:
            accepted = False
        if accepted != case.accepted[dialect]:
            wrong.append(str(case))
    assert wrong == []


@pytest.mark.parametrize("dialect", ["2", "3"])
def test_each_page_says_the_same_in_one_block_and_record_by_record(dialect):
    for case in CASES:
        whole = said(case.body, case.content_type, dialect)
        for block in (1, 10, 997):
            assert said(case.body, case.content_type, dialect, block=block) == whole, str(case)


@given(st.randoms(use_true_random=False), st.booleans(), st.sampled_from("23"), st.integers(1, 40))
def test_any_page_is_read_or_refused_the_same_in_blocks_of_any_size(
    chance, openmetrics, dialect, block
):
    body = make_page(chance, openmetrics=openmetrics)
    content_type = OPENMETRICS if openmetrics else TEXT
    whole = said(body, content_type, dialect)
    assert said(body, content_type, dialect, block=block) == whole
    if isinstance(whole, str):
        assert whole.startswith("parse: ")
        assert whole.isprintable()


@given(st.randoms(use_true_random=False), st.sampled_from(SMALL), st.sampled_from("23"))
def test_any_spoilt_case_is_read_or_refused_the_same_in_blocks_of_any_size(chance, case, dialect):
    body = spoil(chance, spoil(chance, case.body))
    whole = said(body, case.content_type, dialect)
    for block in (1, chance.randrange(2, 20)):
        assert said(body, case.content_type, dialect, block=block) == whole


def test_made_pages_are_of_both_kinds():
    chance = Random(1)
    for media in (TEXT, OPENMETRICS):
        bodies = [make_page(chance, openmetrics=media == OPENMETRICS) for _ in range(300)]
        refused = [isinstance(said(body, media, "3"), str) for body in bodies]
        assert 75 < sum(refused) < 225


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a 1\nb{c=} 2\n", 'parse: line 2: expected a quoted label value, got "} 2"'),
        (
            b"a 1\nb\n",
            'parse: line 2: expected a value, got the end of the line after "b"',
        ),
        (b"a 1 2 3\n", 'parse: line 1: expected the end of the line, got "3"'),
        (b"a nope\n", 'parse: line 1: expected a number, got "nope"'),
        (b'a{b="\n\n\xff"} 1\n', 'parse: line 1: expected valid UTF-8, got """'),
        (b'\na{b="c" 1\n', 'parse: line 2: expected a label name or }, got "1"'),
        (
            b'a{b="c",b="d"} 1\n',
            'parse: line 1: the label name "b" stands there twice, got "a{b="c",b="d"} 1"',
        ),
        (
            b"# TYPE a\tinfo\n",
            'parse: line 1: expected one of the five metric types, got "\\tinfo"',
        ),
        (
            b"x" * 200 + b"\n",
            'parse: line 1: expected a value, got the end of the line after "' + "x" * 60 + '"',
        ),
        (b"a " + b"y" * 200 + b"\n", 'parse: line 1: expected a number, got "' + "y" * 60 + '..."'),
        (
            b"a 1 1\na 1 \x1b[31m\xff\n",
            'parse: line 2: expected a timestamp or the end of the line, got "\\x1b[31m\\xff"',
        ),
    ],
)
def test_a_refusal_names_the_line_and_what_stands_there(body, reason):
    assert said(body, "text/plain", "3") == reason
