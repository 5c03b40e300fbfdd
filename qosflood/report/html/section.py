"""The sections of a page: each is a function that makes its values and a template that places them.

A section is added to a page by one entry in the page's ordered list of `Section`s.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from markupsafe import Markup

from qosflood.analysis.gaps import error_words
from qosflood.report.charts.plotting import Chart
from qosflood.report.document.schema import Document
from qosflood.report.html.templates import rendered

LINES = "html/lines.html"
NOT_MADE = "this section could not be made"
Values = Mapping[str, Any]
"""What a template may name; a name that is missing is an error."""
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Report:
    """What report.html shows; `failures` are the lines of failures.jsonl as dicts."""

    document: Document
    charts: Sequence[Chart] = ()
    failures: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Section(Generic[Shown]):
    """A titled part of a page; where `values` returns None the page has no such section."""

    title: str
    template: str
    values: Callable[[Shown], Values | None]


@dataclass(frozen=True, slots=True)
class PlacedSection:
    """A section as the page holds it; `anchor` is the id of its heading."""

    title: str
    anchor: str
    html: Markup


def placed(sections: Iterable[Section[Shown]], shown: Shown) -> list[PlacedSection]:
    """The sections that have something to show, in their order; one that cannot be made says so
    and costs no other."""
    made = ((section, _html(section, shown)) for section in sections)
    return [
        PlacedSection(
            title=section.title, anchor="-".join(section.title.lower().split()), html=html
        )
        for section, html in made
        if html is not None
    ]


def _html(section: Section[Shown], shown: Shown) -> Markup | None:
    try:
        values = section.values(shown)
        return None if values is None else rendered(section.template, values)
    except Exception as error:
        return rendered(LINES, {"lines": [f"{NOT_MADE}: {error_words(error)}"]})
