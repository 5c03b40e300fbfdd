"""Sessions: from the profile's words to the plan's values."""

import pytest
from resolving import plan_of

from qosflood.errors import PlanError
from qosflood.plan import Sessions
from qosflood.resolve import describe
from qosflood.units import MINUTE, SECOND


def sessions_of(**keys: object) -> Sessions:
    return plan_of({"sessions": keys}).sessions


def test_sessions_live_as_long_as_the_run_by_default():
    assert sessions_of().lifetime == "none"
    assert sessions_of().startup_ns == 0


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
    assert line in str(caught.value)


def test_the_plan_says_how_many_sessions_are_left_behind():
    rows = {row.label: row.value for row in describe(plan_of({"sessions": {"lifetime": "10m"}}))}
    assert rows["sessions"] == (
        "more left behind in 5,000 places; exponential lives of 10m, until a third of the flood"
    )
