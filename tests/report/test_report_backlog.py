"""Every output gives the answers of the flood's own seconds, and says what they left waiting."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from stories import Story, document_of, good_run

from qosflood.report.document import highlights
from qosflood.report.document.backlog import backlog_line
from qosflood.report.document.phase_table import phase_rows
from qosflood.report.formats import markdown, summary_svg
from qosflood.report.formats.terminal import print_summary

BACKLOG = "3,400 reports of the flood were waiting at its end; all of them were answered after it"


def with_flood(story: Story, **changes: Any) -> Story:
    phases = tuple(
        replace(phase, **changes) if phase.name == "flood" else phase
        for phase in story.findings.phases
    )
    return replace(story, findings=replace(story.findings, phases=phases))


def overloaded() -> Story:
    """1,000 reports/s were due in the flood and are all answered by now, 830/s while it lasted."""
    return with_flood(
        good_run(), acked=1_000.0, answered=830.0, waiting=3_400, answered_later=3_400
    )


def on_terminal(story: Story, **how: Any) -> str:
    out = io.StringIO()
    print_summary(Console(file=out, width=120), document_of(story), **how)
    return out.getvalue()


def test_the_tiles_and_the_slide_give_the_answers_of_the_floods_seconds() -> None:
    story = overloaded()
    facts = {name: value for name, value, _, _ in highlights.facts(document_of(story))}
    assert facts["answered"] == "830"
    assert facts["waiting at end"] == "3,400"
    picture = summary_svg.render(document_of(story), story.findings)
    assert ">830/s<" in picture
    assert ">waiting at end<" in picture


@pytest.mark.parametrize("how", [{}, {"detail": "all"}])
def test_the_end_on_a_terminal_gives_them_and_says_the_backlog(how: dict[str, Any]) -> None:
    said = on_terminal(overloaded(), **how)
    rows = [line.split() for line in said.splitlines() if line.startswith("answered /s")]
    assert "830" in rows[0]
    assert BACKLOG in " ".join(said.split())


def test_report_md_gives_them_and_says_the_backlog() -> None:
    text = markdown.render(document_of(overloaded()))
    assert "| 830 |" in text
    assert f"- Backlog: {BACKLOG}" in text


@pytest.mark.parametrize(
    ("waiting", "later", "said"),
    [
        (3_400, 0, "none of them were answered after it"),
        (3_400, 1_200, "1,200 of them were answered after it"),
        (3_400, 1, "1 of them was answered after it"),
    ],
)
def test_what_became_of_the_backlog_is_said(waiting: int, later: int, said: str) -> None:
    story = with_flood(good_run(), waiting=waiting, answered_later=later)
    assert backlog_line(document_of(story)).endswith(f"waiting at its end; {said}")


def test_what_is_on_its_way_at_the_floods_end_is_no_backlog() -> None:
    story = with_flood(good_run(), waiting=90, answered_later=90)
    assert backlog_line(document_of(story)) == ""
    assert "backlog" not in on_terminal(story).lower()
    assert "Backlog" not in markdown.render(document_of(story))
    assert "waiting at end" not in summary_svg.render(document_of(story), story.findings)


def test_a_report_of_an_earlier_version_does_not_know() -> None:
    story = with_flood(good_run(), answered=None, waiting=None, answered_later=None)
    rows = {row.name: row.cells for row in phase_rows(document_of(story))}
    assert rows["answered /s"][2] == "–"
    assert backlog_line(document_of(story)) == ""
