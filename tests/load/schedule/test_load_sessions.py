"""One session gives way to another: in order, on a connection of its own, with nothing lost."""

import json

from load_doubles import ACCEPTED, SECOND, Rig, Wire

from qosflood.load.client.client import CLOSING, DOWN, IDLE, WAITING


def sessions_of(wire: Wire) -> list[str]:
    bodies = (request.partition(b"\r\n\r\n")[2] for request in wire.requests)
    return [json.loads(body)["sessionId"].rpartition("-")[2] for body in bodies]


def test_an_idle_session_gives_way_at_once_on_a_new_connection():
    rig = Rig()
    old = rig.joined()
    rig.client.renew(1)
    assert old.aborted
    assert rig.client.state == CLOSING
    rig.lose(old)
    new = rig.connect()
    assert rig.client.state == IDLE
    rig.due()
    assert (sessions_of(old), sessions_of(new)) == ([], ["1"])


def test_a_session_gives_way_only_when_its_report_has_been_answered():
    rig = Rig()
    old = rig.joined()
    rig.due()
    rig.client.renew(1)
    assert not old.aborted
    rig.client.data_received(ACCEPTED)
    assert old.aborted
    rig.check()
    assert rig.open == 0


def test_reports_due_around_a_renewal_are_sent_by_the_session_they_belong_to():
    rig = Rig()
    old = rig.joined()
    rig.due()
    rig.due()
    rig.client.renew(1)
    rig.due()
    rig.client.data_received(ACCEPTED)
    rig.client.data_received(ACCEPTED)
    assert sessions_of(old) == ["0", "0"]
    rig.lose(old)
    new = rig.connect()
    assert sessions_of(new) == ["1"]


def test_a_session_that_never_connected_leaves_its_queued_reports_their_order():
    rig = Rig()
    rig.client.join()
    rig.due()
    rig.client.renew(1)
    rig.due()
    first = rig.connect()
    rig.client.data_received(ACCEPTED)
    assert sessions_of(first) == ["0"]
    rig.lose(first)
    assert sessions_of(rig.connect()) == ["1"]


def test_several_renewals_in_a_row_leave_the_last_one():
    rig = Rig()
    old = rig.joined()
    rig.due()
    for session in (1, 2, 3):
        rig.client.renew(session)
    rig.due()
    rig.client.data_received(ACCEPTED)
    rig.lose(old)
    assert sessions_of(rig.connect()) == ["3"]


def test_a_timeout_ends_the_old_sessions_report_and_the_new_one_takes_over():
    rig = Rig(timeout_ns=SECOND)
    old = rig.joined()
    rig.due()
    rig.client.renew(1)
    rig.advance(2 * SECOND)
    rig.sweep()
    assert old.aborted
    rig.lose(old)
    rig.due()
    assert sessions_of(rig.connect()) == ["1"]


def test_a_session_joins_though_nothing_is_due_yet():
    rig = Rig()
    old = rig.joined()
    rig.due()
    rig.client.renew(1)
    rig.lose(old)  # fresh connection: the report is lost, and the place is the next session's
    assert rig.client.state == WAITING
    assert rig.connector.wanting == [rig.client]


def test_a_place_that_is_left_takes_no_new_session():
    rig = Rig()
    old = rig.joined()
    rig.due()
    rig.client.renew(1)
    rig.client.leave()
    rig.client.data_received(ACCEPTED)
    rig.lose(old)
    assert rig.client.state == DOWN
    assert not rig.client.wanted


def test_a_first_connection_of_a_new_session_is_no_reconnect():
    rig = Rig()
    old = rig.joined()
    rig.client.renew(1)
    rig.lose(old)
    new = rig.connect()
    assert rig.shared.reconnects == 0
    rig.lose(new)
    rig.due()
    rig.connect()
    assert rig.shared.reconnects == 1
