"""Samples of failures: the first and the last of each kind, redacted, and bounded."""

from typing import Any

import pytest

from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.journal.records import FIRST, LAST, FailureSample, Outcome
from qosflood.load.failures import KINDS, Failed, FailureSampler
from qosflood.load.http1 import Response


class Ends:
    """The two ends of a connection."""

    def __init__(self, local: Any, remote: Any) -> None:
        self._names = {"sockname": local, "peername": remote}

    def get_extra_info(self, name: str) -> Any:
        if isinstance(self._names[name], OSError):
            raise self._names[name]
        return self._names[name]


class Sampled:
    """A sampler whose samples are kept."""

    def __init__(self) -> None:
        self.samples: list[FailureSample] = []
        self.sampler = FailureSampler(
            3,
            1_000,
            lambda number, session: f"session-{number}-{session}",
            lambda text: text.replace("secret", "***"),
            self.samples.append,
        )

    def note(
        self,
        number: int = 7,
        reason: str = "reset by the peer",
        *,
        outcome: Outcome = Outcome.CONNECTION_LOST,
        sent_ns: int | None = 3_000,
        response: Response | None = None,
        transport: Any = None,
    ) -> None:
        failed = Failed(outcome, reason, "flood", number, 2, 2_000, sent_ns, 4_000, response)
        self.sampler.note(failed, transport)


def test_a_sample_tells_who_when_where_and_why():
    kept = Sampled()
    kept.note(transport=Ends(("127.0.0.1", 40000), ("127.0.0.1", 80)))
    (sample,) = kept.samples
    assert (sample.t, sample.due_t, sample.sent_t, sample.done_t) == (3_000, 1_000, 2_000, 3_000)
    assert (sample.shard, sample.client, sample.session) == (3, 7, "session-7-2")
    assert (sample.local, sample.remote) == ("127.0.0.1:40000", "127.0.0.1:80")
    assert (sample.outcome, sample.error) == ("connection_lost", "reset by the peer")
    assert sample.kind == "connection_lost: reset by the peer"
    assert (sample.status, sample.head, sample.body) == (None, None, None)
    assert decode_record(encode_record(sample)) == sample


def test_a_rejection_shows_its_answer_with_secrets_taken_out_and_its_body_cut():
    kept = Sampled()
    answer = Response(401, True, b"HTTP/1.1 401 No\r\nX-Echo: secret", b"secret \xff" + b"z" * 600)
    kept.note(outcome=Outcome.REJECTED, reason="status 401", response=answer, sent_ns=None)
    (sample,) = kept.samples
    assert (sample.status, sample.error, sample.sent_t) == (401, None, None)
    assert sample.head == "HTTP/1.1 401 No\r\nX-Echo: ***"
    assert sample.body is not None
    assert sample.body.startswith("*** \\xffz")
    assert len(sample.body) < 520


def test_the_first_of_a_kind_come_at_once_and_the_last_at_the_end():
    kept = Sampled()
    for number in range(100):
        kept.note(number)
    assert [sample.client for sample in kept.samples] == list(range(FIRST))
    kept.sampler.flush()
    assert [s.client for s in kept.samples[FIRST:]] == list(range(100 - LAST, 100))
    kept.sampler.flush()
    assert len(kept.samples) == FIRST + LAST


def test_each_kind_is_sampled_by_itself():
    kept = Sampled()
    for number in range(FIRST + 1):
        kept.note(number)
        kept.note(number, reason="status 500", outcome=Outcome.REJECTED)
    assert len(kept.samples) == 2 * FIRST


def test_a_target_that_invents_reasons_costs_no_more_than_a_known_number_of_kinds():
    kept = Sampled()
    for number in range(10 * KINDS):
        kept.note(number, reason=f"invented {number}")
    kept.sampler.flush()
    assert len({sample.kind for sample in kept.samples}) == KINDS + 1
    assert len(kept.samples) <= KINDS + FIRST + LAST


@pytest.mark.parametrize("gone", [None, OSError(9, "Bad file descriptor")])
def test_a_connection_that_is_gone_has_no_addresses(gone):
    kept = Sampled()
    kept.note(transport=Ends(gone, gone))
    assert (kept.samples[0].local, kept.samples[0].remote) == (None, None)


def test_a_reset_takes_the_peers_address_but_not_our_own():
    kept = Sampled()
    kept.note(transport=Ends(("127.0.0.1", 40000), OSError(107, "not connected")))
    assert (kept.samples[0].local, kept.samples[0].remote) == ("127.0.0.1:40000", None)


def test_an_ipv6_address_is_told_from_its_port():
    kept = Sampled()
    kept.note(transport=Ends(("::1", 40000, 0, 0), ("::1", 80, 0, 0)))
    assert kept.samples[0].remote == "[::1]:80"
