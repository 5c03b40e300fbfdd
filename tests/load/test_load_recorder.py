"""Buckets and windows: counts as HdrHistogram's, a window for each phase that has something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS, SECOND
from qosflood.journal import histograms
from qosflood.journal.histograms import HIGHEST_NS
from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.journal.records import Outcome, ShardHealth, Window
from qosflood.load.recorder import Recorder

HEALTH = ShardHealth(
    loop_stall_ns=1,
    cpu_ns=2,
    rss_bytes=3,
    throttled_ns=4,
    run_queue_ns=5,
    connected=6,
    connecting=7,
    pending=8,
)
TIMEOUT = 10 * SECOND
latencies = st.lists(st.integers(0, 2 * HIGHEST_NS), max_size=50)


def recorder() -> Recorder:
    return Recorder(2, [("baseline", 3 * SECOND), ("flood", 9 * SECOND)])


def close(of: Recorder, current: int = 0, second: int = 4) -> list[Window]:
    return of.windows(777, second, current, HEALTH, sessions=12, acked_sessions=11, reconnects=0)


def counts_one_by_one(values: list[int]) -> bytes:
    histogram = histograms.make_histogram()
    for value in values:
        assert histogram.record_value(min(value, HIGHEST_NS))
    return bytes(histogram.counts)


@given(st.lists(latencies, max_size=4), st.sampled_from(["lag", "response", "service", "failed"]))
def test_a_window_holds_what_hdrhistogram_would_have_recorded_however_often_it_folds(parts, name):
    of = recorder()
    for part in parts:
        getattr(of.buckets[0], name).extend(part)
        of.fold()
    (window,) = close(of)
    values = [value for part in parts for value in part]
    latency = getattr(window, "send_lag" if name == "lag" else name)
    if not values:
        assert latency is None
        return
    assert bytes(histograms.decode(latency.encoded).counts) == counts_one_by_one(values)
    assert latency.count == len(values)
    assert latency.overflow == sum(value > HIGHEST_NS for value in values)


def test_values_above_the_range_are_kept_at_its_end_and_counted_once():
    of = recorder()
    of.buckets[0].response.extend([HIGHEST_NS + 1, 5 * MS])
    assert close(of)[0].response.overflow == 1
    of.buckets[0].response.append(5 * MS)
    assert close(of)[0].response.overflow == 0


def test_the_window_of_the_phase_in_force_comes_always_and_alone_holds_the_health():
    (window,) = close(recorder(), current=1)
    assert (window.phase, window.health, window.sessions) == ("flood", HEALTH, 12)
    assert window.acked_sessions == 11
    assert (window.t, window.shard, window.second) == (777, 2, 4)
    assert (window.scheduled, window.offered, sum(window.outcomes.values())) == (0, 0, 0)
    assert (window.response, window.service, window.failed, window.send_lag) == (None,) * 4


def test_a_phase_that_is_over_has_a_window_as_long_as_its_reports_end():
    of = recorder()
    of.buckets[0].response.append(MS)
    of.buckets[0].service.append(MS)
    of.fold()
    baseline, flood = close(of, current=1)
    assert (baseline.phase, baseline.outcomes["acked"], baseline.health) == ("baseline", 1, None)
    assert (baseline.sessions, baseline.acked_sessions) == (None, None)
    assert flood.outcomes["acked"] == 0
    assert [window.phase for window in close(of, current=1)] == ["flood"]


@pytest.mark.parametrize("count", ["offered", "resent"])
def test_a_count_alone_makes_a_window_worth_writing(count):
    of = recorder()
    setattr(of.buckets[0], count, 1)
    assert [getattr(window, count) for window in close(of, current=1)] == [1, 0]


def test_failures_count_by_outcome_and_reason_and_never_flatter():
    of = recorder()
    bucket = of.buckets[0]
    bucket.lag.extend([1] * 4)
    bucket.fail(Outcome.CONNECTION_LOST, 3 * MS, TIMEOUT, "reset by the peer")
    bucket.fail(Outcome.TIMEOUT, 11 * SECOND, TIMEOUT, "no answer by the deadline")
    bucket.reject(503, MS, TIMEOUT)
    bucket.reject(401, MS, TIMEOUT)
    (window,) = close(of)
    assert window.outcomes == dict.fromkeys(window.outcomes, 0) | {
        "connection_lost": 1,
        "timeout": 1,
        "rejected": 2,
    }
    assert window.statuses == {"503": 1, "401": 1}
    assert window.errors["status 503"] == window.errors["reset by the peer"] == 1
    assert window.response.count == window.failed.count == window.scheduled == 4
    assert window.response.percentiles["p50"] >= TIMEOUT
    assert window.response.max_ns >= 11 * SECOND
    assert window.failed.percentiles["p50"] < 4 * MS
    assert window.service is None


@given(st.lists(st.sampled_from(Outcome), max_size=40), st.sets(st.integers(0, 39)))
def test_over_all_windows_each_report_counts_once(outcomes, closings):
    of = recorder()
    windows = []
    for i, outcome in enumerate(outcomes):
        bucket = of.buckets[i % 2]
        bucket.lag.append(0)
        if outcome is Outcome.ACKED:
            bucket.response.append(MS)
            bucket.service.append(MS)
        else:
            bucket.fail(outcome, MS, TIMEOUT, "why")
        if i in closings:
            windows += close(of)
    windows += close(of)
    for outcome in Outcome:
        total = sum(window.outcomes[outcome.label] for window in windows)
        assert total == outcomes.count(outcome)
    assert sum(window.scheduled for window in windows) == len(outcomes)
    assert sum(w.response.count for w in windows if w.response) == len(outcomes)


def test_a_window_is_read_back_from_its_line():
    of = recorder()
    of.buckets[0].fail(Outcome.UNSENT, MS, TIMEOUT, "run stopped")
    (window,) = close(of)
    assert decode_record(encode_record(window)) == window


def test_the_arrays_that_the_hot_path_holds_stay_the_same_ones():
    of = recorder()
    held = of.buckets[0].response
    held.append(MS)
    close(of)
    held.append(MS)
    assert close(of)[0].response.count == 1
