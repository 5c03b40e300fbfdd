"""What snapshots of sessions prove of accepted reports."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_maker import (
    AFTER_A_RESTART,
    CLOCK,
    READBACK,
    SETTLED,
    ended,
    found,
    read,
    sent,
    totals,
    twice,
)
from plan_maker import make_plan

from qosflood.analysis.loss.loss import LossEvidence, loss_warnings
from qosflood.base.units import SECOND
from qosflood.plan.watching import Audit, Instance

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
        "2 of 2 sampled sessions hold their last report; earlier reports were not checked"
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


def test_a_value_that_no_time_is_is_named_and_warned_of():
    odd = tuple(replace(one, odd="1e+300") for one in twice({"a": None, "b": 6}))
    result = found(READBACK, sent=(sent(("a", 5, 5), ("b", 6, 6)),), read_back=odd)
    assert (result.verdict, result.reason) == (
        "inconclusive",
        "1 sampled session holds a time that cannot be parsed: observedAt is 1e+300, which is "
        "not a time",
    )
    (warning,) = loss_warnings(READBACK, totals(), result, LossEvidence(read_back=odd))
    assert warning == "audit: in the snapshot observedAt is 1e+300, which is not a time"


def test_a_target_that_holds_seconds_is_not_accused_of_holding_older_reports():
    began = replace(CLOCK, wall_ns=1_764_000_000 * SECOND)
    ms = 1_764_000_030_000
    told = {"sent": (sent(("a", ms, ms)),), "clock": began}
    result = found(READBACK, **told, read_back=twice({"a": ms // 1000}))
    assert (result.verdict, result.missing) == ("inconclusive", None)
    assert "not in ms since 1970" in result.reason
    assert found(READBACK, **told, read_back=twice({"a": ms - 40_000})).verdict == "lost"


def test_sessions_that_were_not_read_are_unmeasured():
    result = found(READBACK, sent=(sent(("a", 5, 5)),))
    assert (result.method, result.verdict) == ("readback", "unmeasured")
    assert result.reason == "sessions were not read back"


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


def own_times(off_ms, unsure_ms=20, cadence_ns=SECOND, offset=True):
    audit = Audit(
        readback="/sessions",
        held_off_ms=off_ms if offset else None,
        held_unsure_ms=unsure_ms if offset else 0,
    )
    return make_plan(audit=audit, load={"cadence_ns": cadence_ns})


REPORTED = {f"s{n}": 60_000 + 100 * n for n in range(10)}


@pytest.mark.parametrize("off_ms", [-3_000, -5, 5, 3_000])
def test_a_target_that_stores_its_own_times_is_judged_by_its_own_clock(off_ms):
    told = sent(*((name, ms, ms) for name, ms in REPORTED.items()))
    stamped = {name: ms + off_ms + 300 for name, ms in REPORTED.items()}
    there = found(own_times(off_ms), sent=(told,), read_back=twice(stamped))
    assert (there.verdict, there.seen, there.missing) == ("ok", 10, 0)
    dropped = stamped | {"s3": stamped["s3"] - 1_000}
    lost = found(own_times(off_ms), sent=(told,), read_back=twice(dropped))
    assert (lost.verdict, lost.missing) == ("lost", 1)
    assert lost.examples[0].startswith("s3: accepted")


def test_own_times_coarser_than_the_cadence_clear_nobody():
    told = sent(*((name, ms, ms) for name, ms in REPORTED.items()))
    stamped = {name: ms // 1_000 * 1_000 for name, ms in REPORTED.items()}
    result = found(own_times(-400, 1_003), sent=(told,), read_back=twice(stamped))
    assert result.verdict == "inconclusive"
    assert result.reason.endswith(
        "but the target stores its own times, which are precise only to 2s, and a session "
        "reports every 1s"
    )
    rare = own_times(-400, 1_003, cadence_ns=5 * SECOND)
    assert found(rare, sent=(told,), read_back=twice(stamped)).verdict == "ok"


def test_nobody_is_accused_by_older_times_none_of_which_a_report_bore():
    told = sent(*((name, ms, ms) for name, ms in REPORTED.items()))
    stamped = {name: ms - 3_000 for name, ms in REPORTED.items()}
    unseen = own_times(None, offset=False)
    result = found(unseen, sent=(told,), read_back=twice(stamped))
    assert (result.verdict, result.missing) == ("inconclusive", None)
    assert result.reason.endswith("the target may store its own times, from a clock that is behind")
    some = stamped | {"s1": REPORTED["s1"]}
    assert found(unseen, sent=(told,), read_back=twice(some)).verdict == "lost"


def test_a_snapshot_that_stands_still_accuses_nobody():
    told = sent(*((name, ms, ms) for name, ms in REPORTED.items()))
    frozen = {name: ms - 17_000 for name, ms in REPORTED.items()}
    result = found(READBACK, sent=(told,), read_back=twice(frozen))
    assert (result.verdict, result.missing) == ("inconclusive", None)
    assert result.reason.endswith(
        "but nothing in it is later than 1970-01-01T00:00:43.900Z: it stands still, or nothing was "
        "stored since"
    )
    one_new = frozen | {"s1": REPORTED["s1"]}
    assert found(READBACK, sent=(told,), read_back=twice(one_new)).verdict == "lost"
    lagging = {name: ms - 700 for name, ms in REPORTED.items()}
    assert found(READBACK, sent=(told,), read_back=twice(lagging)).verdict == "lost"
