"""The charts of a search for capacity."""

import math
from typing import Any

import pytest
from search_story import search_document, trials_of

from qosflood.report.charts.capacity import SHAPES, capacity_charts
from qosflood.report.charts.plotting import Chart
from qosflood.report.document.schema import Document


def charts(document: Document) -> dict[str, Chart]:
    return {chart.name: chart for chart in capacity_charts(document)}


def points(chart: Chart) -> dict[str, Any]:
    return {one["name"]: one for one in chart.figure["data"] if one["mode"] == "markers"}


def labels(chart: Chart) -> list[str]:
    return [note["text"] for note in chart.figure["layout"]["annotations"]]


def uprights(chart: Chart) -> list[float]:
    return [shape["x0"] for shape in chart.figure["layout"]["shapes"] if shape["type"] == "line"]


def test_a_search_has_a_chart_of_all_that_its_trials_measure() -> None:
    assert list(charts(search_document())) == [
        "response",
        "throughput",
        "errors",
        "scrape-p99",
        "memory",
        "cores",
    ]


def test_every_trial_is_a_point_whose_shape_and_colour_say_its_outcome() -> None:
    document = search_document(trials_of("100+ 200o 200+ 400+ 800- 800- 500-"))
    for chart in charts(document).values():
        drawn = points(chart)
        assert sum(len(one["x"]) for one in drawn.values()) == 7
        for outcome, (shape, color) in SHAPES.items():
            marker = drawn[outcome]["marker"]
            assert (marker["symbol"], marker["color"]) == (shape, color)
    assert len(set(SHAPES.values())) == len({shape for shape, _ in SHAPES.values()}) == 3


def test_a_point_says_its_trial_and_what_broke() -> None:
    texts = points(charts(search_document())["response"])["bad"]["text"]
    assert texts[0] == "trial 4: 800 clients, bad, p99 1s; response.p99 &lt; 250ms"


def test_void_trials_are_in_no_line() -> None:
    document = search_document(trials_of("100+ 200o 400+ 800- 800- 500- 450+ 440+"))
    line = next(one for one in charts(document)["response"].figure["data"] if one["name"] == "p99")
    assert 200 not in line["x"]


def test_the_posterior_is_a_band_that_is_darkest_at_its_middle() -> None:
    document = search_document()
    assert document.capacity is not None
    layout = charts(document)["response"].figure["layout"]
    bands = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    clients = document.capacity.clients
    assert clients.mid is not None
    assert clients.high is not None
    assert bands[0]["x0"] == pytest.approx(clients.low, abs=1)
    assert bands[0]["x1"] == pytest.approx(clients.high, abs=1)
    assert all(one["x0"] - 1 <= clients.mid <= one["x1"] for one in bands)
    widths = [one["x1"] - one["x0"] for one in bands]
    assert widths == sorted(widths, reverse=True)


def test_a_target_that_only_held_has_a_band_without_an_end() -> None:
    chart = charts(search_document(trials_of("100+ 200+ 400+ 800+ 1600+"), reason="max"))[
        "response"
    ]
    layout = chart.figure["layout"]
    bands = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    assert bands[-1]["x1"] == pytest.approx(10 ** layout["xaxis"]["range"][1], abs=1)
    assert any(words.startswith("carries at least ") for words in labels(chart))


def test_a_need_near_the_trials_is_a_line_and_one_far_away_a_word() -> None:
    near = charts(search_document(need=1000))["response"]
    assert 1000 in uprights(near)
    assert "need 1,000" in labels(near)
    far = charts(search_document(need=40_000))["response"]
    assert 40_000 not in uprights(far)
    assert "need 40,000 →" in labels(far)
    assert far.figure["layout"]["xaxis"]["range"][1] < math.log10(2000)


@pytest.mark.parametrize(("need", "color"), [(300, "@good"), (4000, "@bad"), (455, "@warn")])
def test_the_needs_colour_says_whether_it_is_met(need: int, color: str) -> None:
    layout = charts(search_document(need=need))["errors"].figure["layout"]
    named = next(note for note in layout["annotations"] if note["text"].startswith("need"))
    assert named["font"]["color"] == color


