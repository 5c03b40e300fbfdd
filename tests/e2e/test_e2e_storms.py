"""Storms and herds, seen from the target's side and in the report."""

import pytest
from floods import flood_faulty

pytestmark = pytest.mark.e2e


def test_a_storm_drops_its_share_and_loses_no_report(tmp_path):
    done, log = flood_faulty(
        tmp_path / "storm",
        "ok",
        *("--duration", "3s", "--seed", "7", "--shards", "2", "--scrape-interval", "off"),
        *("--set", "sessions.lifetime=0s", "--set", "report.clocks=synchronised"),
        *("--set", 'storms=[{at="1s", drop=0.5}, {at="1800ms", drop=0.2, back_within="300ms"}]'),
    )
    assert done.outcomes == {"acked": done.totals["scheduled"]}
    assert log["reports"] == 1 + done.sent
    # One for each of 100 clients, one more for each that was dropped, and preflight's own.
    assert 0 < log["connections"] - (100 + 50 + 20) <= 3
    told = [entry for entry in done.report["timeline"] if entry["kind"].startswith("storm")]
    assert [entry["kind"] for entry in told] == ["storm", "storm_over"] * 2
    assert told[0]["what"] == "reconnect storm: 50 of 100 connections dropped"
    assert told[1]["what"].startswith("reconnect storm: all 50 clients reconnected within")
    assert told[3]["evidence"]["back"] == 20
    assert "50 of 100 connections dropped, all reconnected after" in done.out
