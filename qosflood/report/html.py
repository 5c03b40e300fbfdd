"""report.html: one file that works offline and asks nobody for anything.

The page's policy allows only the scripts written here, by their hashes, and no connection at
all; so even a mistake in escaping could not run or fetch what a target sent.
"""

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from qosflood.analysis.findings import Findings
from qosflood.plan import Plan
from qosflood.report import sections, top
from qosflood.report.assets import plotly_script, text_of
from qosflood.report.beside import beside
from qosflood.report.charts import Chart, make_charts
from qosflood.report.markup import Markup, element, folded, join, json_for_script, section, table
from qosflood.report.schema import Document, Phase
from qosflood.report.storms import storms
from qosflood.report.strip import timeline
from qosflood.text import printable

_NONE = "'none'"
_HEADINGS = re.compile(r'<h2 id="([^"]*)">([^<]*)</h2>')
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
    scripts = [plotly_script(), text_of("page.js")] if charts else [text_of("page.js")]
    title = printable(f"{document.verdict}: {document.run.profile} {document.run.id}")
    figures = json_for_script({chart.name: _figure(chart) for chart in charts})
    made = "Made by qosflood; report.json holds the same figures for machines."
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
            f"<title>{html.escape(title)}</title>",
            f"<style>{text_of('common.css')}{text_of('page.css')}</style></head><body>",
            _header(content),
            element("main", top_of(document), content, id="main", tabindex="-1"),
            element("footer", made),
            f'<script type="application/json" id="figures">{figures}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body></html>\n",
        )
    )


def top_of(document: Document) -> Markup:
    """The first screen."""
    return join((top.banner(document), top.tiles(document), top.answers(document)))


def _header(content: Markup) -> Markup:
    """Where one is, a way to each section, and the choice of colours."""
    links = (
        element("a", Markup(title.split()[0]), href=f"#{name}")
        for name, title in _HEADINGS.findall(content)
    )
    return element(
        "header",
        element("a", "Skip to the verdict", href="#main", cls="skip"),
        element("span", "qosflood report", cls="brand"),
        element("nav", *links, **{"aria-label": "Sections"}),
        Markup('<button type="button" id="theme" hidden>Dark</button>'),
        cls="page-header",
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
    return section("Charts", _without_script(), tools, *(_chart(chart) for chart in charts))


def _zoom(phase: Phase) -> Markup:
    ends = {"data-from": f"{phase.start_s:.6g}", "data-to": f"{phase.start_s + phase.seconds:.6g}"}
    state = {"data-zoom": "", "aria-pressed": "false"}
    return element("button", phase.name, type="button", **state, **ends)


def _single(chart: Chart) -> Markup:
    return section(chart.title, _chart(chart, titled=False))


def _without_script() -> Markup:
    told = "The charts need JavaScript; each is told in words and as a table below."
    return element("noscript", element("p", told, cls="muted"))


def _chart(chart: Chart, titled: bool = True) -> Markup:
    words = chart.words
    classes = ("", *["number"] * (len(words.headers) - 1))
    drawn = {"role": "img", "aria-label": printable(f"{chart.title}: {words.said}")}
    return element(
        "figure",
        element("h3", chart.title) if titled else Markup(""),
        element("p", words.said, cls="said"),
        element("div", cls="chart", id=f"chart-{chart.name}", **drawn),
        element("figcaption", chart.caption, cls="caption"),
        folded("the figures as a table", table(words.headers, words.rows, classes)),
    )


def _figure(chart: Chart) -> dict[str, Any]:
    return chart.figure | {"unit_s": chart.unit_s}


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src {_NONE}; script-src {hashes or _NONE}; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
