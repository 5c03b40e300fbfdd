"""Sessions that come and go, seen from the target's side."""

import pytest
from floods import flood_faulty

pytestmark = pytest.mark.e2e


TRIES = 3
"""A report that is picked after the next session was due to begin still goes out in the name of
the one before; on a busy machine a session of some milliseconds is then never heard of."""


def test_the_target_sees_the_sessions_that_the_plan_promises(tmp_path):
    heard = []
    for number in range(TRIES):
        done, log = flood_faulty(
            tmp_path / str(number),
            "ok",
            *("--duration", "6s", "--seed", "7"),
            *("--set", "sessions.lifetime=1s", "--set", "sessions.final_report=true"),
        )
        assert done.outcomes == {"acked": done.totals["scheduled"]}
        assert log["reports"] == 1 + done.sent
        promised = done.report["plan"]["planned_sessions"]
        heard.append(len(log["sessions"]))
        if heard[-1] == promised:
            break
    assert promised > 200
    # With a final report every session that gave way was heard of; preflight's is client 0's.
    assert heard[-1] == promised, heard
    assert done.flood["sessions"] == promised
    assert log["connections"] >= promised
    phases = {phase["name"]: phase for phase in done.report["phases"]}
    assert phases["ramp"]["sessions"] < phases["flood"]["sessions"]
