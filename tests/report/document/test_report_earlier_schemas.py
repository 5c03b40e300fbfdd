"""report.json of earlier schemas, made one of today's."""

from typing import Any

import pytest
from comparing import make_document

from qosflood.report.document.document import to_json
from qosflood.report.document.earlier_schemas import report_of_today
from qosflood.report.document.schema import Document

TODAY = to_json(make_document("run", 1, blocks=3, each=100))


def without(report: Any, *keys: str) -> Any:
    """`report` without those keys, wherever they stand."""
    if isinstance(report, dict):
        return {k: without(v, *keys) for k, v in report.items() if k not in keys}
    return [without(item, *keys) for item in report] if isinstance(report, list) else report


def test_a_report_of_today_is_left_as_it_is() -> None:
    assert report_of_today(TODAY) == TODAY


def test_what_an_earlier_report_lacks_was_not_measured() -> None:
    later = ("blocks", "curves", "tcp", "parse_ms", "resets", "amplification", "otel")
    earlier = without(TODAY, *later) | {"schema": "qosflood/report/1"}
    made = Document.model_validate(report_of_today(earlier))
    assert made.blocks is None
    assert made.otel.verdict == "unmeasured"
    for phase in made.phases:
        assert (phase.curves.response, phase.tcp, phase.amplification) == (None, None, None)
        assert (phase.scrapes.parse_ms.p50, phase.scrapes.resets) == (None, 0)
    before = Document.model_validate(TODAY)
    assert made.totals.outcomes == before.totals.outcomes
    assert [phase.latency_ms for phase in made.phases] == [p.latency_ms for p in before.phases]


def test_all_that_was_sent_is_the_sum_over_the_phases_where_no_total_says_it() -> None:
    earlier = TODAY | {"schema": "qosflood/report/1", "totals": without(TODAY["totals"], "sent")}
    sent = sum(phase["sent"] for phase in TODAY["phases"])
    assert sent > 0
    assert report_of_today(earlier)["totals"]["sent"] == sent


def test_a_key_of_today_is_not_made_up_for_a_report_of_today() -> None:
    assert "blocks" not in report_of_today(without(TODAY, "blocks"))


@pytest.mark.parametrize(
    "report", [None, [], {}, {"schema": "qosflood/report/99"}, {"schema": ["qosflood/report/1"]}]
)
def test_what_is_no_report_of_ours_is_left_for_its_reader_to_refuse(report: Any) -> None:
    assert report_of_today(report) == report
