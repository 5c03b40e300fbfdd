"""What is said beside a chart agrees with the other figures of the page."""

from dataclasses import replace
from typing import Any

from findings_maker import make_limit, without
from stories import Story, document_of, failing_run, good_run, interrupted_run

from qosflood.analysis.verdict.verdict import JudgedLimit
from qosflood.report.charts.load import make_charts
from qosflood.report.document import cells
from qosflood.report.html.first_screen import first_screen


def said(story: Story, chart: str) -> str:
    charts = make_charts(story.plan, story.findings)
    return next(one.words.said for one in charts if one.name == chart)


def with_flood(story: Story, **changes: Any) -> Story:
    phases = tuple(
        replace(phase, **changes) if phase.name == "flood" else phase
        for phase in story.findings.phases
    )
    return replace(story, findings=replace(story.findings, phases=phases))


def with_limit(story: Story, expr: str, metric: str) -> Story:
    judged = JudgedLimit(limit=make_limit(expr, metric, 0), value=1, n=9, ok=False, reason="")
    return replace(story, verdict=replace(story.verdict, limits=(judged,)))


def test_a_percentile_that_few_values_lie_above_is_not_told_of_the_curve_either() -> None:
    story = good_run()
    flood = next(phase for phase in story.findings.phases if phase.name == "flood")
    few = replace(without(flood.response, "p99", "p99_9"), max_ns=61_000_000)
    words = said(with_flood(story, response=few), "percentiles")
    told = next(part for part in words.split("; ") if part.lower().startswith("flood response"))
    assert "99%" not in told
    assert told.endswith("all within 61ms")


def test_reports_acked_long_after_the_flood_are_not_laid_to_its_seconds() -> None:
    story = good_run()
    seconds = tuple(replace(second, acked=200) for second in story.findings.seconds)
    late = replace(story, findings=replace(story.findings, seconds=seconds))
    words = said(with_flood(late, acked=300.0, answered=200.0, answered_later=2_000), "throughput")
    assert "200 answered, from 200 to 200 per second; 2,000 reports of it were answered later" in (
        words
    )
    assert "answered later" not in said(story, "throughput")
    few = with_flood(late, acked=201.0, answered=200.0, answered_later=20)
    assert "answered later" not in said(few, "throughput")


def test_samples_from_before_the_run_are_in_no_phases_figures_and_not_told() -> None:
    story = good_run()
    first = story.findings.scrape_points[0]
    early = replace(first, t_s=-0.5, ok=True, duration_ns=9 * 10**9)
    points = (early, *story.findings.scrape_points)
    told = replace(story, findings=replace(story.findings, scrape_points=points))
    assert said(told, "scrapes") == said(story, "scrapes")


def test_memory_of_two_instances_is_not_told_from_the_one_to_the_other() -> None:
    story = good_run()
    first, *_, last = story.findings.memory_points
    other = (replace(first, instance="b", rss_bytes=1 << 30), replace(last, instance="b"))
    points = (*(replace(p, instance="a") for p in (first, last)), *other)
    told = replace(story, findings=replace(story.findings, memory_points=points))
    assert said(told, "memory").startswith("By instance: a from ")
    assert ", b from 1.0 GiB to " in said(told, "memory")
    assert "at most 1.0 GiB of b" in said(told, "memory")


def test_a_tile_names_the_limit_that_broke_for_it_need_not_be_on_its_figure() -> None:
    shown = first_screen(document_of(with_limit(failing_run(), "scrape.gap < 3s", "scrape.gap")))
    assert "broke scrape.gap &lt; 3s" in shown


def test_without_a_p99_the_maximum_speaks() -> None:
    story = good_run()
    flood = next(phase for phase in story.findings.phases if phase.name == "flood")
    few = with_flood(story, response=without(flood.response, "p99"))
    assert "response max" in first_screen(document_of(few))
    assert "response p99" in first_screen(document_of(story))


def test_a_run_that_was_cut_short_is_not_said_to_have_reached_its_load() -> None:
    story = interrupted_run()
    document = document_of(replace(story, findings=replace(story.findings, limited_by="none")))
    assert "until the run was cut short" in first_screen(document)
    assert "the requested load was reached" in first_screen(document_of(good_run()))


def test_nothing_is_said_to_have_failed_only_where_nothing_did() -> None:
    document = document_of(failing_run()).model_copy(update={"first_failure": None})
    assert cells.first_failure_line(document) == "none"
    assert "no report and no scrape failed" in cells.first_failure_line(document_of(good_run()))
