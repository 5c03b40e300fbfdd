"""The encoded figures, and which of them each client reports."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_network

from qosflood.load.body.figures import LAST, Figures
from qosflood.load.body.network import (
    INTERVALS,
    assign_classes,
    burst_ratio,
    draw_paths,
    mos,
    rating,
)

NETWORKS = (
    make_network(name="near", weight=3.0, rtt_ns=1_000_000, rtt_spread=0.0),
    make_network(name="far", weight=1.0, rtt_ns=900_000_000, rtt_spread=0.0),
)
FIGURES = Figures(NETWORKS, 1, tuple)
MOS, LOSS, RTT, JITTER = range(1, 5)


def test_a_path_tells_the_drawn_figures_one_interval_after_the_other():
    (network,) = NETWORKS[:1]
    drawn = draw_paths(network, 0, 1)
    told, _ = Figures([network], 1, tuple).walk(0)
    assert len(told) == INTERVALS
    losses = [figures[LOSS] for figures in told]
    (at,) = [at for at, row in enumerate(drawn.loss_percent.tolist()) if row == losses]
    assert [figures[MOS] for figures in told] == drawn.mos[at].tolist()
    assert [figures[RTT] for figures in told] == drawn.rtt_ms[at].tolist()
    assert [figures[JITTER] for figures in told] == drawn.jitter_ms[at].tolist()
    assert {figures[0] for figures in told} == {"near"}


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_figures_of_a_report_agree_with_one_another(number, turns):
    path, turn = FIGURES.walk(number)
    name, quality, loss, rtt, jitter = path[(turn + turns) & LAST]
    network = next(network for network in NETWORKS if network.name == name)
    assert abs(mos(rating(loss, rtt, jitter, burst_ratio(network))) - quality) < 0.01


def test_a_client_walks_a_path_of_its_class_the_same_whoever_asks_in_whatever_order():
    numbers = [0, 1, 1023, 1024, 5, 999_999, 1023]
    classes = [assign_classes(NETWORKS, 1, np.array([number]))[0] for number in numbers]
    walks = [FIGURES.walk(number) for number in numbers]
    assert walks == [FIGURES.walk(number) for number in numbers]
    assert walks[2] == walks[6]
    for number, (path, _) in zip(classes, walks, strict=True):
        assert path[0][0] == NETWORKS[number].name


def test_clients_of_one_class_walk_paths_of_their_own_from_places_of_their_own():
    walks = [FIGURES.walk(number) for number in range(200)]
    assert len({id(path) for path, _ in walks}) > 20
    assert len({(id(path), turn) for path, turn in walks}) > 190
