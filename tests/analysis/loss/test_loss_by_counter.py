"""What a counter proves of accepted reports, and when it is final."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_maker import (
    AFTER_A_RESTART,
    COUNTER,
    OVER,
    RISING,
    SETTLED,
    T0,
    after,
    counted,
    found,
    readings,
    sent,
    span,
    totals,
    twice,
)
from plan_maker import make_plan

from qosflood.analysis.loss.loss import LossEvidence, loss_warnings
from qosflood.base.units import SECOND, format_count
from qosflood.plan.watching import Audit


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
    for refused in (0, 3):
        account = totals(acked, timeout=uncertain, rejected=refused)
        (warning,) = loss_warnings(make_plan(), account, result, LossEvidence())
        assert warning.startswith(f"audit: the target counted {format_count(foreign)} reports more")
        assert "it counts some twice" in warning
        assert "or other clients report to it" in warning
        assert ("counts reports that it refused" in warning) is (refused > 0)


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
    ("samples", "verdict", "why"),
    [
        ((*RISING, *after(90, 90, 90, 90)), "lost", ""),
        ((*RISING, *after(90, 90)), "inconclusive", "it may still be behind"),
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
    whole_steps_seen = len({shown(t, 100 - lost) for t in range(3, 30)}) > 2
    assert (guilty.verdict == "lost") is whole_steps_seen, guilty.reason


def test_a_page_that_was_rendered_once_in_a_short_load_accuses_nobody_until_it_changes():
    """Of what it showed before, the beginning was not seen."""
    rising = readings(*(0 for _ in range(27)), 60)
    times = range(90)
    still = found(COUNTER, samples=(*rising, *after(*(60 for _ in times), page=0)))
    assert still.verdict == "inconclusive"
    assert "the page stands still: it was the same 90 times after the load" in still.reason
    assert found(COUNTER, samples=(*rising, *after(*(60 for _ in times)))).verdict == "lost"


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


def test_of_readings_made_at_one_time_none_is_the_later():
    at_once = tuple(counted(SETTLED + n, value) for n, value in enumerate((98, 96, 99, 97)))
    caught_up = (*RISING, *at_once, *after(100, 100, first=40 * SECOND))
    assert found(COUNTER, samples=caught_up).verdict == "ok"
    later = after(97, 99, first=SETTLED + SECOND // 2)
    assert found(COUNTER, samples=(*RISING, *at_once, *later)).verdict == "unmeasured"


@pytest.mark.parametrize("seen", [100, 50])
def test_after_a_restart_a_counter_neither_clears_nor_accuses(seen):
    result = found(COUNTER, samples=span(0, seen), **AFTER_A_RESTART)
    assert (result.verdict, result.missing) == ("inconclusive", None)
    assert result.reason.startswith("the target restarted")


def test_a_counter_that_never_appeared_is_a_plain_warning_of_its_own():
    never = tuple(
        counted(t, None, reason="the page has no reports_total") for t in (SECOND, SETTLED)
    )
    result = found(COUNTER, samples=never)
    assert (result.verdict, result.missing) == ("unmeasured", None)
    (warning,) = loss_warnings(COUNTER, totals(), result, LossEvidence(samples=never))
    assert warning.startswith("audit: reports_total was never read")
    assert "the page has no reports_total; check audit.counter" in warning
    there = LossEvidence(samples=span(0, 100))
    assert loss_warnings(COUNTER, totals(), found(COUNTER, samples=span(0, 100)), there) == ()


def test_a_counter_that_is_no_count_is_named_as_what_it_is():
    odd = tuple(
        counted(t, None, reason="reports_total is nan, which is not a count")
        for t in (SECOND, SETTLED)
    )
    result = found(COUNTER, samples=odd)
    assert (result.verdict, result.reason) == (
        "unmeasured",
        "reports_total: was not read before the load: reports_total is nan, which is not a count",
    )
    (warning,) = loss_warnings(COUNTER, totals(), result, LossEvidence(samples=odd))
    assert warning.endswith("was never read: reports_total is nan, which is not a count")
