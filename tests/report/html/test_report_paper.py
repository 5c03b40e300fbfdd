"""report.html on paper: a run of 15 minutes on three pages, none of them half empty."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import browser, watched_page
from findings_maker import make_run_plan
from journal_maker import write_run
from record_maker import MIB, event, healthy_run, window

from qosflood.journal.records import JournalRecord, ScrapeSample, Window
from qosflood.report.build import build

MOST_PAGES = 3
PAPER = {"width": 703, "height": 1047}
"""CSS pixels of A4 less its margins."""
PAGE = re.compile(rb"/Type\s*/Page\b")
PRINTED = """() => {
  window.dispatchEvent(new Event("beforeprint"));
  return document.documentElement.scrollHeight;
}"""
BREAKS = """() => [...document.querySelectorAll("section")]
  .filter((one) => one.querySelector("h2").innerText === "Limits")
  .map((one) => getComputedStyle(one.querySelector(".scroll")).breakInside)"""
SEEN = """(query) => [...document.querySelectorAll(query)].filter((one) => one.checkVisibility())
  .length"""
SICK_S = range(421, 540)


def sick(good: Window) -> Window:
    """Two minutes in which every tenth report is refused and the others take 400 ms."""
    if good.second not in SICK_S:
        return good
    return window(
        good.second, good.phase, response_ms=[400.0] * 90, failed={"rejected": 10}, sessions=500
    )


def changing(record: JournalRecord) -> JournalRecord:
    if isinstance(record, ScrapeSample) and record.ok:
        return replace(record, bytes=17_000 + record.t // 100_000_000, series=240)
    return record


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """15 minutes of flood, with broken limits, failures, marks, and every chart."""
    load = {"base_clients": 10, "clients": 100, "base_cadence_ns": 10**9, "cadence_ns": 10**9}
    plan = make_run_plan()
    plan = make_run_plan(load=replace(plan.load, **load))
    marks = [event(100.0 * number, "mark", "operator", f"step {number}") for number in range(9)]
    records = healthy_run(
        plan,
        change=sick,
        extra=marks,
        scrape_ok=lambda second: second not in SICK_S or second % 3 == 0,
        rss=lambda second: (80 + second / 10) * MIB,
    )
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", plan, map(changing, records))
    build(folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


@pytest.mark.parametrize("width", [400, 1280])
def test_fifteen_minutes_take_three_pages_that_are_full(
    chromium: Any, report: Path, width: int
) -> None:
    with watched_page(chromium, viewport={"width": width, "height": 900}) as (page, seen):
        page.goto(report.as_uri())
        page.wait_for_selector("#chart-percentiles .main-svg")
        pages = len(PAGE.findall(page.pdf(prefer_css_page_size=True)))
        assert pages <= MOST_PAGES
        assert seen.problems == []
    with watched_page(chromium, viewport=PAPER) as (page, _):
        page.goto(report.as_uri())
        page.emulate_media(media="print")
        height = page.evaluate(PRINTED)
        assert pages <= math.ceil(1.15 * height / PAPER["height"])


def test_paper_has_every_figure_and_nothing_that_leads_to_folded_ones(
    chromium: Any, report: Path
) -> None:
    with watched_page(chromium, viewport=PAPER) as (page, _):
        page.goto(report.as_uri())
        assert page.evaluate(SEEN, "summary") > 5
        page.emulate_media(media="print")
        page.evaluate(PRINTED)
        assert page.evaluate(SEEN, "details:not(.rest) > summary") == 0
        assert page.get_by_text("more events").is_visible()
        assert page.get_by_role("rowheader", name="service p99").is_visible()
        assert page.evaluate(BREAKS) == ["avoid"]
        wide = page.evaluate("[...document.querySelectorAll('.chart')].map((c) => c.layout.width)")
        assert set(wide) == {338, 696}
        page.emulate_media(media="screen")
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(SEEN, "summary") > 5
        assert not page.get_by_role("rowheader", name="service p99").is_visible()
