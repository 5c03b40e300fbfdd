"""Sampled clients know what they sent last, and which of it was accepted last."""

import re
from collections import defaultdict

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize
from load_doubles import ACCEPTED, MS, SECOND, TIMEOUT, ZERO, Rig, answer
from test_load_client_books import CLIENTS, RETRIES, Books
from test_load_client_books import TIMEOUT as BOOKS_TIMEOUT

from qosflood.journal.loss_records import SentSession
from qosflood.load.client.audited import sent_sessions
from qosflood.load.client.client import Client
from qosflood.load.client.retrying import RetryingClient
from qosflood.plan.plan import Retries

ZERO_MS = ZERO // MS
SESSION = re.compile(rb'"sessionId":"([^"]+)"')


def sent(rig, client=None):
    return (client or rig.client).sent()


def test_a_session_that_sent_nothing_has_nothing_to_be_looked_for():
    rig = Rig(audited=True)
    rig.joined()
    assert sent(rig) is None
    assert list(sent_sessions(rig.clients)) == []


def test_the_last_accepted_report_is_remembered_by_its_time_of_observation():
    rig = Rig(audited=True)
    wire = rig.joined()
    for _ in range(2):
        rig.due()
        rig.client.data_received(ACCEPTED)
        rig.advance(SECOND)
    observed = orjson.loads(wire.requests[-1].partition(b"\r\n\r\n")[2])["observedAt"]
    assert observed == ZERO_MS + 1000
    assert sent(rig) == SentSession(
        session=rig.shared.builder.session_id(100), acked_ms=observed, sent_ms=observed
    )


def test_reports_that_were_not_accepted_come_after_the_one_that_was():
    rig = Rig(audited=True)
    rig.joined()
    for response in (ACCEPTED, answer(503), answer(503)):
        rig.due()
        rig.client.data_received(response)
        rig.advance(SECOND)
    assert (sent(rig).acked_ms, sent(rig).sent_ms) == (ZERO_MS, ZERO_MS + 2000)


def test_while_a_report_is_open_the_one_before_it_is_the_last_accepted():
    rig = Rig(audited=True)
    rig.joined()
    rig.due()
    assert (sent(rig).acked_ms, sent(rig).sent_ms) == (None, ZERO_MS)
    rig.client.data_received(ACCEPTED)
    assert sent(rig).acked_ms == ZERO_MS
    rig.advance(SECOND)
    rig.due()
    assert (sent(rig).acked_ms, sent(rig).sent_ms) == (ZERO_MS, ZERO_MS + 1000)


def test_a_report_that_was_never_sent_changes_nothing():
    rig = Rig(audited=True)
    rig.joined()
    rig.due()
    rig.client.data_received(ACCEPTED)
    rig.advance(SECOND)
    rig.due(ago_ns=TIMEOUT + 1)
    rig.client.data_received(answer(503))
    rig.stop()
    assert sent(rig).acked_ms == ZERO_MS


def test_a_new_session_begins_with_an_empty_memory():
    rig = Rig(audited=True)
    rig.joined()
    rig.due()
    rig.client.data_received(ACCEPTED)
    rig.client.renew(1)
    assert sent(rig) is None


def test_a_report_that_is_tried_again_keeps_its_first_time():
    rig = Rig(audited=True, retries=Retries(most=1, on=("5xx",), jitter=False))
    rig.joined()
    rig.due()
    rig.client.data_received(answer(503))
    rig.advance(SECOND)
    rig.resume()
    rig.client.data_received(ACCEPTED)
    assert isinstance(rig.client, RetryingClient)
    assert (sent(rig).acked_ms, sent(rig).sent_ms) == (ZERO_MS, ZERO_MS)


@pytest.mark.parametrize("retries", [None, Retries(most=1, on=("5xx",))])
def test_who_is_not_looked_for_is_a_client_like_before(retries):
    rig = Rig(retries=retries)
    assert type(rig.client) is (Client if retries is None else RetryingClient)
    assert list(sent_sessions(rig.clients)) == []


class AuditedBooks(Books):
    """The same in any order, against what went over the wires and what was booked as failed."""

    @initialize(per_report=st.booleans(), retries=st.sampled_from(RETRIES))
    def start(self, per_report, retries):
        super().start(per_report, retries)
        self.rig = Rig(
            CLIENTS,
            timeout_ns=BOOKS_TIMEOUT,
            per_report=per_report,
            retries=retries,
            audited=True,
        )
        self.written = defaultdict(dict)
        self.failed = defaultdict(set)
        shared, session_id = self.rig.shared, self.rig.shared.builder.session_id
        write, book = shared.request, shared.record_failure

        def request(body, path, turn, observed_ms):
            data = write(body, path, turn, observed_ms)
            self.written[SESSION.search(data)[1].decode()][turn] = observed_ms
            return data

        def record_failure(failed, *rest):
            if failed.sent_ns is not None:
                session = session_id(failed.number, failed.session)
                self.failed[session].add(list(self.written[session])[-1])
            return book(failed, *rest)

        shared.request, shared.record_failure = request, record_failure

    def teardown(self):
        super().teardown()
        if not hasattr(self, "written"):
            return
        accepted = {
            session: [ms for turn, ms in reports.items() if turn not in self.failed[session]]
            for session, reports in self.written.items()
        }
        assert sum(map(len, accepted.values())) == self.rig.outcomes.get("acked", 0)
        for client in self.rig.clients:
            session = self.rig.shared.builder.session_id(client.number, client.session)
            told = client.sent()
            assert (told is None) == (session not in self.written)
            if told is not None:
                assert told.session == session
                assert told.acked_ms == (accepted[session] or [None])[-1]
                assert told.sent_ms == list(self.written[session].values())[-1]


TestAuditedBooks = AuditedBooks.TestCase
TestAuditedBooks.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
