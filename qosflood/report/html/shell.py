"""What every page that is one file has around its content: policy, styles, header, charts.

The page's policy allows only the scripts written here, by their hashes, and no connection at
all; so even a mistake in escaping could not run or fetch what a target sent.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from qosflood.report.charts.plotting import Chart
from qosflood.report.html.assets import plotly_script, text_of
from qosflood.report.html.section import PlacedSection, Values
from qosflood.report.html.templates import text


def page(
    template: str,
    title: str,
    sections: Sequence[PlacedSection],
    charts: Sequence[Chart],
    values: Values,
) -> str:
    """The whole file, from a template that extends `html/shell.html`; it draws the charts whose
    places stand in the sections."""
    # HTML as they are: our own script and plotly's, of which the policy holds the hashes, so no
    # byte may change. Not by `safe` in the template, which would copy 10 MB once more.
    scripts = [Markup(plotly_script())] if charts else []
    scripts.append(Markup(text_of("page.js")))
    around = {
        "title": title,
        "sections": sections,
        "policy": _policy(scripts),
        "style": text_of("common.css") + text_of("page.css"),
        "scripts": scripts,
        "figures": {chart.name: _figure(chart) for chart in charts if chart.figure},
    }
    return text(template, {**around, **values})


def _figure(chart: Chart) -> dict[str, Any]:
    return chart.figure | {"unit_s": chart.unit_s}


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
