"""Sick collectors are named, healthy ones are not accused, and a network only with a control."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from floods import Flooded, at_once, flood
from processes import faulty, read_journal, wait_until
from remote_host import Elsewhere, servers_elsewhere
from sick_collectors import sick_collector

pytestmark = pytest.mark.e2e

WHOLE = (
    *("--duration", "5s", "--set", "phases.baseline=1s"),
    *("--set", "phases.recovery=2s", "--set", "phases.settle=500ms"),
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flooded]:
    """All floods of these tests, those on loopback beside those elsewhere."""
    with ThreadPoolExecutor() as pool:
        here = pool.submit(floods_here, tmp_path_factory.mktemp("sick"))
        elsewhere = pool.submit(floods_elsewhere, tmp_path_factory.mktemp("remote"))
        return here.result() | elsewhere.result()


def floods_here(folder: Path) -> dict[str, Flooded]:
    """A flood of each kind of collector, all at once; beside them stands a healthy control."""

    def flooded(kind: str) -> tuple[str, Flooded]:
        with sick_collector(kind) as collector:
            target = ("--target", collector.url, "--control", control.url)
            return kind, flood(folder / kind, *WHOLE, *target)

    with faulty() as control:
        return dict(at_once(flooded, ["healthy", "fast_503", "frozen"]))


def assert_limited_by(done: Flooded, whom: str) -> None:
    """A generator that was late, on a busy machine, may explain it, and accuses nobody else."""
    expected = (whom,) if done.report["generator"]["verdict"] == "ok" else (whom, "generator")
    assert done.report["limited_by"] in expected, done.report["limited_why"]


def test_a_healthy_collector_is_not_accused(ended: dict[str, Flooded]) -> None:
    done = ended["healthy"]
    assert done.code in (0, 3), done.report["headline"]
    assert_limited_by(done, "none")
    late = done.report["generator"]["late_windows"] > 0
    assert done.report["first_failure"] is None or late
    assert done.report["recovery"]["judged"] or late


def test_fast_refusals_are_named_with_their_status_and_never_flatter(
    ended: dict[str, Flooded],
) -> None:
    done = ended["fast_503"]
    assert (done.code, done.report["verdict"]) == (1, "FAIL")
    # Refusals are the target's however late a busy machine made the generator.
    assert done.report["limited_by"] == "target"
    assert "most had status 503" in done.report["limited_why"]
    first = done.report["first_failure"]
    assert (first["who"], first["kind"]) == ("target", "first_rejected")
    assert first["utc"].endswith("Z")
    assert "status 503" in first["what"]
    assert done.flood["latency_ms"]["response"]["p50"] >= 10_000
    recovery = done.report["recovery"]
    assert (recovery["seconds"], done.report["recovery_s"]) == (None, None)
    assert recovery["reason"].startswith(("not recovered after 2s: errors", "the generator was"))


def test_a_freeze_of_three_seconds_is_named_with_its_moment(ended: dict[str, Flooded]) -> None:
    done = ended["frozen"]
    assert done.outcomes.keys() == {"acked"}
    assert_limited_by(done, "target")
    stalled = [entry for entry in done.report["timeline"] if entry["kind"] == "stalled"]
    # Seconds in which the generator was late accuse nobody.
    assert len(stalled) == 1 or done.report["generator"]["late_windows"], done.report["timeline"]
    for entry in stalled:
        assert entry["who"] == "target"
        assert "no report was answered for" in entry["what"]
    assert done.report["first_failure"]["kind"] in ("stalled", "scrapes_failing")
    assert done.flood["latency_ms"]["response"]["max"] > 2500


def test_the_evidence_names_what_was_looked_at(ended: dict[str, Flooded]) -> None:
    told = "\n".join(ended["healthy"].report["limited_evidence"])
    for subject in (
        "generator:",
        "service time:",
        "target's CPU:",
        "TCP of",
        "reference endpoint: 0",
    ):
        assert subject in told
    connects = [phase["connects"] for phase in ended["healthy"].report["phases"]]
    assert sum(one["count"] for one in connects if one) >= 100


SHORT = ("--duration", "3s", "--timeout", "1s", "--set", "phases.baseline=1s")


def floods_elsewhere(folder: Path) -> dict[str, Flooded]:
    """Floods of a target that falls silent, with a control beside it and without; then one whose
    link is cut for a while."""
    with servers_elsewhere() as elsewhere:
        return silent_and_cut(folder, elsewhere)


def silent_and_cut(folder: Path, elsewhere: Elsewhere) -> dict[str, Flooded]:
    target, control = elsewhere.target, elsewhere.control
    there = (*SHORT, "--target", target.url, "--allow-target", target.host)
    beside = ("--control", control.url, "--set", "control.interval=250ms")
    beside += ("--set", "control.timeout=250ms")
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())
        target.behave("after:300+silent")
        alone = pool.submit(flood, folder / "alone", *there)
        silent = pool.submit(flood, folder / "silent", *there, *beside)
        done = {"alone": alone.result(), "silent": silent.result()}
        target.behave("ok")
        cut = pool.submit(flood, folder / "cut", *there, *beside)
        wait_until(lambda: in_flood(folder / "cut"), "the flood")
        with elsewhere.cut_off():
            wait_until(lambda: len(failed_controls(folder / "cut")) >= 6, "a control that fails")
        return done | {"cut": cut.result()}


def in_flood(folder: Path) -> bool:
    if not (folder / "journal.jsonl").exists():
        return False
    return any(window["phase"] == "flood" for window in read_journal(folder, "window"))


def failed_controls(folder: Path) -> list[object]:
    return [sample for sample in read_journal(folder, "control") if not sample["ok"]]


def test_silence_without_a_control_is_inconclusive(ended: dict[str, Flooded]) -> None:
    done = ended["alone"]
    assert_limited_by(done, "inconclusive")
    assert done.report["limited_by"] != "network"


def test_silence_beside_a_control_that_answers_is_the_targets(ended: dict[str, Flooded]) -> None:
    report = ended["silent"].report
    assert_limited_by(ended["silent"], "target")
    assert any(line.startswith("reference endpoint: 0 of") for line in report["limited_evidence"])


def test_a_link_that_was_cut_is_the_networks_fault(ended: dict[str, Flooded]) -> None:
    done = ended["cut"]
    assert_limited_by(done, "network")
    kinds = {entry["kind"]: entry["who"] for entry in done.report["timeline"]}
    assert kinds["control_failing"] == "network"
    assert done.report["first_failure"] is not None
