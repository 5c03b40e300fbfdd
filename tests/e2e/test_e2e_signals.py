"""A run that is interrupted or killed ends in order, and what it recorded can be read."""

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flooding import Finished, Flood, flooding
from processes import faulty, read_journal, read_report, run_qosflood, wait_until

pytestmark = pytest.mark.e2e

LONG = ("--duration", "60s")
"""For runs that are not to end by themselves."""
ALL_BUT_FLOOD = ("baseline", "ramp", "recovery", "settle")
COORDINATOR, REPORT = "qosflood", "qosflood.report"
SHARD, MONITOR, COLLECTOR = "qosflood.load", "qosflood.monitor", "qosflood.lab.collector"


@dataclass(frozen=True, slots=True)
class Struck:
    """A run that was disturbed and has ended, with nothing of it left."""

    done: Finished
    run_dir: Path

    @property
    def report(self) -> dict[str, Any]:
        return read_report(self.run_dir)


SIGNALS = {
    "interrupted": signal.SIGINT,
    "hung up": signal.SIGHUP,
    "terminated": signal.SIGTERM,
}


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Struck]:
    """Runs that go on side by side, to save time, each struck in another place."""
    folder = tmp_path_factory.mktemp("struck")
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(faulty("after:50+silent"))
        silent = ("--target", target.url, "--timeout", "60s")
        options = {
            "interrupted": LONG,
            "hung up": LONG,
            "terminated": (*LONG, *silent),
            "shard": LONG,
            "one of two shards": (*LONG, "--shards", "2"),
            "monitor": (),
            "collector": (),
        }
        floods = {
            name: stack.enter_context(flooding(folder / name, *more))
            for name, more in options.items()
        }
        for flood in floods.values():
            flood.wait_for_phase("baseline")
        floods["monitor"].kill(MONITOR)
        floods["collector"].kill(COLLECTOR)
        floods["shard"].kill(SHARD)
        floods["one of two shards"].kill(SHARD, 1)
        for name, number in SIGNALS.items():
            floods[name].wait_for_phase("flood")
            floods[name].signal(number)
        ended = {
            name: Struck(flood.finish(deadline_s=60.0), flood.run_dir)
            for name, flood in floods.items()
        }
        for flood in floods.values():
            flood.wait_until_gone()
    return ended


def test_a_lost_terminal_stops_the_load_and_writes_the_report(struck: dict[str, Struck]) -> None:
    run = struck["hung up"]
    assert run.done.code == 130
    interrupted_report(run.run_dir, "by SIGHUP")
    assert_books_balance(run.run_dir)


def interrupted_report(run_dir: Path, detail: str) -> None:
    report = read_report(run_dir)
    assert (report["verdict"], report["exit_code"]) == ("INTERRUPTED", 130)
    assert detail in report["reasons"][0]


def assert_books_balance(run_dir: Path) -> None:
    totals = read_report(run_dir)["totals"]
    assert totals["scheduled"] > 0
    assert totals["scheduled"] == sum(totals["outcomes"].values())
    assert (totals["in_flight"], totals["balanced"]) == (0, True)


def rebuilt(run_dir: Path) -> int:
    """The exit code of `qosflood report`, which must have left a report behind."""
    for made in (
        "report.json",
        "report.html",
        "report.md",
        "summary.svg",
        "junit.xml",
        "latency.hlog",
    ):
        (run_dir / made).unlink(missing_ok=True)
    done = run_qosflood("report", str(run_dir))
    assert done.stderr == ""
    assert (run_dir / "report.html").exists()
    return done.returncode


def test_ctrl_c_stops_the_load_and_writes_the_whole_report(struck: dict[str, Struck]) -> None:
    run = struck["interrupted"]
    assert run.done.code == 130
    assert "SIGINT: stopping the load; interrupt again to exit at once" in run.done.err
    assert "INTERRUPTED - interrupted" in run.done.out
    assert {path.name for path in run.run_dir.iterdir()} == {
        *("run.json", "journal.jsonl", "failures.jsonl"),
        *("report.json", "report.html", "report.md", "summary.svg", "junit.xml", "latency.hlog"),
    }
    interrupted_report(run.run_dir, "by SIGINT")
    assert_books_balance(run.run_dir)
    assert read_journal(run.run_dir)[-1]["reason"] == "interrupted"


