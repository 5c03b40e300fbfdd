"""Python-Markdown, which builds the site, renders every page as its author meant it."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown import Markdown
from mkdocs.config import load_config

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
_TAGS = frozenset(
    (
        *("h1", "h2", "h3", "h4", "p", "a", "em", "strong", "code", "pre", "div", "span", "img"),
        *("br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    )
)
_LITERAL = re.compile(r"^ *(?:[-*] |\d+\. |\||#+ |```).*", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def rendered(page: Path) -> str:
    """The page's HTML, by the extensions that mkdocs.yml names."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    extensions, settings = config["markdown_extensions"], config["mdx_configs"]
    markdown = Markdown(extensions=extensions, extension_configs=settings)
    return markdown.convert(page.read_text("utf-8"))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


@each_page
def test_lists_tables_and_headings_do_not_end_up_in_a_paragraph(page: Path) -> None:
    prose = re.sub(r"<pre>.*?</pre>", "", rendered(page), flags=re.DOTALL)
    assert _LITERAL.findall(prose) == []


def after_tables(text: str) -> Iterator[str]:
    """Lines of text that follow a table at once, which Python-Markdown takes for a row."""
    before = ""
    for line in text.splitlines():
        if before.startswith("|") and line and not line.startswith("|"):
            yield line
        before = line


@each_page
def test_a_table_ends_with_a_blank_line(page: Path) -> None:
    assert list(after_tables(page.read_text("utf-8"))) == []


@each_page
def test_nothing_in_angle_brackets_vanishes_as_html(page: Path) -> None:
    tags = _Tags()
    tags.feed(rendered(page))
    assert tags.seen <= _TAGS


@each_page
def test_a_page_has_one_title_and_it_comes_first(page: Path) -> None:
    titles = re.findall(r"<h1\b", rendered(page))
    assert len(titles) == 1
    assert page.read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_the_title_of_a_decision_is_words_alone_its_number_is_in_the_name(decision: Path) -> None:
    first, second, *_ = decision.read_text("utf-8").splitlines()
    assert re.fullmatch(r"# [A-Z][^.]+", first)
    assert second == ""


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [decision.name[:3] for decision in DECISIONS]
    assert len(set(numbers)) == len(numbers)
