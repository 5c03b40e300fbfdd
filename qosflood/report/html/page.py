"""report.html: one file that works offline and loads nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from qosflood.analysis.findings import Findings
from qosflood.plan.plan import Plan
from qosflood.report.charts.load import make_charts
from qosflood.report.document.schema import Document
from qosflood.report.html.first_screen import first_screen
from qosflood.report.html.section import Report, placed
from qosflood.report.html.sections import SECTIONS
from qosflood.report.html.shell import page


def render(
    document: Document,
    plan: Plan,
    findings: Findings,
    failures: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole page; `failures` are the lines of failures.jsonl as dicts."""
    charts = make_charts(plan, findings)
    return page(
        "html/page.html",
        f"{document.verdict}: {document.run.profile} {document.run.id}",
        placed(SECTIONS, Report(document, charts, failures)),
        charts,
        {"first_screen": first_screen(document)},
    )
