"""Connections that end, cannot be made, or are lost: what becomes of their reports."""

import pytest
from load_doubles import ACCEPTED, MS, TIMEOUT, Rig

from qosflood.load.client.client import DOWN


def test_a_peer_that_closes_an_idle_connection_costs_no_report():
    rig = Rig()
    wire = rig.reused()
    rig.lose(wire)
    assert (rig.client.state, rig.shared.connected) == (DOWN, 0)
    assert rig.connector.wanting == []
    rig.due()
    rig.advance(5 * MS)
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 2}
    assert rig.bucket.resent == 0
    assert rig.bucket.response[-1] == 5 * MS  # the reconnect is paid for


@pytest.mark.parametrize("error", [None, ConnectionResetError(104, "reset")])
def test_a_reused_connection_lost_before_any_byte_resends_the_same_report_once(error):
    rig = Rig()
    wire = rig.reused()
    due = rig.due()
    rig.advance(3 * MS)
    rig.lose(wire, error=error)
    assert (rig.outcomes, rig.oldest) == ({"acked": 1}, due)
    second = rig.connect()
    assert second.requests == wire.requests[-1:]
    rig.advance(4 * MS)
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 2}
    assert rig.bucket.resent == 1
    assert rig.bucket.offered == 2
    assert rig.bucket.response[-1] == 7 * MS
    assert rig.bucket.service[-1] == 4 * MS
    rig.check_drained()


def test_a_report_that_is_lost_again_when_resent_is_connection_lost():
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.lose(wire)
    rig.lose(rig.connect())
    assert rig.outcomes == {"acked": 1, "connection_lost": 1}
    assert rig.bucket.resent == 1
    rig.check_drained()


def test_a_report_that_cannot_be_resent_for_want_of_a_connection_is_connection_lost():
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.advance(MS)
    later = rig.due()
    rig.lose(wire)
    rig.refuse()
    assert rig.outcomes == {"acked": 1, "connection_lost": 1}
    assert rig.samples[-1].error == "lost, then connection refused"
    assert rig.oldest == later


def test_a_deadline_that_passes_before_a_resend_is_a_timeout():
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.lose(wire)
    rig.advance(TIMEOUT + 1)
    rig.sweep()
    assert rig.outcomes == {"acked": 1, "timeout": 1}
    assert rig.connect().requests == []
    rig.check_drained()


def test_reports_due_meanwhile_wait_behind_the_one_that_is_resent():
    rig = Rig()
    wire = rig.reused()
    rig.due()
    rig.lose(wire)
    rig.advance(MS)
    rig.due()
    second = rig.connect()
    assert second.requests == wire.requests[-1:]
    rig.client.data_received(ACCEPTED)
    assert len(second.requests) == 2
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 3}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, "closed by the peer before an answer"),
        (ConnectionResetError(104, "reset"), "reset by the peer"),
        (BrokenPipeError(32, "Broken pipe"), "reset by the peer"),
    ],
)
def test_a_fresh_connection_lost_after_sending_is_not_resent(error, reason):
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.lose(wire, error=error)
    assert rig.outcomes == {"connection_lost": 1}
    assert rig.bucket.resent == 0
    assert rig.bucket.errors == {reason: 1}
    assert rig.samples[0].remote == "127.0.0.1:80"
    rig.check_drained()


def test_a_failed_connect_ends_the_oldest_queued_report_only():
    rig = Rig()
    rig.due()
    rig.advance(MS)
    second = rig.due()
    rig.refuse()
    assert rig.outcomes == {"connect_error": 1}
    assert rig.bucket.errors == {"connection refused": 1}
    assert rig.oldest == second
    assert rig.connector.failures == [1]
    rig.back_off()
    rig.refuse()
    assert rig.outcomes == {"connect_error": 2}
    assert rig.connector.failures == [1, 2]
    assert rig.bucket.offered == 0
    rig.back_off()
    assert (rig.client.state, rig.connector.wanting) == (DOWN, [])
    rig.check_drained()


def test_a_report_due_during_the_backoff_waits_for_its_end():
    rig = Rig()
    rig.due()
    rig.refuse()
    rig.due()
    assert rig.connector.wanting == []
    rig.back_off()
    assert rig.connector.wanting == [rig.client]
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"connect_error": 1, "acked": 1}


def test_a_connect_that_succeeds_forgets_the_failures_before_it():
    rig = Rig()
    rig.due()
    rig.refuse()
    rig.due()
    rig.back_off()
    wire = rig.connect()
    rig.client.data_received(ACCEPTED)
    rig.lose(wire)
    rig.due()
    rig.refuse()
    assert rig.connector.failures == [1, 1]


def test_a_connect_that_fails_before_the_first_report_ends_none():
    rig = Rig()
    rig.client.join()
    rig.refuse()
    rig.back_off()
    assert (rig.outcomes, rig.client.state) == ({}, DOWN)
    rig.due()
    assert rig.connector.wanting == [rig.client]
