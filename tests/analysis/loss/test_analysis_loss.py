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
from qosflood.plan.watching import Audit, Instance

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


def counted(t, value, instance="target", reason=None, *, took=SECOND // 10, page=None):
    page = t if page is None else page
    return AuditSample(
        t=t, done_t=t + took, instance=instance, value=value, reason=reason, page=page
    )


def span(before, after, instance="target"):
    """Read before the load, and twice after it from a page that goes on."""
    return (
        counted(SECOND, before, instance),
        counted(SETTLED, after, instance),
        counted(SETTLED + SECOND, after, instance),
    )


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


def twice(held):
    """Read back twice, with the same sessions."""
    return (read(held), read(held, t=SETTLED + 1))


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
    hidden = max(acked + uncertain - seen, 0)
    if result.verdict == "lost":
        assert result.missing == lost - arrived - own
    elif hidden > acked / 1000:
        assert result.verdict == "inconclusive"
        assert "could hide as many lost ones" in result.reason
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
    result = found(COUNTER, samples=evidence[:-2])
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
    result = found(READBACK, sent=(sent(*told),), read_back=twice(held))
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
    result = found(READBACK, sent=(sent(*told),), read_back=twice(held))
    forgotten = all(1_000 * sessions[name] <= ms + 250 for name in gone for ms in held.values())
    lost = old - gone if forgotten else old | gone
    assert result.verdict == ("lost" if lost else "inconclusive" if gone else "ok")
    assert (result.missing or 0) == len(lost)
    assert {one.partition(":")[0] for one in result.examples} <= lost
    assert len(result.examples) == min(len(lost), 10)


def test_a_target_that_forgets_the_silent_is_not_accused():
    told = sent(*((f"s{n}", n * 1_000, n * 1_000) for n in range(10)))
    some = found(
        READBACK, sent=(told,), read_back=twice({f"s{n}": n * 1_000 for n in range(4, 10)})
    )
    assert (some.verdict, some.missing) == ("inconclusive", None)
    assert some.reason == (
        "4 of 10 sampled sessions are missing, each silent for longer than all that were "
        "found: the target seems to expire silent sessions; the target was read 5s after the load: "
        "set phases.settle shorter than the target keeps a silent session, or audit a counter"
    )
    none = found(READBACK, sent=(told,), read_back=twice({"other": 5}))
    assert none.verdict == "inconclusive"
    assert none.reason.startswith("none of the 10 sampled sessions was found: they expired")
    holed = found(READBACK, sent=(told,), read_back=twice({f"s{n}": n * 1_000 for n in range(9)}))
    assert (holed.verdict, holed.missing) == ("lost", 1)
    stale = {f"s{n}": n * 1_000 - (n == 9) for n in range(4, 10)}
    both = found(READBACK, sent=(told,), read_back=twice(stale))
    assert (both.verdict, both.missing) == ("lost", 1)
    assert both.reason.endswith("; 4 more are missing: expired or lost")


def test_the_words_say_what_was_seen_and_what_was_not():
    told = sent(("a", 1_000, 1_000), ("b", 2_000, 2_500), ("c", None, 900))
    result = found(READBACK, sent=(told,), read_back=twice({"a": 1_000, "b": 2_500}))
    assert result.reason == (
        "the last report of 2 of 2 sampled sessions is there; earlier ones were not checked"
    )
    result = found(READBACK, sent=(told,), read_back=twice({"b": 700}))
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
    result = found(READBACK, sent=shards, read_back=twice({"a": 5, "b": 1}))
    assert (result.verdict, result.checked) == ("ok", 1)


@pytest.mark.parametrize(
    ("held", "why"), [(9, "its own times"), (None, "a time that cannot be parsed")]
)
def test_times_that_are_not_ours_prove_nothing(held, why):
    result = found(READBACK, sent=(sent(("a", 5, 5)),), read_back=twice({"a": held}))
    assert result.verdict == "inconclusive"
    assert why in result.reason


def test_sessions_that_were_not_read_are_unmeasured():
    result = found(READBACK, sent=(sent(("a", 5, 5)),))
    assert (result.method, result.verdict) == ("readback", "unmeasured")
    assert result.reason == "sessions were not read back"


def test_what_is_lost_or_doubtful_speaks_and_the_others_are_said_beside_it():
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions"))
    told = (sent(("a", 5, 5)),)
    both = found(plan, samples=span(0, 100), sent=told, read_back=twice({"a": 5}))
    assert (both.method, both.verdict) == ("counter", "ok")
    assert "the last report of 1 of 1 sampled sessions is there" in both.reason
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
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions"))
    result = found(plan, samples=samples, sent=(sent(("a", 5, 5)),), read_back=twice(held))
    assert result.verdict == verdict, result.reason


def readings(*values, t0=T0, every=SECOND):
    """A counter's readings from before the load on."""
    return tuple(
        counted(t0 - SECOND + index * every, value, took=1, page=0)
        for index, value in enumerate(values)
    )


def after(*values, first=SETTLED, every=SECOND, page=None):
    return tuple(
        counted(first + index * every, value, page=page) for index, value in enumerate(values)
    )


RISING = readings(0, *range(0, 81, 3))
"""Read every second from 1s to 29s: 80 at most."""


@pytest.mark.parametrize(
    ("samples", "verdict", "why"),
    [
        ((*RISING, *after(90, 90)), "lost", ""),
        ((*RISING, *after(90)), "inconclusive", "read only once"),
        ((*RISING, *after(80, 90)), "inconclusive", "it may still be behind"),
        ((*RISING, *after(80, 100, 100)), "ok", ""),
        ((*RISING, *after(90, 100)), "ok", ""),
    ],
)
def test_a_counter_accuses_only_once_it_stands_still(samples, verdict, why):
    result = found(COUNTER, samples=samples)
    assert result.verdict == verdict, result.reason
    assert why in result.reason


@given(every=st.integers(2, 14), lost=st.integers(1, 50), offset=st.integers(0, 13))
def test_a_page_rendered_every_so_often_accuses_nobody_before_it_must_have_been_rendered(
    every, lost, offset
):
    """100 reports from 2s to 30s, a page scraped every second and rendered every `every`."""

    def shown(t, kept):
        rendered = (t + offset) // every * every - offset
        return round(max(min((rendered - 2) / 28, 1), 0) * kept)

    def read_until(last_s, kept):
        return tuple(
            counted(t * SECOND, shown(t, kept), took=1, page=shown(t, kept))
            for t in (1, *range(3, 30), *range(35, last_s))
        )

    for last_s in range(37, 60):
        kept = found(COUNTER, samples=read_until(last_s, 100))
        assert kept.verdict in ("ok", "inconclusive"), kept.reason
    guilty = found(COUNTER, samples=read_until(60, 100 - lost))
    assert guilty.verdict == "lost", guilty.reason


def test_a_page_frozen_in_the_load_proves_nothing_unless_other_series_go_on():
    frozen = readings(0, *range(0, 40, 4), *(40 for _ in range(18)))
    still = found(COUNTER, samples=(*frozen, *after(40, 40, page=7)))
    assert still.verdict == "inconclusive"
    assert "but the page stands still: it shows 40 since +10s" in still.reason
    goes_on = (*frozen, *after(40, 40))
    assert found(COUNTER, samples=goes_on).verdict == "lost"
    plan = make_plan(audit=Audit(counter="reports_total", readback="/sessions"))
    told = {"samples": goes_on, "sent": (sent(("a", 5, 5)),)}
    contradicted = found(plan, **told, read_back=twice({"a": 5}))
    assert contradicted.verdict == "inconclusive"
    assert "but reports_total stands still" in contradicted.reason
    assert found(plan, **told, read_back=twice({"a": 4})).verdict == "lost"


def test_a_counter_whose_readings_go_back_is_that_of_several_processes():
    result = found(COUNTER, samples=(*RISING, *after(49, 51, 49, 51)))
    assert (result.verdict, result.missing) == ("unmeasured", None)
    assert "several processes" in result.reason


@pytest.mark.parametrize(
    ("plan", "evidence"),
    [
        (COUNTER, {"samples": (*RISING, *after(90, 90))}),
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


def test_of_readings_made_at_one_time_none_is_the_later():
    at_once = tuple(counted(SETTLED + n, value) for n, value in enumerate((98, 96, 99, 97)))
    caught_up = (*RISING, *at_once, *after(100, 100, first=40 * SECOND))
    assert found(COUNTER, samples=caught_up).verdict == "ok"
    later = after(97, 99, first=SETTLED + SECOND // 2)
    assert found(COUNTER, samples=(*RISING, *at_once, *later)).verdict == "unmeasured"


def test_a_gauge_of_a_page_that_stands_still_accuses_nobody():
    old = (counted(SECOND, 0), *after(4, 4, page=7))
    result = found(GAUGE, samples=old, sessions=120)
    assert result.verdict == "inconclusive"
    assert "but the page stands still" in result.reason
    assert found(GAUGE, samples=(counted(SECOND, 0), *after(4, 4)), sessions=120).verdict == "lost"
    workers = found(GAUGE, samples=(counted(SECOND, 0), *after(5, 4, 5, 4, 5)), sessions=120)
    assert workers.verdict == "inconclusive"
    assert "but its readings after the load differ" in workers.reason


def test_snapshots_that_disagree_accuse_nobody():
    """As two workers behind one port, each with half of the sessions."""
    told = {"sent": (sent(("a", 5, 5), ("b", 6, 6), ("c", 7, 7)),)}
    half = read({"a": 5, "c": 6})
    for other in (read({"b": 6}), read({"a": 5, "c": 6, "b": 2}), read({"a": 4, "c": 6})):
        result = found(READBACK, **told, read_back=(half, other))
        assert result.verdict == "inconclusive", result.reason
        assert "2 snapshots disagree: several processes answer there" in result.reason
    whole = found(READBACK, **told, read_back=(read({"a": 5, "c": 7}), read({"b": 6, "c": 7})))
    assert whole.verdict == "ok"
    once = found(READBACK, **told, read_back=(half, read({}, reason="status 500")))
    assert once.verdict == "inconclusive"
    assert "the snapshot was read only once" in once.reason


def test_instances_without_a_snapshot_may_hold_what_the_others_do_not():
    instances = (
        Instance(name="one", scrape_url="http://h:1/m", readback="/held"),
        Instance(name="two", scrape_url="http://h:2/m"),
    )
    told = {"sent": (sent(("a", 5, 5), ("b", 6, 6)),)}
    held = tuple(read({"a": 4, "b": 6}, instance="one") for _ in range(2))
    result = found(make_plan(instances=instances), **told, read_back=held)
    assert result.verdict == "inconclusive"
    assert "1 of 2 instances name no readback and may hold them" in result.reason


def ended(*numbers, acked=20_000):
    """Sessions of clients that left with the flood; ten live on."""
    return [(f"qosflood-test-{number}-0", acked + number, acked + number) for number in numbers]


def test_a_session_that_ended_with_the_flood_may_be_forgotten_but_not_be_old():
    living = [(f"qosflood-test-{number}-0", 29_000, 29_000) for number in range(10)]
    told = {"sent": (sent(*living, *ended(50, 60, 70)),)}
    held = {name: ms for name, ms, _ in living}
    forgotten = found(READBACK, **told, read_back=twice(held))
    assert (forgotten.verdict, forgotten.checked) == ("ok", 10)
    some = found(READBACK, **told, read_back=twice(held | {"qosflood-test-50-0": 20_050}))
    assert (some.verdict, some.checked) == ("ok", 11)
    old = found(READBACK, **told, read_back=twice(held | {"qosflood-test-60-0": 19_000}))
    assert (old.verdict, old.missing, old.checked) == ("lost", 1, 11)


RESTARTED = Event(t=25 * SECOND, who="target", kind="restarted", what="it restarted")
AFTER_A_RESTART = {"restarts": 1, "events": (RESTARTED, FINISHED)}


def test_sessions_that_a_restart_took_are_lost():
    living = [(f"qosflood-test-{number}-0", 29_000, 29_000) for number in range(10)]
    told = {"sent": (sent(*living, *ended(50, 60)),)} | AFTER_A_RESTART
    held = {name: ms for name, ms, _ in living}
    result = found(READBACK, **told, read_back=twice(held))
    assert (result.verdict, result.missing, result.checked) == ("lost", 2, 12)
    assert result.reason.startswith("the target restarted, and 2 of 12 sampled sessions")
    assert result.examples[0].endswith(", missing")
    nothing = found(READBACK, **told, read_back=twice({}))
    assert nothing.verdict == "inconclusive"  # they reported after it, too
    kept = held | {"qosflood-test-50-0": 20_050, "qosflood-test-60-0": 20_060}
    whole = found(READBACK, **told, read_back=twice(kept))
    assert whole.verdict == "inconclusive"
    assert whole.reason.startswith("the target restarted, and what it held before may be gone; ")
    stale = found(READBACK, **told, read_back=twice(held | {"qosflood-test-50-0": 1_000}))
    assert stale.verdict == "lost"


@pytest.mark.parametrize(
    ("values", "verdict", "missing"),
    [
        ((5_111, 0, 5_000), "lost", 111),
        ((5_111, 0, 5_200), "inconclusive", None),
        ((5_111, 4_000, 5_000), "inconclusive", None),
    ],
)
def test_a_gauge_shows_what_a_restart_took(values, verdict, missing):
    high, low, again = values
    samples = (
        counted(SECOND, 0),
        counted(24 * SECOND, high),
        counted(26 * SECOND, low),
        *after(again, again),
    )
    result = found(GAUGE, samples=samples, **AFTER_A_RESTART | {"sessions": 5_240})
    assert (result.verdict, result.missing) == (verdict, missing), result.reason
    if low == 0:
        assert "the target restarted: sessions fell from 5,111 to 0" in result.reason
    expiring = (*samples[:2], counted(29 * SECOND, low), *samples[3:])
    early = replace(RESTARTED, t=5 * SECOND)
    earlier = found(GAUGE, samples=expiring, restarts=1, events=(early, FINISHED), sessions=5_240)
    assert earlier.verdict == "inconclusive"


@pytest.mark.parametrize("seen", [100, 50])
def test_after_a_restart_a_counter_neither_clears_nor_accuses(seen):
    result = found(COUNTER, samples=span(0, seen), **AFTER_A_RESTART)
    assert (result.verdict, result.missing) == ("inconclusive", None)
    assert result.reason.startswith("the target restarted")


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
    kept = found(plan, **told, read_back=twice({"a": 5}))
    assert (kept.method, kept.verdict) == ("counter", "unmeasured")
    assert "the page has no reports_total; the last report of 1 of 1" in kept.reason
    assert found(plan, **told, read_back=twice({"a": 4})).verdict == "lost"
