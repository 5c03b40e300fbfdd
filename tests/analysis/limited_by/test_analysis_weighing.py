"""How much of the trouble the lateness of the generator explains, and what it leaves."""

import pytest
from attributing import analysed, limited, stalled
from record_maker import health, window

from qosflood.base.units import MS


def test_a_generator_that_stood_still_for_as_long_as_the_timeout_explains_timeouts():
    findings = analysed(stalled(6000.0, failed={"timeout": 90}))
    assert findings.limited_by == "generator"
    assert "it was late or stood still, and nothing else shows" in findings.limited_why
    assert "10 of 10 in flood" in findings.generator.problems[0]
    assert "10 of 16 seconds late" in findings.limited_evidence[0]


def test_a_send_lag_that_nobody_measured_is_said_to_be_that():
    findings = analysed(lambda _: None)
    assert "send lag not measured" in findings.limited_evidence[0]
    assert "unknown" not in findings.limited_evidence[0].partition(",")[2].partition(",")[0]


def test_a_stall_far_shorter_than_the_timeout_explains_no_timeout():
    findings = analysed(stalled(900.0, failed={"timeout": 90}))
    assert findings.generator.verdict == "late"
    assert findings.limited_by == "target"
    assert findings.limited_why.endswith(
        "; the generator's lateness affected 10 of the flood's seconds, which cannot explain all "
        "of it"
    )
    assert findings.generator.problems


@pytest.mark.parametrize("limits", [(), ["response.p99 < 250ms"]])
def test_a_late_generator_explains_no_more_than_it_may_have_added(limits):
    def answers(ms):
        return limited(stalled(200.0, response_ms=[ms] * 100), limits)

    by, why = answers(4000.0)
    assert by == "target"
    assert "4s" in why
    assert answers(300.0)[0] == "generator"


@pytest.mark.parametrize("outcome", ["rejected", "bad_response", "connection_lost"])
def test_refusals_and_resets_are_the_targets_however_late_the_generator_was(outcome):
    failed = {outcome: 20}
    by, why = limited(stalled(2500.0, response_ms=[5.0] * 80, failed=failed))
    assert by == "target"
    assert f"200 {outcome}" in why


def test_slow_answers_apart_from_the_late_second_are_the_targets():
    slow_throughout = stalled(75.0, response_ms=[5500.0] * 100, only=(8,))
    by, why = limited(slow_throughout, ["response.p99 < 250ms"])
    assert by == "target"
    assert why.startswith("response.p99 was 5.5s in the flood; limit 250ms")


def test_a_limit_that_one_forgiven_late_second_broke_by_itself_is_not_laid_to_the_target():
    def one_bad_second(w):
        if w.second != 8:
            return w
        return window(
            w.second, w.phase, response_ms=[430.0] * 100, health=health(loop_stall_ns=430 * MS)
        )

    findings = analysed(one_bad_second, ["response.p90 < 250ms", "response.p99 < 250ms"])
    assert findings.generator.verdict == "ok"
    assert findings.limited_by == "generator"
    assert findings.limited_why.endswith(
        "the generator's lateness affected 2 of the flood's seconds, which is enough to explain it"
    )


def test_answers_far_beyond_a_forgiven_stall_are_the_targets_in_that_very_second():
    def one_bad_second(w):
        if w.second != 8:
            return w
        stall = health(loop_stall_ns=13 * MS)
        return window(w.second, w.phase, response_ms=[566.0] * 100, health=stall)

    assert limited(one_bad_second, ["response.p99 < 250ms"])[0] == "target"


def test_late_reports_are_answered_in_the_second_after_which_counts_as_late_too():
    def spread(w):
        if w.second == 8:
            return window(w.second, w.phase, health=health(loop_stall_ns=600 * MS))
        return window(w.second, w.phase, response_ms=[500.0 if w.second == 9 else 5.0] * 100)

    assert limited(spread, ["response.p90 < 250ms", "response.p99 < 250ms"])[0] == "generator"
