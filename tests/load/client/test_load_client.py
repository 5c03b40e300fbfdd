"""The life of a report, row by row of the table in docs/design.md."""

import orjson
import pytest
from load_doubles import ACCEPTED, MS, SECOND, TIMEOUT, ZERO, Rig, answer

from qosflood.load.client.client import DOWN, IDLE, WAITING


def test_a_report_due_on_an_idle_connection_is_sent_at_once_and_acked():
    rig = Rig()
    wire = rig.joined()
    due = rig.due(ago_ns=3 * MS)
    assert len(wire.requests) == rig.bucket.offered == 1
    assert rig.oldest == due
    rig.advance(5 * MS)
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 1}
    # Response time counts from the due time, service time from the write.
    assert list(rig.bucket.response) == [8 * MS]
    assert list(rig.bucket.service) == [5 * MS]
    assert rig.oldest is None


def test_a_report_acked_by_a_memoised_response_counts_the_same():
    rig = Rig()
    rig.joined()
    for _ in range(4):
        rig.due()
        rig.advance(2 * MS)
        rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 4}
    assert list(rig.bucket.response) == list(rig.bucket.service) == [2 * MS] * 4


def test_a_report_is_a_post_with_the_clients_identity_and_the_time_it_was_sent():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/metrics/qos HTTP/1.1\r\n")
    report = orjson.loads(body)
    assert report["sessionId"] == "qosflood-test-100-0"
    assert report["observedAt"] == ZERO // MS


def test_a_client_that_joins_connects_before_its_first_report():
    rig = Rig()
    rig.client.join()
    assert (rig.connector.wanting, rig.client.state) == ([rig.client], WAITING)
    rig.connect()
    assert (rig.client.state, rig.shared.connected) == (IDLE, 1)


def test_a_report_due_while_the_connection_is_busy_keeps_its_due_time():
    rig = Rig()
    wire = rig.joined()
    first = rig.due()
    rig.advance(SECOND)
    second = rig.due()
    assert (len(wire.requests), rig.oldest) == (1, first)
    rig.advance(SECOND)
    rig.client.data_received(ACCEPTED)
    assert (len(wire.requests), rig.oldest) == (2, second)
    rig.advance(SECOND)
    rig.client.data_received(ACCEPTED)
    assert list(rig.bucket.response) == [2 * SECOND, 2 * SECOND]
    assert list(rig.bucket.service) == [2 * SECOND, SECOND]


def test_queued_reports_go_out_in_order_one_at_a_time():
    rig = Rig()
    wire = rig.joined()
    for _ in range(4):
        rig.due()
        rig.advance(MS)
    for sent in range(1, 5):
        assert len(wire.requests) == sent
        rig.client.data_received(ACCEPTED)
    assert list(rig.bucket.response) == [4 * MS, 3 * MS, 2 * MS, 1 * MS]
    rig.check_drained()


def test_a_report_due_while_the_client_is_down_connects_and_keeps_its_due_time():
    rig = Rig()
    rig.due()
    assert rig.connector.wanting == [rig.client]
    assert rig.oldest == ZERO
    rig.advance(30 * MS)
    wire = rig.connect()
    assert len(wire.requests) == 1
    rig.client.data_received(ACCEPTED)
    assert list(rig.bucket.response) == [30 * MS]
    assert list(rig.bucket.service) == [0]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 413, 500, 503])
def test_another_status_is_rejected_and_the_connection_is_kept(status):
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.advance(2 * MS)
    rig.client.data_received(answer(status))
    assert rig.outcomes == {"rejected": 1}
    assert rig.bucket.statuses == {status: 1}
    assert list(rig.bucket.failed) == [2 * MS]
    assert list(rig.bucket.response) == [TIMEOUT]
    assert not rig.bucket.service
    assert (rig.client.state, wire.aborted) == (IDLE, False)
    assert rig.samples[0].status == status


