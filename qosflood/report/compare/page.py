"""compare.html: one file that works offline, the answer first."""

from collections.abc import Sequence
from dataclasses import dataclass

from qosflood.analysis.verdict.capacity import span
from qosflood.report.charts.plotting import Chart
from qosflood.report.compare.charts import charts_of
from qosflood.report.compare.values import CLIENTS, Comparison, Given, RunFacts, Word
from qosflood.report.compare.words import (
    LONE_SHARE,
    Row,
    advice,
    difference_line,
    effect_words,
    refusal,
    row,
    sentence_of,
    sight,
    unknown_lines,
)
from qosflood.report.document import cells
from qosflood.report.html.section import Section, Values, placed
from qosflood.report.html.shell import page

TONES = {
    "regressed": "bad",
    "improved": "good",
    "same": "good",
    "unknown": "warn",
    "not comparable": "warn",
}
_WORD_TONES: dict[Word, str] = {
    "regressed": "bad",
    "improved": "good",
    "same": "quiet",
    "unknown": "warn",
}
_TILES = (
    CLIENTS,
    "capacity.fresh",
    "capacity.filled",
    "response.p50",
    "response.p99",
    "response.p99_9",
    "errors",
    "memory.max",
    "target.cpu",
)
_SEARCH_HEADERS = ("run", "", "started", "id", "verdict", "clients", "qosflood")
_RUN_HEADERS = ("run", "", "started", "id", "verdict", "generator late", "blocks", "qosflood")


_SEARCHES_DECIDED = (
    "Each search ends with a posterior: how likely each number of clients is to be the most "
    "that the target carries. The change is the ratio of the two, with a 95% interval.",
    "Regressed or improved: the interval lies wholly below or above no change, and its middle "
    "exceeds the smallest relevant change. Several searches on one side count equally.",
    "If a search found only a bound (at least so many), a change is reported only if the other "
    "interval lies wholly beyond it.",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What compare.html shows."""

    comparison: Comparison
    charts: Sequence[Chart]


def render(comparison: Comparison, base: Sequence[Given], new: Sequence[Given]) -> str:
    """The whole page."""
    charts = charts_of(comparison, base, new)
    return page(
        "compare/page.html",
        f"{comparison.verdict}: {_names(comparison.of('new'))}",
        placed(SECTIONS, Compared(comparison, charts)),
        charts,
        {**_banner(comparison), "tiles": _tiles(comparison), **_cards(comparison)},
    )


# The first screen.


def _names(runs: Sequence[RunFacts]) -> str:
    return ", ".join(run.name for run in runs)


def _banner(comparison: Comparison) -> Values:
    base, new = comparison.of("base"), comparison.of("new")
    return {
        "verdict": comparison.verdict.upper(),
        "tone": TONES[comparison.verdict],
        "lead": comparison.headline.removeprefix(f"{comparison.verdict}: "),
        "about": f"base: {_names(base)} · new: {_names(new)} · exit code {comparison.exit_code}",
    }


def _tiles(comparison: Comparison) -> list[tuple[Row, str]]:
    """The most important figures, each with the tone of its word."""
    by_name = {one.name: one for one in comparison.changes if one.new_value is not None}
    shown = [by_name[name] for name in _TILES if name in by_name]
    return [(row(change), _WORD_TONES[change.verdict]) for change in shown]


def _cards(comparison: Comparison) -> Values:
    return {
        "sure": _sure(comparison),
        "steps": advice(comparison) or ["nothing; keep these runs for later comparisons"],
        "left_out": unknown_lines(comparison.changes),
    }


def _sure(comparison: Comparison) -> list[str]:
    if not comparison.noise:
        return [refusal(comparison.differences)]
    seen = sight(comparison.verdict, comparison.changes)
    return [line for line in (seen, sentence_of(comparison.noise)) if line]


# The sections.


def _differences(compared: Compared) -> Values | None:
    lines = [difference_line(one) for one in compared.comparison.differences]
    return {"lines": lines} if lines else None


def _figures(compared: Compared) -> Values | None:
    changes = compared.comparison.changes
    return {"rows": [row(change) for change in changes], "tones": _WORD_TONES} if changes else None


def _charts(compared: Compared) -> Values | None:
    return {"charts": compared.charts} if compared.charts else None


def _runs(compared: Compared) -> Values:
    if compared.comparison.searches:
        return _searches(compared.comparison.runs)
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
        for run in compared.comparison.runs
    ]
    return {"headers": _RUN_HEADERS, "rows": rows, "classes": ["nowrap"] * len(_RUN_HEADERS)}


def _searches(runs: Sequence[RunFacts]) -> Values:
    rows = [
        (
            run.name,
            run.role,
            run.started_utc,
            run.id,
            run.verdict,
            cells.NONE if run.clients is None else span(run.clients),
            run.version,
        )
        for run in runs
    ]
    return {"headers": _SEARCH_HEADERS, "rows": rows, "classes": ["nowrap"] * len(_SEARCH_HEADERS)}


def _notes(compared: Compared) -> Values | None:
    notes = compared.comparison.notes
    return {"lines": notes} if notes else None


def _decided(compared: Compared) -> Values:
    if compared.comparison.searches:
        return {"lines": _SEARCHES_DECIDED}
    effect = effect_words(compared.comparison.min_effect)
    lines = (
        "A change matters if it exceeds the smallest relevant change. "
        f"For times that is {effect}, and both must be exceeded.",
        "A 95% interval separates it from noise. Noise within a run comes from a moving-block "
        "bootstrap over the blocks of its flood, noise between runs from three bases or more.",
        f"With one base, noise between runs is unknown, and times within {LONE_SHARE} count as "
        f"the same. With two, their whole difference counts as noise, at least {LONE_SHARE}.",
        "With three bases or more, the intervals hold jointly: the error level is shared among "
        "the figures, so 1 in 20 comparisons of equal builds is wrong, not 1 in 20 figures.",
        "Several runs are combined by the geometric mean (shares and seconds: by the mean). "
        "Percentiles are read from whole histograms, never averaged.",
    )
    return {"lines": lines}


SECTIONS: tuple[Section[Compared], ...] = (
    Section("Differences", "html/lines.html", _differences),
    Section("Figures side by side", "compare/side_by_side.html", _figures),
    Section("Charts", "compare/charts.html", _charts),
    Section("Runs", "html/table.html", _runs),
    Section("Notes", "html/lines.html", _notes),
    Section("How changes are judged", "html/lines.html", _decided),
)
