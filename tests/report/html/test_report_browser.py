"""report.html in a browser: what it draws, how it zooms, and that it asks nobody for anything."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import browser, watched_page
from journal_maker import write_run
from plan_maker import make_plan
from record_maker import MIB, event, healthy_run
from stories import document_of, failing_run, hostile

from qosflood.journal.records import JournalRecord, MemorySample, ScrapeSample, Window
from qosflood.journal.run_directory import read_records
from qosflood.report.build import build
from qosflood.report.html.page import render

SCRIPT = "<script>alert(1)</script>"
TRACES = """() => Object.fromEntries([...document.querySelectorAll(".chart")].map((chart) => [
  chart.id.slice("chart-".length),
  Object.fromEntries(chart.data.map((one) => [one.name, {x: [...one.x], y: [...one.y]}])),
]))"""
RANGES = """() => Object.fromEntries([...document.querySelectorAll(".chart")].map((chart) => [
  chart.id.slice("chart-".length), chart.layout.xaxis.range.map((at) => +at.toFixed(4)),
]))"""
OVERFLOWING = """() => [...document.querySelectorAll(".tile")].some(
  (tile) => tile.scrollWidth > tile.clientWidth)"""
OUTLINE = "() => [...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])"
COLOUR = "(query) => getComputedStyle(document.querySelector(query)).backgroundColor"
TICKS = "() => getComputedStyle(document.querySelector('.xtick text')).fill"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every second differs, in which some scrapes failed and an operator spoke up."""
    plan = make_plan()

    def differing(window: Window) -> Window:
        return replace(window, offered=window.offered + window.second % 7)

    records = healthy_run(
        plan,
        change=differing,
        extra=(event(7.0, "mark", "operator", "deployed 2.0"),),
        scrape_ok=lambda second: second % 6 != 4,
        rss=lambda second: (80 + second) * MIB,
    )
    records = [growing(record) for record in records]
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", plan, records)
    build(folder)
    return folder


def growing(record: JournalRecord) -> JournalRecord:
    """A page that grows with the run."""
    if isinstance(record, ScrapeSample) and record.ok:
        return replace(record, bytes=4_000 + record.t // 10_000_000)
    return record


@pytest.fixture(scope="module")
def opened(chromium: Any, run_dir: Path) -> Iterator[tuple[Any, Any]]:
    """Opening a page is slow, so tests share one and leave it as they found it."""
    with watched_page(chromium, viewport={"width": 1280, "height": 900}) as (page, seen):
        page.goto((run_dir / "report.html").as_uri())
        yield page, seen
        assert seen.problems == []
        assert seen.outside == []


def test_charts_hold_the_journals_points(opened: tuple[Any, Any], run_dir: Path) -> None:
    drawn = opened[0].evaluate(TRACES)
    records = list(read_records(run_dir))
    windows = [record for record in records if isinstance(record, Window)]
    assert drawn["throughput"]["offered"]["y"] == [window.offered for window in windows]
    assert drawn["throughput"]["answered"]["x"] == [window.second for window in windows]
    sizes = [record.rss_bytes / MIB for record in records if isinstance(record, MemorySample)]
    assert drawn["memory"]["memory"]["y"] == sizes
    scrapes = [record for record in records if isinstance(record, ScrapeSample)]
    assert len(drawn["scrapes"]["took"]["y"]) == sum(scrape.ok for scrape in scrapes)
    assert len(drawn["scrapes"]["failed"]["y"]) == sum(not scrape.ok for scrape in scrapes) > 0


def test_a_page_asks_for_nothing_but_itself(opened: tuple[Any, Any]) -> None:
    page, seen = opened
    page.wait_for_selector("#chart-throughput .main-svg")
    assert [url for url in seen.requests if not url.startswith("data:")] == [page.url]


def test_every_chart_over_time_shows_the_operators_mark(opened: tuple[Any, Any]) -> None:
    page = opened[0]
    page.wait_for_selector("#chart-pages .main-svg")
    charts = page.locator(".chart:not(#chart-percentiles)")
    for index in range(charts.count()):
        assert "deployed 2.0" in charts.nth(index).inner_text()


def test_dragging_across_one_chart_zooms_the_others(opened: tuple[Any, Any]) -> None:
    page = opened[0]
    whole = page.evaluate(RANGES)
    page.locator("#chart-throughput").scroll_into_view_if_needed()
    box = page.locator("#chart-throughput .nsewdrag").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_function(f"({RANGES})().scrapes[0] > 0")
    zoomed = page.evaluate(RANGES)
    over_time = set(zoomed) - {"percentiles"}
    assert len({tuple(zoomed[name]) for name in over_time}) == 1
    start, end = whole["throughput"]
    first, last = (start + (end - start) * share for share in (0.3, 0.6))
    assert zoomed["memory"] == pytest.approx([first, last], abs=(end - start) / 50)
    assert zoomed["percentiles"] == whole["percentiles"]
    page.locator("#chart-throughput .nsewdrag").dblclick()
    page.wait_for_function(f"({RANGES})().scrapes[0] === {start}")
    assert page.evaluate(RANGES) == whole


def test_the_keyboard_zooms_to_a_phase_and_back(opened: tuple[Any, Any]) -> None:
    page = opened[0]
    whole = page.evaluate(RANGES)
    flood = next(phase for phase in make_plan().phases if phase.name == "flood")
    button = page.get_by_role("button", name="flood")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"({RANGES})().memory[0] > 0")
    assert page.evaluate(RANGES)["latency"] == [flood.start_ns / 1e9, flood.end_ns / 1e9]
    assert button.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="whole run").press("Enter")
    page.wait_for_function(f"({RANGES})().memory[0] === {whole['memory'][0]}")
    assert page.evaluate(RANGES) == whole


