"""Situations and the first thing to do in each; and what would be wrong to say in it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from findings_maker import MIB, make_entry, make_generator, make_latency, make_limit
from stories import Story, failing_run

from qosflood.analysis.findings_of_target import Cause, Crash
from qosflood.analysis.verdict.verdict import JudgedLimit
from qosflood.journal.records import OWN_ABSENCE, Outcome
from qosflood.report.document.advice import advise

LESS_LOAD = "find a load that passes"
FAST = make_latency(3.0, 10_000)


def story(*broke: str, flood: Any = None, baseline: Any = None, **findings: Any) -> Story:
    """A FAIL in which these limits broke, by name, and nothing else did."""
    made = failing_run()
    judged = tuple(
        JudgedLimit(
            limit=make_limit(f"{name} < 1", name, 0), value=2, n=9, ok=False, reason="it was 2"
        )
        for name in broke
    )
    changed = {"flood": flood or {}, "baseline": baseline or {}}
    phases = tuple(replace(phase, **changed.get(phase.name, {})) for phase in made.findings.phases)
    found = replace(made.findings, phases=phases, **findings)
    return replace(made, findings=found, verdict=replace(made.verdict, limits=judged))


def ended(**changes: Any) -> Crash:
    what = "the target's process (pid 7) ended 24.5s into the load and did not come back"
    return replace(Crash(t_s=24.5, back_s=None, gone=True, ends=1, what=what), **changes)


def counts(scheduled: int = 1000, **outcomes: int) -> dict[str, Any]:
    statuses = {"503": outcomes["rejected"]} if "rejected" in outcomes else {}
    known = {"acked": scheduled - sum(outcomes.values())} | outcomes
    return {"scheduled": scheduled, "outcomes": known, "statuses": statuses, "service": FAST}


def refusing(status: str) -> dict[str, Any]:
    return counts(rejected=400) | {"statuses": {status: 400}}


def gone() -> Story:
    stalled = make_entry(20.0, "target", "stalled", "no report was answered")
    first = make_entry(24.5, "target", "process_gone", "it ended")
    return story(
        *("errors", "offered", "restarts", "scrape.gap"),
        flood=counts(connect_error=500),
        crash=ended(),
        first_failure=first,
        timeline=(stalled, first),
    )


def restarted() -> Story:
    crash = ended(back_s=24.5, gone=False, what="the target restarted 24.5s into the load")
    return replace_first(story("restarts", crash=crash), 24.5)


def replace_first(made: Story, t_s: float) -> Story:
    first = make_entry(t_s, "target", "restarted", "it restarted")
    return replace(made, findings=replace(made.findings, first_failure=first))


def killed_for_memory() -> Story:
    what = f"{ended().what.partition(' and ')[0]}: the kernel killed it because memory ran out"
    return replace_first(
        story("errors", flood=counts(connect_error=9), crash=ended(what=what)), 24.5
    )


def database_died() -> Story:
    first = make_entry(22.0, "target", "first_rejected", "the first report was rejected (503)")
    return story("errors", flood=counts(rejected=500), crash=ended(), first_failure=first)


def fails_at_1x() -> Story:
    return story("errors", flood=counts(timeout=900), baseline=counts(timeout=1000))


def two_percent_at_any_load() -> Story:
    return story("errors", flood=counts(rejected=22), baseline=counts(rejected=20))


def page_refused() -> Story:
    return scraped({"status 400": 9})


def scraped(reasons: dict[str, int], *broke: str) -> Story:
    made = story(*(broke or ("scrape.success",)))
    flood = next(phase for phase in made.findings.phases if phase.name == "flood")
    figures = replace(flood.scrapes, reasons=reasons)
    return story(*(broke or ("scrape.success",)), flood={"scrapes": figures})


def unjudged_scrapes() -> Story:
    limit = make_limit("scrape.p99 < 1s", "scrape.p99", 0)
    judged = JudgedLimit(limit=limit, value=None, n=6, ok=None, reason="6 scrapes are too few")
    made = story("errors", flood=refusing("503"))
    limits = (*made.verdict.limits, judged)
    return replace(made, verdict=replace(made.verdict, limits=limits))


def black_hole() -> Story:
    return story("errors", flood=counts(timeout=100))


def slow_until_timeout() -> Story:
    slow = counts(timeout=100) | {"service": make_latency(4000.0, 10_000)}
    return story("errors", flood=slow)


def starved_monitor() -> Story:
    missed = "the monitor missed 9 of 20 scrapes (45%, at most 10% allowed) through its own fault"
    made = story("errors", flood=refusing("503"), generator=make_generator(problems=(missed,)))
    return replace(made, verdict=replace(made.verdict, verdict="FAIL"))


def caused(kind: Any, what: str, *broke: str, **outcomes: int) -> Story:
    cause = Cause(kind=kind, explains="any", what=what)
    why = f"50% of the flood's reports failed; {what}"
    return story(
        *(broke or ("errors",)), flood=counts(**outcomes), causes=(cause,), limited_why=why
    )


def out_of_files() -> Story:
    what = "the target had 20,000 of at most 20,000 files open"
    return caused("files", what, connection_lost=500)


def full_backlog() -> Story:
    return caused("backlog", "listeners on this machine dropped 16,135 connects", timeout=500)


def page_blocks_posts() -> Story:
    what = "slow answers took 600ms in the 6 seconds in which the page was being fetched"
    return caused("page", what, "response.p99")


def standing_replica() -> Story:
    return caused("instance", "instance b answered none of its 6 scrapes", timeout=300)


def spike_of_memory() -> Story:
    return caused("spike", "memory rose to 940.0 MiB 41s into the load", "memory.max")


def late_by_fault_of_a_dead_part() -> Story:
    generator = make_generator(verdict="starved", problems=("shard 1 died",))
    return story("offered", flood=counts(), generator=generator)


def gap_between_two_good_scrapes() -> Story:
    return scraped({}, "scrape.gap")


def errors_that_cannot_move_the_median() -> Story:
    flood = counts(timeout=20) | {"response": make_latency(400.0, 10_000)}
    return story("response.p50", flood=flood | {"service": make_latency(390.0, 10_000)})


def frozen_generator() -> Story:
    generator = make_generator(verdict="late", problems=("generator late in 9 of 20 windows",))
    return story(
        *("errors", "response.p99"),
        flood=counts(timeout=100),
        generator=generator,
        limited_by="generator",
    )


def one_forgiven_late_second() -> Story:
    why = "response.p99 was 430ms; the generator's own lateness explains it"
    return story("response.p99", flood=counts(), limited_by="generator", limited_why=why)


def own_absence_at_1x() -> Story:
    """Half of the baseline's reports ended through the shard's own absence."""
    ours = {OWN_ABSENCE[Outcome.TIMEOUT]: 500}
    baseline = counts(timeout=500) | {"errors": ours}
    flood = counts(timeout=500) | {"service": make_latency(4000.0, 10_000)}
    return story("errors", flood=flood, baseline=baseline)


def stalled_far_away() -> Story:
    """Silence that is the target's or the network's: nobody can say which."""
    stalled = make_entry(20.0, "target", "stalled", "no report was answered; target or network")
    return story("errors", flood=refusing("503"), timeline=(stalled,), limited_by="inconclusive")


GC = "garbage collection"
SITUATIONS: list[tuple[Callable[[], Story], str, tuple[str, ...]]] = [
    (
        gone,
        "did not come back: find out why: look at its exit status",
        (LESS_LOAD, GC, "still listens"),
    ),
    (restarted, "restarted 24.5s into the load: find out why", (LESS_LOAD, "log before the")),
    (killed_for_memory, "give it more, or limit what it keeps", (LESS_LOAD, "still listens")),
    (database_died, "2.5s before it ended, the first report was rejected", (LESS_LOAD, "database")),
    (fails_at_1x, "100% of the reports failed in the baseline already", (LESS_LOAD,)),
    (two_percent_at_any_load, "2% of the reports failed in the baseline already", (LESS_LOAD,)),
    (lambda: story("errors", flood=refusing("400")), "profile's report matches", (LESS_LOAD,)),
    (lambda: story("errors", flood=refusing("401")), "give the token", (LESS_LOAD,)),
    (
        lambda: story("errors", flood=refusing("429")),
        "limits the rate",
        ("in the baseline already",),
    ),
    (page_refused, "open the page with curl", ("cheaper",)),
    (lambda: scraped({"status 500": 9}), "open the page with curl", ("cheaper",)),
    (lambda: scraped({"no answer within 5s": 9}), "make the page cheaper", ("curl",)),
    (gap_between_two_good_scrapes, "no scrape failed", ("cheaper", "too slowly")),
    (unjudged_scrapes, "status 503", ("add --scrape",)),
    (black_hole, "does not answer in time: one process", ("by their deadline", "queue", "never")),
    (slow_until_timeout, "not answered by their deadline", ("one process or thread",)),
    (starved_monitor, "the monitor missed 9 of 20", ("run the generator on",)),
    (out_of_files, "20,000 of at most 20,000 files open: raise", (GC,)),
    (full_backlog, "raise the target's listen backlog", (GC,)),
    (page_blocks_posts, "serve it from another thread or process", (GC,)),
    (standing_replica, "look at that instance first", (GC,)),
    (spike_of_memory, "memory rose to 940.0 MiB", ("each session keeps", "expire idle")),
    (late_by_fault_of_a_dead_part, "missing here: shard 1 died", ("answers took", "more cores")),
    (frozen_generator, "run the generator on", (LESS_LOAD, "never answers", "latency ch")),
    (own_absence_at_1x, "what delays answers", ("in the baseline already",)),
    (
        stalled_far_away,
        "whether the target or the path delayed answers",
        ("what stalled the target",),
    ),
    (one_forgiven_late_second, "measure again, on an idle machine", (LESS_LOAD, "latency chart")),
    (errors_that_cannot_move_the_median, "latency chart", ("errors broke this limit",)),
]


@pytest.mark.parametrize(("make", "first", "never"), SITUATIONS)
def test_each_situation_has_its_first_step_and_none_that_is_wrong_in_it(
    make: Callable[[], Story], first: str, never: tuple[str, ...]
) -> None:
    made = make()
    steps = advise(made.plan, made.findings, made.verdict)
    assert first in steps[0]
    for wrong in never:
        assert not any(wrong in step for step in steps), wrong


def test_a_lower_load_is_still_worth_a_try_where_only_the_flood_fails() -> None:
    made = story("errors", flood=counts(timeout=500), baseline=counts())
    assert any(LESS_LOAD in step for step in advise(made.plan, made.findings, made.verdict))


def test_a_cause_that_the_attribution_does_not_name_is_no_advice() -> None:
    made = out_of_files()
    made = replace(made, findings=replace(made.findings, limited_why="a status 503"))
    assert not any("files open" in s for s in advise(made.plan, made.findings, made.verdict))


def test_memory_that_was_lost_before_is_not_dropped_with_the_limits_of_a_crash() -> None:
    made = story("memory.max", "loss", flood=counts(), crash=ended())
    assert made.findings.memory.max_bytes > 100 * MIB
    steps = advise(made.plan, made.findings, made.verdict)
    assert [step.partition(" broke")[0] for step in steps[1:]] == ["memory.max < 1", "loss < 1"]


def without_page(*phases: str) -> Story:
    made = scraped({"no answer within 1s": 9})
    away = [
        replace(one, scrapes=replace(one.scrapes, count=9, failed=9, reasons={"no answer": 9}))
        if one.name in phases
        else one
        for one in made.findings.phases
    ]
    return replace(made, findings=replace(made.findings, phases=tuple(away)))


def test_a_page_that_stayed_away_after_the_flood_is_not_just_slow_under_load() -> None:
    made = without_page("flood", "recovery")
    (first, *_) = advise(made.plan, made.findings, made.verdict)
    assert "and none succeeded after the flood: look at what serves the page" in first
    assert "cheaper" not in first


def test_less_load_is_no_advice_for_a_page_that_failed_in_the_baseline_already() -> None:
    for phases, worth in ((("flood",), True), (("baseline", "flood"), False)):
        made = without_page(*phases)
        steps = advise(made.plan, made.findings, made.verdict)
        assert any(LESS_LOAD in step for step in steps) is worth


def test_that_less_load_does_not_help_is_said_of_refusals_of_what_a_report_says_alone() -> None:
    for status, helpless in (("400", True), ("429", False), ("503", False)):
        made = story("errors", flood=refusing(status), baseline=refusing(status))
        (first, *_) = advise(made.plan, made.findings, made.verdict)
        assert ("less load does not fix that" in first) is helpless


def test_a_run_that_ended_before_its_load_shows_nothing_that_could_not_be_measured() -> None:
    made = story("errors", flood=counts())
    unjudged = tuple(
        replace(made.verdict.limits[0], limit=make_limit(f"{name} < 1", name, 0), ok=None)
        for name in ("scrape.gap", "memory.max")
    )
    phases = tuple(
        replace(one, seconds=0.0, scheduled=0, scrapes=replace(one.scrapes, count=0, failed=0))
        for one in made.findings.phases
    )
    verdict = replace(made.verdict, verdict="INTERRUPTED", limits=unjudged)
    memory = replace(made.findings.memory, verdict="unmeasured")
    found = replace(made.findings, phases=phases, ended="interrupted", memory=memory)
    assert not any("add --" in step for step in advise(made.plan, found, verdict))


def test_a_page_that_never_answered_well_did_not_begin_to_fail() -> None:
    made = without_page("baseline", "ramp", "flood", "recovery")
    (first, *_) = advise(made.plan, made.findings, made.verdict)
    assert "began to fail" not in first


def test_a_page_is_not_too_dear_where_reports_waited_as_long_as_it_did() -> None:
    made = scraped({"no answer within 5s": 9})
    stood_still = [
        replace(one, service=make_latency(6000.0, 10_000)) if one.name == "flood" else one
        for one in made.findings.phases
    ]
    steps = advise(made.plan, replace(made.findings, phases=tuple(stood_still)), made.verdict)
    assert "reports waited up to" in steps[0]
    assert "what held up the target" in steps[0]
    assert "cheaper" not in steps[0]


def test_of_a_page_that_never_answered_nobody_knows_what_it_costs() -> None:
    made = without_page("baseline", "ramp", "flood", "recovery", "settle")
    (first, *_) = advise(made.plan, made.findings, made.verdict)
    assert "open the page with curl" in first
    assert "cheaper" not in first
