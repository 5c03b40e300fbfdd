"""report.html: offline, complete, and safe whatever a target sends."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from stories import STORIES, Story, document_of, failing_run, hostile

from qosflood.report.charts.load import make_charts
from qosflood.report.charts.plotting import MOST_POINTS
from qosflood.report.html.page import render

SCRIPT = "<script>alert(1)</script>"
NASTY = [
    SCRIPT,
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b>bold</b> &amp; <a href='javascript:alert(1)'>x</a>",
    "a\x1b[31mb\u202ec\u2028d",
    "</pre></details><iframe src=//evil.example>",
]


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, and scripts' text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.words.append(data)


def page_of(story: Story) -> Page:
    return Page(render(document_of(story), story.plan, story.findings, story.failures))


@pytest.mark.parametrize("make", STORIES)
def test_the_page_says_the_verdict_first(make: Callable[[], Story]) -> None:
    story = make()
    words = [word.strip() for word in page_of(story).words if word.strip()]
    load, _, _ = story.verdict.headline.partition(f": {story.verdict.verdict} - ")
    first = words.index(story.verdict.verdict)
    assert words[first + 1 : first + 2 + len(story.verdict.reasons)] == [
        load,
        *story.verdict.reasons,
    ]
    assert first < words.index("What limits the load") < words.index("What to do next")
    assert words.index("What was not judged") < words.index("Phases side by side")
    for heading in ("Limits", "Outcomes", "Plan and environment"):
        assert heading in words


def test_the_page_asks_nobody_for_anything() -> None:
    page = page_of(failing_run())
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "action", "data"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert tag not in {"link", "iframe", "img", "base", "object"}
    policy = next(a["content"] for t, a in page.tags if "content" in a and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_the_policy_allows_the_scripts_of_the_page_and_no_other() -> None:
    page = page_of(failing_run())
    policy = next(a["content"] or "" for _, a in page.tags if "http-equiv" in a)
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in page.scripts
    ]
    assert allowed == hashes[1:]
    assert "unsafe-inline" not in policy.split("style-src")[0]


@pytest.mark.parametrize("text", NASTY)
def test_text_from_the_target_never_becomes_markup(text: str) -> None:
    plain = page_of(hostile(failing_run(), "harmless"))
    page = page_of(hostile(failing_run(), text))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [set(a) for _, a in page.tags] == [set(a) for _, a in plain.tags]
    assert len(page.scripts) == len(plain.scripts) == 3
    assert page.scripts[1:] == plain.scripts[1:]
    assert not any(char in word for word in page.words for char in "\x1b\u202e\u2028")


@pytest.mark.parametrize("text", NASTY)
def test_the_figures_in_the_script_cannot_end_it_and_are_escaped_for_plotly(text: str) -> None:
    figures = page_of(hostile(failing_run(), text)).scripts[0]
    assert not set("<>&\u2028\u2029\x1b") & set(figures)
    charts = json.loads(figures)
    names = [trace["name"] for chart in charts.values() for trace in chart["data"]]
    texts = [
        t for chart in charts.values() for trace in chart["data"] for t in trace.get("text", [])
    ]
    assert texts
    assert not any("<" in name or ">" in name for name in [*names, *texts])


@pytest.mark.parametrize("make", STORIES)
def test_no_chart_has_more_points_than_it_may(make: Callable[[], Story]) -> None:
    story = make()
    for chart in make_charts(story.plan, story.findings):
        assert sum(len(trace["x"]) for trace in chart.figure["data"]) <= MOST_POINTS, chart.name
        for trace in chart.figure["data"]:
            assert len(trace["x"]) == len(trace["y"])


def test_a_failing_run_has_every_chart_with_its_phases_shaded() -> None:
    story = failing_run()
    charts = {chart.name: chart.figure for chart in make_charts(story.plan, story.findings)}
    over_time = {"throughput", "latency", "memory", "scrapes", "pages", "errors"}
    assert set(charts) == over_time | {"percentiles"}
    for name in over_time:
        shapes = [shape["type"] for shape in charts[name]["layout"]["shapes"]]
        assert shapes == ["rect"] * len(story.findings.phases) + ["line"]
    failed = charts["scrapes"]["data"][1]
    assert len(failed["x"]) == sum(not point.ok for point in story.findings.scrape_points)


def test_the_percentile_axis_counts_nines() -> None:
    story = failing_run()
    chart = next(c for c in make_charts(story.plan, story.findings) if c.name == "percentiles")
    axis = chart.figure["layout"]["xaxis"]
    assert axis["ticktext"][:5] == ["50%", "90%", "99%", "99.9%", "99.99%"]
    assert axis["tickvals"][:5] == pytest.approx([math.log10(2), 1, 2, 3, 4])
    curve = story.findings.curves[0]
    trace = next(t for t in chart.figure["data"] if t["name"] == "baseline response")
    nearest = min(range(len(curve.quantiles)), key=lambda i: abs(curve.quantiles[i] - 0.99))
    assert abs(trace["x"][nearest] - 2) < 0.05
