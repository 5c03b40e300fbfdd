"""Sessions: from the profile's words to the plan's values."""

import pytest
from resolving import loaded_profile, plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import MINUTE, SECOND
from qosflood.plan.describe import describe
from qosflood.plan.plan import Sessions
from qosflood.plan.profile.files import load_profile

NAMED = "profile soak.toml"


def sessions_of(**keys: object) -> Sessions:
    loaded = loaded_profile(
        {"sessions": keys}, sources={f"sessions.{name}": NAMED for name in keys}
    )
    return plan_of(loaded).sessions


def test_sessions_come_and_go_by_default():
    lives = sessions_of()
    assert (lives.lifetime, lives.lifetime_ns, lives.hold) == ("exponential", 10 * MINUTE, True)
    assert lives.startup_ns == 0


def test_a_lifetime_of_0s_is_as_long_as_the_run():
    assert sessions_of(lifetime="0s").lifetime == "none"


@pytest.mark.parametrize("loaded", [None, load_profile("intercom")])
def test_lives_that_nobody_named_outlast_a_long_cadence(loaded):
    plan = plan_of(loaded, peak="500@15m")
    assert plan.sessions.lifetime_ns == 150 * MINUTE
    assert plan.sources["sessions.lifetime"] == "shipped default"
    usual = plan_of(loaded)
    assert usual.sessions.lifetime_ns == 10 * MINUTE
    assert usual.sources["sessions.lifetime"] == (
        "profile intercom" if loaded else "shipped default"
    )


def test_a_lifetime_that_was_named_is_taken_at_its_word():
    loaded = load_profile("intercom", ["sessions.lifetime=20m"])
    plan = plan_of(loaded, peak="500@15m")
    assert plan.sessions.lifetime_ns == 20 * MINUTE
    with pytest.raises(PlanError, match=r"--set sessions\.lifetime: got 20m, expected at least"):
        plan_of(loaded, peak="500@30m")


def test_a_lifetime_is_exponential_and_held_unless_said_otherwise():
    lives = sessions_of(lifetime="10m")
    assert (lives.lifetime, lives.lifetime_ns, lives.hold) == ("exponential", 10 * MINUTE, True)
    fixed = sessions_of(lifetime="10m", distribution="fixed", hold=False, final_report=True)
    assert (fixed.lifetime, fixed.hold, fixed.final_report) == ("fixed", False, True)


def test_a_start_up_cadence_lasts_ten_seconds_unless_said_otherwise():
    lives = sessions_of(startup_interval="1s")
    assert (lives.startup_cadence_ns, lives.startup_ns) == (SECOND, 10 * SECOND)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            {"lifetime": "4s"},
            "sessions.lifetime: got 4s, expected at least a cadence (5s), or 0s for sessions that "
            "live as long as the run",
        ),
        (
            {"startup_interval": "20s"},
            "sessions.startup_interval: got 20s, expected at most sessions.startup_for (10s)",
        ),
    ],
)
def test_a_life_in_which_nothing_is_reported_is_a_problem(keys, line):
    with pytest.raises(PlanError) as caught:
        sessions_of(**keys)
    assert f"{NAMED}: {line}" in str(caught.value)


def test_the_plan_says_how_many_sessions_are_left_behind():
    rows = {row.label: row.value for row in describe(plan_of({"sessions": {"lifetime": "10m"}}))}
    assert rows["sessions"] == (
        "more sessions than the 5,000 clients; exponential lifetimes of 10m, "
        "until a third of the flood has passed"
    )
