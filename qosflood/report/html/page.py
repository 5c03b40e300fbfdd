"""report.html: one file that works offline and asks nobody for anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from qosflood.analysis.findings import Findings
from qosflood.plan.plan import Plan
from qosflood.report.charts.load import make_charts
from qosflood.report.charts.plotting import Chart
from qosflood.report.document.schema import Document, Phase
from qosflood.report.html import first_screen, sections
from qosflood.report.html.markup import Markup, element, join, section
from qosflood.report.html.prometheus import beside
from qosflood.report.html.shell import chart_figure, page, page_header, without_script
from qosflood.report.html.storms import storms
from qosflood.report.html.timeline import timeline

_HINT = (
    "Drag across a chart to zoom all of them to that time; double-click, or choose the whole run, "
    "to see all of it again."
)


def render(
    document: Document,
    plan: Plan,
    findings: Findings,
    failures: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole page; `failures` are the lines of failures.jsonl as dicts."""
    charts = make_charts(plan, findings)
    content = _content(document, charts, failures)
    return page(
        f"{document.verdict}: {document.run.profile} {document.run.id}",
        page_header("qosflood report", content),
        join((top_of(document), content)),
        "Made by qosflood; report.json holds the same figures for machines.",
        charts,
    )


def top_of(document: Document) -> Markup:
    """The first screen."""
    return join(
        (
            first_screen.banner(document),
            first_screen.tiles(document),
            first_screen.answers(document),
        )
    )


def _content(
    document: Document, charts: Sequence[Chart], failures: Sequence[Mapping[str, Any]]
) -> Markup:
    over_time = [chart for chart in charts if chart.unit_s]
    return join(
        (
            timeline(document),
            sections.found(document),
            sections.phases(document),
            _charts(document, over_time),
            *(_single(chart) for chart in charts if not chart.unit_s),
            sections.limits(document),
            sections.instances(document),
            beside(document),
            storms(document),
            sections.failures(failures),
            sections.warnings(document),
            sections.books(document),
            sections.plan(document),
        )
    )


def _charts(document: Document, charts: Sequence[Chart]) -> Markup:
    if not charts:
        return Markup("")
    lasting = [phase for phase in document.phases if phase.seconds > 0]
    buttons = (
        Markup('<button type="button" data-zoom aria-pressed="true">whole run</button>'),
        *(_zoom(phase) for phase in lasting if len(lasting) > 1),
    )
    tools = element(
        "div",
        element("div", *buttons, cls="zooms", role="group", **{"aria-label": "Zoom all charts"}),
        element("p", _HINT, cls="caption"),
        cls="tools",
    )
    return section("Charts", without_script(), tools, *(chart_figure(chart) for chart in charts))


def _zoom(phase: Phase) -> Markup:
    ends = {"data-from": f"{phase.start_s:.6g}", "data-to": f"{phase.start_s + phase.seconds:.6g}"}
    state = {"data-zoom": "", "aria-pressed": "false"}
    return element("button", phase.name, type="button", **state, **ends)


def _single(chart: Chart) -> Markup:
    return section(chart.title, chart_figure(chart, titled=False))
