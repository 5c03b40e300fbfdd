"""A shard as a process: what it says over its pipes, and whether its books are the target's."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from certificates import make_certificates
from plan_maker import make_load, make_phases, make_plan
from processes import Faulty, faulty, free_port
from shard_process import ShardProcess, shard

from qosflood.base.endpoint import HeaderRef
from qosflood.base.units import MS, SECOND
from qosflood.journal.loss_records import SentSessions
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Audit


def plan_for(port: int, flood_ns: int = 400 * MS, **changes) -> Plan:
    """100/s, then 400/s, then 100/s: 0.7 s in all."""
    load = make_load(
        **{
            "base_clients": 10,
            "clients": 40,
            "base_cadence_ns": 100 * MS,
            "cadence_ns": 100 * MS,
            "timeout_ns": 300 * MS,
        }
        | changes.pop("load", {})
    )
    phases = make_phases(load, edge_ns=100 * MS, flood_ns=flood_ns)
    return make_plan(port=port, load=load, phases=phases, **changes)


def planned(plan: Plan) -> int:
    return Schedule(plan).count(0, plan.load_ns)


def played(server: Faulty, **changes) -> ShardProcess:
    """A whole run of one shard."""
    plan = plan_for(server.port, **changes)
    with shard(plan) as one:
        one.start()
        assert one.finish() == 0
    assert one.total("scheduled") == planned(plan) == sum(one.outcomes.values())
    assert sum(w.response.count for w in one.windows if w.response) == planned(plan)
    return one


def test_a_whole_run_is_what_the_target_saw():
    with faulty() as server:
        one = played(server)
        log = server.log()
    assert one.outcomes == {"acked": log["reports"]}
    assert one.total("offered") == log["reports"]
    assert one.total("resent") == 0
    assert set(log["sessions"]) == {f"qosflood-test-{n}-0" for n in range(40)}
    assert log["agents"] == {"qosflood/0.0.0 run=test": log["reports"]}
    assert log["paths"]["POST /api/v1/metrics/qos"] == log["reports"]
    assert log["unreadable"] == 0


def test_windows_come_each_second_with_the_health_of_the_phase_they_lie_in():
    with faulty() as server:
        plan = plan_for(server.port, flood_ns=1800 * MS)
        with shard(plan) as one:
            one.start()
            one.finish()
    healthy = [window for window in one.windows if window.health]
    assert [window.second for window in healthy] == list(range(len(healthy)))
    # Phases end at 0.1, 0.2, 2.0 and 2.1 s; a second is closed a little after its end.
    assert [window.phase for window in healthy] == ["flood", "flood", "recovery"]
    assert {window.phase for window in one.windows} == {"baseline", "ramp", "flood", "recovery"}
    assert healthy[0].sessions == 40
    assert all(window.health.rss_bytes > 1_000_000 for window in healthy)
    assert [w.t for w in one.windows] == sorted(w.t for w in one.windows)


def test_reports_are_counted_in_the_phase_of_their_due_time():
    with faulty() as server:
        plan = plan_for(server.port)
        with shard(plan) as one:
            one.start()
            one.finish()
    schedule, counts = Schedule(plan), Counter()
    for window in one.windows:
        counts[window.phase] += window.scheduled
    for phase in plan.phases[:-1]:
        assert counts[phase.name] == schedule.count(phase.start_ns, phase.end_ns)


def test_two_shards_play_their_parts_of_one_plan():
    with faulty() as server:
        plan = plan_for(server.port, load={"shards": 2})
        with shard(plan, 0, 2) as one, shard(plan, 1, 2) as other:
            one.start()
            other.start()
            one.finish()
            other.finish()
        log = server.log()
    assert {window.shard for window in one.windows} == {0}
    assert one.total("scheduled") + other.total("scheduled") == planned(plan) == log["reports"]
    assert sum(log["sessions"].values()) == planned(plan)
    assert len(log["sessions"]) == 40


ANSWERING = (
    *("half_503", "chunked", "bytewise", "unique_header", "close_delimited", "close"),
    *("status:204", "after:10+status:500"),
)
MISBEHAVING = {
    "garbage": "bad_response",
    "half": "bad_response",
    "half:head": "bad_response",
    "drop": "connection_lost",
    "reset": "connection_lost",
    "silent": "timeout",
}


@pytest.fixture(scope="module")
def runs() -> dict[str, tuple[ShardProcess, dict]]:
    """A run against each behaviour with the target's own log, several at a time."""

    def one(behaviour: str) -> tuple[ShardProcess, dict]:
        with faulty(behaviour) as server:
            return played(server), server.log()

    behaviours = (*ANSWERING, *MISBEHAVING, "continue100")
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(behaviours, pool.map(one, behaviours), strict=True))


@pytest.mark.parametrize("behaviour", ANSWERING)
def test_answers_of_every_kind_are_booked_as_the_target_gave_them(runs, behaviour):
    one, log = runs[behaviour]
    statuses = {int(code): count for code, count in log["statuses"].items() if code != "200"}
    acked = statuses.pop(202, 0)
    assert one.outcomes.get("acked", 0) == acked
    assert one.outcomes.get("rejected", 0) == sum(statuses.values())


def test_interim_answers_are_no_answers(runs):
    one, log = runs["continue100"]
    assert one.outcomes == {"acked": log["reports"]}


@pytest.mark.parametrize("behaviour", MISBEHAVING)
def test_a_misbehaving_target_has_its_outcome_and_samples(runs, behaviour):
    one, _ = runs[behaviour]
    outcome = MISBEHAVING[behaviour]
    assert set(one.outcomes) <= {outcome, "unsent"}
    assert one.outcomes[outcome] > 10
    kinds = Counter(sample.kind for sample in one.failures)
    assert max(kinds.values()) <= 25
    assert all(sample.session.startswith("qosflood-test-") for sample in one.failures)


