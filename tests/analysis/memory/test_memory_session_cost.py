"""What a session takes, on simulated runs: the interval covers the truth, or none is given."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from record_maker import MIB
from session_simulation import KIB, NOISES, SESSION_BYTES, Run

from qosflood.analysis.findings import MemoryFinding
from qosflood.base.units import SECOND

SEEDS = 20


def found(run: Run, noise: str, seeds: int = SEEDS) -> list[MemoryFinding]:
    counted = run.population
    rngs = (np.random.default_rng((seed, NOISES.index(noise))) for seed in range(seeds))
    return [run.finding(run.memory(rng, noise), counted) for rng in rngs]


def covers(finding: MemoryFinding) -> bool:
    """Whether the truth is in the interval, or it is said that it is not known."""
    if finding.bytes_per_session is None:
        return bool(finding.bytes_per_session_reason)
    return finding.bytes_per_session_low <= SESSION_BYTES <= finding.bytes_per_session_high


@pytest.mark.parametrize("flood_s", [300, 900])
@pytest.mark.parametrize("life_s", [10, 60, 600])
def test_the_interval_covers_the_truth_or_none_is_given(life_s, flood_s):
    run = Run(life_s, flood_s)
    made = [finding for noise in NOISES for finding in found(run, noise)]
    assert sum(map(covers, made)) >= 0.95 * len(made)
    assert all(one.bytes_per_session is None or one.bytes_per_session > 0 for one in made)
    for bound in ("bytes_per_session_low", "bytes_per_session_high"):
        assert all((getattr(one, bound) or 0.0) >= 0.0 for one in made)


@pytest.mark.parametrize(("life_s", "noise"), [(10, n) for n in NOISES] + [(60, "white")])
def test_with_sessions_enough_there_is_a_figure(life_s, noise):
    made = found(Run(life_s), noise, 10)
    assert all(one.bytes_per_session is not None for one in made)
    assert np.median([one.bytes_per_session for one in made]) == pytest.approx(
        SESSION_BYTES, rel=0.1
    )


def test_sessions_that_each_keep_a_connection_are_not_told_apart_from_it():
    for finding in found(Run(inf), "quiet", 5):
        assert finding.bytes_per_session is None
        assert finding.bytes_per_session_high is None
        assert "cannot be told apart; set a sessions.lifetime" in finding.bytes_per_session_reason
        assert finding.verdict == "steady"
        assert "before that it grew" in finding.reason
        assert "per session" not in finding.reason


def test_sessions_that_ended_before_a_first_report_do_not_count():
    run = Run(10)
    begun, acked = run.begun[-1], run.acked[-1]
    assert acked / begun == pytest.approx(0.79, abs=0.01)
    (finding,) = found(run, "quiet", 1)
    assert finding.bytes_per_session == pytest.approx(SESSION_BYTES, rel=0.02)


def test_a_run_that_did_not_count_them_gives_no_figure():
    run = Run(60)
    counted = run.population
    for by_second in counted._shards.values():
        for counts in by_second.values():
            counts.acked = None
    finding = run.finding(run.memory(np.random.default_rng(0), "quiet"), counted)
    assert finding.bytes_per_session is None
    assert "did not record how many sessions" in finding.bytes_per_session_reason


def test_memory_of_connections_alone_gives_a_bound_and_no_negative_figure():
    run = Run(10)
    rng = np.random.default_rng(1)
    without = run.memory(rng, "white") - SESSION_BYTES * run.acked
    finding = run.finding(without)
    assert (finding.verdict, finding.bytes_per_session) == ("steady", None)
    assert finding.bytes_per_session_low == 0.0
    assert finding.bytes_per_session_high < 0.1 * KIB
    assert "that sessions take memory is not shown: at most" in finding.reason


def test_a_target_that_forgets_sessions_is_not_said_to_keep_them():
    """Memory for the sessions that are there, none for those that ended."""
    run = Run(10)
    rng = np.random.default_rng(2)
    kept = run.memory(rng, "white") - SESSION_BYTES * run.acked + 4 * KIB * run.connections
    finding = run.finding(kept)
    assert finding.verdict == "steady"
    assert finding.bytes_per_session is None


def test_the_time_to_the_limit_is_the_sessions_and_never_the_connections():
    run = Run(60)
    run.plan = replace(run.plan, watch=replace(run.plan.watch, memory_limit_bytes=1000 * MIB))
    memory = run.memory(np.random.default_rng(3), "white")
    finding = run.finding(memory)
    assert finding.verdict == "grows_with_sessions"
    hold = memory[run.end_s - 60 : run.end_s].min()
    churn = run.plan.load.base_clients / 60 * run.acked[-1] / run.begun[-1]
    true_s = (1000 * MIB - hold) / (churn * SESSION_BYTES)
    assert finding.time_to_limit_low_s <= true_s <= finding.time_to_limit_high_s
    assert finding.time_to_limit_low_s > 0.7 * true_s


def test_where_nothing_is_known_of_sessions_their_churn_gives_no_time():
    run = Run(600, 900)
    run.plan = replace(
        run.plan,
        watch=replace(run.plan.watch, memory_limit_bytes=1000 * MIB),
        sessions=replace(run.plan.sessions, lifetime_ns=36_000 * SECOND),
    )
    run.acked = run.begun = np.maximum.accumulate(run.connections)
    finding = run.finding(run.memory(np.random.default_rng(3), "white"))
    assert finding.bytes_per_session_high is None
    assert (finding.time_to_limit_low_s, finding.time_to_limit_high_s) == (None, None)


def test_too_few_new_sessions_give_no_figure():
    run = Run(600)
    run.acked = run.begun = 500 + np.minimum(run.times, 50)
    finding = run.finding(run.memory(np.random.default_rng(4), "white"))
    assert finding.bytes_per_session is None
    assert "at least 100 are needed" in finding.bytes_per_session_reason
