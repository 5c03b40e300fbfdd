"""Phases follow each other, and their lengths follow the flood's."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from resolving import plan_of

from qosflood.base.units import HOUR, MINUTE, SECOND, Rate
from qosflood.plan.plan import PHASES

X10 = Rate(multiple=10.0)
flood_durations = st.integers(SECOND // 10, 48 * HOUR)


def ends(phase) -> tuple[int, int, int, int]:
    return phase.clients_from, phase.clients_to, phase.cadence_from_ns, phase.cadence_to_ns


@pytest.mark.parametrize(
    ("flood_ns", "edge_s", "settle_s"),
    [
        (10 * SECOND, 3, 2),
        (45 * SECOND, 3, 2),
        (MINUTE, 4, 2),
        (5 * MINUTE, 20, 10),
        (15 * MINUTE, 60, 30),
        (24 * HOUR, 60, 30),
    ],
)
def test_the_other_phases_last_a_part_of_the_flood_within_bounds(flood_ns, edge_s, settle_s):
    plan = plan_of(duration_ns=flood_ns)
    lengths = {phase.name: phase.duration_ns for phase in plan.phases}
    edge = edge_s * SECOND
    assert lengths == {
        "baseline": edge,
        "ramp": edge,
        "flood": flood_ns,
        "recovery": edge,
        "settle": settle_s * SECOND,
    }
    assert plan.load_ns == flood_ns + 3 * edge


@given(flood_durations, st.floats(0.01, 40.0), st.sampled_from(["clients", "cadence"]))
def test_phases_follow_each_other_without_a_hole(flood_ns, multiple, scale):
    plan = plan_of({"peak": {"scale": scale}}, duration_ns=flood_ns, rate=Rate(multiple=multiple))
    assert tuple(phase.name for phase in plan.phases) == PHASES
    assert plan.phases[0].start_ns == 0
    for before, after in zip(plan.phases, plan.phases[1:], strict=False):
        assert after.start_ns == before.end_ns
    for phase in plan.phases[:2] + plan.phases[3:4]:
        assert 3 * SECOND <= phase.duration_ns <= 60 * SECOND
    assert 2 * SECOND <= plan.phase("settle").duration_ns <= 30 * SECOND
    assert all(phase.planned == 0 for phase in plan.phases)


def test_the_clients_rise_in_the_ramp_and_fall_after_the_flood():
    plan = plan_of(rate=X10)
    five = 5 * SECOND
    assert ends(plan.phase("baseline")) == (500, 500, five, five)
    assert ends(plan.phase("ramp")) == (500, 5000, five, five)
    assert ends(plan.phase("flood")) == (5000, 5000, five, five)
    assert ends(plan.phase("recovery")) == (500, 500, five, five)
    assert ends(plan.phase("settle")) == (0, 0, five, five)


def test_with_both_clients_and_rate_1x_is_held_at_the_floods_cadence():
    plan = plan_of(rate=X10, clients=1000)
    assert ends(plan.phase("ramp")) == (100, 1000, SECOND, SECOND)
    assert plan.phase("baseline").rate == pytest.approx(100.0)


def test_where_the_cadence_scales_the_clients_stay():
    plan = plan_of({"peak": {"scale": "cadence"}}, rate=X10)
    assert ends(plan.phase("ramp")) == (500, 500, 5 * SECOND, SECOND // 2)
    assert ends(plan.phase("recovery")) == (500, 500, 5 * SECOND, 5 * SECOND)


def test_where_the_cadence_scales_other_clients_hold_1x_too():
    plan = plan_of({"peak": {"scale": "cadence"}}, rate=X10, clients=1000)
    assert ends(plan.phase("ramp")) == (1000, 1000, 10 * SECOND, SECOND)


def test_below_1x_nothing_rises():
    plan = plan_of(rate=Rate(multiple=0.5))
    assert {ends(phase)[:2] for phase in plan.phases[:4]} == {(250, 250)}


@given(
    multiple=st.floats(0.01, 50.0),
    clients=st.none() | st.integers(1, 20_000),
    scale=st.sampled_from(["clients", "cadence"]),
)
def test_baseline_and_recovery_are_at_1x_or_at_the_lower_asked_rate(multiple, clients, scale):
    assume((clients or 500) / (100 * multiple) >= 0.01)
    plan = plan_of({"peak": {"scale": scale}}, rate=Rate(multiple=multiple), clients=clients)
    wanted = min(plan.load.rate, plan.load.base_rate)
    one_client = SECOND / plan.load.cadence_ns
    for name in ("baseline", "recovery"):
        assert plan.phase(name).rate == pytest.approx(wanted, abs=one_client, rel=1e-6)
        assert plan.phase(name).clients_to >= 1
        assert plan.phase(name).rate <= plan.load.rate * (1 + 1e-6)


def test_a_profile_sets_phases_and_takes_them_out():
    plan = plan_of(
        {"phases": {"baseline": "7s", "ramp": "0s", "recovery": "0s", "settle": "0s"}},
        duration_ns=MINUTE,
    )
    assert [(phase.name, phase.start_ns, phase.duration_ns) for phase in plan.phases] == [
        ("baseline", 0, 7 * SECOND),
        ("flood", 7 * SECOND, MINUTE),
    ]
