"""What a plan needs of a machine, and what is said where the machine has too little."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_report
from resource_cases import GIB, plenty, wanting

from qosflood.base.errors import PreflightError
from qosflood.base.units import MS, SECOND
from qosflood.plan.plan import Part, Plan, Sessions, Storm
from qosflood.run.preflight.resources import Facts, weigh
from qosflood.run.preflight.resources.weigh import fitting_clients, with_clients

WIDEN = 'widen the range as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535"'
PER_REPORT = make_report(connection="per-report")
POOLED = make_report(connection="pooled", pool=1000)
TLS = {"scheme": "https"}
RATE = {"run.rate": "option --rate"}
CLIENTS = {"load.clients": "option --clients"}


def churning(lifetime_ns: int, **changes: Any) -> Sessions:
    return Sessions(lifetime="fixed", lifetime_ns=lifetime_ns, **changes)


def test_sessions_that_report_oftener_at_first_count_so():
    # 83 clients a second join in the ramp, each with ten reports a second for two seconds.
    hasty = Sessions(startup_ns=2 * SECOND, startup_cadence_ns=SECOND // 10)
    most = weigh(wanting(5000, sessions=hasty), plenty()).lines[-1]
    assert most == "reports: 2,633/s of about 100,000/s"


def test_each_need_is_one_line():
    needs = weigh(wanting(5000), plenty())
    assert needs.lines == (
        "ports: 5,000 of 28,232",
        "open files: 5,064 of 20,000 in a shard",
        "memory: about 159.5 MiB of 8.0 GiB available",
        "handshakes: 250ms of CPU, at most 0.42% of a shard in ramp",
        "reports: 1,000/s of about 100,000/s",
    )
    assert needs.check() == ()


def test_what_is_not_known_refuses_nothing():
    needs = weigh(wanting(100_000), plenty(open_files=None, ports=None, memory_bytes=None))
    assert needs.lines[:3] == (
        "ports: 100,000",
        "open files: 100,064 in a shard, no limit",
        "memory: about 530.6 MiB",
    )
    assert needs.problems == ()


@pytest.mark.parametrize(
    ("plan", "facts", "problem"),
    [
        (
            wanting(30_000, shards=2),
            plenty(),
            "ports: 30,000 clients need a local port each, this machine has 28,232 for this "
            f"target; {WIDEN}, or connect from more addresses (target.sources), "
            "or name --clients 28000",
        ),
        (
            wanting(200_000, shards=16, sources=RATE),
            plenty(),
            "ports: 200,000 clients need a local port each, this machine has 28,232 for this "
            f"target; {WIDEN}, and connect from 4 source addresses (target.sources), "
            "or name --clients 28000, a report every 700ms",
        ),
        (
            wanting(70_000, shards=8, sources=CLIENTS),
            plenty(ports=64_512),
            "ports: 70,000 clients need a local port each, this machine has 64,512 for this "
            "target; connect from 2 source addresses (target.sources), or lower --clients to 64000",
        ),
        (
            wanting(5000, sessions=churning(10 * SECOND), sources=CLIENTS),
            plenty(),
            "ports: 5,000 clients need a local port each and 30,000 ports stay taken for 1m "
            "after their connections close, this machine has 28,232 for this target; "
            f"{WIDEN}, or reuse ports sooner: sysctl -w net.ipv4.tcp_tw_reuse=1, or "
            "connect from more addresses (target.sources), or lower --clients to 4000",
        ),
        (
            wanting(1000, report=PER_REPORT, cadence_ns=SECOND),
            plenty(),
            "ports: 101 connections need a local port each and 60,000 ports stay taken for "
            "1m after their connections close, this machine has 28,232 for this target; "
            f"{WIDEN}, or reuse ports sooner: sysctl -w net.ipv4.tcp_tw_reuse=1, or "
            "connect from more addresses (target.sources)",
        ),
        (
            wanting(300),
            plenty(open_files=150),
            "open files: a shard with 300 clients needs 364, this machine allows 150; raise the "
            "limit as root (ulimit -Hn 364), or spread the clients: --shards 4, "
            "or name --clients 86",
        ),
        (
            wanting(300, shards=2, target={"embedded": True}),
            plenty(open_files=150),
            "open files: the embedded collector with 300 clients needs 364, this machine allows "
            "150; raise the limit as root (ulimit -Hn 364), or name --clients 86",
        ),
        (
            wanting(10, sources=CLIENTS),
            plenty(memory_bytes=GIB // 8),
            "memory: 10 clients take about 140.0 MiB of 128.0 MiB available, expected at most 90% "
            "of it; free some memory",
        ),
        (
            wanting(15_000, target=TLS, sources=CLIENTS),
            plenty(memory_bytes=GIB // 2),
            "memory: 15,000 clients take about 550.2 MiB of 512.0 MiB available, expected at most "
            "90% of it; free some memory, or lower --clients to 11000",
        ),
        (
            wanting(10_000, target=TLS, edge_ns=3 * SECOND),
            plenty(),
            "handshakes: 9,999 connections take 7s of CPU in a ramp of 3s; expected at most half "
            "of it: --set phases.ramp=14s, or name --clients 4200",
        ),
        (
            wanting(5000, target=TLS, edge_ns=3 * SECOND),
            plenty(),
            "handshakes: 4,999 connections take 3.5s of CPU in a ramp of 3s; expected at most half "
            "of it: --set phases.ramp=7s, or --shards 3, or name --clients 4200",
        ),
        (
            wanting(10_000, target=TLS, edge_ns=3 * SECOND, sessions=churning(600 * SECOND)),
            plenty(),
            "handshakes: 10,024 connections take 7s of CPU in a ramp of 3s; expected at most half "
            "of it: --set phases.ramp=15s, or name --clients 4200",
        ),
        (
            wanting(5000, target=TLS, report=PER_REPORT, cadence_ns=SECOND),
            plenty(early_ports="loopback"),
            "handshakes: 4,500,000 connections take 30m of CPU in a flood of 15m; expected at "
            "most half of it: --shards 4, or report.connection=keep-alive",
        ),
    ],
)
def test_too_little_is_one_line_with_what_helps(plan: Plan, facts: Facts, problem: str) -> None:
    assert weigh(plan, facts).problems == (problem,)


@pytest.mark.parametrize(
    ("plan", "facts", "warning"),
    [
        (
            wanting(10, sources=CLIENTS),
            plenty(memory_bytes=200 * 1024**2),
            "memory: 10 clients take about 140.0 MiB of 200.0 MiB available; other programs may "
            "leave too little",
        ),
        (
            wanting(100, target={"embedded": True}, planned_sessions=1_000_000),
            plenty(memory_bytes=2 * GIB - GIB // 4),
            "memory: 100 clients and the embedded collector's 1,000,000 sessions take about 1.1 "
            "GiB of 1.8 GiB available; other programs may leave too little",
        ),
        (
            wanting(3000, target=TLS, edge_ns=3 * SECOND),
            plenty(cores=1),
            "handshakes: 2,999 connections take 2.1s of CPU in a ramp of 3s; expected at most half "
            "of it: --set phases.ramp=5s",
        ),
        (
            wanting(5000, base=5000, target=TLS),
            plenty(),
            "handshakes: 5,000 clients join as baseline begins and take 3.5s of CPU to connect; "
            "their reports are due within 5s and may wait: use fewer clients, or more --shards",
        ),
        (
            wanting(10_000, target=TLS, storms=(Storm(at_ns=90 * SECOND, drop=0.9),)),
            plenty(),
            "handshakes: 9,000 clients come back from the storm at 90s and take 3.6s of CPU to "
            "connect; their reports are due within 5s and may wait: use fewer clients, or more "
            "--shards",
        ),
        (
            wanting(2500, cadence_ns=10 * MS),
            plenty(),
            "reports: 250,000/s are more than the 100,000/s that 1 of 4 cores can send; "
            "the run may end INVALID: --shards 3",
        ),
        (
            wanting(2500, cadence_ns=10 * MS, shards=3),
            plenty(cores=2),
            "reports: 250,000/s are more than the 200,000/s that 2 of 2 cores can send; "
            "the run may end INVALID: a lower --rate, or more machines",
        ),
    ],
)
def test_what_may_go_wrong_is_a_warning(plan: Plan, facts: Facts, warning: str) -> None:
    needs = weigh(plan, facts)
    assert (needs.problems, needs.warnings) == ((), (warning,))


def test_everything_is_said_at_once():
    facts = plenty(
        open_files=150, ports=100, memory_bytes=GIB // 8, unusable=(("192.0.2.1", "No"),)
    )
    with pytest.raises(PreflightError) as caught:
        weigh(wanting(300), facts).check()
    kinds = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert kinds == ["target.sources", "ports", "open files", "memory"]


def test_an_address_of_another_host_is_named_with_the_reason():
    needs = weigh(wanting(1), plenty(unusable=(("192.0.2.1", "Cannot assign"),)))
    assert needs.problems == (
        "target.sources: 192.0.2.1 cannot be connected from (Cannot assign); expected addresses "
        "of this host (ip address shows them)",
    )


@pytest.mark.parametrize(
    ("target", "have"),
    [
        ({"sources": ("127.0.0.2", "127.0.0.3")}, "56,464"),
        ({"addresses": ("127.0.0.1", "127.0.0.4", "127.0.0.5")}, "84,696"),
        ({"addresses": ("127.0.0.1", "::1"), "sources": ("127.0.0.2", "127.0.0.3")}, "56,464"),
        ({"addresses": ("127.0.0.1", "::1"), "sources": ("127.0.0.2", "::1")}, "56,464"),
    ],
)
def test_each_pair_of_addresses_of_one_family_has_all_ports(target, have):
    assert weigh(wanting(10, target=target), plenty()).lines[0] == f"ports: 10 of {have}"


@pytest.mark.parametrize(
    ("early", "loopback", "needed"),
    [
        ("none", True, "35,000"),
        ("loopback", False, "35,000"),
        ("loopback", True, "5,500"),
        ("all", False, "5,500"),
    ],
)
def test_a_port_that_is_given_away_early_waits_a_second(early, loopback, needed):
    plan = wanting(5000, sessions=churning(10 * SECOND), target={"loopback": loopback})
    line = weigh(plan, plenty(early_ports=early)).lines[0]
    assert line == f"ports: {needed} of 28,232"


def test_sessions_that_stand_still_before_a_minute_is_over_wait_for_less():
    sessions = churning(10 * SECOND, hold=True)
    plan = wanting(1000, edge_ns=SECOND, flood_ns=3 * SECOND, sessions=sessions)
    assert weigh(plan, plenty()).lines[0] == "ports: 1,300 of 28,232"


def test_what_storms_drop_within_a_minute_waits_for_ports():
    def needed(*moments_s: int) -> str:
        storms = tuple(Storm(at_ns=at * SECOND, drop=0.5) for at in moments_s)
        return weigh(wanting(1000, storms=storms), plenty()).lines[0]

    assert needed(100) == "ports: 1,500 of 28,232"
    assert needed(100, 161) == "ports: 1,500 of 28,232"
    assert needed(40, 100, 150, 159) == "ports: 2,500 of 28,232"


def test_clients_that_come_back_in_their_own_time_take_no_core_at_once():
    storm = Storm(at_ns=90 * SECOND, drop=1.0, back_within_ns=30 * SECOND)
    assert weigh(wanting(5000, target=TLS, storms=(storm,)), plenty()).warnings == ()


def test_a_client_that_resumes_its_tls_session_takes_less():
    def handshakes(**target: Any) -> str:
        storm = Storm(at_ns=90 * SECOND, drop=1.0, back_within_ns=30 * SECOND)
        plan = wanting(1000, target={**TLS, **target}, storms=(storm,))
        return weigh(plan, plenty()).lines[3]

    assert handshakes().startswith("handshakes: 1.1s of CPU, ")
    assert handshakes(tls_resume=False).startswith("handshakes: 1.4s of CPU, ")


def test_a_pool_needs_its_own_connections_however_many_clients_share_it():
    pooled = make_report(connection="pooled", pool=100)
    lines = weigh(wanting(100_000, report=pooled, shards=2), plenty()).lines
    assert lines[0] == "ports: 100 of 28,232"
    assert lines[1] == "open files: 114 of 20,000 in a shard"
    assert lines[3].startswith("handshakes: 5ms of CPU, ")


def test_a_part_needs_what_its_own_clients_need():
    part = Part(index=1, of=8, start_at_ns=0)
    assert weigh(wanting(40_000, part=part), plenty()).lines[:2] == (
        "ports: 5,000 of 28,232",
        "open files: 5,064 of 20,000 in a shard",
    )


def test_a_part_needs_its_share_of_a_pool():
    part = Part(index=1, of=8, start_at_ns=0)
    lines = weigh(wanting(40_000, part=part, report=POOLED), plenty()).lines
    assert lines[0] == "ports: 125 of 28,232"


def test_a_part_is_advised_in_clients_of_the_whole_run():
    part = Part(index=2, of=4, start_at_ns=0)
    (problem,) = weigh(wanting(400_000, part=part, shards=8, sources=RATE), plenty()).problems
    assert "ports: 100,000 clients need a local port each" in problem
    assert problem.endswith("or name --clients 112000, a report every 1.4s")


plans = st.builds(
    wanting,
    st.integers(1, 400_000),
    cadence_ns=st.sampled_from([100 * MS, SECOND, 5 * SECOND]),
    edge_ns=st.integers(SECOND, 100 * SECOND),
    flood_ns=st.integers(SECOND, 1000 * SECOND),
    shards=st.integers(1, 8),
    report=st.sampled_from([make_report(), PER_REPORT, POOLED]),
    target=st.sampled_from([{}, TLS, {"embedded": True}, {"loopback": False}]),
    sessions=st.sampled_from(
        [Sessions(), churning(5 * SECOND), churning(600 * SECOND, hold=False)]
    ),
)
machines = st.builds(
    plenty,
    open_files=st.none() | st.integers(64, 1_000_000),
    ports=st.none() | st.integers(1, 64_512),
    memory_bytes=st.none() | st.integers(0, 64 * GIB),
    cores=st.integers(1, 8),
    early_ports=st.sampled_from(["none", "loopback", "all"]),
)


def more(given: int | None, extra: int) -> int | None:
    return None if given is None else given + extra


@given(plans, machines, st.tuples(*[st.integers(0, 1_000_000)] * 4))
def test_a_plan_that_was_accepted_is_accepted_by_a_machine_with_more(plan, facts, extra):
    better = replace(
        facts,
        open_files=more(facts.open_files, extra[0]),
        ports=more(facts.ports, extra[1]),
        memory_bytes=more(facts.memory_bytes, extra[2]),
        cores=facts.cores + extra[3],
    )
    assert len(weigh(plan, better).problems) <= len(weigh(plan, facts).problems)
    assert len(weigh(plan, better).warnings) <= len(
        (*weigh(plan, facts).warnings, *weigh(plan, facts).problems)
    )


@given(plans, machines, st.floats(0, 1))
def test_a_plan_that_was_accepted_is_accepted_with_fewer_clients(plan, facts, share):
    fewer = with_clients(plan, max(1, int(plan.load.clients * share)))
    assert len(weigh(fewer, facts).problems) <= len(weigh(plan, facts).problems)


@given(plans, machines)
def test_the_clients_that_are_advised_fit(plan, facts):
    clients = fitting_clients(plan, facts)
    if clients:
        assert weigh(with_clients(plan, clients), facts).problems == ()


@given(plans)
def test_fewer_clients_at_the_same_rate_report_quicker(plan):
    half = max(1, plan.load.clients // 2)
    fewer = with_clients(plan, half)
    assert fewer.load.rate == pytest.approx(plan.load.rate, rel=1e-3)
    assert fewer.phase("flood").clients_to == half