def test_headings_are_in_order_and_every_chart_has_words(opened: tuple[Any, Any]) -> None:
    page = opened[0]
    levels = page.evaluate(OUTLINE)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1, landmark
    charts = page.locator("figure")
    for index in range(charts.count()):
        figure = charts.nth(index)
        assert figure.locator(".chart").get_attribute("aria-label")
        assert figure.locator(".said").inner_text().endswith(".")
        assert figure.locator("details tbody tr").count() >= 2
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    named = [name for name in ids if not name.startswith(("clip", "legend", "g"))]
    assert len(set(named)) == len(named)


def test_the_button_turns_the_page_and_its_charts_dark(opened: tuple[Any, Any]) -> None:
    page = opened[0]
    light, ticks = page.evaluate(COLOUR, "body"), page.evaluate(TICKS)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(COLOUR, "body") != light
    page.wait_for_function(f"({TICKS})() !== '{ticks}'")
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(COLOUR, "body") == light


def test_paper_is_light_and_has_every_chart(chromium: Any, run_dir: Path, tmp_path: Path) -> None:
    with watched_page(chromium, color_scheme="dark") as (page, seen):
        page.goto((run_dir / "report.html").as_uri())
        dark = page.evaluate(COLOUR, "body")
        assert page.get_by_role("button", name="Light").count() == 1
        page.emulate_media(media="print")
        assert page.evaluate(COLOUR, "body") not in (dark, "rgba(0, 0, 0, 0)")
        assert not page.locator("#theme").is_visible()
        assert page.locator("#chart-percentiles .main-svg").first.is_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")
        assert seen.problems == []


def test_without_script_the_page_tells_the_same_in_words(chromium: Any, run_dir: Path) -> None:
    with watched_page(chromium, java_script_enabled=False) as (page, seen):
        page.goto((run_dir / "report.html").as_uri())
        assert page.locator("h1").inner_text().startswith("PASS")
        assert page.get_by_text("The charts need JavaScript").is_visible()
        assert not page.get_by_role("button").count()
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the verdict"
        page.locator("figure summary").first.press("Enter")
        assert page.locator("figure table").first.is_visible()
        assert seen.outside == []


def test_a_target_that_answers_with_scripts_changes_nothing(chromium: Any, tmp_path: Path) -> None:
    story = hostile(failing_run(), SCRIPT)
    path = tmp_path / "report.html"
    path.write_text(render(document_of(story), story.plan, story.findings, story.failures))
    with watched_page(chromium, viewport={"width": 390, "height": 844}) as (page, seen):
        said: list[str] = []
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_selector("#chart-errors .main-svg")
        assert page.locator("script").count() == 3
        assert SCRIPT in page.locator("main").inner_text()
        assert not page.evaluate(OVERFLOWING)
        # Names of short phases would lie upon each other here.
        page.wait_for_selector("#chart-throughput .annotation")
        names = page.locator("#chart-throughput .annotation").all_text_contents()
        assert "flood" in names
        assert "baseline" not in names
        assert (said, seen.problems, seen.outside) == ([], [], [])
