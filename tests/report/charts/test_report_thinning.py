"""Down-sampling keeps what matters."""

from hypothesis import given
from hypothesis import strategies as st

from qosflood.report.charts.plotting import thin

values = st.lists(st.none() | st.floats(-1e9, 1e9), max_size=400)


@given(values, st.integers(5, 60))
def test_extremes_ends_and_gaps_survive_thinning(line: list[float | None], most: int) -> None:
    kept = thin(line, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    present = [value for value in line if value is not None]
    if present:
        shown = [value for index in kept if (value := line[index]) is not None]
        assert (min(shown), max(shown)) == (min(present), max(present))
    if line:
        assert {0, len(line) - 1} <= set(kept)
        assert (None in line) == any(line[index] is None for index in kept)


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_a_line_that_fits_is_left_alone(line: list[float]) -> None:
    assert thin(line, 50) == list(range(len(line)))


def test_a_single_spike_in_a_day_is_seen() -> None:
    day = [1.0] * 86_400
    day[70_001] = 900.0
    kept = thin(day, 600)
    assert 70_001 in kept
    assert len(kept) <= 600
