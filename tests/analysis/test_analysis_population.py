"""Sessions and connections over all shards."""

import numpy as np
from record_maker import health, stray, window

from qosflood.analysis.population import Population


def made(*windows) -> Population:
    population = Population()
    for one in windows:
        population.add(one)
    return population


def counted(second, *, shard=0, begun=0, acked=0, connected=0):
    return window(
        second,
        "flood",
        shard=shard,
        health=health(connected=connected),
        sessions=begun,
        acked_sessions=acked,
    )


def test_shards_are_added_up_each_as_it_stood_last():
    population = made(
        counted(0, begun=10, acked=4, connected=8),
        counted(1, begun=20, acked=14, connected=18),
        counted(0, shard=1, begun=5, acked=3, connected=5),
        stray(1, "ramp"),
    )
    assert [population.begun(second) for second in (0, 1, 2, 9)] == [0, 15, 25, 25]
    ends = np.array([1.0, 2.0, 9.0])
    assert population.acked(ends).tolist() == [7.0, 17.0, 17.0]
    assert population.connected(ends).tolist() == [13.0, 23.0, 23.0]


def test_between_two_seconds_ends_they_grow_evenly():
    population = made(counted(0, acked=10), counted(2, acked=30))
    assert population.acked(np.array([0.5, 1.0, 2.0, 2.5])).tolist() == [5.0, 10.0, 20.0, 25.0]


def test_without_windows_nothing_is_known():
    population = made()
    assert population.begun(5) is None
    assert not population.knows_acked


def test_a_shard_that_did_not_count_accepted_sessions_leaves_them_unknown():
    assert made(counted(0)).knows_acked
    assert not made(counted(0), counted(0, shard=1, acked=None)).knows_acked
