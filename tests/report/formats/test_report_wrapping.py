"""Lines are broken at words, and nothing that belongs together is torn apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from qosflood.report.formats.wrapping import hanging, side_by_side, table

WORDS = st.lists(st.text("abcäß漢,:/.-", min_size=1, max_size=30), max_size=40)


@given(words=WORDS, width=st.integers(30, 100), indent=st.integers(0, 20))
def test_every_word_is_kept_and_every_line_fits(words: list[str], width: int, indent: int) -> None:
    lines = hanging("label", " ".join(words), width, indent)
    assert " ".join(lines).split() == ["label", *words]
    for line in lines:
        assert cell_len(line) <= width or len(line.split()) == 1
        assert line == line.rstrip()


def test_an_option_and_its_value_stay_together_only_where_they_fit() -> None:
    assert hanging("", "run it with --rate 10x", 16, 0) == ["run it with", "--rate 10x"]
    assert hanging("", "a --rate 10x", 8, 0) == ["a --rate", "10x"]
    assert hanging("", "x--a b c", 6, 0) == ["x--a b", "c"]


def test_further_lines_begin_under_the_text() -> None:
    assert hanging("next", "find the headroom", 18, 8) == ["next    find the", " " * 8 + "headroom"]
    assert hanging("", "one two three", 8, 0, 2) == ["one two", "  three"]


def test_a_word_that_is_too_long_for_its_place_moves_to_the_left_and_is_never_cut() -> None:
    assert hanging("report", "a/path/of/18/chars", 20, 10) == ["report", "  a/path/of/18/chars"]
    assert hanging("report", "a/path/of/18/chars", 10, 10) == ["report", "a/path/of/18/chars"]


@pytest.mark.parametrize("whole", ["--limit 'memory.max < 65MiB'", "--pid N", "120.3 MiB", "12 B"])
def test_what_is_typed_or_read_as_one_stays_on_one_line(whole: str) -> None:
    for width in range(30, 60):
        assert whole in "\n".join(hanging("next", f"do as it is said: {whole} there", width, 0))


def test_pieces_of_a_line_are_never_broken_within() -> None:
    line = side_by_side(("1s flood", "p99 4.5ms", "errors 0"))
    assert hanging("", line, 80, 0) == ["1s flood  p99 4.5ms  errors 0"]
    assert hanging("", line, 20, 0, 3) == ["1s flood  p99 4.5ms", "   errors 0"]


def test_columns_without_room_stand_in_a_table_below() -> None:
    rows = [("errors", "0%", "1%")]
    assert table(("", "flood", "recovery"), rows, 80) == [
        "        flood  recovery",
        "errors     0%        1%",
    ]
    assert table(("", "flood", "recovery"), rows, 17) == [
        "        flood",
        "errors     0%",
        "        recovery",
        "errors        1%",
    ]
