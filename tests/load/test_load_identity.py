"""Who clients are, and the draws behind that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_report

from qosflood.load.draws import Purpose, uniform
from qosflood.load.population import identity

seeds = st.integers(0, 2**64 - 1)


@given(seeds, st.integers(0, 10**6))
def test_a_draw_depends_on_its_keys_alone(seed, key):
    alone = uniform(seed, Purpose.JITTER, np.array([key]), 7)[0]
    among = uniform(seed, Purpose.JITTER, np.arange(key, key + 5), np.arange(7, 12))
    assert among[0] == alone
    assert 0.0 <= alone < 1.0


@given(seeds)
def test_draws_for_different_purposes_keys_and_indexes_differ(seed):
    keys = np.arange(100)
    draws = [uniform(seed, purpose, keys, index) for purpose in Purpose for index in (0, 1)]
    assert np.unique(np.concatenate(draws)).size == 100 * 2 * len(Purpose)


@pytest.mark.parametrize("seed", [0, 1, 2**63, -1])
def test_draws_are_uniform_and_uncorrelated(seed):
    draws = uniform(seed, Purpose.PHASE, np.arange(20_000))
    assert abs(draws.mean() - 0.5) < 0.01
    assert np.histogram(draws, bins=10, range=(0, 1))[0].min() > 1800
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.03


@given(st.integers(0, 10**7), st.integers(1, 50), st.integers(1, 50), st.integers(1, 9))
def test_a_line_always_belongs_to_one_production_and_meets_one_bridge(number, lines, own, bridges):
    report = make_report(lines=lines, productions=own, bridges=bridges)
    one = identity("qosflood-r-", report, number)
    other = identity("qosflood-r-", report, number + lines)
    assert one.line_id == other.line_id
    assert (one.production_id, one.bridge_id) == (other.production_id, other.bridge_id)
    assert one.session_id != other.session_id
    assert one.session_id.startswith("qosflood-r-")


def test_sessions_have_ids_of_their_own_and_both_directions_occur():
    report = make_report()
    everyone = [identity("p-", report, n, session) for n in range(100) for session in range(3)]
    assert len({who.session_id for who in everyone}) == 300
    assert {who.direction for who in everyone} == {"ingress", "egress"}
