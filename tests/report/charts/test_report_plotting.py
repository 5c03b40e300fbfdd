"""What charts draw of a line."""

import math

import pytest
from stories import failing_run

from qosflood.base.units import format_bytes, format_count, format_duration, parse_duration
from qosflood.report.charts.load import make_charts
from qosflood.report.charts.plotting import Numbers, line, log_axis, said


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ([None, 3.0, None, 4.0, 5.0], [0, 5, 0, 0, 0]),
        ([3.0, None, None, 4.0], [5, 0, 0, 5]),
        ([3.0], [5]),
    ],
)
def test_a_value_between_gaps_is_a_dot(values: Numbers, sizes: list[int]) -> None:
    trace = line("max", range(len(values)), values, "@bad", 100)
    assert trace["mode"] == "lines+markers"
    assert trace["marker"]["size"] == sizes


def test_a_line_without_such_values_is_nothing_but_a_line() -> None:
    trace = line("max", range(5), [1.0, 2.0, None, 4.0, 5.0], "@bad", 100)
    assert trace["mode"] == "lines"
    assert "marker" not in trace


@pytest.mark.parametrize("values", [[5.0], [0.2, 20.0], [1.0, 1000.0], [0.001, 7e6], [], [None, 0]])
def test_a_logarithmic_axis_leaves_room_beside_every_value(values: Numbers) -> None:
    low, high = log_axis(values)["range"]
    assert all(low < math.log10(value) < high for value in values if value)
    assert high - low < 14


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        ("ms", 1_234.0, format_duration(1_234_000_000)),
        ("ms", 0.5, format_duration(500_000)),
        ("MiB", 1536.0, format_bytes(1536 * 1024 * 1024)),
        ("KiB", 18.3, format_bytes(18.3 * 1024)),
        ("reports/s", 12_345.0, format_count(12_345)),
    ],
)
def test_a_value_that_is_pointed_at_reads_as_in_texts_and_tables(
    unit: str, value: float, words: str
) -> None:
    (trace,) = said([line("max", [0.0, 1.0], [value, None], "@bad", 100)], unit)
    assert trace["text"] == [words, ""]
    assert trace["hovertemplate"] == "%{text}"


def test_the_ticks_of_durations_read_as_durations_do() -> None:
    axis = log_axis([0.2, 20_000.0])
    assert "1s" in axis["ticktext"]
    assert "100us" in axis["ticktext"]
    assert [parse_duration(text) for text in axis["ticktext"]] == [
        round(tick * 1_000_000) for tick in axis["tickvals"]
    ]


def test_no_line_over_time_has_figures_of_its_own_style() -> None:
    story = failing_run()
    for chart in make_charts(story.plan, story.findings):
        for trace in chart.figure["data"]:
            assert "%{y" not in trace["hovertemplate"], chart.name
            assert len(trace["text"]) == len(trace["y"])
