"""The chart of all changes: nothing on it is left out, however far it lies."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from qosflood.report.charts.plotting import Json
from qosflood.report.compare.changes_chart import changes_chart
from qosflood.report.compare.values import Change, Comparison, MinEffect, Word

ENDS = {2.0: ["1/2x", "1/1.5x", "1x", "1.5x", "2x"], 10.0: ["1/10x", "1/3x", "1x", "3x", "10x"]}


def change(label: str, share: float, word: Word = "regressed", half: float = 0.0) -> Change:
    return Change(
        name=label,
        label=label,
        unit="ms",
        scale="relative",
        worse="higher",
        base=(10.0,),
        new=(10.0 * (1 + share),),
        base_value=10.0,
        new_value=10.0 * (1 + share),
        difference=10.0 * share,
        relative=share,
        low=(1 + share) / (1 + half) - 1 if half else None,
        high=(1 + share) * (1 + half) - 1 if half else None,
        verdict=word,
        why="",
    )


def drawn(*changes: Change) -> Json:
    comparison = Comparison(
        verdict="regressed",
        exit_code=1,
        headline="",
        noise="",
        min_effect=MinEffect(),
        runs=(),
        differences=(),
        changes=changes,
        notes=(),
    )
    chart = changes_chart(comparison)
    assert chart is not None
    return chart.figure


def dots(figure: Json) -> dict[str, tuple[float, str]]:
    """Where each figure's dot lies, and its symbol, by its label."""
    names = figure["layout"]["yaxis"]["ticktext"]
    return {
        names[place]: (x, symbol)
        for trace in figure["data"]
        if trace.get("showlegend", True)
        for x, place, symbol in zip(trace["x"], trace["y"], trace["marker"]["symbol"], strict=True)
    }


@pytest.mark.parametrize(
    ("share", "end"), [(0.03, 2.0), (0.99, 2.0), (1.45, 10.0), (8.9, 10.0), (188.0, 10.0)]
)
def test_the_axis_is_one_of_ratios_and_holds_every_change(share: float, end: float) -> None:
    figure = drawn(change("p99", share))
    axis = figure["layout"]["xaxis"]
    assert axis["ticktext"] == ENDS[end]
    assert axis["tickvals"][-1] == pytest.approx(math.log10(end))
    assert axis["tickvals"][0] == pytest.approx(-math.log10(end))
    ((x, _),) = dots(figure).values()
    assert axis["range"][0] < x < axis["range"][1]


def test_twice_as_slow_lies_as_far_out_as_twice_as_fast() -> None:
    found = dots(drawn(change("slow", 1.0), change("fast", -0.5, "improved")))
    assert found["slow"][0] == pytest.approx(-found["fast"][0])


def test_a_change_beyond_the_axis_is_an_arrow_at_its_end_with_its_size_beside_it() -> None:
    figure = drawn(change("up", 188.0), change("down", -0.999, "improved"), change("in", 2.0))
    found = dots(figure)
    assert found["up"] == (pytest.approx(1.0), "triangle-right")
    assert found["down"] == (pytest.approx(-1.0), "triangle-left")
    assert found["in"] == (pytest.approx(math.log10(3)), "circle")
    beside = {note["y"]: note["text"] for note in figure["layout"]["annotations"]}
    assert beside == {2: "189x", 1: "1/1,000x", 0: "+200%"}


def test_an_interval_beyond_the_axis_ends_in_an_arrow() -> None:
    figure = drawn(change("p99", 2.0, "unknown", half=50.0))
    traces = figure["data"]
    assert [trace["name"] for trace in traces] == ["unknown", "unknown, beyond the axis"]
    bars = traces[0]["error_x"]
    at = math.log10(3)
    assert at + bars["array"][0] == pytest.approx(1.0)
    assert at - bars["arrayminus"][0] == pytest.approx(-1.0)
    assert traces[1]["marker"]["symbol"] == ["triangle-left", "triangle-right"]


def test_a_change_to_nothing_does_not_break_the_axis() -> None:
    assert dots(drawn(replace(change("p99", 0.5), relative=-1.0)))["p99"][1] == "triangle-left"


def test_figures_stand_in_the_order_of_the_table() -> None:
    figure = drawn(*(change(name, 0.1) for name in "abc"))
    assert figure["layout"]["yaxis"]["ticktext"] == ["c", "b", "a"]
    places = [note["y"] for note in figure["layout"]["annotations"]]
    assert all(after > before for before, after in pairwise(places))
