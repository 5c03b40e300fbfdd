"""What counters, gauges and snapshots prove of accepted reports, and what they do not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_plan

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import Totals
from qosflood.analysis.loss.loss import LossEvidence, loss_finding, loss_warnings
from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSession, SentSessions
from qosflood.journal.records import Event
from qosflood.plan.plan import Part
from qosflood.plan.watching import Audit

T0, OVER, SETTLED = 2 * SECOND, 30 * SECOND, 35 * SECOND
CLOCK = RunClock(wall_ns=0, t0=T0, stop_ns=40 * SECOND, completed=True)
FINISHED = Event(t=OVER, who="operator", kind="load_finished", what="the load is over")
COUNTER = make_plan(audit=Audit(counter="reports_total"))
GAUGE = make_plan(audit=Audit(gauge="sessions"))
READBACK = make_plan(audit=Audit(readback="/sessions"))


def totals(acked=100, *, resent=0, retried=None, **outcomes):
    return Totals(
        scheduled=acked + sum(outcomes.values()),
        sent=acked + sum(outcomes.values()),
        outcomes={"acked": acked} | outcomes,
        statuses={},
        errors={},
        resent=resent,
        in_flight=0,
        balanced=True,
        retried=retried or {},
    )


def counted(t, value, instance="target", reason=None, *, took=SECOND // 10):
    return AuditSample(t=t, done_t=t + took, instance=instance, value=value, reason=reason)


def span(before, after, instance="target"):
    return (counted(SECOND, before, instance), counted(SETTLED, after, instance))


def sent(*sessions, t=OVER, shard=0):
    made = (
        SentSession(session=name, acked_ms=acked, sent_ms=last) for name, acked, last in sessions
    )
    return SentSessions(t=t, shard=shard, sessions=tuple(made))


def read(held, t=SETTLED, reason=None, instance="target"):
    return ReadBack(
        t=t,
        done_t=t + 1,
        instance=instance,
        reason=reason,
        status=200,
        bytes=10,
        samples=len(held),
        held=held,
    )


def found(plan, account=None, clock=CLOCK, **evidence):
    evidence = {"events": (FINISHED,), "sessions": 10, "restarts": 0} | evidence
    return loss_finding(plan, clock, account or totals(), LossEvidence(**evidence))


@given(
    before=st.integers(0, 10**9),
    acked=st.integers(1, 10**6),
    timeout=st.integers(0, 50),
    resent=st.integers(0, 50),
    retried=st.integers(0, 50),
    rejected=st.integers(0, 50),
    taken=st.floats(0, 1),
    lost=st.integers(0, 100),
    own=st.booleans(),
)
def test_a_counter_accuses_nobody_and_hides_at_most_the_uncertain(
    before, acked, timeout, resent, retried, rejected, taken, lost, own
):
    uncertain = timeout + resent + retried
    account = totals(
        acked,
        timeout=timeout,
        rejected=rejected,
        resent=resent,
        retried={"timeout": retried, "503": 9},
    )
    lost = min(lost, acked)
    arrived = round(taken * uncertain)
    seen = acked - lost + arrived + own
    result = found(COUNTER, account, samples=span(before, before + seen))
    assert (result.method, result.uncertain, result.seen) == ("counter", uncertain, seen)
    assert result.foreign is None
    assert (result.verdict == "lost") == (lost > arrived + own)
    if result.verdict == "lost":
        assert result.missing == lost - arrived - own
    else:
        assert (result.verdict, result.missing) == ("ok", 0)


@given(acked=st.integers(1, 1000), uncertain=st.integers(0, 9), foreign=st.integers(2, 1000))
def test_more_than_can_be_ours_is_foreign_and_proves_nothing(acked, uncertain, foreign):
    result = found(
        COUNTER, totals(acked, timeout=uncertain), samples=span(5, 5 + acked + uncertain + foreign)
    )
    assert (result.verdict, result.foreign) == ("inconclusive", foreign)
    (warning,) = loss_warnings(make_plan(), result, ())
    assert warning.startswith("audit: the target counted")


def test_instances_are_added_up():
    evidence = (*span(0, 60, "a"), *span(1000, 1040, "b"))
    assert found(COUNTER, samples=evidence).verdict == "ok"
    result = found(COUNTER, samples=evidence[:-1])
    assert (result.verdict, result.reason) == (
        "unmeasured",
        "reports_total: b: was not read after the load",
    )


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ((), "was never read"),
        ((counted(SETTLED, 100),), "was not read before the load"),
        ((counted(SECOND, 0),), "was not read after the load"),
        ((counted(T0 - 5, 0), counted(SETTLED, 100)), "was not read before the load"),
        ((counted(SECOND, 0), counted(OVER - 1, 100)), "was not read after the load"),
        (
            (counted(SECOND, None, reason="status 500"), counted(SETTLED, 100)),
            "was not read before the load: status 500",
        ),
        (
            (counted(SECOND, 900), counted(SETTLED, 100)),
            "fell from 900: a restart, or several processes",
        ),
        (
            (counted(SECOND, 1), counted(9 * SECOND, 60), counted(10 * SECOND, 2), *span(1, 95)),
            "fell from 60: a restart, or several processes",
        ),
    ],
)
def test_a_counter_is_judged_between_the_load_alone(evidence, why):
    result = found(COUNTER, samples=evidence)
    assert (result.verdict, result.reason) == ("unmeasured", f"reports_total: {why}")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"restarts": 1}, "the target restarted, so what it held before cannot be read"),
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


@pytest.mark.parametrize(
    ("before", "after", "account", "verdict"),
    [
        (0, 120, totals(), "ok"),
        (1, 120, totals(), "ok"),
        (500, 620, totals(), "ok"),
        (0, 119 - 20, totals(100, timeout=20), "ok"),
        (0, 9, totals(), "lost"),
        (0, 9, totals(100, timeout=1), "inconclusive"),
        (0, 50, totals(), "inconclusive"),
        (0, 121, totals(), "inconclusive"),
        (500, 9, totals(), "lost"),
    ],
)
def test_a_gauge_is_judged_by_the_sessions_that_began_and_those_that_live(
    before, after, account, verdict
):
    result = found(GAUGE, account, samples=span(before, after), sessions=120)
    assert (result.method, result.verdict) == ("gauge", verdict), result.reason
    if verdict == "lost":
        assert result.missing == 10 - after


@pytest.mark.parametrize(
    ("at_end", "settled", "verdict"),
    [
        (120, 0, "ok"),
        (120, 60, "ok"),
        (5, 2, "inconclusive"),
        (0, 0, "inconclusive"),
        (5, 5, "lost"),
    ],
)
def test_a_gauge_that_falls_in_settle_is_that_of_a_target_that_forgets(at_end, settled, verdict):
    samples = (*span(0, settled), counted(OVER + 1, at_end))
    samples = tuple(sorted(samples, key=lambda one: one.t))
    result = found(GAUGE, samples=samples, sessions=120)
    assert result.verdict == verdict, result.reason
    if at_end > settled:
        assert f"is {at_end}, {settled} after settle" in result.reason


TIMES = st.lists(
    st.tuples(st.integers(1, 50), st.sampled_from(["acked", "timeout", "rejected"])),
    min_size=1,
    max_size=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), TIMES, min_size=1), st.data())
def test_whatever_the_target_took_of_the_uncertain_it_is_not_accused(sessions, data):
    """Each session's reports in order; the target keeps the last it took, and takes every one that
    it accepts, and of the others whichever it likes."""
    told, held = [], {}
    for name, gaps in sessions.items():
        ms = 1_000
        acked = None
        for gap, outcome in gaps:
            ms += gap
            if outcome == "acked":
                acked = ms
            if outcome == "acked" or data.draw(st.booleans()):
                held[name] = ms
        told.append((name, acked, ms))
    result = found(READBACK, sent=(sent(*told),), read_back=(read(held),))
    judged = sum(acked is not None for _, acked, _ in told)
    assert result.verdict == ("ok" if judged else "unmeasured"), result.reason
    assert result.checked == judged


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(1, 50), min_size=1),
    st.data(),
)
def test_a_session_that_holds_an_earlier_report_or_none_is_named(sessions, data):
    """But for those that are not there while none that was silent for longer is."""
    told = [(name, 1_000 * gap, 1_000 * gap) for name, gap in sessions.items()]
    old = data.draw(st.sets(st.sampled_from(sorted(sessions))))
    gone = data.draw(st.sets(st.sampled_from(sorted(sessions))))
    held = {name: ms - (name in old) for name, ms, _ in told if name not in gone}
    result = found(READBACK, sent=(sent(*told),), read_back=(read(held),))
    forgotten = all(1_000 * sessions[name] <= ms + 250 for name in gone for ms in held.values())
    lost = old - gone if forgotten else old | gone
    assert result.verdict == ("lost" if lost else "inconclusive" if gone else "ok")
    assert (result.missing or 0) == len(lost)
    assert {one.partition(":")[0] for one in result.examples} <= lost
    assert len(result.examples) == min(len(lost), 10)


def test_a_target_that_forgets_the_silent_is_not_accused():
    told = sent(*((f"s{n}", n * 1_000, n * 1_000) for n in range(10)))
    some = found(
        READBACK, sent=(told,), read_back=(read({f"s{n}": n * 1_000 for n in range(4, 10)}),)
    )
    assert (some.verdict, some.missing) == ("inconclusive", None)
    assert some.reason == (
        "4 of 10 sampled sessions are missing, each silent for longer than all that were "
        "found: the target seems to expire silent sessions; the target was read 5s after the load: "
        "set phases.settle shorter than the target keeps a silent session, or audit a counter"
    )
    none = found(READBACK, sent=(told,), read_back=(read({"other": 5}),))
    assert none.verdict == "inconclusive"
    assert none.reason.startswith("none of the 10 sampled sessions was found: they expired")
    holed = found(READBACK, sent=(told,), read_back=(read({f"s{n}": n * 1_000 for n in range(9)}),))
    assert (holed.verdict, holed.missing) == ("lost", 1)
    stale = {f"s{n}": n * 1_000 - (n == 9) for n in range(4, 10)}
    both = found(READBACK, sent=(told,), read_back=(read(stale),))
    assert (both.verdict, both.missing) == ("lost", 1)
    assert both.reason.endswith("; 4 more are missing: expired or lost")


def test_the_words_say_what_was_seen_and_what_was_not():
    told = sent(("a", 1_000, 1_000), ("b", 2_000, 2_500), ("c", None, 900))
    result = found(READBACK, sent=(told,), read_back=(read({"a": 1_000, "b": 2_500}),))
    assert result.reason == (
        "2 of 2 sampled sessions hold their last accepted report; earlier ones are not read back"
    )
    result = found(READBACK, sent=(told,), read_back=(read({"b": 700}),))
    assert result.reason == (
        "2 of 2 sampled sessions do not hold their last accepted report (1 of them are missing)"
    )
    assert result.examples == (
        "b: accepted 1970-01-01T00:00:02Z, holds 1970-01-01T00:00:00.700Z",
        "a: accepted 1970-01-01T00:00:01Z, missing",
    )


def test_a_session_may_be_held_by_any_instance():
    told = sent(("a", 5, 5), ("b", 6, 6))
    both = (read({"a": 5, "b": 2}, instance="one"), read({"b": 6}, instance="two"))
    assert found(READBACK, sent=(told,), read_back=both).verdict == "ok"
    failed = (both[0], read({}, instance="two", reason="status 500"))
    result = found(READBACK, sent=(told,), read_back=failed)
    assert (result.verdict, result.reason) == (
        "unmeasured",
        "sessions of two were not read back: status 500",
    )


def test_a_shard_that_still_sent_while_sessions_were_read_is_not_judged():
    shards = (sent(("a", 5, 5)), sent(("b", 9, 9), t=SETTLED + 1, shard=1))
    result = found(READBACK, sent=shards, read_back=(read({"a": 5, "b": 1}),))
    assert (result.verdict, result.checked) == ("ok", 1)


@pytest.mark.parametrize(
    ("held", "why"), [(9, "its own times"), (None, "a time that cannot be parsed")]
)
def test_times_that_are_not_ours_prove_nothing(held, why):
    result = found(READBACK, sent=(sent(("a", 5, 5)),), read_back=(read({"a": held}),))
    assert result.verdict == "inconclusive"
    assert why in result.reason


def test_sessions_that_were_not_read_are_unmeasured():
    result = found(READBACK, sent=(sent(("a", 5, 5)),))
    assert (result.method, result.verdict) == ("readback", "unmeasured")
    assert result.reason == "sessions were not read back"


def test_the_gravest_finding_speaks_and_the_other_is_said_beside_it():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions"))
    told = (sent(("a", 5, 5)),)
    both = found(plan, samples=span(0, 100), sent=told, read_back=(read({"a": 5}),))
    assert (both.method, both.verdict) == ("counter", "ok")
    assert "sampled sessions hold" in both.reason
    hidden = found(
        plan, totals(100, timeout=5), samples=span(0, 105), sent=told, read_back=(read({"a": 4}),)
    )
    assert (hidden.method, hidden.verdict) == ("readback", "lost")
    assert "5 unanswered reports could hide as many lost ones" in hidden.reason
    missed = found(plan, samples=span(0, 90), sent=told, read_back=(read({"a": 5}),))
    assert (missed.method, missed.verdict, missed.missing) == ("counter", "lost", 10)


def test_without_an_audit_nothing_is_judged():
    result = found(make_plan(audit=Audit(why="audit.readback is off")))
    assert (result.method, result.verdict) == ("none", "unmeasured")
    assert result.reason == (
        "no counter, gauge or read-back shows what the target kept: audit.readback is off"
    )


def test_a_counter_that_never_appeared_is_a_plain_warning_of_its_own():
    never = tuple(
        counted(t, None, reason="the page has no reports_total") for t in (SECOND, SETTLED)
    )
    result = found(COUNTER, samples=never)
    assert (result.verdict, result.missing) == ("unmeasured", None)
    (warning,) = loss_warnings(COUNTER, result, never)
    assert warning.startswith("audit: reports_total was never read")
    assert "the page has no reports_total; check audit.counter" in warning
    assert loss_warnings(COUNTER, found(COUNTER, samples=span(0, 100)), span(0, 100)) == ()


def test_a_snapshot_does_not_stand_in_for_a_counter_that_was_asked_for_and_never_appeared():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions"))
    never = tuple(
        counted(t, None, reason="the page has no reports_total") for t in (SECOND, SETTLED)
    )
    told = {"samples": never, "sent": (sent(("a", 5, 5)),)}
    kept = found(plan, **told, read_back=(read({"a": 5}),))
    assert (kept.method, kept.verdict) == ("counter", "unmeasured")
    assert "the page has no reports_total; 1 of 1 sampled sessions hold" in kept.reason
    assert found(plan, **told, read_back=(read({"a": 4}),)).verdict == "lost"
