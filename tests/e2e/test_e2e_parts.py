"""Three commands play one run against one target, and a fourth makes one run of them."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from floods import CLIENTS, SMALL, Flooded
from processes import Faulty, faulty, qosflood_command, run_qosflood, wait_until
from warm import Warm

pytestmark = pytest.mark.e2e

AHEAD_S = (6, 24, 90)
"""How far ahead the parts' moment lies; on a busy machine the next is tried."""
NOT_READY = "give every part at least 10 s"
OF = 3


@dataclass
class Parts:
    """Commands that play the parts of one run, and the server they flood."""

    server: Faulty
    folder: Path
    commands: list[Warm]

    @property
    def folders(self) -> list[Path]:
        return [self.folder / f"part{index}" for index in range(1, OF + 1)]

    @property
    def codes(self) -> list[int | None]:
        return [command.wait(0) for command in self.commands]

    @property
    def said(self) -> list[str]:
        return [command.err.read_text() for command in self.commands]

    @property
    def refused(self) -> bool:
        """Whether one was not ready in time."""
        return 2 in self.codes

    @property
    def over(self) -> bool:
        return self.refused or None not in self.codes


Meanwhile = Callable[[Parts], None]


def play(server: Faulty, folder: Path, meanwhile: Meanwhile, *options: str) -> Parts:
    """All parts to their end; `meanwhile` is called once they were begun."""
    for ahead_s in AHEAD_S:
        parts = Parts(server, folder / str(ahead_s), [])
        with contextlib.ExitStack() as stack:
            for command in begin(parts, ahead_s, options):
                parts.commands.append(stack.enter_context(command))
            meanwhile(parts)
            wait_until(lambda parts=parts: parts.over, "the parts' end", 120)
        if not any(NOT_READY in said for said in parts.said):
            return parts
    raise TimeoutError(f"no {OF} parts were ready in {AHEAD_S[-1]} s: {parts.said}")


def begin(parts: Parts, ahead_s: int, options: Sequence[str]) -> Iterator[Warm]:
    at = datetime.fromtimestamp(int(time.time()) + 1 + ahead_s, UTC).isoformat()
    for index, folder in enumerate(parts.folders, 1):
        streams = parts.folder / f"said{index}"
        streams.mkdir(parents=True)
        yield Warm(
            (
                *(*SMALL, "--no-live", "--target", parts.server.url, "--seed", "7"),
                *("--part", f"{index}/{OF}", "--start-at", at, "--out", str(folder)),
                *("--shards", "2" if index == 2 else "1", *options),
            ),
            streams,
        )


