"""A shard that plays stages: each a load of the first so many clients, whose connections stay."""

import time
from typing import Any

import pytest
from plan_maker import make_load, make_plan
from processes import faulty
from shard_process import START_IN_NS, ShardProcess, shard
from stage_maker import make_stage

from qosflood.base.units import MS, SECOND
from qosflood.load.stages import IDLE, own_clients
from qosflood.plan.plan import Phase, Plan
from qosflood.plan.stages import Capacity

CAPACITY = Capacity(
    budget_ns=60 * SECOND,
    trial_ns=SECOND,
    rest_ns=SECOND,
    most_rest_ns=SECOND,
    confirm_ns=SECOND,
    quiet_clients=1,
)


def plan_for(port: int, **changes: Any) -> Plan:
    """At most 40 clients, a report every 100 ms each."""
    load = make_load(
        base_clients=10, clients=40, base_cadence_ns=100 * MS, cadence_ns=100 * MS, jitter=0.0
    )
    flood = Phase(
        name="flood",
        start_ns=0,
        duration_ns=60 * SECOND,
        clients_from=40,
        clients_to=40,
        cadence_from_ns=100 * MS,
        cadence_to_ns=100 * MS,
    )
    return make_plan(port=port, load=load, phases=(flood,), capacity=CAPACITY, **changes)


def begin(one: ShardProcess) -> None:
    one.hear("ready")
    one.tell({"cmd": "start", "zero_ns": time.monotonic_ns() + START_IN_NS})


def play(one: ShardProcess, name: str, clients: int, second: int, **changes: Any) -> None:
    stage = make_stage(name, clients, second, **({"duration_ns": SECOND, "planned": 0} | changes))
    one.tell({"cmd": "play", "stage": stage})


def wait_for(one: ShardProcess, second: int) -> None:
    """Until the shard has reported so many seconds."""
    while one.hear("window")["second"] < second:
        pass


def by_phase(one: ShardProcess) -> dict[str, int]:
    counts: dict[str, int] = {}
    for window in one.windows:
        counts[window.phase] = counts.get(window.phase, 0) + window.scheduled
    return {name: count for name, count in counts.items() if count}


def test_stages_follow_one_another_over_connections_that_stay():
    with faulty() as server, shard(plan_for(server.port)) as one:
        begin(one)
        one.tell({"cmd": "warm", "clients": 40})
        play(one, "trial-1", 20, 1)
        play(one, "rest-1", 5, 2)
        play(one, "trial-2", 40, 4)
        wait_for(one, 5)
        one.tell({"cmd": "stop"})
        assert one.finish() == 0
        log = server.log()
    assert by_phase(one) == {"trial-1": 200, "rest-1": 50, "trial-2": 400}
    assert one.outcomes == {"acked": 650}
    assert one.total("reconnects") == 0
    assert sum(window.connects.count for window in one.windows if window.connects) == 40
    assert set(log["sessions"]) == {f"qosflood-test-{n}-0" for n in range(40)}


def test_a_second_belongs_to_the_stage_in_force_or_to_none():
    with faulty() as server, shard(plan_for(server.port)) as one:
        begin(one)
        play(one, "trial-1", 20, 1)
        play(one, "rest-1", 5, 2)
        wait_for(one, 3)
        one.tell({"cmd": "stop"})
        one.finish()
    healthy = {window.second: window.phase for window in one.windows if window.health}
    assert [healthy[second] for second in range(4)] == [IDLE, "trial-1", "rest-1", IDLE]
    assert max(window.sessions for window in one.windows if window.sessions) == 20


def test_a_stage_that_is_cut_sends_nothing_more_and_is_followed_by_what_is_asked_then():
    with faulty() as server, shard(plan_for(server.port)) as one:
        begin(one)
        play(one, "trial-1", 40, 1, duration_ns=20 * SECOND)
        play(one, "rest-1", 5, 21)
        wait_for(one, 1)
        one.tell({"cmd": "cut"})
        play(one, "rest-1b", 5, 4)
        wait_for(one, 4)
        one.tell({"cmd": "stop"})
        assert one.finish() == 0
    counts = by_phase(one)
    assert 400 <= counts["trial-1"] < 800
    assert counts["rest-1b"] == 50
    assert "rest-1" not in counts
    healthy = {window.second: window.phase for window in one.windows if window.health}
    assert healthy[4] == "rest-1b"
    assert list(healthy.values()).count("trial-1") < 3
    assert sum(one.outcomes.values()) == one.total("scheduled")


def test_a_stop_before_any_stage_ends_the_shard():
    with faulty() as server, shard(plan_for(server.port)) as one:
        begin(one)
        one.tell({"cmd": "stop"})
        assert one.finish() == 0
    assert one.total("scheduled") == 0


def test_shards_share_the_clients_of_a_stage():
    with faulty() as server:
        totals = 0
        for part in range(2):
            with shard(plan_for(server.port), part, 2) as one:
                begin(one)
                play(one, "trial-1", 21, 1)
                wait_for(one, 1)
                one.tell({"cmd": "stop"})
                one.finish()
                totals += one.total("scheduled")
        log = server.log()
    assert totals == 210
    assert set(log["sessions"]) == {f"qosflood-test-{n}-0" for n in range(21)}


@pytest.mark.parametrize("pool", [0, 4])
def test_a_stage_that_renews_registers_a_session_with_each_report_and_gives_its_own_back(
    pool: int,
):
    report = {"connection": "pooled", "pool": pool} if pool else {}
    with faulty() as server, shard(plan_for(server.port, report=report)) as one:
        begin(one)
        play(one, "trial-1", 10, 1)
        play(one, "fill-1", 10, 2, renews=True)
        play(one, "trial-2", 10, 4)
        wait_for(one, 5)
        one.tell({"cmd": "stop"})
        assert one.finish() == 0
        log = server.log()
    own = {f"qosflood-test-{n}-0" for n in range(10)}
    assert own <= set(log["sessions"])
    assert len(log["sessions"]) == 110
    assert {name: log["sessions"][name] for name in own} == dict.fromkeys(own, 20)
    assert max(window.sessions for window in one.windows if window.sessions) == 110
    assert one.total("reconnects") == 0


def test_the_clients_of_a_shard_are_those_of_its_numbers():
    assert own_clients([1, 3, 5, 7], 6) == 3
    assert own_clients([1, 3, 5, 7], 1) == 0
    assert own_clients([1, 3, 5, 7], 100) == 4
