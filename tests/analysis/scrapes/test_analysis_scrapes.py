"""How scrapes fared: success, duration, gaps, and stretches of failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_maker import at, scrape

from qosflood.analysis.scrapes.scrapes import failing_spans, scrape_figures
from qosflood.base.units import MS, SECOND


def figures(samples, start_s=0, end_s=10):
    return scrape_figures(samples, at(start_s), at(end_s), SECOND)


def test_gaps_and_failures_count_against_success():
    samples = [scrape(1), scrape(2, ok=False), scrape(3, ok=False, gap=True), scrape(4)]
    found = figures(samples)
    assert (found.count, found.failed, found.gaps, found.success_ratio) == (4, 2, 1, 0.5)
    assert found.reasons == {"timeout": 2}


def test_what_the_monitor_itself_missed_counts_neither_way():
    samples = [scrape(1), scrape(2, ok=False, own_fault=True, reason="the monitor was late")]
    found = figures(samples)
    assert (found.count, found.failed, found.success_ratio) == (1, 0, 1.0)
    assert found.reasons == {}


def test_without_scrapes_nothing_is_known():
    found = figures([])
    assert (found.count, found.success_ratio, found.gap_max_ns) == (0, None, None)
    assert found.duration_max_ns is None


def test_only_scrapes_due_in_the_stretch_count():
    assert figures([scrape(-1), scrape(0), scrape(9.9), scrape(10)]).count == 2


def test_a_scrape_that_failed_fast_counts_at_least_the_timeout():
    refused = scrape(2, ok=False, reason="connection refused", duration_ns=MS)
    assert figures([scrape(1), refused]).duration_max_ns == SECOND


def test_the_longest_gap_lies_between_good_scrapes():
    samples = [scrape(1), scrape(2), *(scrape(s, ok=False) for s in (3, 4, 5)), scrape(6)]
    assert figures(samples, end_s=7).gap_max_ns == 4 * SECOND


def test_an_instance_that_answers_does_not_hide_one_that_does_not():
    blind = [scrape(second, ok=False, instance="other") for second in range(10)]
    found = figures(sorted([*blind, *map(scrape, range(10))], key=lambda sample: sample.t))
    assert found.gap_max_ns == 10 * SECOND


def test_a_gap_may_run_to_the_end():
    samples = [scrape(1), scrape(2), *(scrape(s, ok=False) for s in range(3, 10))]
    assert figures(samples).gap_max_ns == 8 * SECOND


def test_a_tick_missed_by_the_monitor_makes_no_gap():
    samples = [scrape(1), scrape(3, ok=False, own_fault=True), scrape(5), scrape(8)]
    assert figures(samples, end_s=9).gap_max_ns == 3 * SECOND


def test_percentiles_of_durations_need_values_above_them():
    few = figures([scrape(s / 2) for s in range(19)])
    assert (few.duration_p50_ns, few.duration_p99_ns) == (None, None)
    many = figures([scrape(s / 200) for s in range(1500)])
    assert (many.duration_p50_ns, many.duration_p99_ns) == (20 * MS, 20 * MS)


@given(st.lists(st.booleans(), max_size=40))
def test_spans_hold_every_failure_once(results):
    samples = [scrape(second, ok=ok) for second, ok in enumerate(results)]
    spans = failing_spans(samples)
    assert sum(span.failed for span in spans) == results.count(False)
    assert all(span.until is not None for span in spans[:-1])
    if spans:
        assert (spans[-1].until is None) == (not results[-1])


def test_spans_of_instances_are_apart():
    samples = [
        scrape(1, ok=False, instance="a"),
        scrape(1, instance="b"),
        scrape(2, instance="a"),
        scrape(2, ok=False, instance="b"),
    ]
    spans = failing_spans(samples)
    assert [(span.instance, span.until) for span in spans] == [("a", at(2)), ("b", None)]


@pytest.mark.parametrize("reason", [None, "status 503"])
def test_a_span_counts_its_reasons(reason):
    samples = [scrape(1, ok=False, reason=reason), scrape(2, ok=False, reason=reason)]
    assert failing_spans(samples)[0].reasons == {reason or "unknown": 2}
