"""report.html of a search in a browser: drawn without a complaint, on screens and on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser, watched_page
from search_story import search_document, trials_of
from stories import good_run

from qosflood.report.html.page import render

PAPER = {"width": 703, "height": 1047}
"""CSS pixels of A4 less its margins."""
CHARTS = 6


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trials = [*trials_of(), *trials_of("400+ 300o 300- 300- 250+ 240-", "filled")]
    story = good_run()
    written = tmp_path_factory.mktemp("search") / "report.html"
    document = search_document(trials, held=5000, need=40_000)
    written.write_text(render(document, story.plan, story.findings))
    return written


@pytest.mark.parametrize("width", [1280, 400])
def test_every_chart_is_drawn_and_the_page_is_as_wide_as_the_screen(
    chromium: Any, file: Path, width: int
) -> None:
    with watched_page(chromium, viewport={"width": width, "height": 900}) as (tab, seen):
        tab.goto(file.as_uri())
        tab.wait_for_selector("#chart-cores .main-svg")
        assert tab.locator(".chart:has(.main-svg)").count() == CHARTS
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.problems == []
    assert seen.outside == []


def test_the_band_and_the_need_are_named_in_every_chart(chromium: Any, file: Path) -> None:
    with watched_page(chromium, viewport={"width": 1280, "height": 900}) as (tab, _):
        tab.goto(file.as_uri())
        tab.wait_for_selector("#chart-cores .main-svg")
        for words in ("need 40,000 →", "fresh 4", "filled 2"):
            assert tab.locator(f".annotation-text:has-text('{words}')").count() == CHARTS


def test_paper_is_no_wider_than_paper(chromium: Any, file: Path) -> None:
    with watched_page(chromium, viewport=PAPER) as (tab, _):
        tab.emulate_media(media="print")
        tab.goto(file.as_uri())
        tab.wait_for_selector("#chart-cores .main-svg")
        tab.evaluate('window.dispatchEvent(new Event("beforeprint"))')
        assert tab.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
