"""Who clients are, and the draws behind that."""

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_report

from qosflood.load.body.identities import identity
from qosflood.load.schedule.draws import Purpose, bits, uniform

seeds = st.integers(0, 2**64 - 1)


@given(seeds, st.integers(0, 10**6))
def test_a_draw_depends_on_its_keys_alone(seed, key):
    alone = uniform(seed, Purpose.JITTER, np.array([key]), 7)[0]
    among = uniform(seed, Purpose.JITTER, np.arange(key, key + 5), np.arange(7, 12))
    assert among[0] == alone
    assert 0.0 <= alone < 1.0


@given(seeds, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_the_bits_of_a_single_key_are_those_that_a_draw_is_made_of(seed, key, index):
    drawn = uniform(seed, Purpose.STREAM, np.array([key]), np.array([index]))[0]
    assert (bits(seed, Purpose.STREAM, key, index) >> 11) * 2.0**-53 == drawn


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


def test_every_session_has_streams_and_a_uuid_of_its_own():
    report = make_report()
    everyone = [identity("p-", report, n, session, 7) for n in range(500) for session in range(3)]
    assert len({who.uuid for who in everyone}) == 1500
    assert {uuid.UUID(who.uuid).version for who in everyone} == {4}
    assert {uuid.UUID(who.uuid).variant for who in everyone} == {uuid.RFC_4122}
    ssrcs = [ssrc for who in everyone for ssrc in (who.ssrc, who.remote_ssrc)]
    assert len(set(ssrcs)) > 2990
    assert all(0 < ssrc < 2**32 for ssrc in ssrcs)
    assert max(ssrcs) > 2**31
    other_seed = identity("p-", report, 3, 1, 8)
    assert (other_seed.ssrc, other_seed.uuid) != (everyone[10].ssrc, everyone[10].uuid)
