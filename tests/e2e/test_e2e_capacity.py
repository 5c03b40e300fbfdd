"""`qosflood capacity`: searches of collectors whose knee is known."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flooding import flooding
from known_knees import SERVED_PER_S, serving_in_2ms
from processes import faulty, read_journal, read_report, run_qosflood, wait_until

pytestmark = pytest.mark.e2e

KNEE = SERVED_PER_S
"""In clients, at a report a second each."""
ASKED = (
    *("capacity", "--peak", "200@1s", "--limit", "response.p99 < 250ms", "--no-live"),
    *("--budget", "48s"),
)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A search that ends once a need is surely met."""
    folder = tmp_path_factory.mktemp("search") / "run"
    with serving_in_2ms() as url:
        done = run_qosflood(*ASKED, "--target", url, "--need", "300", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return folder, read_report(folder)


def test_a_need_below_a_known_knee_is_met(searched: tuple[Path, dict[str, Any]]) -> None:
    _, report = searched
    capacity = report["capacity"]
    assert report["verdict"] == "PASS"
    assert "need 300: YES" in " ".join(report["reasons"])
    assert capacity["need"]["met"] is True
    assert capacity["clients"]["low"] <= KNEE
    assert capacity["clients"]["high"] is None or capacity["clients"]["high"] >= KNEE
    assert capacity["confirmed"] is True


def test_no_process_is_started_and_nobody_connects_again_between_trials(
    searched: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = searched
    windows = read_journal(folder, "window")
    assert {window["shard"] for window in windows} == {0}
    assert sum(window["reconnects"] for window in windows) == 0
    connects = sum(window["connects"]["count"] for window in windows if window["connects"])
    most = max(record["stage"]["clients"] for record in read_journal(folder, "trial"))
    assert connects == most


def test_trials_are_nested_and_their_reports_add_up(
    searched: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = searched
    for record in read_journal(folder, "trial"):
        own = [w for w in read_journal(folder, "window") if w["phase"] == record["stage"]["name"]]
        scheduled = sum(window["scheduled"] for window in own)
        assert scheduled == record["stage"]["planned"]
        assert scheduled == sum(sum(window["outcomes"].values()) for window in own)


def test_the_report_is_built_again_from_the_journal(
    searched: tuple[Path, dict[str, Any]],
) -> None:
    folder, report = searched
    done = run_qosflood("report", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["capacity"] == report["capacity"]
    assert again["headline"] == report["headline"]


def test_steps_make_a_table_and_ctrl_c_gives_the_answer_so_far(tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(serving_in_2ms())
        words = (*ASKED, "--target", url, "--steps", "1x,2x,5x")
        search = stack.enter_context(flooding(tmp_path / "run", load=words))

        def tried() -> bool:
            journal = tmp_path / "run" / "journal.jsonl"
            return journal.exists() and bool(read_journal(tmp_path / "run", "trial"))

        wait_until(tried, "a trial", 40.0)
        search.signal(signal.SIGINT)
        done = search.finish()
    assert done.code == 130, done.err
    report = read_report(tmp_path / "run")
    assert report["verdict"] == "INTERRUPTED"
    assert [trial["clients"] for trial in report["capacity"]["trials"]] == [200]
    assert "200" in done.out


def test_an_abort_limit_ends_a_trial_and_in_a_rest_the_search(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    with faulty("after:150+status:503") as server:
        abort = 'limits.abort=["errors > 20% for 1s"]'
        asked = ("capacity", "--peak", "100@1s", "--budget", "300s", "--max", "200", "--no-live")
        words = (*asked, "--set", abort, "--steps", "1x,2x", "--out", str(folder))
        done = run_qosflood(*words, "--target", server.url)
    trials = read_journal(folder, "trial")
    assert [one["trial"]["outcome"] for one in trials][:1] == ["bad"], done.stderr
    assert trials[0]["trial"]["seconds"] < 10
    assert trials[0]["trial"]["broken"][-1] == "errors > 20% for 1s"
    assert done.returncode == 4
    assert read_report(folder)["capacity"]["trials"][0]["clients"] == 100