def test_a_target_that_is_not_there_ends_every_report_without_sending_it():
    plan = plan_for(free_port())
    with shard(plan) as one:
        one.start()
        assert one.finish() == 0
    assert set(one.outcomes) <= {"connect_error", "unsent"}
    assert sum(one.outcomes.values()) == planned(plan)
    assert one.total("offered") == 0
    assert any("connection refused" in window.errors for window in one.windows)


def test_a_keep_alive_as_long_as_the_cadence_loses_no_report():
    with faulty("keepalive:100ms") as server:
        one = played(server, load={"jitter": 0.2})
        log = server.log()
    assert set(one.outcomes) == {"acked"}
    # A report that crossed the close on the wire may have been sent twice, and is said to be.
    assert log["reports"] <= one.total("offered") + one.total("resent")
    assert log["connections"] > 40


def test_over_tls_a_run_is_the_same(tmp_path):
    certificates = make_certificates(tmp_path)
    with faulty(cert=certificates.good.cert, key=certificates.good.key) as server:
        target = {"scheme": "https", "cacert": str(certificates.authority)}
        one = played(server, target=target)
    assert set(one.outcomes) == {"acked"}


def test_a_stop_sends_nothing_more_and_lets_what_is_out_be_answered():
    with faulty("slow:100ms") as server:
        with shard(plan_for(server.port, flood_ns=60 * SECOND)) as one:
            one.start()
            one.hear("window")
            one.tell({"cmd": "stop"})
            one.tell({"cmd": "stop"})
            assert one.finish() == 0
        log = server.log()
    assert one.total("scheduled") == sum(one.outcomes.values())
    assert one.outcomes["acked"] == one.total("offered") == log["reports"]
    assert set(one.outcomes) <= {"acked", "unsent"}


def test_what_sampled_sessions_had_sent_is_reported_at_each_look_and_at_the_end():
    with faulty() as server:
        one = played(server, audit=Audit(readback="/held"))
    marks = one.records(SentSessions)
    assert [mark.look for mark in marks] == [1, 2, 3, 4, 5, None]
    assert [mark.t for mark in marks] == sorted(mark.t for mark in marks)
    assert len(marks[-1].sessions) == 40
    accepted = [max(s.acked_ms or 0 for s in mark.sessions) for mark in marks]
    assert accepted == sorted(accepted)
    assert accepted[-1] > accepted[0] > 0


def test_a_stop_right_after_the_start_ends_with_empty_books():
    with faulty() as server, shard(plan_for(server.port)) as one:
        one.hear("ready")
        one.tell({"cmd": "start", "zero_ns": time.monotonic_ns() + SECOND // 2})
        one.tell({"cmd": "stop"})
        assert one.finish() == 0
    assert one.outcomes == {}


@pytest.mark.parametrize("started", [False, True])
def test_a_shard_whose_coordinator_is_gone_ends_by_itself(started):
    with faulty("silent") as server, shard(plan_for(server.port, flood_ns=60 * SECOND)) as one:
        if started:
            one.start()
            one.hear("window")
        else:
            one.hear("ready")
        one.process.stdin.close()
        assert one.process.wait(5) == 130


def test_a_shard_that_gets_no_spec_ends_quietly():
    command = [sys.executable, "-m", "qosflood.load"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_a_shard_ignores_the_terminals_interrupt():
    with faulty() as server, shard(plan_for(server.port)) as one:
        one.hear("ready")
        os.kill(one.process.pid, signal.SIGINT)
        one.tell({"cmd": "start", "zero_ns": time.monotonic_ns()})
        assert one.finish() == 0


def test_a_shard_that_cannot_start_says_why_in_one_line():
    refs = (HeaderRef(name="Authorization", source="env:QOSFLOOD_TEST_ABSENT"),)
    with shard(plan_for(1, target={"headers": refs})) as one:
        assert one.process.wait(30) == 2
        words = one.process.stderr.read().decode()
    assert words.splitlines() == [
        "header Authorization: environment variable QOSFLOOD_TEST_ABSENT is not set"
    ]


def test_a_secret_that_the_target_echoes_is_in_no_sample():
    refs = (HeaderRef(name="X-Token", source="env:QOSFLOOD_TEST_TOKEN"),)
    with faulty("status:401") as server:
        plan = plan_for(server.port, target={"headers": refs})
        with shard(plan, QOSFLOOD_TEST_TOKEN="sesame-open") as one:
            one.start()
            one.finish()
    assert one.outcomes.keys() == {"rejected"}
    assert b"sesame-open" not in orjson.dumps(one.said)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read in /proc")
def test_a_target_whose_heads_all_differ_does_not_grow_the_shard():
    def grown(behaviour: str) -> int:
        load = {"base_clients": 20, "clients": 20, "base_cadence_ns": 5 * MS, "cadence_ns": 5 * MS}
        with faulty(behaviour) as server:
            one = played(server, load=load, flood_ns=1900 * MS)
        assert set(one.outcomes) == {"acked"}
        rss = [window.health.rss_bytes for window in one.windows if window.health]
        return rss[-1] - rss[0]

    # Some 8,000 responses, half of them between the two readings; a kilobyte for each of
    # those would be 4 MB.
    assert grown("unique_header") < 2_000_000


def test_a_shard_carries_nothing_that_only_error_lines_need():
    told = "import sys, qosflood.load.shard; print({'difflib', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
