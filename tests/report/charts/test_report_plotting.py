"""What charts draw of a line."""

import math

import pytest

from qosflood.report.charts.plotting import Numbers, line, log_axis


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