def test_a_label_lies_within_the_axis_or_plotly_would_not_draw_it() -> None:
    for need in (100, 1000, 40_000):
        for chart in charts(search_document(need=need)).values():
            layout = chart.figure["layout"]
            first, last = layout["xaxis"]["range"]
            for note in layout["annotations"]:
                assert note["xref"] == "paper" or first <= note["x"] <= last


def test_the_scalability_law_is_drawn_and_said_to_be_a_fit() -> None:
    chart = charts(search_document())["throughput"]
    names = [one["name"] for one in chart.figure["data"]]
    assert "fit (Universal Scalability Law)" in names
    assert "a picture, not the answer" in chart.caption


def test_too_few_loads_have_no_fit() -> None:
    chart = charts(search_document(trials_of("100+ 200- 200-")))["throughput"]
    assert not any(one["name"].startswith("fit") for one in chart.figure["data"])
    assert "Scalability" not in chart.caption


def test_a_limit_is_a_line_with_its_words() -> None:
    response = charts(search_document())["response"]
    line = next(one for one in response.figure["data"] if one["name"].startswith("limit"))
    assert line["y"] == [250.0, 250.0]
    assert "limit response.p99 &lt; 250ms" in labels(response)


def test_trials_over_a_filled_target_are_hollow_and_their_line_is_dashed() -> None:
    trials = [*trials_of(), *trials_of("400+ 300- 300- 250+ 240-", "filled")]
    chart = charts(search_document(trials, held=5000))["response"]
    drawn = points(chart)
    assert drawn["good, filled"]["marker"]["symbol"] == "circle-open"
    lines = {one["name"]: one for one in chart.figure["data"] if one["mode"] == "lines"}
    assert lines["p99, filled"]["line"]["dash"] == "dash"
    assert "dash" not in lines["p99, fresh"]["line"]
    assert any(words.startswith("fresh ") for words in labels(chart))
    assert any(words.startswith("filled ") for words in labels(chart))


def test_each_chart_says_the_same_in_words_and_as_a_table() -> None:
    chart = charts(search_document())["response"]
    assert chart.words.said == (
        "P99: 5ms at 100 clients, 5ms at 455 clients, 1s at 800 clients; 455 is the most that held."
    )
    assert chart.words.headers == ("clients", "trial", "p99", "p50")
    assert len(chart.words.rows) == 11
    assert chart.words.rows[0] == ("100", "good", "5ms", "2ms")


def test_a_figure_that_was_not_measured_has_no_chart() -> None:
    document = search_document()
    assert document.capacity is not None
    for trial in document.capacity.trials:
        object.__setattr__(trial, "cores", None)
    assert "cores" not in charts(document)


@pytest.mark.parametrize(
    ("threshold", "unit", "height"), [(209_715_200.0, "bytes", 200.0), (0.5, "ratio", 256.0)]
)
def test_a_limit_on_memory_is_drawn_be_it_a_share_of_what_the_target_may_use(
    threshold: float, unit: str, height: float
) -> None:
    document = search_document()
    assert document.capacity is not None
    object.__setattr__(document.capacity, "memory_limit_bytes", 512 * 1024 * 1024)
    limit = document.limits[0].model_copy(
        update={"metric": "memory.max", "expr": "memory.max", "threshold": threshold, "unit": unit}
    )
    memory = charts(document.model_copy(update={"limits": [limit]}))["memory"]
    line = next(one for one in memory.figure["data"] if one["name"].startswith("limit"))
    assert line["y"] == [height, height]


def test_a_band_that_was_not_confirmed_says_so() -> None:
    trials = [*trials_of(), *trials_of("414-", purpose="confirm")]
    chart = charts(search_document(trials))["response"]
    assert any(words.startswith("not confirmed ") for words in labels(chart))
