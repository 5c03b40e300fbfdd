"""A check-up names what is amiss, says what helps, and promises no more than it tried."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import MS, US
from qosflood.run.preflight.resources import Facts
from qosflood.run.selftest.judge import (
    carries,
    clock_row,
    machine_rows,
    next_rate,
    on_time,
    timer_row,
    trial_rows,
)
from qosflood.run.selftest.values import ClockState, Trial, Wakes

AMPLE = Facts(open_files=100_000, ports=64_512, memory_bytes=2**34, cores=4)
CALM = Trial(
    asked=50_000.0,
    acked=50_000.0,
    cpu_per_report_ns=7000.0,
    lag_p99_ns=MS // 2,
    waited=0.01,
    throttled=0.0,
)
trials = st.builds(
    Trial,
    asked=st.floats(1, 1e6),
    acked=st.floats(0, 1e6),
    cpu_per_report_ns=st.floats(0, 1e9),
    lag_p99_ns=st.none() | st.integers(0, 10**10),
    waited=st.floats(0, 1),
    throttled=st.floats(0, 1),
)


def test_a_machine_with_plenty_of_all_is_well() -> None:
    assert all(row.good for row in machine_rows(AMPLE, 4, None))


@pytest.mark.parametrize(
    ("facts", "quota", "name", "advice"),
    [
        (replace(AMPLE, open_files=1024), None, "open files", "ulimit -Hn"),
        (replace(AMPLE, ports=5000), None, "ports", "ip_local_port_range"),
        (replace(AMPLE, memory_bytes=2**27), None, "memory", "512.0 MiB"),
        (replace(AMPLE, cores=1), None, "cores", "two or more"),
        (AMPLE, 1.5, "cores", "limits.cpu"),
    ],
)
def test_what_a_machine_lacks_is_named_with_what_helps(
    facts: Facts, quota: float | None, name: str, advice: str
) -> None:
    [row] = [row for row in machine_rows(facts, facts.cores, quota) if not row.good]
    assert row.name == name
    assert advice in row.advice


def test_facts_that_no_system_tells_are_not_held_against_it() -> None:
    unknown = Facts(open_files=None, ports=None, memory_bytes=None, cores=2)
    assert all(row.good for row in machine_rows(unknown, 2, None))


@pytest.mark.parametrize(
    ("state", "good", "words"),
    [
        (
            ClockState(synchronised=True, max_error_ns=3 * MS, source="tsc"),
            True,
            "synchronised to UTC within 3ms, read from tsc",
        ),
        (ClockState(synchronised=None, max_error_ns=None, source=None), True, "unknown whether"),
        (
            ClockState(synchronised=False, max_error_ns=None, source="kvm-clock"),
            False,
            "not synchronised to UTC, read from kvm-clock",
        ),
        (
            ClockState(synchronised=True, max_error_ns=MS, source="hpet"),
            False,
            "read from hpet",
        ),
    ],
)
def test_a_clock_is_judged_by_who_keeps_it_and_what_reading_it_costs(
    state: ClockState, good: bool, words: str
) -> None:
    row = clock_row(state)
    assert row.good is good
    assert row.words.startswith(words)


def test_a_timer_that_wakes_late_is_told() -> None:
    assert timer_row(Wakes(count=1000, p50_ns=60 * US, p99_ns=MS, max_ns=40 * MS)).good
    late = timer_row(Wakes(count=1000, p50_ns=MS, p99_ns=9 * MS, max_ns=40 * MS))
    assert not late.good
    assert "1ms p50, 9ms p99, 40ms max late, over 1,000" in late.words


@pytest.mark.parametrize(
    "change",
    [{"acked": 40_000.0}, {"lag_p99_ns": 11 * MS}, {"lag_p99_ns": None}],
    ids=["refused", "late", "nothing sent"],
)
def test_a_trial_that_was_late_or_not_accepted_promises_nothing(change: dict[str, float]) -> None:
    trial = replace(CALM, **change)
    assert not on_time(trial)
    assert carries(trial, 1000, 3, 1000, 1000) == (
        "cannot send 50,000 reports/s on time: this machine can carry no load at present"
    )
    assert [row.name for row in trial_rows(CALM, [trial]) if not row.good] == ["trial"]


def test_what_is_carried_is_what_was_tried_by_the_number_of_shards() -> None:
    assert carries(CALM, 1000, 3, 60_000, 19_000) == (
        "carries about 150,000 reports/s from 3 shards on time, tried with 1,000 clients; room for "
        "60,000 clients per target address, 19,000 over TLS"
    )


def test_answers_still_on_their_way_when_a_trial_ends_are_no_failure() -> None:
    assert on_time(replace(CALM, asked=15_000.0, acked=14_800.0))


def test_a_busy_machine_is_tried_down_to_a_hundredth_before_it_is_given_up() -> None:
    late = replace(CALM, lag_p99_ns=50 * MS)
    tried: list[Trial] = []
    while (rate := next_rate(tried, CALM)) is not None:
        tried.append(replace(late, asked=rate, acked=rate))
    assert [trial.asked for trial in tried] == [70_000, 35_000, 18_000, 4500, 1100]


def test_neighbours_and_quotas_are_named() -> None:
    disturbed = replace(CALM, waited=0.3, throttled=0.05)
    names = [row.name for row in trial_rows(CALM, [disturbed]) if not row.good]
    assert names == ["neighbours", "throttled"]


@given(saturated=trials, tried=st.lists(trials, max_size=6))
def test_trials_end_after_five_or_with_the_first_on_time(
    saturated: Trial, tried: list[Trial]
) -> None:
    rate = next_rate(tried, saturated)
    if tried and (on_time(tried[-1]) or len(tried) >= 5):
        assert rate is None
    elif tried:
        assert rate is not None
        assert rate <= tried[-1].asked * 0.55
    else:
        assert rate is not None
        assert 0 < rate <= 500_000
