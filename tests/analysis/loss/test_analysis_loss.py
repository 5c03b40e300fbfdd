"""Which of counter, gauge and snapshot decides, and when none of them can."""

from dataclasses import replace

import pytest
from loss_maker import (
    CLOCK,
    COUNTER,
    FINISHED,
    GAUGE,
    READBACK,
    RISING,
    SETTLED,
    after,
    counted,
    found,
    read,
    sent,
    span,
    totals,
    twice,
)
from plan_maker import make_plan

from qosflood.base.units import SECOND
from qosflood.journal.records import Event
from qosflood.plan.plan import Part
from qosflood.plan.watching import Audit, Instance


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"clock": replace(CLOCK, completed=False)},
            "the run was stopped before the target had settled",
        ),
        ({"account": totals(0, rejected=5)}, "no report was accepted, so none can be missing"),
        (
            {
                "events": (
                    Event(t=5, who="target", kind="several_processes", what="start times jump"),
                )
            },
            "only one of several processes can be read: start times jump",
        ),
    ],
)
@pytest.mark.parametrize(
    ("plan", "evidence"),
    [
        (COUNTER, {"samples": span(0, 0)}),
        (GAUGE, {"samples": span(0, 0)}),
        (READBACK, {"sent": (sent(("a", 5, 5)),), "read_back": (read({}),)}),
    ],
)
def test_what_would_prove_nothing_is_unmeasured_and_says_why(plan, evidence, change, why):
    result = found(plan, **(evidence | change))
    assert (result.verdict, result.reason) == ("unmeasured", why)


def test_a_part_leaves_the_counter_to_the_merge():
    plan = replace(COUNTER, part=Part(index=1, of=2, start_at_ns=0))
    assert found(plan, samples=span(0, 900)).reason.endswith("merge judges it")
    other = replace(COUNTER, part=Part(index=2, of=2, start_at_ns=0, memory=False))
    assert found(other).reason == "watched by part 1"
    merged = replace(COUNTER, merged=3)
    assert found(merged, samples=span(0, 103)).verdict == "ok"
    assert found(merged, samples=span(0, 104)).foreign == 4


def test_what_is_lost_or_doubtful_speaks_and_the_others_are_said_beside_it():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions", held_off_ms=0))
    told = (sent(("a", 5, 5)),)
    both = found(plan, samples=span(0, 100), sent=told, read_back=twice({"a": 5}))
    assert (both.method, both.verdict) == ("counter", "ok")
    assert "1 of 1 sampled sessions hold their last report" in both.reason
    hidden = found(
        plan, totals(100, timeout=5), samples=span(0, 100), sent=told, read_back=twice({"a": 4})
    )
    assert (hidden.method, hidden.verdict) == ("readback", "lost")
    assert "5 unanswered reports could hide as many lost ones" in hidden.reason
    missed = found(plan, samples=span(0, 90), sent=told, read_back=twice({"a": 5}))
    assert (missed.method, missed.verdict, missed.missing) == ("counter", "lost", 10)


KEPT, GONE = {"a": 5}, {}

OTHERS_STAMP = {"a": 9}


@pytest.mark.parametrize(
    ("samples", "held", "verdict"),
    [
        (span(0, 100), KEPT, "ok"),
        (span(0, 100), GONE, "inconclusive"),
        (span(0, 100), OTHERS_STAMP, "inconclusive"),
        (span(0, 150), KEPT, "inconclusive"),
        (span(0, 150), {"a": 4}, "lost"),
        (span(0, 90), KEPT, "lost"),
        ((), KEPT, "unmeasured"),
        ((), GONE, "inconclusive"),
    ],
)
def test_one_that_sees_nothing_wrong_never_outranks_one_that_doubts(samples, held, verdict):
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions", held_off_ms=0))
    result = found(plan, samples=samples, sent=(sent(("a", 5, 5)),), read_back=twice(held))
    assert result.verdict == verdict, result.reason


@pytest.mark.parametrize(
    ("plan", "evidence"),
    [
        (COUNTER, {"samples": (*RISING, *after(90, 90, 90, 90))}),
        (READBACK, {"sent": (sent(("a", 5, 5), ("b", 6, 6)),), "read_back": twice({"a": 4})}),
    ],
)
def test_what_one_of_several_workers_misses_accuses_nobody(plan, evidence):
    what = "2 processes share port 8080 (pids 7, 8)"
    shared = Event(t=1, who="target", kind="several_workers", what=what)
    assert found(plan, **evidence).verdict == "lost"
    result = found(plan, **evidence, events=(shared, FINISHED))
    assert (result.verdict, result.missing, result.examples) == ("inconclusive", None, ())
    assert f"but {what}, and each may know only its own reports" in result.reason
    whole = found(COUNTER, samples=span(0, 100), events=(shared, FINISHED))
    assert whole.verdict == "ok"


def test_the_address_that_instances_share_is_not_read():
    instances = tuple(Instance(name=f"i{n}", scrape_url=f"http://h:{n}/m") for n in (1, 2))
    result = found(make_plan(instances=instances, audit=Audit(readback="/held")))
    assert (result.method, result.verdict) == ("none", "unmeasured")
    assert result.reason.endswith("several instances share an address, and none names a readback")


def test_without_an_audit_nothing_is_judged():
    result = found(make_plan(audit=Audit(why="audit.readback is off")))
    assert (result.method, result.verdict) == ("none", "unmeasured")
    assert result.reason == (
        "no counter, gauge or read-back shows what the target kept: audit.readback is off"
    )


def test_a_snapshot_does_not_stand_in_for_a_counter_that_was_asked_for_and_never_appeared():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions", held_off_ms=0))
    never = tuple(
        counted(t, None, reason="the page has no reports_total") for t in (SECOND, SETTLED)
    )
    told = {"samples": never, "sent": (sent(("a", 5, 5)),)}
    kept = found(plan, **told, read_back=twice({"a": 5}))
    assert (kept.method, kept.verdict) == ("counter", "unmeasured")
    assert "the page has no reports_total; 1 of 1 sampled" in kept.reason
    assert found(plan, **told, read_back=twice({"a": 4})).verdict == "lost"


def test_a_run_that_was_stopped_before_anything_was_sent_could_have_been_read_back():
    plan = make_plan(audit=Audit(readback="/sessions"))
    stopped = found(plan, clock=replace(CLOCK, completed=False))
    assert stopped.reason == "the run was stopped before the target had settled"


def test_lines_that_were_left_out_leave_open_what_was_accepted():
    result = found(COUNTER, samples=span(0, 160), left_out=True)
    assert (result.verdict, result.foreign) == ("unmeasured", None)
    assert result.reason.startswith("lines of the journal were left out")


def test_a_restart_is_said_once():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions", held_off_ms=0))
    told = {"samples": span(0, 100), "sent": (sent(("a", 5, 5)),), "read_back": twice({"a": 5})}
    result = found(plan, **told, restarts=1)
    assert result.verdict == "inconclusive"
    assert result.reason.count("the target restarted") == 1
    assert "1 of 1 sampled sessions hold their last report" in result.reason
