"""The verdict over all limits: precedence, exit codes, headline."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import (
    WALL_NS,
    end,
    event,
    health,
    healthy_run,
    load_started,
    memory,
    scrape,
    stopped_run,
    window,
)

from qosflood.analysis import analyse
from qosflood.analysis.verdict.verdict import MOST_IN_HEADLINE, judge
from qosflood.base.errors import ExitCode
from qosflood.base.units import MS
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.watching import Instance
from qosflood.plan.without_load import as_watch

LEAD = "100 clients, 100 reports/s (10x of a peak of 10 reports/s, 10 clients) for 10s: "


def plan_with(*user, shipped=(), **parts):
    limits = (
        *(parse_limit(text) for text in user),
        *(parse_limit(text, "shipped") for text in shipped),
    )
    return make_plan(limits=limits, **parts)


def verdict_of(plan, records):
    return judge(plan, analyse(plan, WALL_NS, records))


def failing(**failed):
    def change(same):
        if same.phase != "flood":
            return same
        acked = same.scheduled - sum(failed.values())
        return window(same.second, same.phase, response_ms=[5.0] * acked, failed=failed)

    return change


def refusing(status, count):
    def change(same):
        if same.phase != "flood":
            return same
        acked = same.scheduled - count
        return window(
            same.second,
            same.phase,
            response_ms=[5.0] * acked,
            failed={"rejected": count},
            statuses={status: count},
        )

    return change


def stalling(same):
    return replace(same, health=health(loop_stall_ns=900 * MS))


def test_a_run_whose_limits_all_hold_passes():
    plan = plan_with("errors < 1%", "response.p99 < 250ms")
    verdict = verdict_of(plan, healthy_run(plan))
    assert (verdict.verdict, verdict.exit_code) == ("PASS", ExitCode.PASS)
    assert verdict.headline == LEAD + "PASS - all limits held"
    assert verdict.not_judged == ()


def test_a_broken_limit_fails_with_its_figures_in_the_headline():
    plan = plan_with("response.p99 < 250ms")
    slow = healthy_run(
        plan,
        change=lambda w: (
            window(w.second, w.phase, response_ms=[1200.0] * 100) if w.phase == "flood" else w
        ),
    )
    verdict = verdict_of(plan, slow)
    assert (verdict.verdict, verdict.exit_code) == ("FAIL", ExitCode.FAIL)
    assert verdict.headline == LEAD + "FAIL - response.p99 was 1.2s in flood; limit < 250ms"


def test_further_reasons_are_counted_in_the_headline_and_listed():
    plan = plan_with("errors < 1%", "restarts == 0", "scrape.success > 99%")
    records = healthy_run(
        plan,
        change=failing(timeout=20),
        scrape_ok=lambda s: s < 9,
        extra=[event(8, "restarted")],
    )
    verdict = verdict_of(plan, records)
    assert verdict.reasons[0] == "the target restarted 8s into the load"
    assert verdict.reasons[1] == "errors were 20% in flood; limit < 1%"
    assert verdict.reasons[2] == "restarts was 1; limit 0"
    assert len(verdict.reasons) == 4
    assert verdict.headline.endswith("; 3 more reasons")


def test_a_process_that_is_gone_leads_the_headline_before_the_limits_that_broke_with_it():
    plan = plan_with("errors < 1%", "restarts == 0")
    gone = event(8, "process_gone", what="the target's process (pid 77) is gone", pid=77)
    records = healthy_run(plan, change=failing(connect_error=60), extra=[gone])
    verdict = verdict_of(plan, records)
    assert verdict.verdict == "FAIL"
    said = "the target's process (pid 77) ended 8s into the load and did not come back"
    assert verdict.reasons[0] == said
    assert f"FAIL - {said}" in verdict.headline


def test_a_crash_without_a_broken_limit_is_no_reason_of_its_own():
    plan = plan_with("errors < 50%")
    verdict = verdict_of(plan, healthy_run(plan, extra=[event(8, "restarted")]))
    assert verdict.verdict == "PASS"
    assert not any("restarted" in reason for reason in verdict.reasons)


def test_a_value_next_to_its_limit_is_shown_exactly():
    plan = plan_with("errors < 0.1%")

    def one_lost(same):
        if same.second != 8:
            return same
        return window(same.second, same.phase, response_ms=[5.0] * 99, failed={"timeout": 1})

    verdict = verdict_of(plan, healthy_run(plan, change=one_lost))
    assert verdict.reasons == ("errors were exactly 0.1% in flood; limit < 0.1%",)


def test_a_value_equal_to_its_limit_is_shown_to_be_exactly_that():
    plan = plan_with("scrape.gap < 1s")
    assert verdict_of(plan, healthy_run(plan)).reasons == (
        "scrape.gap was exactly 1s in flood; limit < 1s",
    )


def test_a_limit_on_a_word_is_told_with_the_word_that_was_found():
    plan = plan_with("memory.leak == none")
    found = analyse(plan, WALL_NS, healthy_run(plan))
    found = replace(found, memory=replace(found.memory, verdict="leak"))
    assert judge(plan, found).reasons == ("memory.leak == none does not hold: leak",)


def test_a_shipped_limit_that_cannot_be_judged_is_named_and_nothing_more():
    plan = plan_with("errors < 1%", shipped=("memory.leak == none", "loss == none"))
    verdict = verdict_of(plan, healthy_run(plan))
    assert verdict.verdict == "PASS"
    assert verdict.headline == (
        LEAD + "PASS - 1 of 3 limits held; not judged: memory.leak == none, loss == none"
    )
    assert [line.split(" (")[0] for line in verdict.not_judged] == [
        "memory.leak == none",
        "loss == none",
    ]


def test_a_limit_the_user_named_that_cannot_be_judged_makes_the_run_invalid():
    plan = plan_with("loss == none")
    verdict = verdict_of(plan, healthy_run(plan))
    assert (verdict.verdict, verdict.exit_code) == ("INVALID", ExitCode.INVALID)
    assert "loss == none could not be judged" in verdict.headline


def test_nothing_judged_is_never_called_good():
    plan = plan_with(shipped=("loss == none",))
    headline = verdict_of(plan, healthy_run(plan)).headline
    assert "no limit could be judged" in headline
    assert "held" not in headline
    assert "no limit was set" in verdict_of(plan_with(), healthy_run(plan_with())).headline


def test_a_late_generator_makes_the_run_invalid():
    plan = plan_with("errors < 1%")
    verdict = verdict_of(plan, healthy_run(plan, change=stalling))
    assert (verdict.verdict, verdict.exit_code) == ("INVALID", ExitCode.INVALID)
    assert "3 of 3 in baseline" in verdict.headline


def test_a_broken_limit_outweighs_a_late_generator_which_is_still_told():
    plan = plan_with("errors < 1%")
    records = healthy_run(plan, change=lambda w: stalling(failing(timeout=50)(w)))
    verdict = verdict_of(plan, records)
    assert verdict.verdict == "FAIL"
    assert any("generator late" in reason for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("ended", "detail", "word", "code"),
    [
        ("interrupted", "by SIGINT", "INTERRUPTED", 130),
        ("killed", "", "INTERRUPTED", 130),
        ("aborted", "the abort limit errors > 50% for 15s was broken", "ABORTED", 4),
        ("disk_full", "no space left on device", "INVALID", 3),
        ("shard_died", "shard 0 died: MemoryError", "INVALID", 3),
        ("collector_died", "exit 1", "INVALID", 3),
    ],
)
def test_how_a_run_ended_decides_its_verdict(ended, detail, word, code):
    plan = plan_with("errors < 1%")
    verdict = verdict_of(plan, stopped_run(plan, 10, ended, detail))
    assert (verdict.verdict, verdict.exit_code) == (word, code)
    assert detail in verdict.headline


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ("interrupted", "INTERRUPTED"),
        ("aborted", "ABORTED"),
        ("disk_full", "FAIL"),
        ("shard_died", "FAIL"),
    ],
)
def test_a_limit_broken_before_the_end_counts_by_precedence(ended, word):
    plan = plan_with("baseline:errors < 1%")
    records = stopped_run(plan, 10, ended)
    records[1] = window(0, "baseline", failed={"timeout": 10})
    verdict = verdict_of(plan, records)
    assert verdict.verdict == word
    assert any(reason.startswith("errors ") for reason in verdict.reasons)


def test_an_interrupted_run_says_how_far_it_came():
    plan = plan_with()
    assert (
        verdict_of(plan, stopped_run(plan, 10, "interrupted", "by SIGINT")).headline
        == LEAD + "INTERRUPTED - interrupted 4s into flood: by SIGINT"
    )
    assert "killed before the load" in verdict_of(plan, []).headline


def test_an_error_of_our_own_exits_with_the_code_of_one_whatever_else_is_found():
    plan = plan_with("errors < 0.1%")
    good = verdict_of(plan, stopped_run(plan, 9, "internal_error", "KeyError: 7 (view.py:3)"))
    assert (good.verdict, good.exit_code) == ("INVALID", ExitCode.INTERNAL)
    assert "qosflood itself failed: KeyError: 7 (view.py:3)" in good.headline
    broken = [
        failing(timeout=50)(each) if hasattr(each, "phase") else each
        for each in stopped_run(plan, 9, "internal_error", "KeyError")
    ]
    bad = verdict_of(plan, broken)
    assert (bad.verdict, bad.exit_code) == ("FAIL", ExitCode.INTERNAL)
    assert "qosflood itself failed: KeyError" in bad.reasons


def test_a_whole_run_whose_books_do_not_balance_is_invalid():
    def unaccounted(same):
        return replace(same, scheduled=same.scheduled + (same.second == 8))

    plan = plan_with()
    verdict = verdict_of(plan, healthy_run(plan, change=unaccounted))
    assert verdict.verdict == "INVALID"
    (reason,) = verdict.reasons
    assert reason.startswith("outcomes do not add up: ")


def test_a_shard_that_hung_is_missing_from_the_measurement():
    plan = plan_with()
    hung = event(8, "shard_stuck", "generator", "shard 0 sent nothing for 30 s")
    verdict = verdict_of(plan, healthy_run(plan, extra=[hung]))
    assert verdict.verdict == "INVALID"
    assert verdict.reasons == ("shard 0 sent nothing for 30 s",)


def test_a_disk_that_filled_up_is_named():
    plan = plan_with("errors < 1%")
    verdict = verdict_of(plan, stopped_run(plan, 10, "disk_full", "no space left on device"))
    assert verdict.reasons[0] == "the disk is full: no space left on device"


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_refused_token_is_named_auth(status):
    plan = plan_with("errors < 1%")
    verdict = verdict_of(plan, healthy_run(plan, change=refusing(status, 94)))
    assert f"auth: 94% of reports refused with {status}" in verdict.headline


def test_most_reports_failing_is_said_even_where_no_limit_speaks_of_it():
    plan = plan_with("offered > 50%")
    verdict = verdict_of(plan, healthy_run(plan, change=failing(rejected=94)))
    assert verdict.verdict == "PASS"
    assert verdict.headline == LEAD + "PASS - all limits held; 94% of reports failed"


def test_a_headline_is_one_bounded_line_whatever_the_target_wrote():
    plan = plan_with("errors < 1%")
    detail = "boom\nboom\x1b[2J " * 100
    headline = verdict_of(plan, stopped_run(plan, 10, "shard_died", detail)).headline
    assert len(headline) <= MOST_IN_HEADLINE
    assert headline.isprintable()


def test_figures_of_the_load_are_absolute():
    load = make_load(
        base_clients=500, clients=5000, base_cadence_ns=5 * 10**9, cadence_ns=5 * 10**9
    )
    plan = make_plan(load=load, phases=make_phases(load, flood_ns=900 * 10**9))
    headline = judge(plan, analyse(plan, WALL_NS, [])).headline
    lead = "5,000 clients, 1,000 reports/s (10x of a peak of 100 reports/s, 500 clients) for 15m: "
    assert headline.startswith(lead)


def test_a_load_scaled_by_cadence_is_a_multiple_of_the_rate():
    plan = make_plan(load={"scale": "cadence", "clients": 10, "cadence_ns": 10**8})
    headline = judge(plan, analyse(plan, WALL_NS, [])).headline
    assert headline.startswith(
        "10 clients, 100 reports/s (10x of a peak of 10 reports/s, 10 clients) for 10s: "
    )


def test_clients_that_are_no_multiple_of_those_at_1x_are_not_called_one():
    plan = make_plan(load={"clients": 40, "cadence_ns": 10**9 * 40 // 100})
    headline = judge(plan, analyse(plan, WALL_NS, [])).headline
    assert headline.startswith(
        "40 clients, 100 reports/s (10x of a peak of 10 reports/s, 10 clients) for 10s: "
    )


def test_that_the_disk_is_full_is_said_once():
    plan = make_plan()
    detail = "the disk is full: the journal takes no more records"
    assert verdict_of(plan, stopped_run(plan, 10, "disk_full", detail)).reasons[0] == detail


def watched(*, pages=("target",), good=(), memory_seen=True):
    """The verdict on a watch of 10s that scrapes `pages`, of which only the `good` ones answer."""
    instances = tuple(Instance(name=name, scrape_url=f"http://{name}/metrics") for name in pages)
    plan = as_watch(plan_with(instances=instances))
    scraped = [
        scrape(second + 0.5, ok=name in good, instance=name)
        for name in pages
        for second in range(10)
    ]
    seen = [memory(second + 0.25) for second in range(10)] if memory_seen else []
    records = sorted([load_started(), *scraped, *seen], key=lambda record: record.t)
    return verdict_of(plan, [*records, end(10.1)])


def test_a_watch_that_never_saw_its_page_is_no_pass():
    verdict = watched(memory_seen=False)
    assert verdict.verdict == "INVALID"
    assert "nothing of the target was seen: none of 10 scrapes succeeded" in verdict.reasons
    verdict = watched()
    assert verdict.verdict == "INVALID"
    assert (
        "none of 10 scrapes succeeded; name its page with --scrape URL, or turn scrapes off with "
        "--scrape-interval off"
    ) in verdict.reasons
    assert watched(good=("target",)).verdict == "PASS"


def test_a_watch_that_never_saw_one_of_its_instances_is_no_pass():
    verdict = watched(pages=("a", "b"), good=("a",))
    assert verdict.verdict == "INVALID"
    (reason,) = (reason for reason in verdict.reasons if "none of" in reason)
    assert reason.startswith("b: none of 10 scrapes succeeded; ")
    assert watched(pages=("a", "b"), good=("a", "b")).verdict == "PASS"
