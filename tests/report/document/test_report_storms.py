"""What the report shows of reconnect storms, and what it advises for herds."""

import io
from dataclasses import replace

from findings_maker import make_entry, make_generator
from rich.console import Console
from stories import Story, document_of, good_run

from qosflood.report.document.advice import advise
from qosflood.report.document.storms import MOST_LINES, storm_lines
from qosflood.report.formats import markdown
from qosflood.report.formats.terminal import print_summary
from qosflood.report.html.page import render

EVIDENCE = {
    "storm": 0,
    "dropped": 2500,
    "connected": 5000,
    "back": 2500,
    "took_s": 1.3,
    "response_p99_ms": 812.0,
    "response_p99_ms_before": 4.0,
    "response_max_ms": 900.0,
    "response_max_ms_before": 6.0,
    "errors": 17,
    "reconnects": 2503,
}


def stormy(count: int = 1, **changes: object) -> Story:
    story = good_run()
    entries = tuple(
        make_entry(31.3 + i, "operator", "storm_over", "over", **(EVIDENCE | changes))
        for i in range(count)
    )
    return replace(story, findings=replace(story.findings, timeline=entries))


def test_a_storm_is_one_line_with_what_happened_meanwhile():
    assert storm_lines(document_of(stormy())) == [
        "+30s: 2,500 of 5,000 connections dropped, all reconnected after 1.3s; "
        "response p99 812ms (4ms before), 17 errors meanwhile"
    ]


def test_without_a_p99_the_longest_response_speaks():
    line = storm_lines(document_of(stormy(response_p99_ms=None, back=2499)))[0]
    assert "2,499 reconnected after" in line
    assert "response max 900ms (6ms before)" in line


def test_many_storms_do_not_fill_the_summary():
    lines = storm_lines(document_of(stormy(9)))
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == f"{9 - MOST_LINES} more in report.html"


def test_all_reports_show_it_and_say_nothing_where_there_was_none():
    for story, shown in ((stormy(), True), (good_run(), False)):
        document = document_of(story)
        out = io.StringIO()
        print_summary(Console(file=out, width=200), document)
        assert ("2,500 of 5,000 connections dropped" in out.getvalue()) == shown
        assert ("- Storm: " in markdown.render(document)) == shown
        page = render(document, story.plan, story.findings)
        assert ("Reconnect storms" in page) == shown
        assert (">2,503<" in page) == shown


def test_a_late_generator_of_a_herd_is_told_to_soften_it():
    story = good_run()
    late = make_generator(verdict="late", problems=("late",), send_lag_p99_ns=80_000_000)
    story = replace(story, findings=replace(story.findings, generator=late))
    spread = advise(story.plan, story.findings, story.verdict)[0]
    assert "report.jitter" not in spread
    load = replace(story.plan.load, clocks="synchronised", jitter=0.0, clients=5000, shards=1)
    herd = advise(replace(story.plan, load=load), story.findings, story.verdict)[0]
    assert "herds of 5,000 reports (synchronised clocks)" in herd
    assert "--set report.jitter=" in herd
