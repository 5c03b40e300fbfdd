"""A run whose own processes are stopped for longer than a report's deadline, and go on."""

import os
import signal
import time
from pathlib import Path

import pytest
from flooding import flooding
from processes import faulty, read_journal, read_report

from qosflood.journal.records import OWN_ABSENCE

pytestmark = pytest.mark.e2e

STOOD_S = 2.3
LOAD = (
    *("--peak", "20@1s", "--rate", "50/s", "--clients", "20", "--duration", "6s"),
    *("--timeout", "1s", "--set", "sessions.lifetime=0s"),
    *("--set", "phases.baseline=0s", "--set", "phases.ramp=0s"),
    *("--set", "phases.recovery=0s", "--set", "phases.settle=0s"),
)


def test_a_frozen_generator_blames_nobody_but_itself(tmp_path: Path) -> None:
    with (
        faulty("ok") as server,
        flooding(tmp_path / "run", "--target", server.url, load=LOAD) as flood,
    ):
        flood.wait_for_phase("flood")
        family = list(flood.family())
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(STOOD_S)
        for pid in family:
            os.kill(pid, signal.SIGCONT)
        ended = flood.finish()
    report = read_report(tmp_path / "run")
    assert (ended.code, report["verdict"]) == (3, "INVALID"), report["headline"]
    assert "stood still" in report["headline"]
    assert report["limited_by"] == "generator"
    assert report["generator"]["loop_stall_max_ms"] > (STOOD_S - 0.5) * 1000
    errors = report["totals"]["errors"]
    assert errors
    assert set(errors) <= set(OWN_ABSENCE.values())
    (limit,) = (one for one in report["limits"] if one["metric"] == "errors")
    assert limit["ok"] is None
    windows = [one for one in read_journal(tmp_path / "run") if one["type"] == "window"]
    absent = sum(one["health"]["absent_ns"] for one in windows if one["health"]) / 1e9
    assert absent == pytest.approx(STOOD_S, abs=0.4)
    late = next(one for one in report["timeline"] if one["kind"] == "generator_late")
    assert late["evidence"]["until_s"] - late["t_s"] >= STOOD_S
