import itertools
from copy import copy

from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS
from qosflood.lab.collector.app import ServiceBucket

GAPS = st.lists(st.integers(0, 10 * MS), max_size=50)
SERVICE = st.integers(1, 5 * MS)


def finishes(service_ns: int, gaps: list[int]) -> list[tuple[int, int]]:
    bucket = ServiceBucket(service_ns)
    now = 0
    return [(now := now + gap, bucket.admit(now)) for gap in gaps]


def test_an_idle_server_needs_the_service_time() -> None:
    assert ServiceBucket(2 * MS).admit(7 * MS) == 9 * MS


def test_reports_that_arrive_together_are_served_one_after_the_other() -> None:
    bucket = ServiceBucket(2 * MS)
    assert [bucket.admit(0) for _ in range(3)] == [2 * MS, 4 * MS, 6 * MS]


def test_the_backlog_is_what_a_new_report_waits_for() -> None:
    bucket = ServiceBucket(2 * MS)
    bucket.admit(0)
    bucket.admit(0)
    waits = [copy(bucket).admit(now) - now - 2 * MS for now in (0, 3 * MS, 9 * MS)]
    assert waits == [4 * MS, MS, 0]


@given(SERVICE, GAPS)
def test_reports_finish_in_order_and_never_faster_than_the_server(
    service_ns: int, gaps: list[int]
) -> None:
    done = [finish for _, finish in finishes(service_ns, gaps)]
    assert all(later - earlier >= service_ns for earlier, later in itertools.pairwise(done))


@given(SERVICE, GAPS)
def test_the_server_is_never_idle_while_reports_wait(service_ns: int, gaps: list[int]) -> None:
    free_at = 0
    for arrival, finish in finishes(service_ns, gaps):
        assert finish == max(arrival, free_at) + service_ns
        free_at = finish


@given(SERVICE, st.integers(1, 200))
def test_an_overload_is_carried_at_exactly_the_capacity(service_ns: int, count: int) -> None:
    bucket = ServiceBucket(service_ns)
    assert [bucket.admit(0) for _ in range(count)][-1] == count * service_ns
