"""report.html: one file that works offline and loads nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from qosflood.analysis.findings import Findings
from qosflood.analysis.gaps import Gaps, gap_line
from qosflood.plan.plan import Plan
from qosflood.report.charts.capacity import capacity_charts
from qosflood.report.charts.load import make_charts
from qosflood.report.charts.plotting import Chart
from qosflood.report.document.schema import Document
from qosflood.report.html.first_screen import first_screen
from qosflood.report.html.section import LINES, Report, Section, placed
from qosflood.report.html.sections import SEARCH_SECTIONS, SECTIONS
from qosflood.report.html.shell import page


def render(
    document: Document,
    plan: Plan,
    findings: Findings,
    failures: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole page; `failures` are the lines of failures.jsonl as dicts."""
    gaps = Gaps()
    searched = document.capacity is not None
    charts: list[Chart] = gaps.instead(
        "charts",
        lambda: capacity_charts(document, gaps) if searched else make_charts(plan, findings, gaps),
        list,
    )
    left_out = [*map(gap_line, gaps.found)]
    missing: Section[None] = Section("Not in this page", LINES, lambda _: {"lines": left_out})
    return page(
        "html/page.html",
        f"{document.verdict}: {document.run.profile} {document.run.id}",
        [
            *placed(SEARCH_SECTIONS if searched else SECTIONS, Report(document, charts, failures)),
            *(placed([missing], None) if left_out else ()),
        ],
        charts,
        {"first_screen": first_screen(document)},
    )