def floods(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return b'"type":"window"' in (folder / "journal.jsonl").read_bytes()
    return False


def kill_the_last(parts: Parts) -> None:
    wait_until(lambda: parts.refused or floods(parts.folders[-1]), "a window", 120)
    parts.commands[-1].kill()


def merged(folder: Path, *parts: Path) -> Flooded:
    done = run_qosflood("merge", "--quiet", "--out", str(folder), *map(str, parts))
    assert "Traceback" not in done.stderr
    return Flooded(done.returncode, done.stdout, done.stderr, folder)


Played = tuple[Parts, dict[str, Any]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Two runs in three parts at the same time, one of them with a part that is killed, and what
    their servers saw."""
    folder = tmp_path_factory.mktemp("parts")

    def run(name: str, meanwhile: Meanwhile, *options: str) -> Played:
        with faulty() as server:
            return play(server, folder / name, meanwhile, *options), server.log()

    with ThreadPoolExecutor() as pool:
        whole = pool.submit(run, "whole", lambda _: None)
        killed = pool.submit(run, "killed", kill_the_last, "--duration", "4s")
        return {"whole": whole.result(), "killed": killed.result()}


@pytest.fixture
def played(runs: dict[str, Played]) -> Played:
    return runs["whole"]


def test_parts_of_one_run_are_one_run(played: Played, tmp_path: Path) -> None:
    parts, _ = played
    done = merged(tmp_path / "merged", *parts.folders)
    # On a busy machine a generator may be late, which is INVALID and nothing else.
    assert done.code in (0, 3), done.err
    assert done.outcomes == {"acked": done.totals["scheduled"]}
    load = f"{CLIENTS} clients, {CLIENTS} reports/s (5x of a peak of 20 reports/s, 20 clients)"
    assert done.report["headline"].startswith(load)
    own = [
        Flooded(code, "", "", folder)
        for code, folder in zip(parts.codes, parts.folders, strict=True)
    ]
    assert done.totals["scheduled"] == sum(part.totals["scheduled"] for part in own)
    assert done.flood["clients"] == sum(part.flood["clients"] for part in own) == CLIENTS
    latencies = [part.flood["latency_ms"]["response"] for part in own]
    response = done.flood["latency_ms"]["response"]
    assert response["count"] == sum(latency["count"] for latency in latencies)
    assert response["max"] == max(latency["max"] for latency in latencies)


def test_the_target_sees_one_run_and_every_session_once(
    played: Played,
) -> None:
    parts, log = played
    ids = {Flooded(0, "", "", folder).report["run"]["id"] for folder in parts.folders}
    (run_id,) = ids
    sessions = [session for session in log["sessions"] if f"-{run_id}-" in session]
    assert len(sessions) == CLIENTS
    assert set(log["agents"]) >= {f"qosflood/{agent_version(log)} run={run_id}"}


def agent_version(log: dict[str, Any]) -> str:
    return next(iter(log["agents"])).split()[0].removeprefix("qosflood/")


def test_part_1_watches_for_all(played: Played) -> None:
    parts, _ = played
    first, *others = (Flooded(0, "", "", folder) for folder in parts.folders)
    assert first.flood["scrapes"]["count"] > 0
    for part in others:
        assert part.flood["scrapes"]["count"] == 0
        assert part.report["memory"]["reason"] == "watched by part 1"
        assert "scrape.gap" not in part.report["headline"]
    assert "preflight  post ✓ 202 · watched by part 1" in parts.said[1]
    assert "the load starts in " in parts.said[1]


def test_a_part_that_is_missing_makes_the_run_invalid(played: Played, tmp_path: Path) -> None:
    parts, _ = played
    done = merged(tmp_path / "merged", *parts.folders[:2])
    assert done.code == 3
    assert "INVALID - part 3/3 is missing" in done.report["headline"]
    assert done.totals["scheduled"] > 0


def test_a_part_that_was_killed_makes_the_run_invalid_and_costs_no_figures(
    runs: dict[str, Played], tmp_path: Path
) -> None:
    parts, _ = runs["killed"]
    assert parts.codes[-1] == -signal.SIGKILL
    done = merged(tmp_path / "merged", *parts.folders)
    assert done.code == 3, done.out
    reason = next(line for line in done.report["reasons"] if line.startswith("part 3/3"))
    assert reason.startswith("part 3/3 died ")
    assert reason.endswith(": its journal has no end record")
    assert done.flood["seconds"] == 4.0
    own = [Flooded(0, "", "", folder).report["totals"]["scheduled"] for folder in parts.folders[:2]]
    assert done.report["totals"]["scheduled"] > sum(own)


def test_ctrl_c_while_a_part_waits_floods_nothing(tmp_path: Path) -> None:
    at = datetime.fromtimestamp(int(time.time()) + 3600, UTC).isoformat()
    with faulty() as server:
        process = subprocess.Popen(
            qosflood_command(
                *(*SMALL, "--no-live", "--target", server.url, "--seed", "7"),
                *("--part", "2/3", "--start-at", at, "--out", str(tmp_path / "out")),
            ),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = []
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if "the load starts in" in line:
                process.send_signal(signal.SIGINT)
        code = process.wait(30)
        process.stderr.close()
        log = server.log()
    assert code == 130
    assert said[-1] == "qosflood: interrupted; nothing was flooded\n"
    assert log["reports"] == 1
    again = run_qosflood("report", str(tmp_path / "out"))
    assert again.returncode == 130


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("2020-01-01T00:00:00Z", "--start-at was "),
        ("2199-01-01T00:00:00Z", "expected at most 1d; check its date"),
        ("9999-01-01T00:00:00Z", "expected a moment in UTC or with its offset"),
        ("2020-01-01T00:00:00", "expected a moment in UTC or with its offset"),
        ("soon", "expected a moment in UTC or with its offset"),
    ],
)
def test_a_start_in_the_past_too_far_ahead_or_without_a_zone_is_refused(
    at: str, line: str, tmp_path: Path
) -> None:
    done = run_qosflood(
        *(*SMALL, "--target", "http://127.0.0.1:9", "--seed", "7", "--part", "1/3"),
        *("--start-at", at, "--out", str(tmp_path / "out")),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
