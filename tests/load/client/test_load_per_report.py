"""A connection for each report: made when it is due, ended with its answer."""

from load_doubles import ACCEPTED, Rig, answer

from qosflood.load.client.client import CLOSING, DOWN, IDLE


def per_report() -> Rig:
    return Rig(per_report=True)


def test_a_client_that_joins_does_not_connect_yet():
    rig = per_report()
    rig.client.join()
    assert rig.client.state == DOWN
    assert rig.connector.wanting == []


def test_each_report_has_a_connection_of_its_own():
    rig = per_report()
    wires = []
    for _ in range(3):
        rig.due()
        wires.append(rig.connect())
        rig.client.data_received(ACCEPTED)
        assert rig.client.state == CLOSING
        rig.lose(wires[-1])
        assert rig.client.state == DOWN
    assert [len(wire.requests) for wire in wires] == [1, 1, 1]
    assert all(b"\r\nConnection: close\r\n" in wire.requests[0] for wire in wires)
    rig.check_drained()


def test_a_report_due_meanwhile_waits_for_the_next_connection():
    rig = per_report()
    rig.due()
    first = rig.connect()
    rig.due()
    rig.client.data_received(answer(503))
    rig.lose(first)
    second = rig.connect()
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_renewed_session_connects_with_its_first_report():
    rig = per_report()
    rig.client.renew(1)
    assert rig.connector.wanting == []
    rig.due()
    rig.client.renew(2)
    wire = rig.connect()
    rig.client.data_received(ACCEPTED)
    rig.lose(wire)
    assert rig.client.state == DOWN


def test_a_kept_connection_stays_open():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(ACCEPTED)
    assert rig.client.state == IDLE
    assert not wire.aborted
    assert b"Connection" not in wire.requests[0]