def test_every_expected_status_accepts():
    rig = Rig()
    rig.joined()
    for response in (answer(202), b"HTTP/1.1 204 No Content\r\n\r\n"):
        rig.due()
        rig.client.data_received(response)
    assert rig.outcomes == {"acked": 2}


def test_a_memoised_rejection_is_still_a_rejection_with_its_sample():
    rig = Rig()
    rig.joined()
    for _ in range(3):
        rig.due()
        rig.client.data_received(answer(503, body=b"no"))
    assert rig.bucket.statuses == {503: 3}
    assert [sample.body for sample in rig.samples] == ["no"] * 3
    assert {sample.head for sample in rig.samples} == {
        answer(503).partition(b"\r\n\r\n")[0].decode()
    }


def test_a_deadline_that_passes_while_a_report_is_out_is_a_timeout_and_ends_the_connection():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.advance(TIMEOUT)
    rig.sweep()
    assert rig.outcomes == {}
    rig.advance(1)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1}
    assert wire.aborted
    assert list(rig.bucket.response) == [TIMEOUT + 1]
    rig.client.data_received(ACCEPTED)
    rig.lose(wire)
    assert rig.outcomes == {"timeout": 1}
    assert rig.client.state == DOWN
    rig.check_drained()


def test_an_answer_after_the_deadline_is_a_timeout_even_if_no_sweep_came_first():
    rig = Rig()
    wire = rig.joined()
    for response in (ACCEPTED, answer(503)):
        rig.due()
        rig.advance(TIMEOUT + 1)
        rig.client.data_received(response)
        assert wire.aborted
        rig.lose(wire)
        rig.client.join()
        wire = rig.connect()
    assert rig.outcomes == {"timeout": 2}
    assert rig.bucket.statuses == {}


def test_a_memoised_answer_after_the_deadline_is_a_timeout_too():
    rig = Rig()
    wire = rig.joined()
    for _ in range(3):
        rig.due()
        rig.client.data_received(ACCEPTED)
    rig.due()
    rig.advance(TIMEOUT + 1)
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 3, "timeout": 1}
    assert wire.aborted


def test_an_answer_at_the_very_deadline_is_in_time():
    rig = Rig()
    rig.joined()
    rig.due()
    rig.advance(TIMEOUT)
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 1}


def test_a_slow_rejection_counts_the_time_it_took():
    rig = Rig(timeout_ns=SECOND)
    rig.joined()
    rig.due()
    rig.advance(SECOND)
    rig.client.data_received(answer(500))
    assert list(rig.bucket.response) == [SECOND]


def test_a_report_whose_deadline_passes_in_the_queue_is_unsent():
    rig = Rig()
    wire = rig.joined()
    rig.due()
    rig.advance(MS)
    rig.due()
    rig.advance(TIMEOUT + 1)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1, "unsent": 1}
    assert len(wire.requests) == rig.bucket.offered == 1
    rig.lose(wire)
    rig.check_drained()
    assert rig.connector.wanting == []


def test_a_report_whose_deadline_passes_without_a_connection_is_unsent():
    rig = Rig()
    rig.due()
    rig.advance(TIMEOUT + 1)
    rig.sweep()
    assert rig.outcomes == {"unsent": 1}
    wire = rig.connect()
    assert wire.requests == []
    rig.check_drained()


def test_a_connection_that_frees_up_late_skips_reports_past_their_deadline():
    rig = Rig()
    rig.due()
    rig.advance(TIMEOUT)
    fresh = rig.due()
    rig.advance(1)
    wire = rig.connect()
    assert rig.outcomes == {"unsent": 1}
    assert (len(wire.requests), rig.oldest) == (1, fresh)


def test_only_what_is_past_its_deadline_expires():
    rig = Rig()
    rig.joined()
    rig.due()
    rig.advance(2 * SECOND)
    second = rig.due()
    rig.advance(9 * SECOND)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1}
    assert rig.oldest == second
    rig.sweep()
    assert rig.outcomes == {"timeout": 1}
