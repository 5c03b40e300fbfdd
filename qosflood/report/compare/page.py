"""compare.html: one file that works offline, the answer first."""

from collections.abc import Sequence

from qosflood.report.charts.plotting import Chart
from qosflood.report.compare.charts import charts_of
from qosflood.report.compare.values import Change, Comparison, Given, RunFacts
from qosflood.report.compare.words import (
    LONE_SHARE,
    advice,
    difference_line,
    effect_words,
    row,
    sentence_of,
    sight,
    value,
)
from qosflood.report.document import cells
from qosflood.report.html.markup import Content, Markup, element, items, join, section, table
from qosflood.report.html.shell import chart_figure, page, page_header, without_script

TONES = {
    "regressed": "bad",
    "improved": "good",
    "same": "good",
    "unknown": "warn",
    "not comparable": "warn",
}
_WORD_TONES = {"regressed": "bad", "improved": "good", "same": "quiet", "unknown": "warn"}
_TILES = ("response.p50", "response.p99", "response.p99_9", "errors", "memory.max", "target.cpu")
_NUMBER = ("", "", "number", "number", "number", "number", "why")
_NOTHING = Markup("")
_STYLE = """
.quiet { --tone: var(--muted); --tint: var(--panel); }
td.why { min-width: 170px; color: var(--muted); }
.tile dd .from { display: block; color: var(--muted); font-size: 12.5px; font-weight: 400; }
.tile dd .moved { color: var(--tone, var(--muted)); font-size: 13px; font-weight: 600; }
"""


def render(comparison: Comparison, base: Sequence[Given], new: Sequence[Given]) -> str:
    """The whole page."""
    charts = charts_of(comparison, base, new)
    content = _content(comparison, charts)
    made = "Made by qosflood compare, from report.json alone; --json holds the same for machines."
    title = f"{comparison.verdict}: {_names(comparison.of('new'))}"
    first = join((_banner(comparison), _tiles(comparison), _cards(comparison)))
    return page(
        title,
        page_header("qosflood compare", content),
        join((first, content)),
        made,
        charts,
        _STYLE,
    )


def _names(runs: Sequence[RunFacts]) -> str:
    return ", ".join(run.name for run in runs)


def _banner(comparison: Comparison) -> Markup:
    base, new = comparison.of("base"), comparison.of("new")
    about = f"base: {_names(base)} · new: {_names(new)} · exit code {comparison.exit_code}"
    lead = comparison.headline.removeprefix(f"{comparison.verdict}: ")
    return element(
        "div",
        element(
            "h1",
            element("span", comparison.verdict.upper(), cls="word"),
            Markup(" "),
            element("span", lead, cls="load"),
        ),
        element("p", about, cls="about"),
        cls=f"banner {TONES[comparison.verdict]}",
    )


def _tiles(comparison: Comparison) -> Markup:
    by_name = {one.name: one for one in comparison.changes if one.new_value is not None}
    shown = [_tile(by_name[name]) for name in _TILES if name in by_name]
    label = {"aria-label": "Figures of the flood, new beside base"}
    return element("dl", *shown, cls="tiles", **label) if shown else _NOTHING


def _tile(change: Change) -> Markup:
    cell = row(change)
    tone = _WORD_TONES[change.verdict]
    return element(
        "div",
        element("dt", change.label),
        element(
            "dd",
            value(change.unit, change.new_value),
            element("span", f"base {cell.base}", cls="from"),
            element("span", f"{cell.change} {cell.word}", cls=f"moved {tone}"),
        ),
        cls="tile",
    )


def _cards(comparison: Comparison) -> Markup:
    unknown = [one for one in comparison.changes if one.verdict == "unknown"]
    left_out = [f"{one.label}: {one.why}" for one in unknown]
    cards = [
        _card("How sure this is", *(element("p", line) for line in _sure(comparison))),
        _card("What to do next", items(advice(comparison) or ["nothing: keep these runs"])),
    ]
    if left_out:
        cards.append(_card("What was not compared", items(left_out)))
    return element("div", *cards, cls="cards")


def _sure(comparison: Comparison) -> list[str]:
    if not comparison.noise:
        return ["Nothing was compared: the figures of such runs answer different questions."]
    return [line for line in (sight(comparison.changes), sentence_of(comparison.noise)) if line]


def _card(title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, cls="card")


def _content(comparison: Comparison, charts: Sequence[Chart]) -> Markup:
    return join(
        (
            section("Differences", items(difference_line(one) for one in comparison.differences))
            if comparison.differences
            else _NOTHING,
            _figures(comparison),
            section("Charts", without_script(), *(chart_figure(chart) for chart in charts))
            if charts
            else _NOTHING,
            _runs(comparison),
            section("Notes", items(comparison.notes)) if comparison.notes else _NOTHING,
            _decided(comparison),
        )
    )


def _figures(comparison: Comparison) -> Markup:
    if not comparison.changes:
        return _NOTHING
    headers = ("figure", "", "change", "base", "new", "interval", "why")
    rows = []
    for change in comparison.changes:
        cell = row(change)
        state = element("span", cell.word, cls=f"state {_WORD_TONES[change.verdict]}")
        rows.append((cell.label, state, cell.change, cell.base, cell.new, cell.interval, cell.why))
    return section("Figures side by side", table(headers, rows, _NUMBER))


def _runs(comparison: Comparison) -> Markup:
    headers = ("run", "", "started", "id", "verdict", "generator late", "blocks", "qosflood")
    rows = [
        (
            run.name,
            run.role,
            run.started_utc,
            run.id,
            run.verdict,
            f"{run.late_windows} of {run.windows} s",
            f"{run.blocks} of {run.block_s} s" if run.block_s else cells.NONE,
            run.version,
        )
        for run in comparison.runs
    ]
    return section("Runs", table(headers, rows, ["nowrap"] * len(headers)))


def _decided(comparison: Comparison) -> Markup:
    effect = effect_words(comparison.min_effect)
    lines = (
        f"A change matters if it exceeds the smallest relevant one: for times {effect}, both.",
        "It is told from noise by an interval of 95%: noise within a run from a moving-block "
        "bootstrap over the blocks of its flood, noise between runs from three bases or more.",
        "With one base, noise between runs is unknown and times within "
        f"{LONE_SHARE} are the same; with two, whatever they differ by counts as noise, at "
        f"least {LONE_SHARE}.",
        "From three bases on, the intervals hold together: the level is shared among the figures, "
        "so that a comparison of equal builds is false in 1 of 20, not each of its figures.",
        "Middles of several runs are geometric means (shares and seconds: means); percentiles are "
        "read from whole histograms, never from percentiles.",
    )
    return section("How it is decided", items(lines))
