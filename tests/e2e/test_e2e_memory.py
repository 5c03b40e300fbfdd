"""What leaks is called a leak, what grows with sessions is not, and a healthy collector neither."""

import sys

import pytest
from floods import Flooded, at_once, flood
from sick_collectors import HOARD_BYTES, sick_collector

pytestmark = pytest.mark.e2e

SHORT = (
    *("--duration", "6s", "--set", "phases.baseline=1s"),
    *("--set", "phases.recovery=500ms", "--set", "phases.settle=500ms"),
    *("--set", "sessions.lifetime=1s"),
    *("--set", "memory.block=400ms", "--set", "memory.warmup=500ms"),
    *("--set", "memory.interval=100ms", "--set", "memory.least_growth=3MB"),
    *("--limit", "memory.leak == none"),
)
"""Blocks as short as they can be: there is no garbage collector's saw-tooth."""
LONGER = ("--duration", "15s")
"""Sessions join in its first third, for long enough to be told from a heap that warms up."""
STATM = (
    "import sys; print(int(open(f'/proc/{sys.argv[1]}/statm').read().split()[1]) * 4096, 1 << 28)"
)
KINDS = ("healthy", "leaky", "hoarding", "told")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flooded]:
    """A flood of each kind; `told` is a leaky one whose memory a command prints."""
    folder = tmp_path_factory.mktemp("memory")

    def flooded(kind: str) -> tuple[str, Flooded]:
        with sick_collector("leaky" if kind == "told" else kind, after=0) as collector:
            options = ["--target", collector.url, *(LONGER if kind == "hoarding" else ())]
            if kind == "told":
                words = [sys.executable, "-S", "-E", "-c", STATM, str(collector.process.pid)]
                options += ["--set", f"memory.command={words}"]
            return kind, flood(folder / kind, *SHORT, *options)

    return dict(at_once(flooded, KINDS))


@pytest.mark.parametrize("kind", ["leaky", "told"])
def test_a_leaky_collector_is_named_and_fails_the_run(ended: dict[str, Flooded], kind: str) -> None:
    memory = ended[kind].report["memory"]
    assert memory["verdict"] == "leak", memory["reason"]
    assert ended[kind].limit("memory.leak == none")["ok"] is False
    assert ended[kind].code == 1
    assert memory["slope_bytes_per_hour"]["low"] > 0


def test_memory_that_grows_with_sessions_is_laid_to_them(ended: dict[str, Flooded]) -> None:
    memory = ended["hoarding"].report["memory"]
    assert memory["verdict"] == "grows_with_sessions", memory["reason"]
    assert memory["bytes_per_session"] == pytest.approx(HOARD_BYTES, rel=0.4)
    assert memory["given_back"] < 0.2
    assert "less than 5% of it was freed" in memory["reason"]
    assert ended["hoarding"].limit("memory.leak == none")["ok"] is True


def test_a_healthy_collector_is_not_accused(ended: dict[str, Flooded]) -> None:
    memory = ended["healthy"].report["memory"]
    assert memory["verdict"] == "steady", memory["reason"]
    assert "needs a longer run" in memory["reason"]
    assert (memory["source"], memory["figure"]) == ("process", "rss")


def test_a_command_is_named_as_the_source_with_the_limit_it_prints(
    ended: dict[str, Flooded],
) -> None:
    report = ended["told"].report
    assert (report["memory"]["source"], report["memory"]["figure"]) == ("command", "named")
    assert report["memory"]["limit_bytes"] == 1 << 28
    left = report["memory"]["time_to_limit_s"]
    assert 0 < left["low"] <= left["high"]
    assert report["instances"][0]["memory"]["verdict"] == "leak"
