"""Limits drawn in the charts that they judge, and the p99 where a second has too few reports."""

import re
from dataclasses import replace

import pytest
from stories import Story, document_of, failing_run, good_run

from qosflood.analysis.findings_series import P99Point
from qosflood.base.units import MS
from qosflood.plan.limit_language import parse_limit
from qosflood.report.charts.load import make_charts
from qosflood.report.formats import summary_svg


def limited(story: Story, *exprs: str) -> Story:
    return replace(story, plan=replace(story.plan, limits=tuple(map(parse_limit, exprs))))


def chart(story: Story, name: str):
    charts = make_charts(story.plan, story.findings)
    return next(chart for chart in charts if chart.name == name)


def lines(story: Story, name: str) -> dict[str, dict]:
    return {trace["name"]: trace for trace in chart(story, name).figure["data"]}


@pytest.mark.parametrize(
    ("expr", "name", "value"),
    [
        ("response.p99 < 250ms", "latency", 250.0),
        ("recovery:response.max <= 2s", "latency", 2000.0),
        ("response.p99 < 250ms", "percentiles", 250.0),
        ("offered >= 99%", "throughput", 990.0),
        ("errors < 0.1%", "errors", 1.0),
        ("scrape.p99 < 100ms", "scrapes", 100.0),
        ("memory.max < 512MiB", "memory", 512.0),
    ],
)
def test_each_limit_is_a_line_in_the_chart_that_it_judges(
    expr: str, name: str, value: float
) -> None:
    story = limited(failing_run(), expr)
    escaped = expr.replace("<", "&lt;").replace(">", "&gt;")
    trace = lines(story, name)[f"limit {escaped}"]
    assert set(trace["y"]) == {value}
    assert trace["line"]["dash"] == "dashdot"
    others = {c.name for c in make_charts(story.plan, story.findings)} - {name}
    shared = {"latency", "percentiles"}
    for other in others - (shared if name in shared else set()):
        assert not [one for one in lines(story, other) if one.startswith("limit ")]


def test_a_limit_is_drawn_over_the_phase_that_it_judges() -> None:
    story = limited(good_run(), "response.p99 < 250ms", "recovery:response.p99 < 1s")
    drawn = lines(story, "latency")
    phases = {phase.name: phase for phase in story.findings.phases}
    unit_s = chart(story, "latency").unit_s or 1.0
    for expr, name in (("response.p99", "flood"), ("recovery:response.p99", "recovery")):
        trace = next(one for key, one in drawn.items() if key.startswith(f"limit {expr}"))
        start = phases[name].start_s
        ends = [start / unit_s, (start + phases[name].seconds) / unit_s]
        assert trace["x"] == pytest.approx(ends)


def test_a_limit_far_above_the_values_is_still_on_the_axis() -> None:
    story = limited(good_run(), "response.p99 < 30s")
    layout = chart(story, "latency").figure["layout"]
    assert 10 ** layout["yaxis"]["range"][1] > 30_000


def few(*points: P99Point) -> Story:
    story = good_run()
    return replace(story, findings=replace(story.findings, p99_points=points))


def test_the_p99_of_wider_windows_is_level_over_them_and_the_chart_says_so() -> None:
    story = few(P99Point(0.0, 8, 20 * MS), P99Point(8.0, 10, 60 * MS), P99Point(30.0, 8, 9 * MS))
    unit_s = chart(story, "latency").unit_s or 1.0
    p99 = lines(story, "latency")["p99"]
    assert p99["y"] == [20.0, 20.0, 60.0, 60.0, None, 9.0, 9.0]
    assert p99["x"] == pytest.approx([t / unit_s for t in (0, 8, 8, 18, 18, 30, 38)])
    assert "p99 of 8s to 10s together, as many as have the 1,000 reports" in (
        chart(story, "latency").caption
    )
    picture = summary_svg.render(document_of(story), story.findings)
    assert "response time, p99 of up to 10s together" in picture


def test_where_every_second_has_a_p99_that_is_said_and_where_none_has_that() -> None:
    assert chart(good_run(), "latency").caption.endswith("p99 of each second.")
    assert "No phase had the 1,000 reports that a p99 needs." in chart(few(), "latency").caption
    assert "p99" not in lines(few(), "latency")


def test_the_slide_draws_the_limits_with_their_words() -> None:
    story = failing_run()
    picture = summary_svg.render(document_of(story), story.findings)
    words = re.findall(r">([^<]*)</text>", picture)
    assert {"response.p99 &lt; 250ms", "offered &gt;= 99%"} <= set(words)
