"""A series of any length costs a constant amount and loses no extreme."""

from hypothesis import given
from hypothesis import strategies as st

from qosflood.live.web.history import MOST_TRACKS, History, Track

VALUES = st.lists(
    st.one_of(st.none(), st.floats(-1e9, 1e9), st.integers(0, 3).map(float)), max_size=400
)
STEPS = st.floats(0, 1000)


def filled(values, step_s=1.0, recent=5, buckets=4) -> Track:
    track = Track(recent, buckets)
    for index, value in enumerate(values):
        track.add(index * step_s, value)
    return track


@given(VALUES, STEPS)
def test_a_track_is_bounded_whatever_is_added(values, step_s):
    assert len(filled(values, step_s).points()) <= 5 + 3 * 4


@given(VALUES, STEPS)
def test_a_track_never_loses_its_extremes(values, step_s):
    known = [value for value in values if value is not None]
    kept = [value for _, value in filled(values, step_s).points() if value is not None]
    assert bool(kept) == bool(known)
    if known:
        assert (min(kept), max(kept)) == (min(known), max(known))


@given(VALUES, STEPS)
def test_a_track_keeps_a_gap_if_there_was_any(values, step_s):
    assert (None in values) == any(value is None for _, value in filled(values, step_s).points())


@given(st.lists(st.tuples(st.floats(-100, 1e6), st.floats(0, 1)), max_size=200))
def test_the_times_of_a_track_never_go_back(points):
    track = Track(5, 4)
    for t_s, value in points:
        track.add(t_s, value)
    times = [t_s for t_s, _ in track.points()]
    assert times == sorted(times)


@given(VALUES, STEPS)
def test_every_point_kept_was_added(values, step_s):
    added = {(index * step_s, value) for index, value in enumerate(values)}
    assert set(filled(values, step_s).points()) <= added


def test_the_newest_points_are_kept_as_they_are():
    assert filled(range(1000)).points()[-5:] == [(float(n), n) for n in range(995, 1000)]


def test_a_day_of_seconds_is_kept_in_the_room_of_an_hour():
    day = Track()
    for second in range(86_400):
        day.add(float(second), float(second % 977) if second != 40_000 else 5000.0)
    points = day.points()
    assert len(points) <= 1200
    assert (40_000.0, 5000.0) in points
    assert points[0][0] <= 512


def test_a_history_has_room_for_so_many_tracks_and_no_more():
    history = History()
    taken = [history.add(f"track {n}", 0.0, 1.0) for n in range(MOST_TRACKS + 5)]
    assert taken.count(True) == MOST_TRACKS == len(list(history.items()))
    assert history.add("track 0", 1.0, 2.0)
