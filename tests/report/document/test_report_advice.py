"""What to do next follows from the verdict and its evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from findings_maker import make_generator, make_latency, make_limit, make_memory
from hypothesis import given
from hypothesis import strategies as st
from stories import (
    STORIES,
    Story,
    failing_run,
    good_run,
    interrupted_run,
    judge_all,
    unmeasured_run,
)

from qosflood.analysis.findings import RecoveryFinding, TimelineEntry
from qosflood.analysis.findings_of_target import Cause
from qosflood.analysis.verdict.verdict import JudgedLimit
from qosflood.base.units import SECOND
from qosflood.plan.plan import Storm
from qosflood.report.document.advice import MOST, advise, round_up


def steps_of(story: Story) -> tuple[str, ...]:
    return advise(story.plan, story.findings, story.verdict)


SLOW = make_latency(6000.0, 10_000)


def with_flood(story: Story, **changes: Any) -> Story:
    phases = tuple(
        replace(phase, **changes) if phase.name == "flood" else phase
        for phase in story.findings.phases
    )
    return replace(story, findings=replace(story.findings, phases=phases))


def broken(story: Story, expr: str, metric: str, **changes: Any) -> Story:
    limit = make_limit(expr, metric, 0, **changes)
    judged = JudgedLimit(limit=limit, value=1, n=100, ok=False, reason="it was 1")
    return replace(story, verdict=replace(story.verdict, limits=(judged,)))


@pytest.mark.parametrize("make", STORIES)
def test_every_run_ends_with_something_to_do(make: Callable[[], Story]) -> None:
    steps = steps_of(make())
    assert 1 <= len(steps) <= MOST
    assert len(set(steps)) == len(steps)


def test_a_passed_run_is_told_to_go_higher_and_which_limits_to_name() -> None:
    steps = steps_of(good_run())
    assert steps[0] == "find the headroom: run again with --rate 20x"
    assert any("a flood of 20s cannot rule out a slow leak" in step for step in steps)
    assert any("--limit 'response.p99 < 9ms'" in step for step in steps)
    assert any("--limit 'memory.max < 200MiB'" in step for step in steps)


def of_sessions(rise: float, **changes: Any) -> Story:
    """9,000 sessions of 1,100 B joined after the baseline, in which memory ended at 100 MB; at
    most it rose by so many bytes."""
    story = broken(failing_run(), "memory.max < 1MiB", "memory.max")
    measured: dict[str, Any] = {
        "verdict": "grows_with_sessions",
        "max_bytes": round(1e8 + rise),
        "bytes_per_session_low": 1000.0,
        "bytes_per_session_high": 1200.0,
    }
    phases = tuple(
        replace(phase, sessions=1000 if phase.name == "baseline" else 10_000, rss_end=100_000_000)
        for phase in story.findings.phases
    )
    memory = make_memory(**(measured | changes))
    return replace(story, findings=replace(story.findings, phases=phases, memory=memory))


def test_sessions_that_are_kept_are_to_be_expired_where_they_are_most_of_the_rise() -> None:
    (step, *_) = steps_of(of_sessions(15e6))
    assert "each session keeps about 1.1 KiB, most of what memory rose by" in step


@pytest.mark.parametrize(
    "story",
    [
        of_sessions(840e6),
        of_sessions(15e6, verdict="steady"),
        of_sessions(15e6, bytes_per_session=None),
        of_sessions(15e6, bytes_per_session_low=None),
    ],
)
def test_a_spike_or_what_connections_take_is_not_said_to_be_the_sessions(story: Story) -> None:
    (step, *_) = steps_of(story)
    assert step.endswith("compare the memory chart with sessions and phases")


def test_a_failed_run_is_told_to_try_half_the_load() -> None:
    assert "find a load that passes: run again with --rate 5x" in steps_of(failing_run())


def test_a_target_that_stood_still_is_to_be_looked_at_in_that_second() -> None:
    story = failing_run()
    stalls = [
        TimelineEntry(
            t_s=t_s, wall_ns=0, who="target", kind="stalled", what="no report was answered"
        )
        for t_s in (41.0, 70.0)
    ]
    assert not any("stalled the target" in step for step in steps_of(story))
    findings = replace(story.findings, timeline=(*story.findings.timeline, *stalls))
    (step,) = [s for s in steps_of(replace(story, findings=findings)) if "stalled the target" in s]
    assert "41s into the load, the first of 2 stalls" in step


def test_an_interrupted_run_is_told_to_run_again() -> None:
    assert steps_of(interrupted_run())[0].startswith("the run ended early (killed)")


def test_unmeasured_memory_names_the_option_that_would_measure_it() -> None:
    assert any("--pid N" in step for step in steps_of(unmeasured_run()))


def test_a_page_is_asked_for_only_where_none_was_scraped() -> None:
    limit = make_limit("scrape.gap < 15s", "scrape.gap", 0)
    judged = JudgedLimit(limit=limit, value=None, n=0, ok=None, reason="flood was not reached")
    for make, asked in ((unmeasured_run, True), (interrupted_run, False)):
        story = make()
        story = replace(story, verdict=replace(story.verdict, limits=(judged,)))
        assert any("--scrape URL" in step for step in steps_of(story)) is asked


def test_what_a_reason_says_is_no_step() -> None:
    assert not any("no observations" in step for step in steps_of(unmeasured_run()))


def test_workers_and_replicas_at_one_address_are_told_apart_in_what_to_do() -> None:
    story = unmeasured_run()
    turns = TimelineEntry(t_s=1, wall_ns=1, who="target", kind="several_processes", what="turns")
    story = replace(story, findings=replace(story.findings, timeline=(turns,)))
    steps = [step for step in steps_of(story) if step.startswith("memory")]
    assert steps
    for step in steps:
        assert "workers, name it with --pid N; if they are replicas, give each an [[inst" in step


def test_a_late_generator_is_told_first() -> None:
    story = failing_run()
    late = make_generator(verdict="late", problems=("12% of windows late",))
    story = replace(story, findings=replace(story.findings, generator=late))
    first = steps_of(story)[0]
    assert first.startswith("run the generator on a machine other than the target's, with more ")
    assert "send lag" not in first


@pytest.mark.parametrize(
    ("outcomes", "statuses", "expected"),
    [
        ({"rejected": 9}, {"401": 9}, "--header 'Authorization=env:NAME'"),
        ({"rejected": 9}, {"404": 9}, "report.path"),
        ({"rejected": 9}, {"500": 9, "202": 100}, "status 500"),
        ({"timeout": 9, "rejected": 1}, {"503": 1}, "not answered by their deadline"),
        ({"connect_error": 9}, {}, "backlog"),
        ({"connection_lost": 9}, {}, "keep-alive timeout"),
        ({"unsent": 9}, {}, "1% of the answers took 21s or longer, and a client reports every 5s"),
    ],
)
def test_the_commonest_failure_decides_the_advice(
    outcomes: dict[str, int], statuses: dict[str, int], expected: str
) -> None:
    story = broken(failing_run(), "errors < 0.1%", "errors")
    counted = {"acked": 100} | outcomes
    story = with_flood(story, outcomes=counted, statuses=statuses, service=SLOW)
    assert expected in steps_of(story)[0]


@pytest.mark.parametrize(
    ("expr", "metric", "expected"),
    [
        ("offered >= 99%", "offered", "they had no connection or no answers to their"),
        ("response.p99 < 1ms", "response.p99", "reports waited to be sent"),
        ("scrape.gap < 15s", "scrape.gap", "no answer within 5s"),
        ("memory.leak == none", "memory.leak", "heap snapshots"),
        ("memory.max < 1MiB", "memory.max", "compare the memory chart with sessions and phases"),
        ("loss == none", "loss", "accepted and then lost"),
        ("restarts == 0", "restarts", "log before the restart"),
        ("recovery.time < 1s", "recovery.time", "the latency chart shows when it rose"),
    ],
)
def test_each_broken_limit_has_a_remedy(expr: str, metric: str, expected: str) -> None:
    step = steps_of(broken(failing_run(), expr, metric))[0]
    assert step.startswith(f"{expr} broke: ")
    assert expected in step


def test_reports_left_unsent_behind_slow_answers_are_told_how_slow_those_are() -> None:
    story = broken(failing_run(), "offered >= 99%", "offered")
    step = steps_of(with_flood(story, outcomes={"acked": 9, "unsent": 9}, service=SLOW))[0]
    assert "1% of the answers took 21s or longer, and a client reports every 5s" in step


@pytest.mark.parametrize(
    "changes", [{"absent_ns": 13 * SECOND}, {"verdict": "late", "problems": ("it was late",)}]
)
def test_slow_answers_are_not_the_targets_where_the_generator_was_not_there_to_read_them(
    changes: dict[str, Any],
) -> None:
    for metric in ("offered", "response.p99"):
        story = broken(failing_run(), f"{metric} < 1", metric)
        story = with_flood(story, outcomes={"acked": 9, "unsent": 9}, scheduled=18, service=SLOW)
        findings = replace(story.findings, generator=make_generator(**changes))
        steps = steps_of(replace(story, findings=findings))
        assert not any("answers took" in step or "waited to be sent" in step for step in steps)


def test_a_service_limit_is_broken_neither_by_errors_nor_by_a_queue_before_the_send() -> None:
    story = broken(failing_run(), "service.p99 < 1ms", "service.p99")
    steps = steps_of(with_flood(story, outcomes={"acked": 50, "timeout": 50}, scheduled=100))
    (step,) = [step for step in steps if step.startswith("service.p99")]
    assert "errors broke" not in step
    assert "waited to be sent" not in step
    assert "latency chart" in step


def test_errors_break_no_limit_that_lies_beyond_their_timeout() -> None:
    def broke(threshold_ns: int) -> str:
        limit = make_limit("response.p99 < x", "response.p99", threshold_ns)
        judged = JudgedLimit(limit=limit, value=1, n=100, ok=False, reason="")
        story = failing_run()
        story = with_flood(story, outcomes={"acked": 50, "timeout": 50}, scheduled=100)
        verdict = replace(story.verdict, limits=(judged,))
        return next(s for s in steps_of(replace(story, verdict=verdict)) if "broke: " in s)

    assert "errors broke this limit" in broke(SECOND)
    assert "errors broke this limit" not in broke(60 * SECOND)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((4.0, 9.0, 0.0), "response p99 recovered last, so look for queues"),
        ((4.0, 2.0, 0.0), "errors recovered last, so look for what still refused"),
        ((0.0, 2.0, 5.0), "scrapes recovered last, so look"),
        ((None, 2.0, 5.0), "not recovered after 60s: errors; the charts show"),
    ],
)
def test_what_was_back_last_decides_where_to_look_for_a_slow_recovery(
    parts: tuple[float | None, float, float], expected: str
) -> None:
    known = [part for part in parts if part is not None]
    finding = RecoveryFinding(
        judged=True,
        seconds=max(known) if len(known) == len(parts) else None,
        errors_s=parts[0],
        response_s=parts[1],
        scrapes_s=parts[2],
        reason="not recovered after 60s: errors; recovered means errors at most 1%",
    )
    story = broken(failing_run(), "recovery.time < 1s", "recovery.time")
    story = replace(story, findings=replace(story.findings, recovery=finding))
    (step,) = [step for step in steps_of(story) if step.startswith("recovery")]
    assert expected in step
    assert "recovered slowly" not in step


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("no answer within 5s", "make the page cheaper"),
        ("connection refused", "check that the target was running"),
        ("content type text/html", "--scrape URL"),
        ('line 3: expected a value, got "x"', "--scrape URL"),
        ("status 401", "Authorization=env:NAME"),
    ],
)
def test_why_scrapes_failed_decides_the_advice(reason: str, expected: str) -> None:
    story = broken(failing_run(), "scrape.gap < 15s", "scrape.gap")
    flood = next(phase for phase in story.findings.phases if phase.name == "flood")
    story = with_flood(story, scrapes=replace(flood.scrapes, reasons={reason: 9, "other": 1}))
    assert expected in steps_of(story)[0]


def test_reports_that_found_no_connection_are_no_sign_of_a_slow_target() -> None:
    story = broken(failing_run(), "offered >= 99%", "offered")
    outcomes = {"acked": 100, "connect_error": 20, "unsent": 3}
    assert "still listens" in steps_of(with_flood(story, outcomes=outcomes))[0]


@pytest.mark.parametrize(
    ("retried", "expected"), [({"timeout": 9, "status 503": 1}, "timeout"), ({}, "keep-alive")]
)
def test_amplification_is_traced_to_what_was_tried_again(
    retried: dict[str, int], expected: str
) -> None:
    story = broken(failing_run(), "amplification < 1.2", "amplification", unit="times")
    step = steps_of(with_flood(story, retried=retried))[0]
    assert step.startswith("amplification < 1.2 broke: ")
    assert expected in step


@pytest.mark.parametrize("expr", ["errors < 0.1%", "offered >= 99%"])
@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ({}, "one of 10 shared connections"),
        ({"connect_error": 1}, "shared connections were down: check that the target still listens"),
    ],
)
def test_reports_that_waited_for_a_pool_are_told_to_share_more_unless_it_was_down(
    refused: dict[str, int], expected: str, expr: str
) -> None:
    story = broken(failing_run(), expr, expr.partition(" ")[0])
    story = with_flood(story, outcomes={"acked": 9, "unsent": 9} | refused, statuses={})
    report = replace(story.plan.report, connection="pooled", pool=10)
    story = replace(story, plan=replace(story.plan, report=report))
    assert expected in steps_of(story)[0]


def test_reports_of_clients_that_a_storm_kept_away_are_no_sign_of_queues() -> None:
    story = broken(failing_run(), "response.p99 < 1ms", "response.p99")
    storm = Storm(at_ns=SECOND, drop=0.5, back_within_ns=5 * SECOND)
    story = replace(story, plan=replace(story.plan, storms=(storm,)))
    assert "kept away for up to 5s" in steps_of(story)[0]


def test_a_leak_is_told_with_its_slope() -> None:
    story = broken(failing_run(), "memory.leak == none", "memory.leak", unit="word")
    leak = make_memory(verdict="leak", slope_mid=80 * 1024 * 1024.0)
    story = replace(story, findings=replace(story.findings, memory=leak))
    assert "grows 80.0 MiB/h" in steps_of(story)[0]


def test_a_limit_that_the_user_named_is_not_offered_again() -> None:
    story = failing_run()
    limits = judge_all(story.plan)
    verdict = replace(story.verdict, verdict="PASS", limits=limits)
    steps = steps_of(replace(story, verdict=verdict))
    assert not any("response.p99 <" in step for step in steps)


@given(st.floats(1e-6, 1e12))
def test_round_figures_are_never_below_and_never_far_above(value: float) -> None:
    assert value <= round_up(value) * (1 + 1e-9)
    assert round_up(value) <= value * 1.5 * (1 + 1e-9)


def test_limits_with_one_remedy_are_told_in_one_step() -> None:
    story = broken(failing_run(), "scrape.gap < 3s", "scrape.gap")
    other = replace(
        story.verdict.limits[0], limit=make_limit("scrape.success > 99%", "scrape.success", 0)
    )
    limits = (*story.verdict.limits, other)
    steps = steps_of(replace(story, verdict=replace(story.verdict, limits=limits)))
    told = [step for step in steps if "scrape.gap < 3s" in step]
    assert len(told) == 1
    assert told[0].startswith("scrape.gap < 3s and scrape.success > 99% broke: ")


def test_less_load_is_no_remedy_for_a_leak() -> None:
    story = broken(failing_run(), "memory.leak == none", "memory.leak")
    assert not any("find a load that passes" in step for step in steps_of(story))
    assert any("find a load that passes" in step for step in steps_of(failing_run()))


def test_a_spike_is_looked_into_before_it_becomes_a_limit() -> None:
    story = good_run()
    spike = Cause(kind="spike", explains="memory", what="memory rose to 306.7 MiB")
    spiky = replace(story, findings=replace(story.findings, causes=(spike,)))
    steps = steps_of(spiky)
    assert "memory rose to 306.7 MiB: find out what the target did then" in " ".join(steps)
    assert not any("--limit 'memory.max" in step for step in steps)
