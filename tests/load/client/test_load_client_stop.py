"""What becomes of open reports when the run stops or a client leaves."""

from load_doubles import ACCEPTED, MS, SECOND, ZERO, Rig

from qosflood.load.client.client import BUSY, DOWN, NEVER


def test_a_stop_ends_what_waits_and_lets_what_is_out_be_answered():
    rig = Rig(clients=2)
    busy, waiting = rig.clients
    busy.join()
    wire = rig.connect(busy)
    rig.due(busy)
    rig.due(busy)
    rig.due(waiting)
    rig.advance(MS)
    rig.stop()
    assert rig.outcomes == {"unsent": 2}
    assert set(rig.bucket.errors) == {"run stopped"}
    assert list(rig.bucket.response) == [MS, MS]
    assert list(rig.shared.oldest) == [ZERO, NEVER]
    busy.data_received(ACCEPTED)
    assert rig.outcomes == {"unsent": 2, "acked": 1}
    assert wire.aborted
    rig.lose(wire, busy)
    rig.check_drained()


def test_a_stop_closes_idle_connections():
    rig = Rig()
    wire = rig.reused()
    rig.stop()
    assert wire.aborted
    rig.lose(wire)
    rig.check_drained()


def test_after_a_stop_nothing_is_resent():
    rig = Rig(clients=2)
    for client in rig.clients:
        client.join()
    wires = [rig.connect(client) for client in rig.clients]
    for client in rig.clients:
        rig.due(client)
        client.data_received(ACCEPTED)
        rig.due(client)
    rig.lose(wires[0], rig.clients[0])
    rig.stop()
    rig.lose(wires[1], rig.clients[1])
    assert rig.outcomes == {"acked": 2, "connection_lost": 2}
    rig.check_drained()


def test_a_connection_made_or_refused_after_a_stop_is_let_go():
    rig = Rig(clients=2)
    made, refused = rig.clients
    rig.due(made)
    rig.due(refused)
    rig.stop()
    wire = rig.connect(made)
    assert (wire.aborted, wire.requests) == (True, [])
    rig.refuse(refused)
    rig.back_off(refused)
    assert refused.state == DOWN
    assert rig.outcomes == {"unsent": 2}
    rig.lose(wire, made)
    rig.check_drained()


def test_when_patience_ends_after_a_stop_what_is_out_is_ended():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.stop()
    rig.advance(SECOND)
    rig.sweep(limit_ns=NEVER)
    assert rig.outcomes == {"timeout": 1}
    assert set(rig.bucket.errors) == {"run stopped, no answer yet"}
    assert list(rig.bucket.response) == [SECOND]
    rig.lose(wire)
    rig.check_drained()


def test_a_client_that_leaves_closes_once_its_reports_have_ended():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.due()
    rig.client.leave()
    assert (wire.aborted, rig.client.state) == (False, BUSY)
    rig.client.data_received(ACCEPTED)
    rig.client.data_received(ACCEPTED)
    assert wire.aborted
    rig.lose(wire)
    assert rig.outcomes == {"acked": 2}
    assert rig.client.state == DOWN


def test_a_client_that_leaves_while_idle_closes_at_once():
    rig = Rig()
    wire = rig.reused()
    rig.client.leave()
    assert wire.aborted


def test_a_client_that_left_before_it_was_connected_does_not_want_to_be():
    rig = Rig()
    rig.client.join()
    assert rig.client.wanted
    rig.client.leave()
    assert not rig.client.wanted
    rig.client.not_wanted()
    assert rig.client.state == DOWN


def test_a_last_report_picked_after_its_client_left_is_still_sent():
    rig = Rig()
    wire = rig.reused()
    rig.client.leave()
    rig.due()
    rig.lose(wire)
    assert rig.client.wanted
    second = rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 2}
    assert second.aborted
