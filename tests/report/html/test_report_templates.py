"""The templates: nothing that they print becomes HTML, and each is used."""

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from stories import document_of, failing_run

from qosflood import report
from qosflood.report.charts.load import make_charts
from qosflood.report.compare import page as compare_page
from qosflood.report.html.page import render
from qosflood.report.html.section import Report, Section, placed
from qosflood.report.html.sections import SEARCH_SECTIONS, SECTIONS
from qosflood.report.html.templates import rendered

ROOM = Path(report.__file__).parent
TEMPLATES = {str(file.relative_to(ROOM)): file.read_text("utf-8") for file in ROOM.rglob("*.html")}
NAMED = re.compile(r'{% (?:extends|include|from|import) "([^"]+)"')
SAFE = {"html/shell.html": ["style|safe"]}
"""What templates print as it is: our own style sheets."""
MARKUP = {"html/shell.py": ["plotly_script()", 'text_of("page.js")'], "html/templates.py": ["text"]}
"""What Python calls HTML, by how it begins: our script and plotly's, and a template's result."""


def lines(*texts: object) -> str:
    return rendered("html/lines.html", {"lines": texts})


def test_what_a_template_prints_is_escaped_and_on_one_line() -> None:
    assert "<li>&lt;b&gt; &amp;amp; &#39;x&#39;</li>" in lines("<b>\n&amp; 'x'")
    assert "\x1b" not in lines("\x1b[31m") and "\u202e" not in lines("\u202e")


def test_text_that_is_too_long_is_cut() -> None:
    assert len(lines("x" * 100_000)) < 2100


def test_a_name_that_a_section_does_not_give_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendered("html/table.html", {"headers": ("a",), "rows": ()})


def test_only_styles_and_scripts_of_our_own_are_printed_as_they_are() -> None:
    found = {name: re.findall(r"\w+\s*\|\s*safe", text) for name, text in TEMPLATES.items()}
    assert {name: marks for name, marks in found.items() if marks} == SAFE
    assert not any("autoescape" in text for text in TEMPLATES.values())
    code = {str(file.relative_to(ROOM)): file.read_text("utf-8") for file in ROOM.rglob("*.py")}
    made = {
        name: re.findall(r"\bMarkup\((\w+(?:\(\)|\(\"[^)]*\"\))?)", text)
        for name, text in code.items()
    }
    assert {name: marks for name, marks in made.items() if marks} == MARKUP


def test_every_template_is_placed_by_a_page() -> None:
    sections: tuple[Section[Any], ...] = (*SECTIONS, *SEARCH_SECTIONS, *compare_page.SECTIONS)
    named = {name for text in TEMPLATES.values() for name in NAMED.findall(text)}
    pages = {"html/page.html", "html/first_screen.html", "compare/page.html"}
    assert named | pages | {section.template for section in sections} == set(TEMPLATES)


def test_the_header_leads_to_every_section_in_the_order_of_the_list() -> None:
    story = failing_run()
    text = render(document_of(story), story.plan, story.findings, story.failures)
    links = re.findall(r'<a href="#([^"]*)">', text)
    assert links == re.findall(r'<h2 id="([^"]*)">', text)
    titles = [section.title for section in SECTIONS]
    shown = re.findall(r'<h2 id="[^"]*">([^<]*)</h2>', text)
    assert shown == [title for title in titles if title in shown]
    assert len(shown) > 6


def test_a_section_without_values_leaves_nothing_behind() -> None:
    document = document_of(failing_run()).model_copy(
        update={"timeline": [], "phases": [], "limits": [], "warnings": [], "prometheus": None}
    )
    shown = [section.title for section in placed(SECTIONS, Report(document))]
    assert shown == ["Findings", "Outcomes", "Plan and environment"]


def test_the_chart_that_stands_apart_has_the_title_of_its_section() -> None:
    story = failing_run()
    apart = [chart for chart in make_charts(story.plan, story.findings) if not chart.unit_s]
    titles = [section.title for section in SECTIONS]
    assert [chart.title for chart in apart] == [title for title in titles if "percentile" in title]
