"""First attempts and retries stand apart in every report, where there is something to say."""

from dataclasses import replace

import pytest
from findings_maker import make_limit
from stories import Story, document_of, good_run

from qosflood.analysis.phases import PhaseTally, amplification, totals
from qosflood.analysis.verdict.verdict import judge
from qosflood.plan.plan import Retries
from qosflood.report.document import cells
from qosflood.report.document.phase_table import phase_rows
from qosflood.report.document.schema import Document
from qosflood.report.formats import markdown


def retried(story: Story) -> Story:
    phases = tuple(
        replace(
            phase, retries=phase.sent // 4, retried={"503": phase.sent // 4}, amplification=1.25
        )
        for phase in story.findings.phases
    )
    sums = replace(
        story.findings.totals,
        retries=sum(phase.retries for phase in phases),
        retried={"503": sum(phase.retries for phase in phases)},
        acked_after_retry=7,
        amplification=1.25,
    )
    findings = replace(story.findings, phases=phases, totals=sums)
    return replace(story, findings=findings)


def rows(document: Document) -> dict[str, tuple[str, ...]]:
    return {row.name: row.cells for row in phase_rows(document)}


def test_a_run_without_retries_says_nothing_of_them():
    document = document_of(good_run())
    assert not cells.repeats(document)
    assert "amplification" not in rows(document)
    assert "amplification" not in markdown.render(document)


def test_a_run_that_was_asked_for_retries_speaks_of_them_though_there_were_none():
    story = good_run()
    story = replace(story, plan=replace(story.plan, retries=Retries(most=2)))
    assert "amplification" in rows(document_of(story))


def test_retries_and_amplification_stand_in_every_report():
    document = document_of(retried(good_run()))
    assert set(rows(document)["amplification"]) == {"1.25"}
    line = cells.attempts_line(document)
    first, more = document.totals.sent, document.totals.retries
    assert f"{first:,} first attempts" in line
    assert f"{more:,} retries (after {more:,} 503): amplification 1.25" in line
    assert "7 reports accepted after a retry" in line
    assert "amplification 1.25" in markdown.render(document)
    assert len(markdown.render(document).splitlines()) <= markdown.MOST_LINES


def test_amplification_is_requests_for_each_first_attempt():
    assert amplification(100, 25) == 1.25
    assert amplification(0, 0) is None


def test_the_books_add_attempts_up():
    tallies = []
    for sent, retries in ((10, 5), (30, 5)):
        tally = PhaseTally()
        tally.sent, tally.retries, tally.acked_after_retry = sent, retries, 1
        tally.retried.update({"timeout": retries})
        tallies.append(tally)
    whole = totals(tallies)
    assert (whole.sent, whole.retries, whole.acked_after_retry) == (40, 10, 2)
    assert whole.retried == {"timeout": 10}
    assert whole.amplification == 1.25


@pytest.mark.parametrize(("threshold", "ok"), [(1.5, True), (1.25, False)])
def test_amplification_can_be_limited(threshold, ok):
    story = retried(good_run())
    limit = make_limit(f"amplification < {threshold}", "amplification", threshold, unit="times")
    judged = judge(replace(story.plan, limits=(limit,)), story.findings).limits[0]
    assert (judged.value, judged.ok) == (1.25, ok)
