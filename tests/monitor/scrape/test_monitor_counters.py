"""Counters that fall: a restart, several processes in turn, or a gauge that calls itself one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.monitor.exposition.exposition import Sample
from qosflood.monitor.scrape.counters import MOST_NAMES, NO_FALL, Counters, Fall, counter_names


def samples(**values):
    return [Sample(name=name, labels={}, value=value) for name, value in values.items()]


def following(*pages):
    """What each page of (a, b) makes, of counters that were chosen on the first."""
    counters = Counters()
    names = ("a", "b")[: len(pages[0])]
    read = [samples(**dict(zip(names, page, strict=True))) for page in pages]
    counters.choose(read[0], names)
    return [counters.note(page) for page in read]


def test_counters_that_grow_or_stand_still_fell_never():
    went_on = Fall(went_on=True)
    assert following((0, 1), (1, 1), (5, 1), (5, 2)) == [NO_FALL, NO_FALL, went_on, went_on]


def test_all_that_begin_anew_are_a_restart():
    falls = following((1000, 50), (1100, 55), (3, 0), (90, 2), (1200, 60), (2, 1))
    assert [fall.resets for fall in falls] == [0, 0, 2, 0, 0, 2]
    assert [fall.anew for fall in falls] == [False, False, True, False, False, True]
    assert not any(fall.several for fall in falls)


def test_counts_that_go_on_where_older_ones_stood_are_those_of_several_processes():
    falls = following((1000, 50), (600, 20), (1010, 51), (605, 21), (1020, 52), (610, 22))
    assert [fall.resets for fall in falls] == [0, 2, 0, 2, 0, 2]
    assert [fall.several for fall in falls] == [False, False, False, False, False, True]
    assert not any(fall.anew for fall in falls)


def test_processes_that_each_lead_in_one_counter_are_told_too():
    falls = following((100, 5), (90, 9), (101, 5), (91, 9), (102, 5), (92, 9))
    assert falls[-1].several


def test_a_gauge_that_calls_itself_a_counter_accuses_nobody():
    wobbling = [(90 + 7 * (n % 3), 10 * n) for n in range(1, 40)]
    falls = following(*wobbling)
    assert any(fall.resets for fall in falls)
    assert not any(fall.several or fall.anew for fall in falls)


def test_a_single_counter_proves_nothing():
    falls = following((100,), (50,), (101,), (51,), (102,), (0,), (1,))
    assert falls[1].resets == 1
    assert not any(fall.several or fall.anew for fall in falls)


@given(
    lives=st.lists(
        st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=5, max_size=30),
        min_size=1,
        max_size=4,
    )
)
def test_a_process_that_grows_and_restarts_is_never_called_several(lives):
    pages = []
    for index, steps in enumerate(lives):
        a = b = 0
        for step_a, step_b in steps:
            a, b = a + step_a * 100 * (index + 1), b + step_b * 100 * (index + 1)
            pages.append((a, b))
        pages.append((a, b))
    assert sum(fall.several for fall in following(*pages)) == 0 or len(lives) > 2


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (b"# TYPE a counter\na 1\n# TYPE b gauge\nb 2\n", ["a", "a_total"]),
        (b"# TYPE a_total counter\na_total 1\n", ["a_total"]),
        (b"# HELP a counter\na 1\n", []),
        (b"# TYPE a counter\r\n", []),
    ],
)
def test_candidates_are_what_the_page_calls_counters(page, names):
    assert counter_names(page) == names


def test_few_counters_of_few_series_are_followed():
    page = b"".join(b"# TYPE c%d_total counter\n" % n for n in range(100))
    assert len(counter_names(page)) == MOST_NAMES
    counters = Counters()
    many = [Sample(name="big", labels={"n": str(n)}, value=n) for n in range(100)]
    counters.choose([*many, *samples(small=1)], ["big", "small"])
    assert counters.names == {"small"}
