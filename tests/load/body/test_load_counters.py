"""Counters grow with time and with what is reported, and stand still for a report sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.load.body.counters import RING, advance, no_sums, term, values
from qosflood.plan.report import Counter

START_MS = 1_795_400_000_000
SENT = Counter(name="sent", per_second=50)
RECEIVED = Counter(name="received", per_second=50, of="received")
LOST = Counter(name="lost", per_second=50, of="lost")
TRIPS = Counter(name="trips", per_second=0.2, of="rtt", whole=False)
REPORTS = Counter(name="reports", per_report=1, start=10)
TERMS = [term(counter) for counter in (SENT, RECEIVED, LOST, TRIPS, REPORTS)]

reports = st.lists(
    st.tuples(st.integers(0, 60_000), st.floats(0, 1), st.floats(0, 10), st.floats(0, 10)),
    min_size=2,
    max_size=20,
)


def test_a_sessions_first_report_shows_the_start():
    sums = no_sums()
    at = advance(sums, 77, START_MS, 0.5, 0.1, 0.01)
    assert values(sums, at, TERMS) == [0, 0, 0, 0, 10]


@given(reports, st.integers(0, 10**9))
def test_counters_only_grow_and_rates_agree_with_what_each_report_tells(steps, turn):
    sums, now_ms = no_sums(), START_MS
    before = values(sums, advance(sums, turn, now_ms, *steps[0][1:]), TERMS)
    for step, (gap_ms, loss, rtt_s, jitter_s) in enumerate(steps[1:], 1):
        now_ms += gap_ms
        at = advance(sums, turn + step, now_ms, loss, rtt_s, jitter_s)
        now = values(sums, at, TERMS)
        sent, received, lost, trips, count = (b - a for a, b in zip(before, now, strict=True))
        assert min(sent, received, lost, trips) >= 0
        assert sent == pytest.approx(50 * gap_ms / 1000)
        assert received + lost == pytest.approx(sent, abs=1e-6)
        assert lost == pytest.approx(sent * loss, abs=1e-6)
        assert trips == pytest.approx(0.2 * gap_ms / 1000 * rtt_s, abs=1e-6)
        assert count == 1
        before = now


@given(reports)
def test_the_last_reports_of_a_session_can_be_told_again_in_any_order(steps):
    sums, now_ms, told = no_sums(), START_MS, []
    for turn, (gap_ms, *figures) in enumerate(steps):
        now_ms += gap_ms
        told.append(
            (turn, now_ms, *figures, values(sums, advance(sums, turn, now_ms, *figures), TERMS))
        )
    for *report, said in reversed(told[-RING:]):
        assert values(sums, advance(sums, *report), TERMS) == said


def test_a_report_older_than_those_kept_changes_nothing():
    sums = no_sums()
    for turn in range(10):
        last = advance(sums, turn, START_MS + 1000 * turn, 0.1, 0.1, 0.1)
    before = list(sums)
    assert advance(sums, 2, START_MS + 2000, 0.1, 0.1, 0.1) == last
    assert list(sums) == before


def test_a_clock_that_is_set_back_never_makes_a_counter_shrink():
    sums = no_sums()
    advance(sums, 1, START_MS, 0, 0, 0)
    at = advance(sums, 2, START_MS - 5000, 0, 0, 0)
    assert values(sums, at, TERMS)[0] == 0
    at = advance(sums, 3, START_MS + 1000, 0, 0, 0)
    assert values(sums, at, TERMS)[0] == 50
