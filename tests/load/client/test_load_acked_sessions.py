"""How many sessions had a report accepted: what a target that keeps sessions can have kept."""

import pytest
from load_doubles import ACCEPTED, TIMEOUT, Rig, answer

from qosflood.plan.plan import Retries


@pytest.mark.parametrize("kind", [{}, {"audited": True}, {"retries": Retries(most=2)}])
def test_a_session_counts_once_with_its_first_accepted_report(kind):
    rig = Rig(**kind)
    rig.joined()
    assert rig.shared.acked_sessions == 0
    for _ in range(3):
        rig.due()
        rig.client.data_received(ACCEPTED)
        assert rig.shared.acked_sessions == 1


def test_a_session_that_ends_before_its_first_report_does_not_count():
    rig = Rig()
    wire = rig.joined()
    rig.client.renew(1)
    rig.lose(wire)
    rig.connect()
    rig.due()
    rig.client.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 1


def test_the_session_that_takes_over_counts_as_another():
    rig = Rig()
    wire = rig.reused()
    rig.client.renew(1)
    rig.lose(wire)
    rig.connect()
    assert rig.shared.acked_sessions == 1
    rig.due()
    rig.client.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 2


def test_a_refused_or_late_report_is_not_accepted_but_one_after_it_may_be():
    rig = Rig()
    rig.joined()
    rig.due()
    rig.client.data_received(answer(500))
    rig.due(ago_ns=TIMEOUT)
    rig.advance(1)
    rig.client.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 0
    rig.client.connection_lost(None)
    rig.due()
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 1


def test_an_answer_that_no_memo_knows_counts_as_well():
    rig = Rig()
    rig.joined()
    rig.due()
    rig.client.data_received(answer(204))
    assert rig.shared.acked_sessions == 1


def test_sessions_behind_shared_connections_count_once_whichever_carries_them():
    rig = Rig(3, pool=2)
    rig.pool.open()
    first, second = (rig.connect(connection) and connection for connection in rig.pool.connections)
    rig.due(rig.clients[0])
    rig.due(rig.clients[0])
    first.data_received(ACCEPTED)
    second.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 1
    rig.due(rig.clients[1])
    rig.clients[0].renew(1)
    rig.due(rig.clients[0])
    first.data_received(ACCEPTED)
    second.data_received(ACCEPTED)
    assert rig.shared.acked_sessions == 3
