"""The verdict of a search, and its answer in words."""

from dataclasses import replace
from typing import Any

import pytest
from stage_maker import make_search

from qosflood.analysis.verdict.capacity import answer_words, judge_search, need_words, span
from qosflood.analysis.verdict.verdict import Verdict
from qosflood.base.errors import ExitCode
from qosflood.experiments.capacity.planning import Asked
from qosflood.journal.trial_records import (
    AnswerRecord,
    Band,
    CapacityAnswer,
    Gives,
    NeedAnswer,
    PerThousand,
    Remembers,
    SearchAnswer,
)

PLAN = make_search("response.p99 < 250ms")
CLIENTS = Band(low=3400, mid=3550, high=3700)
P99 = Gives(limit="scrape.p99 < 200ms", low=3400, high=3700, times=1.0)
ANSWER = CapacityAnswer(
    reason="width",
    clients=CLIENTS,
    reports_per_s=Band(low=680, mid=710, high=740),
    multiple=Band(low=6.8, mid=7.1, high=7.4),
    level=0.95,
    ceiling="target",
    first=P99,
    second=Gives(limit="response.p99 < 250ms", low=4500, high=4700, times=1.3),
    limits=(P99,),
    need=None,
    fresh=SearchAnswer(clients=CLIENTS, quantiles=None, reason="width"),
    filled=None,
    held=0,
    hysteresis=None,
    confirmed=True,
    confirm_clients=3060,
    per_1000_clients=PerThousand(cores=0.31, bytes=41 * 1024 * 1024),
    event_sessions=0,
    event_bytes=None,
    memory_limit_bytes=None,
)
MISSED = NeedAnswer(clients=40_000, met=False, probability=0.0001, short_by=36_000, targets=11.27)


class Ended:
    """What of the findings decides."""

    def __init__(self, ended: str, detail: str = "") -> None:
        self.ended = ended
        self.ended_detail = detail


def judged(ended: str = "completed", detail: str = "", **changes: Any) -> Verdict:
    last = AnswerRecord(t=0, reason="width", capacity=replace(ANSWER, **changes))
    findings: Any = Ended(ended, detail)
    return judge_search(PLAN, findings, (), last)


def words(**changes: Any) -> str:
    return "; ".join(answer_words(PLAN, replace(ANSWER, **changes)))


def test_the_answer_is_one_sentence():
    assert words(need=MISSED) == (
        "carries 3,400-3,700 clients (95%; 680-740 reports/s, 6.8-7.4x) within "
        "response.p99 < 250ms; gives first: scrape.p99, second: response.p99 at 1.3x the first; "
        "needs per 1,000 clients: 0.31 cores, 41.0 MiB; need 40,000: NO, short by 36,000, about "
        "11 such targets (extrapolated)"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"clients": Band(low=1600, mid=None, high=None), "ceiling": "generator"},
            "carries at least 1,600 clients",
        ),
        (
            {"clients": Band(low=1600, mid=None, high=None), "ceiling": "generator"},
            "the generator can do no more",
        ),
        (
            {"clients": Band(low=1600, mid=None, high=None), "ceiling": "max"},
            "no more were tried (--max)",
        ),
        ({"clients": Band(low=0, mid=None, high=500)}, "carries fewer than 500 clients"),
        ({"hysteresis": Remembers(good_before=500, recovers_at=250)}, "recovers at 250"),
        ({"hysteresis": Remembers(good_before=500, recovers_at=None)}, "did not recover"),
        (
            {"level": None, "clients": Band(low=200, mid=None, high=500)},
            "held 200 clients, not 500",
        ),
        (
            {
                "filled": SearchAnswer(
                    clients=Band(low=2000, mid=2050, high=2100), quantiles=None, reason="width"
                ),
                "held": 5000,
            },
            "fresh 3,400-3,700, after 5,000 sessions 2,000-2,100 clients",
        ),
        (
            {"second": Gives(limit="errors < 1%", low=4000, high=None, times=1.1)},
            "second: none up to 4,000 clients",
        ),
    ],
)
def test_each_part_of_the_answer_has_its_words(changes: dict[str, Any], said: str):
    assert said in words(**changes)


def test_the_memory_of_an_event_stands_beside_its_limit():
    asked = Asked(event_ns=6 * 3600 * 10**9, lifetime_ns=1200 * 10**9)
    plan = make_search("response.p99 < 250ms", asked=asked)
    answer = replace(
        ANSWER, event_sessions=720_000, event_bytes=3 * 2**30, memory_limit_bytes=2 * 2**30
    )
    said = "; ".join(answer_words(plan, answer))
    assert "memory after 6h (720,000 sessions): 3.0 GiB of 2.0 GiB (extrapolated)" in said


def test_a_need_decides_pass_and_fail():
    met = replace(MISSED, clients=3000, met=True, probability=0.999, short_by=None, targets=None)
    assert judged(need=met).exit_code == ExitCode.PASS
    assert need_words(met) == "need 3,000: YES (99.9%)"
    assert judged(need=MISSED).exit_code == ExitCode.FAIL
    unknown = replace(met, met=None, probability=0.6)
    assert judged(need=unknown).exit_code == ExitCode.INVALID
    assert need_words(unknown) == "need 3,000: not known (60%)"


def test_without_a_need_an_answer_is_a_pass():
    verdict = judged()
    assert (verdict.verdict, verdict.exit_code) == ("PASS", ExitCode.PASS)
    assert verdict.headline.startswith("capacity of http://127.0.0.1:8080: PASS - carries 3,400")


def test_a_confirmation_that_breaks_a_limit_takes_the_answer_back():
    verdict = judged(confirmed=False)
    assert verdict.verdict == "FAIL"
    assert "no answer" in verdict.reasons[0]
    assert not any("carries" in reason for reason in verdict.reasons)


def test_a_target_that_does_not_come_back_fails():
    verdict = judged(reason="not_recovered")
    assert verdict.verdict == "FAIL"
    assert "did not come back" in verdict.headline


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ("interrupted", ExitCode.INTERRUPTED),
        ("killed", ExitCode.INTERRUPTED),
        ("aborted", ExitCode.ABORTED),
        ("shard_died", ExitCode.INVALID),
        ("internal_error", ExitCode.INTERNAL),
    ],
)
def test_a_search_that_was_stopped_says_so_with_the_answer_so_far(ended: str, code: ExitCode):
    verdict = judged(ended, "by SIGINT")
    assert verdict.exit_code == code
    assert any("carries" in reason for reason in verdict.reasons)


def test_trials_that_say_nothing_are_no_answer():
    verdict = judged(clients=Band(low=0, mid=None, high=None))
    assert (verdict.verdict, verdict.exit_code) == ("INVALID", ExitCode.INVALID)
    assert verdict.reasons == ("no trial said anything about the target",)


def test_an_interval_reads_as_one_figure_where_both_ends_read_alike():
    assert span(Band(low=3.0, mid=3.0, high=3.01)) == "3"
    assert span(Band(low=6.81, mid=7, high=7.4), "x") == "6.8-7.4x"
