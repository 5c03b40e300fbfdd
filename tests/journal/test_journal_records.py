"""The records of the journal: their kinds, and the outcomes that they count."""

from typing import get_args

from qosflood.journal.records import OUTCOMES, JournalRecord, Outcome


def test_every_kind_has_a_tag_of_its_own():
    kinds = get_args(JournalRecord)
    assert len({kind.TAG for kind in kinds}) == len(kinds)


def test_outcomes_have_the_names_of_the_books():
    assert OUTCOMES == (
        "acked",
        "rejected",
        "bad_response",
        "timeout",
        "connection_lost",
        "connect_error",
        "unsent",
    )
    assert [outcome.label for outcome in Outcome] == list(OUTCOMES)
