"""Sessions that come and go, seen from the target's side."""

import pytest
from floods import flood_faulty

pytestmark = pytest.mark.e2e


def test_the_target_sees_the_sessions_that_the_plan_promises(tmp_path):
    done, log = flood_faulty(
        tmp_path / "churn",
        "ok",
        *("--duration", "6s", "--seed", "7"),
        *("--set", "sessions.lifetime=1s", "--set", "sessions.final_report=true"),
    )
    assert done.outcomes == {"acked": done.totals["scheduled"]}
    assert log["reports"] == 1 + done.sent
    promised = done.report["plan"]["planned_sessions"]
    assert promised > 200
    # With a final report every session that gave way was heard of; preflight's is client 0's.
    assert len(log["sessions"]) == promised
    assert done.flood["sessions"] == promised
    assert log["connections"] >= promised
    phases = {phase["name"]: phase for phase in done.report["phases"]}
    assert phases["ramp"]["sessions"] < phases["flood"]["sessions"]