def test_a_second_signal_leaves_at_once_with_the_journal_intact(tmp_path: Path) -> None:
    with (
        faulty("after:10+silent") as target,
        flooding(tmp_path / "run", "--target", target.url) as flood,
    ):
        flood.wait_for_phase("baseline")
        flood.signal(signal.SIGTERM)
        flood.wait_for_event("stopping")
        flood.signal(signal.SIGINT)
        done = flood.finish(deadline_s=5.0)
        flood.wait_until_gone()
    assert done.code == 130
    assert done.out == ""
    assert done.err.endswith(
        f"exited at once; build the report with: qosflood report {flood.run_dir}\n"
    )
    assert rebuilt(flood.run_dir) == 130
    interrupted_report(flood.run_dir, "left at once")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_preflight_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with faulty("silent") as target, flooding(tmp_path / "run", "--target", target.url) as flood:
        wait_until(lambda: target.log()["reports"], "the report of the preflight")
        flood.signal(number)
        done = flood.finish(deadline_s=10.0)
        flood.wait_until_gone()
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("qosflood: interrupted; nothing was flooded\n")
    assert not flood.run_dir.exists()


def test_a_signal_while_the_report_is_built_waits_for_it_and_a_second_does_not(
    tmp_path: Path,
) -> None:
    short = ("--duration", "1s", *(f"--set=phases.{name}=0s" for name in ALL_BUT_FLOOD))
    with (
        flooding(tmp_path / "once", *short) as once,
        flooding(tmp_path / "twice", *short) as twice,
    ):
        with ThreadPoolExecutor() as pool:
            list(pool.map(interrupt_report, (once, twice)))
        twice.signal(signal.SIGTERM)
        waited, left = once.finish(), twice.finish()
        for flood in (once, twice):
            flood.wait_until_gone()
    assert "SIGINT: writing the report; interrupt again to exit at once" in waited.err
    assert waited.code == read_report(once.run_dir)["exit_code"] != 130
    assert (left.code, left.out) == (130, "")
    assert rebuilt(twice.run_dir) == read_report(twice.run_dir)["exit_code"] != 130


def interrupt_report(flood: Flood) -> None:
    flood.child(REPORT)
    flood.signal(signal.SIGINT)


def test_a_killed_coordinator_takes_all_its_processes_along(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        options = {"b": ["--set", "phases.baseline=60s"], "f": LONG, "r": ()}
        baseline, flood, report = (
            stack.enter_context(flooding(tmp_path / name, *more)) for name, more in options.items()
        )
        baseline.wait_for_phase("baseline")
        kill_coordinator(baseline, {SHARD, MONITOR, COLLECTOR})
        flood.wait_for_phase("flood")
        kill_coordinator(flood, {SHARD, MONITOR, COLLECTOR})
        report.child(REPORT)
        kill_coordinator(report, {REPORT, COLLECTOR})
    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(rebuilt, (tmp_path / name for name in options)))
    assert codes == [130, 130, read_report(report.run_dir)["exit_code"]]
    assert codes[-1] != 130
    for killed, where in ((baseline, "baseline"), (flood, "flood")):
        interrupted_report(killed.run_dir, "killed")
        assert not (killed.run_dir / ".reserve").exists()
        assert f"into {where}" in read_report(killed.run_dir)["reasons"][0]


def kill_coordinator(flood: Flood, expected: set[str]) -> None:
    assert set(flood.family().values()) == {COORDINATOR} | expected
    flood.signal(signal.SIGKILL)
    assert flood.process.wait(10) == -signal.SIGKILL
    flood.wait_until_gone()


def test_sigterm_ends_soon_although_the_target_is_silent_and_the_timeout_long(
    struck: dict[str, Struck],
) -> None:
    run = struck["terminated"]
    assert run.done.code == 130
    interrupted_report(run.run_dir, "by SIGTERM")
    assert_books_balance(run.run_dir)
    assert run.report["totals"]["outcomes"]["timeout"] > 0


@pytest.mark.parametrize("which", ["shard", "one of two shards"])
def test_a_killed_shard_makes_the_run_invalid(struck: dict[str, Struck], which: str) -> None:
    run = struck[which]
    assert run.done.code == 3
    assert run.report["verdict"] == "INVALID"
    assert "died: killed by SIGKILL" in run.report["headline"]


def test_a_killed_monitor_makes_the_run_invalid_and_the_load_goes_on(
    struck: dict[str, Struck],
) -> None:
    run = struck["monitor"]
    assert run.done.code == 3
    assert run.report["verdict"] == "INVALID"
    assert any("the monitor died: killed by SIGKILL" in why for why in run.report["reasons"])
    assert_books_balance(run.run_dir)
    assert read_journal(run.run_dir)[-1]["reason"] == "completed"


def test_a_collector_killed_in_mid_run_is_a_failure_of_the_target(
    struck: dict[str, Struck],
) -> None:
    run = struck["collector"]
    assert run.done.code == 1
    assert run.report["verdict"] == "FAIL"
    assert run.report["first_failure"]["who"] == "target"
    assert "connection refused" in str(run.report["phases"])
    assert_books_balance(run.run_dir)
