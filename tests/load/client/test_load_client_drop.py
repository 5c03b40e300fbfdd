"""What a dropped connection does to its client: no report fails, and it comes back in time."""

from load_doubles import ACCEPTED, SECOND, TIMEOUT, ZERO, Rig, answer

from qosflood.load.client.client import DELAYED, DOWN, IDLE, WAITING


def test_an_idle_client_closes_at_once_and_comes_back_after_its_time():
    rig = Rig()
    wire = rig.reused()
    rig.client.drop(3.0)
    assert wire.aborted
    rig.lose(wire)
    assert rig.client.state == DELAYED
    assert rig.connector.reconnect_after_s == {rig.client: 3.0}
    rig.reconnect()
    rig.connect()
    assert rig.client.state == IDLE
    assert rig.shared.reconnects == 1
    assert rig.shared.connected == 1


def test_a_client_with_a_report_out_closes_once_that_is_answered():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.drop(3.0)
    assert not wire.aborted
    rig.client.data_received(ACCEPTED)
    assert wire.aborted
    rig.lose(wire)
    assert rig.client.state == DELAYED
    assert rig.outcomes == {"acked": 1}
    rig.check_drained()


def test_a_refused_report_is_an_answer_too():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.drop(3.0)
    rig.client.data_received(answer(503))
    rig.lose(wire)
    assert rig.client.state == DELAYED
    assert rig.outcomes == {"rejected": 1}


def test_reports_due_while_away_wait_and_count_from_their_due_time():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.due()
    rig.client.drop(3.0)
    rig.client.data_received(ACCEPTED)
    rig.lose(wire)
    rig.due()
    assert rig.oldest == ZERO
    assert not rig.connector.wanting
    rig.advance(3 * SECOND)
    rig.reconnect()
    second = rig.connect()
    rig.client.data_received(ACCEPTED)
    rig.client.data_received(ACCEPTED)
    assert len(second.requests) == 2
    assert list(rig.bucket.response) == [0, 3 * SECOND, 3 * SECOND]
    rig.check_drained()


def test_reports_whose_deadline_passes_while_away_are_unsent():
    rig = Rig()
    wire = rig.reused()
    rig.client.drop(60.0)
    rig.lose(wire)
    rig.due()
    rig.advance(TIMEOUT + 1)
    rig.sweep()
    assert rig.outcomes == {"acked": 1, "unsent": 1}
    rig.check_drained()
    assert rig.client.state == DELAYED


def test_a_client_without_a_connection_only_waits():
    rig = Rig()
    rig.client.drop(3.0)
    assert rig.connector.reconnect_after_s == {rig.client: 3.0}
    rig.client.drop(3.0)
    rig.reconnect()
    assert rig.client.state == WAITING


def test_a_client_that_is_connecting_gives_that_up():
    rig = Rig(clients=2)
    for client in rig.clients:
        client.join()
        client.drop(3.0)
    queued, made = rig.clients
    assert not queued.wanted
    rig.connector.wanting.remove(queued)
    queued.not_wanted()
    wire = rig.connect(made)
    assert wire.aborted
    rig.lose(wire, made)
    assert set(rig.connector.reconnect_after_s) == {queued, made}


def test_a_client_whose_attempt_to_connect_fails_meanwhile_waits_once():
    rig = Rig(clients=2)
    refused, backing_off = rig.clients
    for client in rig.clients:
        client.join()
    rig.refuse(backing_off)
    for client in rig.clients:
        client.drop(3.0)
    rig.refuse(refused)
    rig.back_off(backing_off)
    assert set(rig.connector.reconnect_after_s) == {refused, backing_off}
    assert not rig.connector.retrying


def test_the_keep_alive_race_is_settled_before_the_drop():
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.client.drop(3.0)
    rig.lose(wire)
    second = rig.connect()
    assert len(second.requests) == 1
    rig.client.data_received(ACCEPTED)
    assert second.aborted
    rig.lose(second)
    assert rig.client.state == DELAYED
    assert rig.outcomes == {"acked": 2}


def test_a_leaver_stays_gone():
    rig = Rig()
    wire = rig.reused()
    rig.client.drop(3.0)
    rig.lose(wire)
    rig.client.leave()
    rig.client.drop(3.0)
    rig.reconnect()
    assert rig.client.state == DOWN
    assert not rig.connector.wanting


def test_a_stop_calls_nobody_back():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.drop(3.0)
    rig.stop()
    rig.client.data_received(ACCEPTED)
    rig.lose(wire)
    assert rig.client.state == DOWN
    rig.check_drained()


def test_a_session_that_gives_way_while_away_comes_back_as_the_next():
    rig = Rig()
    wire = rig.reused()
    rig.client.drop(3.0)
    rig.lose(wire)
    rig.client.renew(1)
    rig.reconnect()
    second = rig.connect()
    rig.due()
    session = rig.shared.builder.session_id(rig.client.number, 1).encode()
    assert session in second.requests[0]
    assert rig.shared.reconnects == 0


def test_a_connection_for_each_report_has_nothing_to_drop():
    rig = Rig(per_report=True)
    rig.client.drop(3.0)
    assert rig.client.state == DOWN
    assert not rig.connector.reconnect_after_s
