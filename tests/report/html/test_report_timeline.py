"""The timeline: the strip has the phases, the table what happened beside them."""

from dataclasses import replace
from itertools import pairwise

from findings_maker import make_entry
from stories import document_of, failing_run, good_run

from qosflood.analysis.findings import TimelineEntry
from qosflood.report.document.schema import Document
from qosflood.report.html.section import Report, placed
from qosflood.report.html.sections import SECTIONS
from qosflood.report.html.sections.timeline import timeline

ROUTINE = (
    make_entry(-0.5, "operator", "load_started", "the load started"),
    make_entry(120, "operator", "phase_started", "flood: 5,000 clients for 15m", phase="flood"),
    make_entry(1080, "operator", "load_finished", "the load has ended"),
    make_entry(1110, "operator", "settled", "the target had time to settle"),
    make_entry(1, "operator", "part_load_started", "eu: the load started"),
    make_entry(1080, "operator", "part_load_finished", "eu: the load has ended"),
    make_entry(1090, "operator", "part_settled", "eu: the target had time to settle"),
)


def document_with(*entries: TimelineEntry) -> Document:
    story = failing_run()
    return document_of(replace(story, findings=replace(story.findings, timeline=entries)))


def test_what_nobody_did_is_no_row_and_no_mark() -> None:
    mark = make_entry(300, "operator", "mark", "deployed 2.0")
    values = timeline(Report(document_with(*ROUTINE, mark)))
    assert values is not None
    assert [row.what for row in values["rows"]] == ["deployed 2.0"]
    assert [(who, len(marks)) for who, marks in values["strip"].lanes] == [("operator", 1)]
    assert values["strip"].said.endswith("1 event, the first +5m: deployed 2.0")


def test_a_run_in_which_nothing_happened_has_its_strip_and_says_so() -> None:
    report = Report(document_with(*ROUTINE))
    shown = next(one for one in placed(SECTIONS, report) if one.title == "Timeline")
    assert "Nothing out of the ordinary happened." in shown.html
    assert "<table" not in shown.html
    assert 'class="span flood"' in shown.html


def test_the_strip_says_when_phases_began_and_what_they_were() -> None:
    values = timeline(Report(document_with(*ROUTINE)))
    assert values is not None
    flood = next(phase for phase in values["strip"].phases if phase.text == "flood")
    assert flood.title == "+2m flood: 5,000 clients for 15m"
    assert [start.text for start in values["strip"].starts] == ["+2m"]


def test_moments_in_the_strip_keep_apart() -> None:
    values = timeline(Report(document_of(good_run())))
    assert values is not None
    lefts = [
        float(start.place.removeprefix("left:").removesuffix("%"))
        for start in values["strip"].starts
    ]
    edges = [0.0, *sorted(lefts), 100.0]
    assert all(after - before >= 10 for before, after in pairwise(edges))
