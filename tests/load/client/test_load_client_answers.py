"""Answers of every kind: in pieces, cut short, garbage, closing, too many."""

import pytest
from load_doubles import ACCEPTED, MS, Rig, answer

from qosflood.load.client.client import CLOSING, DOWN


@pytest.mark.parametrize("cut", [1, 20, len(ACCEPTED) - 1])
def test_half_a_response_is_a_bad_response_even_on_a_reused_connection(cut):
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.client.data_received(ACCEPTED[:cut])
    rig.lose(wire)
    assert rig.outcomes == {"acked": 1, "bad_response": 1}
    assert rig.bucket.errors == {"cut short": 1}
    assert rig.bucket.resent == 0
    rig.check_drained()


def test_garbage_is_a_bad_response_and_ends_the_connection():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.due()
    rig.client.data_received(b"SSH-2.0-OpenSSH\r\n\r\n")
    assert rig.outcomes == {"bad_response": 1}
    assert wire.aborted
    assert rig.samples[0].head == "SSH-2.0-OpenSSH"
    rig.lose(wire)
    assert rig.connector.wanting == [rig.client]  # for the report that waits


def test_a_response_in_pieces_is_read_and_counts_to_its_last_byte():
    rig = Rig()
    rig.joined()
    for size in (1, 7):
        rig.due()
        for at in range(0, len(ACCEPTED), size):
            rig.advance(MS)
            rig.client.data_received(ACCEPTED[at : at + size])
    assert rig.outcomes == {"acked": 2}
    assert rig.bucket.response[0] == len(ACCEPTED) * MS


def test_a_response_that_ends_with_the_connection_is_accepted():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(b"HTTP/1.0 202 Accepted\r\n\r\nok")
    assert rig.outcomes == {}
    rig.advance(MS)
    rig.lose(wire)
    assert rig.outcomes == {"acked": 1}
    assert list(rig.bucket.response) == [MS]
    rig.check_drained()


def test_a_response_that_ends_with_a_reset_is_cut_short():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(b"HTTP/1.0 202 Accepted\r\n\r\no")
    rig.lose(wire, error=ConnectionResetError(104, "reset"))
    assert rig.outcomes == {"bad_response": 1}


def test_a_rejection_that_ends_with_the_connection_is_a_rejection():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(b"HTTP/1.0 503 Busy\r\n\r\nno")
    rig.lose(wire)
    assert rig.bucket.statuses == {503: 1}


@pytest.mark.parametrize("memoised", [False, True])
def test_after_connection_close_the_next_report_takes_a_new_connection(memoised):
    rig = Rig()
    closing = answer(202, "Connection: close")
    for _ in range(3 if memoised else 1):
        rig.due()
        wire = rig.connect()
        rig.client.data_received(closing)
        assert wire.aborted
        rig.lose(wire)
    assert rig.client.state == DOWN
    assert rig.bucket.resent == 0
    assert set(rig.outcomes) == {"acked"}


def test_a_report_that_waits_behind_connection_close_is_sent_on_the_next_connection():
    rig = Rig()
    rig.due()
    wire = rig.connect()
    rig.due()
    rig.client.data_received(answer(202, "Connection: close"))
    assert (wire.aborted, len(wire.requests)) == (True, 1)
    rig.lose(wire)
    assert len(rig.connect().requests) == 1
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 2}


def test_bytes_behind_an_answer_end_the_connection_but_not_the_report():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(ACCEPTED + b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    assert (rig.outcomes, wire.aborted) == ({"acked": 1}, True)


def test_stray_bytes_on_an_idle_connection_end_it_and_cost_no_report():
    rig = Rig()
    wire = rig.reused()
    rig.client.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert (wire.aborted, rig.client.state) == (True, CLOSING)
    rig.client.data_received(b"more")
    rig.due()  # while closing: it waits for the next connection
    rig.lose(wire)
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 2}
    assert rig.bucket.resent == 0
