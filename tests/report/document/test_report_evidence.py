"""What stands behind an event is told in words with units, never by a key's raw name."""

from types import SimpleNamespace
from typing import cast

import pytest

from qosflood.report.document.cells import loss_line
from qosflood.report.document.evidence import evidence_words
from qosflood.report.document.schema import Document


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"instance": "target", "failed": 3, "until_s": 12.34}, "3 failed; until +12.3s"),
        ({"instance": "qos-1", "failed": 1, "until_s": None}, "instance qos-1; 1 failed"),
        (
            {"errors_s": 0.0, "scrapes_s": 2.5},
            "errors recovered at once; scrapes recovered after 2.5s",
        ),
        ({"response_s": None}, ""),
        ({"phase": "flood", "in_that_second": 3, "statuses": {"503": 3}}, "status 3 x 503"),
        ({"errors": {"reset": 1200, "refused": 1}}, '1,200 x "reset", 1 x "refused"'),
        ({"errors": 2, "reconnects": 1}, "2 errors meanwhile; 1 reconnect"),
        (
            {"response_p99_ms": 412.0, "response_p99_ms_before": 3.0, "response_max_ms": 500.0},
            "response p99 412ms meanwhile, 3ms before",
        ),
        ({"labels": {"severity": "page", "kind": "x"}}, "severity=page, kind=x"),
        ({"further": 7}, "7 more like this"),
        ({"new_start_s": 1_767_225_600.0}, "started 2026-01-01 00:00:00 UTC"),
        ({"late_ns": 1_500_000_000, "limit_bytes": 512 * 1024**2}, "late 1.5s; limit 512.0 MiB"),
        ({"some_share": 0.25, "odd_key": 1234, "gone": True}, "some 25%; odd key 1,234; gone True"),
    ],
)  # fmt: skip
def test_each_figure_has_its_words_and_unit(evidence, words):
    assert "; ".join(evidence_words("it happened", evidence)) == words


def test_the_one_reason_that_the_words_name_is_not_said_twice():
    told = {"statuses": {}, "errors": {"no answer by the deadline": 4}}
    what = "the first report was not answered (4 in that second; no answer by the deadline)"
    assert not list(evidence_words(what, told))
    assert list(evidence_words("the first one", told)) == ['4 x "no answer by the deadline"']


def test_lost_reports_are_shown_by_a_few_examples_and_the_count_of_the_rest():
    loss = SimpleNamespace(
        verdict="lost",
        reason="17 are gone",
        missing=17,
        examples=[f"s{n}: away" for n in range(10)],
    )
    line = loss_line(cast(Document, SimpleNamespace(loss=loss)))
    assert line == "lost; 17 are gone; e.g. s0: away; s1: away; s2: away; and 14 more"


def test_failed_scrapes_of_one_reason_are_not_counted_twice():
    assert list(evidence_words("scrapes failed: 1,026 x status 400", {"failed": 1026})) == []
    both = "scrapes failed: 3 x status 400, 2 x status 500"
    assert list(evidence_words(both, {"failed": 5})) == ["5 failed"]
