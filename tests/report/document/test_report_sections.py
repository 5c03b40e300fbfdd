"""The sections that every renderer shows."""

import pytest
from stories import document_of, good_run

from qosflood.report.document import sections
from qosflood.report.formats import markdown
from qosflood.report.html.page import render


def test_a_section_without_lines_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sections, "SECTIONS", {"Silent": lambda _: [], "Said": lambda _: ["x", "y"]}
    )
    assert list(sections.section_lines(document_of(good_run()))) == [("Said", "x"), ("Said", "y")]


def test_markdown_and_the_page_show_the_sections_of_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sections, "SECTIONS", {"Surprise": lambda _: ["it was quick"]})
    story = good_run()
    document = document_of(story)
    assert "- Surprise: it was quick" in markdown.render(document)
    assert "Surprise" in render(document, story.plan, story.findings)
