"""report.html: one file that works offline and asks nobody for anything.

The page's policy allows only the scripts written here, by their hashes, and no connection at
all; so even a mistake in escaping could not run or fetch what a target sent.
"""

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from typing import Any

from qosflood.analysis.findings import Findings
from qosflood.plan import Plan
from qosflood.report import sections
from qosflood.report.assets import plotly_script, text_of
from qosflood.report.beside import beside
from qosflood.report.charts import Chart, make_charts
from qosflood.report.markup import Markup, element, join, json_for_script, section
from qosflood.report.schema import Document
from qosflood.report.storms import storms
from qosflood.text import printable

_NONE = "'none'"


def render(
    document: Document,
    plan: Plan,
    findings: Findings,
    failures: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole page; `failures` are the lines of failures.jsonl as dicts."""
    charts = make_charts(plan, findings)
    body = element("main", _content(document, charts, failures))
    scripts = [plotly_script(), text_of("page.js")] if charts else []
    title = printable(f"{document.verdict}: {document.run.profile} {document.run.id}")
    figures = json_for_script({chart.name: chart.figure for chart in charts})
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
            f"<title>{html.escape(title)}</title>",
            f"<style>{text_of('common.css')}{text_of('page.css')}</style></head>",
            f"<body>{body}",
            f'<script type="application/json" id="figures">{figures}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body></html>\n",
        )
    )


def _content(
    document: Document, charts: Sequence[Chart], failures: Sequence[Mapping[str, Any]]
) -> Markup:
    return join(
        (
            sections.banner(document),
            sections.tiles(document),
            sections.answers(document),
            sections.limits(document),
            sections.phases(document),
            sections.instances(document),
            beside(document),
            storms(document),
            sections.timeline(document),
            _charts(charts),
            sections.books(document),
            sections.failures(failures),
            sections.warnings(document),
            sections.plan(document),
            sections.environment(document),
            element("footer", "Made by qosflood; report.json holds the same figures for machines."),
        )
    )


def _charts(charts: Sequence[Chart]) -> Markup:
    if not charts:
        return Markup("")
    hint = element("noscript", element("p", "The charts need JavaScript.", cls="muted"))
    return section("Charts", hint, *(_chart(chart) for chart in charts))


def _chart(chart: Chart) -> Markup:
    return element(
        "figure",
        element("h3", chart.title),
        element("p", chart.caption, cls="caption"),
        element("div", cls="chart", id=f"chart-{chart.name}"),
    )


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src {_NONE}; script-src {hashes or _NONE}; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
