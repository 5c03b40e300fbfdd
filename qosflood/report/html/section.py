"""The sections of a page: each is a function that makes its values and a template that places them.

A section is added to a page by one entry in the page's ordered list of `Section`s.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from markupsafe import Markup

from qosflood.report.charts.plotting import Chart
from qosflood.report.document.schema import Document
from qosflood.report.html.templates import rendered

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
    """The sections that have something to show, in their order."""
    made = ((section, section.values(shown)) for section in sections)
    return [
        PlacedSection(
            title=section.title,
            anchor="-".join(section.title.lower().split()),
            html=rendered(section.template, values),
        )
        for section, values in made
        if values is not None
    ]
