"""Phases side by side: six rows first, the others folded, the flood beside the names on a phone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import browser, watched_page
from findings_maker import EMPTY
from stories import Story, document_of, failing_run, good_run

from qosflood.report.document.phase_table import phase_rows
from qosflood.report.html.page import render
from qosflood.report.html.section import Report
from qosflood.report.html.sections import figures

SHOWN = """() => [...document.querySelector("table:has(td.flood)").rows[1].cells]
  .map((cell) => [cell.innerText, cell.getBoundingClientRect()])
  .sort((one, other) => one[1].left - other[1].left)
  .map(([text, place]) => [text, place.left, place.right])"""
COLUMNS = """() => [...document.querySelectorAll("table:has(td.flood)")].map((table) =>
  [...table.rows[0].cells].map((cell) => Math.round(cell.getBoundingClientRect().left)))"""
FIRST = ["offered /s", "answered /s", "errors", "response p99", "scrapes ok", "memory max"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


def page_of(story: Story, tmp_path: Path) -> str:
    file = tmp_path / "report.html"
    file.write_text(render(document_of(story), story.plan, story.findings, story.failures))
    return file.as_uri()


def test_six_rows_stand_first_and_no_row_is_lost() -> None:
    document = document_of(failing_run())
    values = figures.phases(Report(document))
    assert values is not None
    assert [row[0] for row in values["first"]] == FIRST
    names = [row[0] for row in (*values["first"], *values["more"])]
    assert sorted(names) == sorted(row.name for row in phase_rows(document))


def test_what_was_not_measured_leaves_its_place_to_the_next() -> None:
    story = good_run()
    unmeasured = tuple(
        replace(phase, response=EMPTY, rss_start=None, rss_end=None, rss_max=None)
        for phase in story.findings.phases
    )
    story = replace(story, findings=replace(story.findings, phases=unmeasured))
    values = figures.phases(Report(document_of(story)))
    assert values is not None
    names = [row[0] for row in values["first"]]
    assert len(names) == 6
    assert set(names) == {*FIRST[:3], "scrapes ok", "scrape max", "clients"}


def test_one_row_more_is_not_folded_away(monkeypatch: pytest.MonkeyPatch) -> None:
    document = document_of(good_run())
    rows = phase_rows(document)
    monkeypatch.setattr(figures, "phase_rows", lambda _document: rows[:7])
    values = figures.phases(Report(document))
    assert values is not None
    assert len(values["first"]) == 7
    assert values["more"] == []


def test_folded_rows_stand_in_the_columns_of_the_first_ones(chromium: Any, tmp_path: Path) -> None:
    with watched_page(chromium, viewport={"width": 1280, "height": 900}) as (page, _):
        page.goto(page_of(failing_run(), tmp_path))
        page.get_by_text("more figures").click()
        first, more = page.evaluate(COLUMNS)
        assert first == more
        assert first == sorted(first)


def test_on_a_phone_the_flood_comes_first_and_is_on_the_screen(
    chromium: Any, tmp_path: Path
) -> None:
    with watched_page(chromium, viewport={"width": 400, "height": 800}) as (page, seen):
        page.goto(page_of(failing_run(), tmp_path))
        shown = page.evaluate(SHOWN)
        assert [text for text, _, _ in shown[:3]] == ["offered /s", "999", "100"]
        assert shown[1][2] < 400
        page.locator(".scroll:has(td.flood)").first.evaluate("(one) => { one.scrollLeft = 200; }")
        name, *_ = sorted(page.evaluate(SHOWN), key=lambda cell: cell[0] != "offered /s")
        assert name[1] >= 0
        cell = page.get_by_role("cell", name="999").first
        assert cell.evaluate("(one) => one.className") == "number flood"
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert seen.problems == []
