"""summary.svg: a still picture of a run."""

import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import STORIES, Story, document_of, failing_run, good_run, hostile

from qosflood.report.formats.summary_svg import HEIGHT, WIDTH, render
from qosflood.report.formats.svg import COLOURS, EM, wrapped
from qosflood.report.html.assets import text_of

SVG = "{http://www.w3.org/2000/svg}"


def drawn(story: Story) -> ElementTree.Element:
    return ElementTree.fromstring(render(document_of(story), story.findings))


def words(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


@pytest.mark.parametrize("make", STORIES)
def test_the_picture_tells_the_verdict_and_the_load_first(make: Callable[[], Story]) -> None:
    story = make()
    said = words(drawn(story))
    load, _, _ = story.verdict.headline.partition(f": {story.verdict.verdict}")
    assert said[:2] == [story.verdict.verdict, load]


@pytest.mark.parametrize("make", STORIES)
def test_nothing_lies_outside_the_picture(make: Callable[[], Story]) -> None:
    for element in drawn(make()).iter():
        for name, most in (("x", WIDTH), ("y", HEIGHT)):
            assert 0 <= float(element.get(name, 0)) <= most, element.attrib
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", element.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_the_figure_that_broke_a_limit_has_its_colour() -> None:
    texts = list(drawn(failing_run()).iter(f"{SVG}text"))
    beside = {name.text: figure.get("fill") for name, figure in pairwise(texts[:14])}
    assert (beside["offered"], beside["errors"]) == (COLOURS["text"], COLOURS["bad"])


def test_what_was_not_judged_is_said() -> None:
    assert "limited by: none · not judged: loss" in words(drawn(good_run()))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "]]>", "\"&'", "a\x00b\u202e"])
def test_text_from_the_target_stays_text(text: str) -> None:
    picture = drawn(hostile(failing_run(), text))
    kinds = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert kinds == {"svg", "title", "rect", "text", "path"}
    assert not re.search(r"href|url\(|on\w+=", render(document_of(good_run()), good_run().findings))


def test_the_same_run_makes_the_same_picture() -> None:
    story = failing_run()
    again = failing_run()
    assert render(document_of(story), story.findings) == render(document_of(again), again.findings)


def test_its_colours_are_the_light_ones_of_the_pages() -> None:
    light = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}),", text_of("common.css")))
    assert {name: light[name] for name in COLOURS} == COLOURS


@given(st.text(max_size=300), st.integers(12, 60), st.integers(1, 4))
def test_wrapped_words_fit_their_room(text: str, size: int, most: int) -> None:
    lines = wrapped(text, size, 1000, most)
    assert len(lines) <= most
    assert all(len(line) <= max(8, 1000 / (size * EM)) for line in lines)


@given(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=12))
def test_wrapping_loses_no_word_where_there_is_room(told: list[str]) -> None:
    assert " ".join(wrapped(" ".join(told), 20, 600, 99)) == " ".join(told)
