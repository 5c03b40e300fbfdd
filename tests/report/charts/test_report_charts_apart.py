"""Lines that run along each other are both seen, and what is level is said instead of drawn."""

from dataclasses import replace
from typing import Any

import pytest
from stories import Story, document_of, failing_run, good_run

from qosflood.report.charts.load import make_charts
from qosflood.report.charts.plotting import Chart
from qosflood.report.html.page import render


def chart_of(story: Story, name: str) -> Chart:
    charts = make_charts(story.plan, story.findings)
    return next(chart for chart in charts if chart.name == name)


def measured(story: Story, name: str) -> list[Any]:
    """A chart's traces without the lines of limits."""
    traces = chart_of(story, name).figure["data"]
    return [trace for trace in traces if not trace["name"].startswith("limit ")]


def with_pages(story: Story, change: Any) -> Story:
    points = tuple(
        replace(point, **change(index)) for index, point in enumerate(story.findings.scrape_points)
    )
    return replace(story, findings=replace(story.findings, scrape_points=points))


def test_service_time_is_seen_where_it_equals_response_time() -> None:
    traces = measured(failing_run(), "percentiles")
    assert [trace["name"] for trace in traces] == [
        "flood response",
        "flood service",
        "baseline response",
        "recovery response",
    ]
    below, *above = traces
    assert below["line"]["width"] >= 1.5 * max(trace["line"]["width"] for trace in above)
    assert below["opacity"] < 1
    strokes = [trace["line"].get("dash", "solid") for trace in traces]
    assert len(set(strokes)) == len(traces)
    assert len({trace["line"]["color"] for trace in traces}) == len(traces)


def test_what_was_offered_is_seen_where_as_much_was_answered() -> None:
    offered, answered, _ = measured(good_run(), "throughput")
    assert (offered["name"], answered["name"]) == ("offered", "answered")
    assert offered["line"]["width"] > 2 * answered["line"]["width"]


@pytest.mark.parametrize(
    ("change", "drawn"),
    [
        (lambda _: {"bytes": 20_000, "series": 40}, False),
        (lambda index: {"bytes": 20_000 + index % 150, "series": 40}, False),
        (lambda index: {"bytes": 20_000 + 200 * index, "series": 40}, True),
        (lambda index: {"bytes": 20_000, "series": 40 + index}, True),
        (lambda index: {"bytes": 20_000 + 9_000 * (index == 7), "series": 40}, True),
        (lambda index: {"bytes": 20_000 * (1 + index % 2), "instance": "ab"[index % 2]}, False),
        (lambda _: {"bytes": 0, "series": 0}, False),
    ],
)
def test_a_metrics_page_that_stays_as_it_is_needs_no_chart(change: Any, drawn: bool) -> None:
    assert bool(chart_of(with_pages(good_run(), change), "pages").figure) is drawn


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: {"bytes": 20_480, "series": 40}, "The page kept its size: 20.0 KiB; 40 series."),
        (
            lambda index: {"bytes": 20_480 + 200 * (index % 2), "series": 1000 + index % 2},
            "The page kept its size: 20.0 KiB to 20.2 KiB; 1,000 to 1,001 series.",
        ),
        (
            lambda _: {"bytes": 20_480, "series": 0},
            "The page kept its size: 20.0 KiB; no series could be read from it.",
        ),
        (
            lambda index: {
                "bytes": 10_240 * (1 + index % 2),
                "series": 9,
                "instance": f"{index % 2}",
            },
            "Each instance's page kept its size: 10.0 KiB to 20.0 KiB; 9 series.",
        ),
    ],
)
def test_a_level_page_is_told_in_words_that_hide_no_change(change: Any, said: str) -> None:
    story = with_pages(good_run(), change)
    assert chart_of(story, "pages").words.said == said


def test_a_level_page_has_no_place_for_a_chart() -> None:
    story = with_pages(good_run(), lambda _: {"bytes": 20_480, "series": 40})
    text = render(document_of(story), story.plan, story.findings, story.failures)
    assert "The page kept its size: 20.0 KiB; 40 series." in text
    assert 'id="chart-pages"' not in text
    assert '"pages"' not in text
