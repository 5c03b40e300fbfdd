"""Reports that failed are tried again, within their deadline, and still end only once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_doubles import ACCEPTED, MS, SECOND, TIMEOUT, ZERO, Rig, answer

from qosflood.load.client.client import BUSY, DELAYED, DOWN, PAUSED, WAITING
from qosflood.load.client.retrying import RetryPolicy
from qosflood.load.http1 import Response
from qosflood.plan.plan import Retries

ON = ("5xx", "429", "connection_lost", "bad_response", "connect_error", "timeout")


def retrying(most=2, clients=1, **changes) -> Rig:
    changes = {"on": ON, "jitter": False} | changes
    return Rig(clients, retries=Retries(most=most, **changes))


def test_a_refused_report_goes_out_again_byte_by_byte_the_same():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    assert rig.client.state == PAUSED
    assert rig.connector.pausing == {rig.client: 1.0}
    rig.advance(SECOND)
    rig.resume()
    first, second = wire.requests
    assert first == second
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 1}
    assert (rig.bucket.offered, rig.bucket.retries) == (1, 1)
    assert rig.bucket.retried == {"503": 1}
    assert rig.bucket.acked_after_retry == 1
    assert list(rig.bucket.response) == [SECOND]
    rig.check_drained()


def test_backoffs_grow_and_the_last_failure_is_the_outcome():
    rig = retrying(most=2)
    rig.joined()
    rig.due()
    for pause in (1.0, 2.0):
        rig.client.data_received(answer(500))
        assert rig.connector.pausing == {rig.client: pause}
        rig.advance(round(pause * SECOND))
        rig.resume()
    rig.client.data_received(answer(502))
    assert rig.outcomes == {"rejected": 1}
    assert rig.bucket.statuses == {502: 1}
    assert rig.bucket.retried == {"500": 2}
    rig.check_drained()


def test_reports_due_meanwhile_wait_behind_it():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    rig.advance(MS)
    rig.due()
    assert len(wire.requests) == 1
    rig.resume()
    rig.client.data_received(ACCEPTED)
    rig.client.data_received(ACCEPTED)
    assert len(wire.requests) == 3
    assert (rig.bucket.offered, rig.bucket.retries) == (2, 1)
    assert rig.bucket.acked_after_retry == 1
    rig.check_drained()


def test_a_backoff_that_would_outlast_the_deadline_is_not_begun():
    rig = retrying()
    rig.joined()
    rig.due(ago_ns=TIMEOUT - SECOND + 1)
    rig.client.data_received(answer(503))
    assert rig.outcomes == {"rejected": 1}
    rig.check_drained()


def test_what_is_not_listed_is_final():
    rig = retrying(on=("429",))
    rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    assert rig.outcomes == {"rejected": 1}


@pytest.mark.parametrize(("asked", "pause"), [("3", 3.0), ("0", 1.0), ("soon", 1.0), ("-1", 1.0)])
def test_a_target_that_asks_for_time_is_given_it(asked, pause):
    rig = retrying()
    rig.joined()
    rig.due()
    rig.client.data_received(answer(429, f"Retry-After: {asked}"))
    assert rig.connector.pausing == {rig.client: pause}


def test_a_target_that_asks_for_time_may_be_ignored():
    rig = retrying(retry_after=False)
    rig.joined()
    rig.due()
    rig.client.data_received(answer(429, "Retry-After: 3"))
    assert rig.connector.pausing == {rig.client: 1.0}


def test_a_report_lost_on_a_fresh_connection_is_tried_on_another():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.lose(wire)
    assert rig.client.state == DELAYED
    assert not rig.connector.wanting
    rig.resume()
    second = rig.connect()
    assert second.requests == wire.requests
    rig.client.data_received(ACCEPTED)
    assert rig.bucket.retried == {"connection_lost": 1}
    assert rig.bucket.resent == 0
    rig.check_drained()


def test_the_keep_alive_race_is_no_retry():
    rig = retrying()
    wire = rig.reused()
    rig.due()
    rig.lose(wire)
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert (rig.bucket.resent, rig.bucket.retries) == (1, 0)
    assert rig.bucket.acked_after_retry == 0


def test_a_resent_report_that_is_lost_again_is_tried_again():
    rig = retrying()
    wire = rig.reused()
    rig.due()
    rig.lose(wire)
    rig.refuse()
    assert rig.bucket.retried == {"connection_lost": 1}
    rig.resume()
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert (rig.bucket.resent, rig.bucket.retries) == (1, 1)
    rig.check_drained()


def test_a_broken_answer_closes_the_connection_and_is_tried_again():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(b"\0\0garbage\r\n\r\n")
    assert wire.aborted
    rig.resume()
    rig.lose(wire)
    assert rig.client.state == WAITING
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.bucket.retried == {"bad_response": 1}
    rig.check_drained()


def test_a_connection_that_cannot_be_made_costs_a_try_and_no_retry():
    rig = retrying(most=1)
    rig.due()
    rig.refuse()
    assert rig.client.state == DELAYED
    rig.resume()
    rig.connect()
    rig.client.data_received(ACCEPTED)
    assert rig.bucket.retried == {"connect_error": 1}
    assert (rig.bucket.offered, rig.bucket.retries) == (1, 0)
    assert rig.bucket.acked_after_retry == 1
    rig.check_drained()


def test_connects_that_fail_too_often_end_the_oldest_report():
    rig = retrying(most=1)
    rig.due()
    rig.refuse()
    rig.resume()
    rig.refuse()
    assert rig.outcomes == {"connect_error": 1}
    assert rig.connector.retrying == [rig.client]
    rig.check_drained()


def test_a_retry_that_cannot_connect_keeps_its_last_failure():
    rig = retrying(most=1)
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503, "Connection: close"))
    rig.lose(wire)
    rig.resume()
    rig.refuse()
    assert rig.outcomes == {"rejected": 1}
    rig.check_drained()


def test_an_attempt_without_an_answer_in_its_time_is_given_up():
    rig = retrying(most=1, attempt_timeout_ns=2 * SECOND)
    wire = rig.joined()
    rig.due()
    rig.advance(2 * SECOND)
    rig.sweep()
    assert rig.client.state == BUSY
    rig.advance(1)
    rig.sweep()
    assert wire.aborted
    rig.lose(wire)
    rig.advance(SECOND)
    rig.resume()
    rig.connect()
    rig.advance(2 * SECOND + 1)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1}
    assert set(rig.bucket.errors) == {"no answer within the attempt timeout"}
    assert rig.bucket.retried == {"timeout": 1}
    rig.check_drained()


def test_the_deadline_still_counts_from_the_due_time():
    rig = retrying(attempt_timeout_ns=8 * SECOND)
    rig.joined()
    rig.due()
    rig.advance(8 * SECOND + 1)
    rig.sweep()
    rig.lose(rig.client._transport)
    rig.advance(SECOND)
    rig.resume()
    rig.connect()
    rig.advance(SECOND)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1}
    assert set(rig.bucket.errors) == {"no answer by the deadline"}


def test_a_stop_ends_what_backs_off_with_its_last_failure():
    rig = retrying(clients=2)
    paused, away = rig.clients
    for client in rig.clients:
        client.join()
        wire = rig.connect(client)
        rig.due(client)
    paused.data_received(answer(503))
    rig.lose(wire, away)
    rig.stop()
    assert rig.outcomes == {"rejected": 1, "connection_lost": 1}
    assert paused._transport.aborted
    rig.lose(paused._transport, paused)
    for client in rig.clients:
        rig.resume(client)
        assert client.state == DOWN
    rig.check_drained()


def test_a_drop_waits_for_the_retry():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    rig.client.drop(5.0)
    rig.resume()
    rig.client.data_received(ACCEPTED)
    assert wire.aborted
    rig.lose(wire)
    assert rig.connector.reconnect_after_s == {rig.client: 5.0}
    assert rig.outcomes == {"acked": 1}


def test_a_session_gives_way_after_its_last_retry():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    rig.client.renew(1)
    rig.resume()
    assert wire.requests[0] == wire.requests[1]
    rig.client.data_received(ACCEPTED)
    assert wire.aborted


def test_bytes_that_come_during_a_pause_close_the_connection():
    rig = retrying()
    wire = rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    rig.client.data_received(ACCEPTED)
    assert wire.aborted
    assert rig.outcomes == {}
    assert rig.oldest == ZERO


@given(
    tries=st.integers(0, 10_000),
    backoff_ns=st.integers(MS, 60 * SECOND),
    factor=st.floats(1.0, 10.0),
    draw=st.floats(0.0, 1.0, exclude_max=True),
)
def test_a_pause_is_a_random_share_of_a_bounded_power(tries, backoff_ns, factor, draw):
    retries = Retries(most=1, backoff_ns=backoff_ns, factor=factor, longest_ns=30 * SECOND)
    pause_ns = RetryPolicy(retries, lambda: draw).pause_ns(tries, None)
    assert 0 <= pause_ns <= 30 * SECOND
    whole_ns = RetryPolicy(retries, lambda: 1.0).pause_ns(tries, None)
    assert pause_ns <= whole_ns


def test_a_long_wait_asked_for_is_honoured_beyond_the_longest_backoff():
    policy = RetryPolicy(Retries(most=1), lambda: 0.5)
    head = b"HTTP/1.1 503 No\r\nRetry-After: 120"
    assert policy.pause_ns(0, Response(503, True, head, b"")) == 120 * SECOND


def test_classes_and_statuses_and_outcomes_are_told_apart():
    policy = RetryPolicy(Retries(on=("5xx", "429", "timeout")), lambda: 0.0)
    covered = {
        kind
        for kind in ("500", "599", "429", "404", "timeout", "bad_response")
        if policy.covers(kind)
    }
    assert covered == {"500", "599", "429", "timeout"}
