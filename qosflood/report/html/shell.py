"""What every page that is one file has around its content: policy, styles, header, charts.

The page's policy allows only the scripts written here, by their hashes, and no connection at
all; so even a mistake in escaping could not run or fetch what a target sent.
"""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qosflood.base.text import printable
from qosflood.report.charts.plotting import Chart
from qosflood.report.html.markup import Markup, element, folded, json_for_script, table

_NONE = "'none'"
_HEADINGS = re.compile(r'<h2 id="([^"]*)">([^<]*)</h2>')


def page(
    title: str, header: Markup, main: Markup, footer: str, charts: Sequence[Chart], style: str = ""
) -> str:
    """The whole file; it draws the charts whose elements stand in `main`."""
    scripts = [plotly_script(), text_of("page.js")] if charts else [text_of("page.js")]
    figures = json_for_script({chart.name: _figure(chart) for chart in charts})
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
            f"<title>{html.escape(printable(title))}</title>",
            f"<style>{text_of('common.css')}{text_of('page.css')}{style}</style></head><body>",
            header,
            element("main", main, id="main", tabindex="-1"),
            element("footer", footer),
            f'<script type="application/json" id="figures">{figures}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body></html>\n",
        )
    )


def page_header(brand: str, content: Markup) -> Markup:
    """Where one is, a way to each section of `content`, and the choice of colours."""
    links = (
        element("a", Markup(title.split()[0]), href=f"#{name}")
        for name, title in _HEADINGS.findall(content)
    )
    return element(
        "header",
        element("a", "Skip to the verdict", href="#main", cls="skip"),
        element("span", brand, cls="brand"),
        element("nav", *links, **{"aria-label": "Sections"}),
        Markup('<button type="button" id="theme" hidden>Dark</button>'),
        cls="page-header",
    )


def without_script() -> Markup:
    """What stands above charts that cannot be drawn."""
    told = "The charts need JavaScript; each is told in words and as a table below."
    return element("p", told, cls="muted without-script")


def chart_figure(chart: Chart, titled: bool = True) -> Markup:
    """A chart's place, and the same in a sentence and a table."""
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
        f"default-src {_NONE}; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def text_of(name: str) -> str:
    """A style or script beside this module, e.g. `common.css`."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def plotly_script() -> str:
    """plotly's script, read as a file: importing the package takes longer than all the rest."""
    spec = find_spec("plotly")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    return (folder / "package_data" / "plotly.min.js").read_text("utf-8")
