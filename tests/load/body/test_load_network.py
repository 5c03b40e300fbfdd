"""Networks: what is drawn against what the model's theory says."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_network
from resolving import plan_of

from qosflood.base.units import MS, SECOND
from qosflood.load.body.network import (
    INTERVALS,
    PACKETS,
    PATHS,
    Paths,
    assign_classes,
    assign_places,
    burst_ratio,
    draw_paths,
    mean_loss,
    mos,
    rating,
)
from qosflood.plan.plan import NetworkClass

seeds = st.integers(0, 2**63 - 1)
HEALTHY = plan_of({"network": {"mix": "healthy"}}).networks
MIXED = plan_of({"network": {"mix": "mixed"}}).networks
shares = st.floats(0, 1)
networks = st.builds(
    lambda losses, **fields: make_network(good_loss=min(losses), bad_loss=max(losses), **fields),
    st.tuples(shares, shares),
    rtt_ns=st.integers(1, 10 * SECOND),
    rtt_spread=st.floats(0, 2),
    jitter_ns=st.integers(0, 10 * SECOND),
    correlation=st.floats(0, 0.999),
    good_packets=st.floats(1, 1e9),
    bad_packets=st.floats(1, 1e9),
)


def autocorrelation(values: np.ndarray) -> float:
    """Of lag one, within each row."""
    centred = values - values.mean()
    return float((centred[:, 1:] * centred[:, :-1]).mean() / centred.var())


def chain(network: NetworkClass, packets: int, seed: int) -> np.ndarray:
    """The Gilbert-Elliott chain as its definition has it, packet by packet: what was lost."""
    rng = np.random.default_rng(seed)
    change, loss = rng.random(packets), rng.random(packets)
    lost = np.empty(packets, dtype=bool)
    bad = False
    for i in range(packets):
        lost[i] = loss[i] < (network.bad_loss if bad else network.good_loss)
        bad ^= change[i] < 1 / (network.bad_packets if bad else network.good_packets)
    return lost


def mean_burst(lost: np.ndarray) -> float:
    starts = lost[1:] & ~lost[:-1]
    return lost.sum() / starts.sum()


# -- loss


@pytest.mark.parametrize("network", [*MIXED, make_network()], ids=lambda network: network.name)
def test_as_much_is_lost_as_the_chain_loses_in_the_long_run(network):
    drawn = np.concatenate([draw_paths(network, 0, seed).loss_percent for seed in range(5)])
    # Neighbouring intervals share bad stretches, paths share nothing: those give the error.
    error = drawn.mean(axis=1).std() / np.sqrt(drawn.shape[0])
    assert abs(drawn.mean() - 100 * mean_loss(network)) < 4 * error
    assert error < 0.1 * drawn.mean()


def test_loss_per_interval_spreads_as_it_does_packet_by_packet():
    network = make_network(good_packets=600, bad_packets=60)
    drawn = np.concatenate([draw_paths(network, 0, seed).loss_percent for seed in range(3)])
    lost = chain(network, 400 * PACKETS, seed=1).reshape(-1, PACKETS).sum(axis=1) / PACKETS * 100
    assert drawn.std() == pytest.approx(lost.std(), rel=0.15)
    for share in (25, 50, 75, 90):
        ours, theirs = np.percentile(drawn, share), np.percentile(lost, share)
        assert ours == pytest.approx(theirs, rel=0.25, abs=0.4)


def test_bad_stretches_cluster_losses_and_independent_ones_do_not():
    bursty = make_network(good_loss=0.0, bad_loss=1.0, good_packets=190, bad_packets=10)
    random = make_network(good_loss=0.05, bad_loss=0.05)
    assert mean_loss(bursty) == pytest.approx(mean_loss(random)) == pytest.approx(0.05)
    of_bursty = draw_paths(bursty, 0, 1).loss_percent.std()
    of_random = draw_paths(random, 0, 1).loss_percent.std()
    assert of_random == pytest.approx(100 * np.sqrt(0.05 * 0.95 / PACKETS), rel=0.05)
    assert of_bursty > 3 * of_random


def test_stretches_longer_than_an_interval_reach_into_the_next():
    long = make_network(good_packets=20_000, bad_packets=4_000, good_loss=0, bad_loss=0.5)
    short = make_network(good_packets=50, bad_packets=10, good_loss=0, bad_loss=0.5)
    assert autocorrelation(draw_paths(long, 0, 1).loss_percent) > 0.7
    assert abs(autocorrelation(draw_paths(short, 0, 1).loss_percent)) < 0.1


def test_a_call_is_as_likely_bad_at_its_beginning_as_later():
    network = make_network(good_packets=3_000, bad_packets=3_000, good_loss=0, bad_loss=1)
    first = [draw_paths(network, number, 1).loss_percent[:, 0].mean() for number in range(40)]
    assert np.mean(first) == pytest.approx(50, abs=8)


@pytest.mark.parametrize(
    ("loss", "expected"), [((0, 0), 0), ((1, 1), 100), ((0, 1), None)], ids=str
)
def test_losing_nothing_or_everything_is_exact(loss, expected):
    network = make_network(good_loss=loss[0], bad_loss=loss[1], good_packets=1, bad_packets=1)
    drawn = draw_paths(network, 0, 1).loss_percent
    # With stretches of one packet each, every other one is bad.
    assert set(np.unique(drawn)) == {50.0 if expected is None else expected}


def test_the_burst_ratio_is_one_for_random_loss_and_that_of_the_chain_otherwise():
    assert burst_ratio(make_network(good_loss=0.1, bad_loss=0.1)) == pytest.approx(1)
    assert burst_ratio(make_network(good_loss=0, bad_loss=0)) == 1
    assert burst_ratio(make_network(good_loss=1, bad_loss=1)) == 1
    gilbert = make_network(good_loss=0, bad_loss=1, good_packets=90, bad_packets=10)
    assert burst_ratio(gilbert) == pytest.approx(10 * (1 - 0.1))
    for network in (make_network(), make_network(bad_loss=0.8, bad_packets=5)):
        lost = chain(network, 400_000, seed=2)
        assert burst_ratio(network) == pytest.approx(mean_burst(lost) * (1 - lost.mean()), rel=0.03)


# -- delay


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_round_trip_and_jitter_wander_around_their_medians_as_asked(correlation):
    network = make_network(correlation=correlation, rtt_spread=0.3, bad_packets=1, good_packets=1e9)
    drawn = [draw_paths(network, number, 1) for number in range(6)]
    for of, median in ((rtt_of, 80.0), (jitter_of, 10.0)):
        log = np.log(np.concatenate([of(paths) for paths in drawn]) / median)
        effective = log.size * (1 - correlation) / (1 + correlation)
        assert abs(log.mean()) < 4 * 0.3 / np.sqrt(effective)
        assert log.std() == pytest.approx(0.3, rel=0.1)
        assert autocorrelation(log) == pytest.approx(correlation, abs=0.03)


def rtt_of(paths: Paths) -> np.ndarray:
    return paths.rtt_ms


def jitter_of(paths: Paths) -> np.ndarray:
    return paths.jitter_ms


@pytest.mark.parametrize("of", [rtt_of, jitter_of])
def test_an_interval_that_loses_more_is_slower_too(of: Callable[[Paths], np.ndarray]):
    paths = draw_paths(make_network(rtt_spread=0.1), 0, 1)
    worst = paths.loss_percent >= np.percentile(paths.loss_percent, 90)
    assert of(paths)[worst].mean() > 1.15 * of(paths)[~worst].mean()


def test_a_network_without_spread_and_bad_stretches_stands_still():
    still = make_network(rtt_spread=0, good_loss=0, bad_loss=0, good_packets=1e9, bad_packets=1)
    paths = draw_paths(still, 0, 1)
    assert (set(paths.rtt_ms.flat), set(paths.jitter_ms.flat)) == ({80.0}, {10.0})
    assert len(set(paths.mos.flat)) == 1


# -- the figures of a report


def test_losses_that_differ_by_rounding_alone_are_not_taken_for_bursts():
    losing = make_network(
        good_loss=0.9999999999999999, bad_loss=1.0, good_packets=1.0, bad_packets=1.0
    )
    assert burst_ratio(losing) == pytest.approx(1.0)


@settings(max_examples=20, deadline=None)
@given(networks, seeds)
def test_any_possible_network_gives_possible_figures_that_agree(network, seed):
    with np.errstate(all="raise", under="ignore"):
        paths = draw_paths(network, 3, seed)
    for values in (paths.mos, paths.loss_percent, paths.rtt_ms, paths.jitter_ms):
        assert values.shape == (PATHS, INTERVALS)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert paths.loss_percent.max() <= 100
    assert paths.mos.min() >= 1
    assert paths.mos.max() <= 4.5
    r = rating(paths.loss_percent, paths.rtt_ms, paths.jitter_ms, burst_ratio(network))
    assert paths.mos == pytest.approx(mos(r), abs=0.0051)


@pytest.mark.parametrize("seed", range(12))
def test_healthy_networks_stay_healthy_and_still_differ(seed):
    (network,) = HEALTHY
    paths = draw_paths(network, 0, seed)
    assert paths.mos.min() > 4
    assert paths.loss_percent.max() <= 1
    assert 0 < paths.loss_percent.mean() < 0.05
    assert paths.rtt_ms.max() < 150
    assert len(set(paths.rtt_ms.flat)) > 200


def test_the_mixed_networks_are_worse_one_after_the_other_and_some_calls_are_bad():
    medians = {
        network.name: float(np.median(draw_paths(network, number, 1).mos))
        for number, network in enumerate(MIXED)
    }
    assert list(medians) == ["good-wifi", "poor-wifi", "mobile", "congested"]
    assert medians["good-wifi"] > medians["mobile"] > medians["poor-wifi"] > medians["congested"]
    assert medians["good-wifi"] > 4.3
    assert medians["congested"] < 3.6


# -- seeds, classes and places


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_the_same_seed_draws_the_same_figures_and_another_draws_others(seed):
    network = make_network()
    first, again = draw_paths(network, 0, seed), draw_paths(network, 0, seed)
    for name in ("mos", "loss_percent", "rtt_ms", "jitter_ms"):
        assert (getattr(first, name) == getattr(again, name)).all()
    for other in (draw_paths(network, 0, seed ^ 1), draw_paths(network, 1, seed)):
        assert (other.rtt_ms != first.rtt_ms).mean() > 0.9
        assert (other.loss_percent != first.loss_percent).any()


def test_no_two_paths_of_a_class_are_alike():
    rtt = draw_paths(make_network(bad_packets=1, good_packets=1e9), 0, 1).rtt_ms
    between = np.corrcoef(np.log(rtt))[np.triu_indices(PATHS, 1)]
    assert np.abs(between).max() < 0.5
    assert abs(between.mean()) < 0.05


@given(seeds, st.integers(0, 10**6))
def test_a_clients_class_and_place_depend_on_seed_and_number_alone(seed, number):
    alone, among = np.array([number]), np.arange(number, number + 9)
    assert assign_classes(MIXED, seed, alone)[0] == assign_classes(MIXED, seed, among)[0]
    for one, others in zip(assign_places(seed, alone), assign_places(seed, among), strict=True):
        assert one[0] == others[0]


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_classes_get_their_share_and_places_are_spread_evenly(seed):
    numbers = np.arange(40_000)
    counts = np.bincount(assign_classes(MIXED, seed, numbers), minlength=4) / numbers.size
    assert counts == pytest.approx([0.55, 0.2, 0.15, 0.1], abs=0.01)
    path, start = assign_places(seed, numbers)
    assert np.bincount(path, minlength=PATHS) == pytest.approx(numbers.size / PATHS, rel=0.1)
    assert (start.min(), start.max()) == (0, INTERVALS - 1)


def test_weights_need_not_add_up_to_anything():
    heavy = [make_network(weight=1e-9), make_network(weight=1e6), make_network(weight=1e-9)]
    assert set(assign_classes(heavy, 1, np.arange(10_000))) == {1}


def test_times_are_in_the_units_they_say():
    paths = draw_paths(make_network(rtt_ns=7 * MS, jitter_ns=0, rtt_spread=0), 0, 1)
    assert paths.rtt_ms.min() >= 7.0
    assert paths.rtt_ms.max() <= 14.0
    assert not paths.jitter_ms.any()
