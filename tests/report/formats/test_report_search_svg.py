"""summary.svg of a search: the answer, and the curve it is read from."""

import re
from xml.etree import ElementTree

import pytest
from search_story import search_document, trials_of
from stories import good_run

from qosflood.report.document.schema import Document
from qosflood.report.formats.summary_svg import HEIGHT, WIDTH, render
from qosflood.report.formats.svg import COLOURS

SVG = "{http://www.w3.org/2000/svg}"


def drawn(document: Document) -> ElementTree.Element:
    return ElementTree.fromstring(render(document, good_run().findings))


def words(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def test_the_picture_holds_the_answer_and_the_need() -> None:
    said = words(drawn(search_document(need=4000)))
    assert said[0] == "FAIL"
    assert said[2].startswith("need 4,000: NO")
    assert said[3].startswith("carries ")
    assert {"clients", "gives first", "response time, p99 of each trial, over clients"} <= {*said}
    assert "need 4,000" in said


def test_each_trial_is_a_mark_of_its_outcome() -> None:
    picture = drawn(search_document(trials_of("100+ 200o 400+ 800- 800- 500-")))
    colours = [path.get("fill") for path in picture.iter(f"{SVG}path")]
    assert colours.count(COLOURS["good"]) == 2 + 1  # and the legend's
    strokes = [
        (path.get("stroke"), path.get("stroke-width")) for path in picture.iter(f"{SVG}path")
    ]
    assert strokes.count((COLOURS["bad"], "4")) == 3 + 1
    assert strokes.count((COLOURS["muted"], "2")) == 1 + 1


@pytest.mark.parametrize("need", [None, 1, 300, 1000, 40_000])
@pytest.mark.parametrize("trials", ["100+ 200+ 400+ 800- 800- 500-", "100- 100- 50- 25+", "100o"])
def test_nothing_lies_outside_the_picture(need: int | None, trials: str) -> None:
    document = search_document(trials_of(trials), need=need)
    for element in drawn(document).iter():
        for name, most in (("x", WIDTH), ("y", HEIGHT)):
            assert 0 <= float(element.get(name, 0)) <= most, element.attrib
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", element.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_what_limits_one_flood_is_not_said_to_limit_the_target() -> None:
    assert not any(said.startswith("limited by") for said in words(drawn(search_document())))


def test_a_search_without_any_trial_has_a_picture() -> None:
    assert words(drawn(search_document([], reason="interrupted")))[0] == "INVALID"
