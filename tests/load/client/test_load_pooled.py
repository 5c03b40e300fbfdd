"""Connections that all clients share: who takes one, who waits, and whose report it is."""

import pytest
from load_doubles import ACCEPTED, MS, TIMEOUT, ZERO, Rig, Wire, answer
from plan_maker import make_plan

from qosflood.load.client.client import BUSY, CLOSING, IDLE, WAITING
from qosflood.load.client.factory import pool_size


def opened(pool=2, clients=5) -> tuple[Rig, list[Wire]]:
    rig = Rig(clients, pool=pool)
    rig.pool.open()
    return rig, [rig.connect(connection) for connection in rig.pool.connections]


def session(rig: Rig, member, number: int = 0) -> bytes:
    return rig.shared.builder.session_id(member.number, number).encode()


def test_all_connections_are_open_before_anything_is_due():
    rig, _ = opened(pool=3)
    assert rig.shared.connected == 3
    assert [one.state for one in rig.pool.connections] == [IDLE] * 3


def test_a_report_takes_the_idle_connection_used_last():
    rig, wires = opened()
    first, second = rig.clients[:2]
    rig.due(first)
    rig.pool.connections[1].data_received(ACCEPTED)
    rig.due(second)
    assert [len(wire.requests) for wire in wires] == [0, 2]
    assert session(rig, first) in wires[1].requests[0]
    assert session(rig, second) in wires[1].requests[1]


def test_reports_wait_in_the_order_they_were_due():
    rig, (wire,) = opened(pool=1)
    for member in rig.clients[:3]:
        rig.due(member)
        rig.advance(MS)
    assert rig.shared.oldest[1] == ZERO + MS
    for _ in range(3):
        rig.pool.connections[0].data_received(ACCEPTED)
    assert all(session(rig, m) in r for m, r in zip(rig.clients, wire.requests, strict=False))
    assert list(rig.bucket.response) == [3 * MS, 2 * MS, MS]
    rig.check_drained()


def test_a_report_is_of_the_session_it_was_due_in():
    rig, (wire,) = opened(pool=1)
    member = rig.clients[0]
    rig.due(rig.clients[1])
    rig.due(member)
    member.renew(1)
    rig.due(member)
    for _ in range(3):
        rig.pool.connections[0].data_received(answer(500))
    assert session(rig, member) in wire.requests[1]
    assert session(rig, member, 1) in wire.requests[2]
    assert [s.session.encode() for s in rig.samples[1:]] == [
        session(rig, member),
        session(rig, member, 1),
    ]
    assert not wire.aborted


def test_waiting_reports_end_at_their_deadline_and_are_named():
    rig, _ = opened(pool=1)
    rig.due(rig.clients[0])
    rig.advance(1)
    rig.due(rig.clients[1])
    rig.advance(TIMEOUT + 1)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1, "unsent": 1}
    assert rig.samples[1].client == rig.clients[1].number
    rig.check_drained()


def test_the_keep_alive_race_is_resent_with_its_own_session():
    rig, (wire,) = opened(pool=1)
    connection = rig.pool.connections[0]
    rig.due(rig.clients[0])
    connection.data_received(ACCEPTED)
    rig.due(rig.clients[1])
    rig.lose(wire, connection)
    rig.due(rig.clients[2])
    again = rig.connect(connection)
    assert again.requests == [wire.requests[1]]
    connection.data_received(ACCEPTED)
    connection.data_received(ACCEPTED)
    assert rig.bucket.resent == 1
    rig.check_drained()


def test_a_connection_that_the_peer_closes_is_opened_again():
    rig, wires = opened()
    used, fresh = rig.pool.connections[1], rig.pool.connections[0]
    rig.due(rig.clients[0])
    used.data_received(ACCEPTED)
    rig.lose(wires[1], used)
    assert rig.connector.wanting == [used]
    rig.lose(wires[0], fresh)
    assert rig.connector.retrying == [fresh]
    assert rig.pool.idle == []
    rig.due(rig.clients[1])
    rig.connect(used)
    assert used.state == BUSY
    assert rig.shared.reconnects == 1


def test_a_connection_that_nobody_keeps_open_is_opened_ever_more_slowly():
    rig, (wire,) = opened(pool=1)
    connection = rig.pool.connections[0]
    for _ in range(3):
        rig.lose(wire, connection)
        rig.back_off(connection)
        wire = rig.connect(connection)
    assert rig.connector.failures == [1, 2, 3]


def test_a_connection_lost_with_a_report_is_opened_at_once():
    rig, (wire,) = opened(pool=1)
    connection = rig.pool.connections[0]
    rig.due(rig.clients[0])
    rig.lose(wire, connection)
    assert rig.outcomes == {"connection_lost": 1}
    assert rig.connector.wanting == [connection]


def test_a_failed_connect_ends_the_oldest_waiting_report():
    rig = Rig(3, pool=2)
    rig.pool.open()
    for member in rig.clients:
        rig.due(member)
    rig.refuse(rig.pool.connections[1])
    assert rig.outcomes == {"connect_error": 1}
    assert rig.samples[0].client == rig.clients[0].number
    rig.back_off(rig.pool.connections[1])
    assert rig.pool.connections[1].state == WAITING
    rig.connect(rig.pool.connections[1])
    assert rig.pool.connections[1].state == BUSY


def test_bytes_that_nobody_asked_for_close_an_idle_connection():
    rig, wires = opened()
    rig.pool.connections[0].data_received(ACCEPTED)
    assert rig.pool.connections[0].state == CLOSING
    assert rig.pool.idle == [rig.pool.connections[1]]
    rig.lose(wires[0], rig.pool.connections[0])
    rig.due(rig.clients[0])
    rig.due(rig.clients[1])
    assert rig.shared.oldest[2] == ZERO


def test_a_stop_ends_what_waits_and_closes_what_is_idle():
    rig, wires = opened()
    for member in rig.clients[:3]:
        rig.due(member)
    rig.pool.connections[0].data_received(ACCEPTED)
    rig.stop()
    assert rig.outcomes == {"acked": 1}
    for connection in rig.pool.connections:
        connection.data_received(ACCEPTED)
    assert all(wire.aborted for wire in wires)
    for wire, connection in zip(wires, rig.pool.connections, strict=True):
        rig.lose(wire, connection)
    assert not rig.connector.wanting
    rig.check_drained()


@pytest.mark.parametrize(("size", "parts"), [(8, 3), (7, 7), (100, 8)])
def test_the_parts_of_a_pool_are_the_whole(size, parts):
    plan = make_plan(report={"connection": "pooled", "pool": size})
    sizes = [pool_size(plan, part, parts) for part in range(parts)]
    assert sum(sizes) == size
    assert max(sizes) - min(sizes) <= 1
